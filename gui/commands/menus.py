"""Menus, from the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from core.text import gettext
from gui.commands.action import Menu
from gui.widgets.colour import swatch
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtWidgets import QMainWindow

    from core.classes import Palette
    from gui.commands.context import CanvasTools
    from gui.commands.shortcuts import Actions
    from gui.workspace.counting.settings import CountSettingsModel

Option = TypeVar("Option")


def add_menus(window: QMainWindow, actions: Actions) -> QMenu:
    """Fill the menu bar; return the View menu, which takes further choices."""
    menus = {}
    for which in (Menu.FILE, Menu.EDIT, Menu.COUNT, Menu.VIEW, Menu.HELP):
        menu = menus[which] = window.menuBar().addMenu(f"&{which.value}")
        for action in actions.of_menu(which):
            menu.addAction(actions[action.id])
            if action.separator_after:
                menu.addSeparator()
    menus[Menu.VIEW].addSeparator()
    return menus[Menu.VIEW]


def add_choice(
    menu: QMenu, title: str, options: Iterable[tuple[str, Option]], now: Option, choose: Callable[[Option], None]
) -> None:
    """Add a menu of options of which one holds."""
    choices = menu.addMenu(title)
    group = QActionGroup(choices)
    for text, option in options:
        action = group.addAction(QAction(text, choices, checkable=True))
        action.setChecked(option is now)
        action.triggered.connect(lambda *_, option=option: choose(option))
        choices.addAction(action)


class AddButton(QToolButton):
    """The Add tool with the class that it adds; a menu offers the others."""

    def __init__(self, action: QAction, tools: CanvasTools, settings: CountSettingsModel, palette: Palette) -> None:
        super().__init__()
        self._tools = tools
        self._settings = settings
        self._palette = palette
        self._add = action
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.setDefaultAction(action)
        self._classes = QMenu(self)
        self.setMenu(self._classes)
        settings.classes_changed.connect(self._fill)
        tools.tool_changed.connect(self._show)
        self._fill()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self._show()

    def _fill(self) -> None:
        self._classes.clear()
        for name in self._settings.classes:
            choose = self._classes.addAction(gettext("Add {name}").format(name=name))
            choose.triggered.connect(lambda *_, name=name: self._tools.choose(ToolName.ADD, name))
        self._show()

    def _show(self) -> None:
        classes, armed = self._settings.classes, self._tools.armed
        self._add.setIconText(gettext("Add {name}").format(name=armed) if armed else gettext("Add"))
        if armed in classes:
            self._add.setIcon(swatch(self._palette.colour(classes, classes.index(armed))))
