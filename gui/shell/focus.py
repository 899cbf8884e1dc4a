"""The parts of the window, between which F6 moves the keyboard: on the picture, Tab walks its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from gui.shell.window import MainWindow


class Panes(QObject):
    """The list of pictures, the picture, the count, and the docks that are open, in this order."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def step(self, by: int) -> None:
        """Give the next (1) or the previous (-1) part the keyboard, round the ends."""
        panes = [pane for pane in self._panes() if _target(pane) is not None]
        focus = QApplication.focusWidget()
        now = next((place for place, pane in enumerate(panes) if focus is not None and _inside(focus, pane)), None)
        if panes:
            self._enter(panes[(0 if by > 0 else -1) if now is None else (now + by) % len(panes)])

    def _panes(self) -> list[QWidget]:
        window = self._window
        docks = [dock.widget() for dock in window.docks if not dock.isHidden()]
        return [window.image_list, window.middle, window.side, *docks]

    def _enter(self, pane: QWidget) -> None:
        dock = next((dock for dock in self._window.docks if dock.widget() is pane), None)
        if dock is not None and (dock.isFloating() or self._window.tabifiedDockWidgets(dock)):
            dock.raise_()
        target = _target(pane)
        if target is not None:
            target.window().activateWindow()
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)


def _target(pane: QWidget) -> QWidget | None:
    """Return what of a part takes the keys: what it says itself, or else the first widget that Tab would reach."""
    proxy = pane.focusProxy()
    return proxy if proxy is not None and proxy.isEnabled() else _first_focusable(pane)


def _inside(widget: QWidget, pane: QWidget) -> bool:
    return widget is pane or pane.isAncestorOf(widget)


def _first_focusable(pane: QWidget) -> QWidget | None:
    """Return the first widget of a part that Tab would reach."""
    widget: QWidget | None = pane
    while widget is not None:
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if _inside(widget, pane) and takes_keys and widget.isEnabled() and widget.isVisibleTo(pane):
            return widget
        following = widget.nextInFocusChain()
        widget = None if following is pane else following
    return None
