"""Menus, from the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QToolButton

from core.classes import CANONICAL_CLASSES, short_name
from core.text import gettext
from gui.commands.action import MOST_CLASS_KEYS, Menu
from gui.widgets.colour import swatch
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from core.classes import Palette
    from gui.commands.context import CanvasTools
    from gui.commands.shortcuts import Actions
    from gui.workspace.counting.settings import CountSettingsModel


def add_menus(window: QMainWindow, actions: Actions) -> dict[Menu, QMenu]:
    """Fill the menu bar; return its menus."""
    menus: dict[Menu, QMenu] = {}
    for which in (Menu.FILE, Menu.EDIT, Menu.COUNT, Menu.KINDS, Menu.VIEW, Menu.HELP):
        menu = menus[which] = window.menuBar().addMenu(f"&{which.value}")
        for action in actions.of_menu(which):
            menu.addAction(actions[action.id])
            if action.separator_after:
                menu.addSeparator()
    return menus


_ARROW = 26
"""Width of the arrow that opens the menu, and of the margins."""


class AddButton(QToolButton):
    """The Add tool with the class that it adds; a menu offers the others."""

    def __init__(self, actions: Actions, tools: CanvasTools, settings: CountSettingsModel, palette: Palette) -> None:
        super().__init__()
        self._actions = actions
        self._tools = tools
        self._settings = settings
        self._palette = palette
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.setDefaultAction(actions["add"])
        self._classes = QMenu(self)
        self.setMenu(self._classes)
        settings.classes_changed.connect(self._fill)
        actions.keys_changed.connect(self._fill)
        tools.tool_changed.connect(self._show)
        self._fill()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self._fill()

    def _fill(self) -> None:
        self._classes.clear()
        classes = self._settings.classes
        for place, name in enumerate(classes):
            colour = swatch(self._palette.colour(classes, place))
            choose = self._classes.addAction(colour, gettext("Add {name}").format(name=name))
            if place < MOST_CLASS_KEYS:
                choose.setText(f"{choose.text()}\t{self._actions[f'class_{place + 1}'].shortcut().toString()}")
            choose.triggered.connect(lambda *_, name=name: self._tools.choose(ToolName.ADD, name))
        self._show()

    def _show(self) -> None:
        """Show which class is added; the button is as wide as for any of them, so that nothing beside it moves."""
        classes, armed, add = self._settings.classes, self._tools.armed, self._actions["add"]
        texts = {name: gettext("Add {name}").format(name=short_name(name)) for name in (*CANONICAL_CLASSES, *classes)}
        self.setMinimumWidth(max(self.fontMetrics().horizontalAdvance(text) for text in texts.values()) + _ARROW)
        add.setIconText(texts.get(armed, gettext("Add")))
        if armed in classes:
            add.setIcon(swatch(self._palette.colour(classes, classes.index(armed))))
