"""Menus and tool bar, from the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtWidgets import QMainWindow

    from gui.commands.actions import Actions

Option = TypeVar("Option")

_MENUS = ("File", "Edit", "Count", "View", "Help")
_LAST_OF_A_GROUP = {
    "open_demo", "copy_session", "export_cells", "report", "find_missing", "redo", "accept", "select_all",
    "previous_cell", "stop", "retry_failed", "next_unreviewed",
    "region_remove_all", "verify", "previous", "zoom_out", "hide_boxes", "history",
}  # fmt: skip
_BAR = (("open", "open_folder"), ("previous", "next"), ("fit", "actual"), ("undo", "redo"))
_BAR_AFTER_ADD = (("empty", "doubts"), ("gallery", "history"), ("tally", "verify"))
_SHORT_TEXTS = {
    "open": "Open …",
    "open_folder": "Folder …",
    "previous": "◀",
    "next": "▶",
    "empty": "Empty area",
    "doubts": "Doubts",
    "gallery": "Gallery",
    "history": "History",
    "tally": "Tally",
    "verify": "Check",
}


def add_menus(window: QMainWindow, actions: Actions) -> QMenu:
    """Fill the menu bar; return the View menu, which takes further choices."""
    menus = {name: window.menuBar().addMenu(f"&{name}") for name in _MENUS}
    for name, menu in menus.items():
        for action in actions.group(name):
            menu.addAction(action)
            if action.objectName() in _LAST_OF_A_GROUP:
                menu.addSeparator()
    menus["View"].addSeparator()
    return menus["View"]


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


class MainBar(QToolBar):
    """The tool bar; ``add_menu`` under its Add button offers the classes."""

    def __init__(self, actions: Actions) -> None:
        super().__init__("Main")
        self.setObjectName("mainBar")
        self.setMovable(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name, text in _SHORT_TEXTS.items():
            actions[name].setIconText(text)
        for names in _BAR:
            self.addActions([actions[name] for name in names])
            self.addSeparator()
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        button.setDefaultAction(actions["add"])
        self.add_menu = QMenu(button)
        button.setMenu(self.add_menu)
        self.addWidget(button)
        for place, names in enumerate(_BAR_AFTER_ADD):
            if place:
                self.addSeparator()
            self.addActions([actions[name] for name in names])
