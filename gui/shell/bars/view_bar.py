"""The bar below the head line: the three views, and the tools of the one that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from core.text import gettext
from gui.commands.actions import ACTIONS
from gui.widgets.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from gui.commands.action import Action
    from gui.commands.context import View
    from gui.commands.menus import AddButton
    from gui.commands.shortcuts import Actions

HEIGHT = 58
_ICON = QSize(20, 20)
_VIEWS = ("review_view", "cells_view", "results_view")
_ADD_GROUP, _RIGHT_GROUP = 4, 8
"""The groups of the Add button with its menu, and of what stands at the right end."""


class ViewBar(QToolBar):
    """Icons with words beneath; tools that belong to one view are there only while it is shown."""

    def __init__(self, actions: Actions, add_button: AddButton, recent: QMenu) -> None:
        super().__init__(gettext("Views and tools"))
        self.setObjectName("viewBar")
        self.setMovable(False)
        self.setFixedHeight(HEIGHT)
        self.setIconSize(_ICON)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._actions = actions
        self._add = add_button
        self._views: list[View | None] = []  # of each of actions(); wrappers of these do not live as long as they do
        for name in _VIEWS:
            self._put(self._button(actions[name], "viewTab"))
        self._separate()
        self._put(self._open_button(recent))
        self._separate()
        self._add_tools()

    @Slot(object)
    def show_view(self, view: View) -> None:
        """Show the tools of a view."""
        for shown, where in zip(self.actions(), self._views, strict=True):
            if where is not None:
                shown.setVisible(where is view)

    def _add_tools(self) -> None:
        tools = sorted((action for action in ACTIONS if action.toolbar is not None), key=_place)
        groups = sorted({*(_place(tool)[0] for tool in tools), _ADD_GROUP})
        for group in groups:
            mine = [tool for tool in tools if _place(tool)[0] == group]
            view = next((tool.view for tool in mine), None)
            if group == _ADD_GROUP:
                view = self._actions.view_of("add")
                self._put(self._dressed(self._add), view)
            if group == _RIGHT_GROUP:
                space = QWidget()
                space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                self._put(space)
            for tool in mine:
                self._put(self._button(self._actions[tool.id]), tool.view)
            if group < _RIGHT_GROUP - 1 and group != _ADD_GROUP:
                self._separate(view)

    def _open_button(self, recent: QMenu) -> QToolButton:
        """Return the button with all that can be opened."""
        self.open_button = QToolButton()
        self.open_button.setText(gettext("Open"))
        self.open_button.setToolTip(gettext("Open images, a folder of images, or a sample that was open before"))
        self.open_button.setIcon(icon("folder-open"))
        self.open_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.open_button)
        for name in ("open", "open_folder", "open_session"):
            menu.addAction(self._actions[name])
        menu.addMenu(recent)
        self.open_button.setMenu(menu)
        return self._dressed(self.open_button)

    def _put(self, widget: QWidget, view: View | None = None) -> None:
        self.addWidget(widget)
        self._views.append(view)

    def _separate(self, view: View | None = None) -> None:
        self.addSeparator()
        self._views.append(view)

    def _button(self, action: QAction, name: str = "tool") -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setObjectName(name)
        return self._dressed(button)

    def _dressed(self, button: QToolButton) -> QToolButton:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if button.menu() is not None:
            button.menu().aboutToHide.connect(lambda: _see_pointer(button))
        return button


def _see_pointer(button: QToolButton) -> None:
    """Notice whether the pointer is still on a button: that it left while the menu was open, nobody has said."""
    pointed_at = button.rect().contains(button.mapFromGlobal(QCursor.pos()))
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, pointed_at)
    button.update()


def _place(action: Action) -> tuple[int, int]:
    assert action.toolbar is not None
    return action.toolbar
