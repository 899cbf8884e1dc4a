"""The parts of the window, between which F6 moves the keyboard: on the picture, Tab walks its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

if TYPE_CHECKING:
    from gui.window import MainWindow


class Panes(QObject):
    """The list of pictures, the picture, the count, and the docks that are open, in this order."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def step(self, by: int) -> None:
        """Give the next (1) or the previous (-1) part the keyboard, round the ends."""
        panes = [pane for pane in self._panes() if _first_focusable(pane) is not None]
        focus = QApplication.focusWidget()
        now = next((place for place, pane in enumerate(panes) if focus is not None and _inside(focus, pane)), None)
        if panes:
            self._enter(panes[(0 if by > 0 else -1) if now is None else (now + by) % len(panes)])

    def _panes(self) -> list[QWidget]:
        window = self._window
        docks = [dock for dock in window.findChildren(QDockWidget) if not dock.isHidden()]
        return [window.image_list, window.middle, window.side, *docks]

    def _enter(self, pane: QWidget) -> None:
        if isinstance(pane, QDockWidget):
            pane.raise_()
            if pane.isFloating():
                pane.activateWindow()
        target = self._window.image_list.rows if pane is self._window.image_list else _first_focusable(pane)
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)


def _inside(widget: QWidget, pane: QWidget) -> bool:
    return widget is pane or pane.isAncestorOf(widget)


def _first_focusable(pane: QWidget) -> QWidget | None:
    """Return the first widget of a part that Tab would reach."""
    widget = pane
    while True:
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if _inside(widget, pane) and takes_keys and widget.isEnabled() and widget.isVisibleTo(pane):
            return widget
        widget = widget.nextInFocusChain()
        if widget is pane:
            return None
