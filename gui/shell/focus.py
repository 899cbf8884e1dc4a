"""The panes of the window, between which F6 moves the keyboard: on the image, Tab walks its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from PySide6.QtWidgets import QDockWidget

    from gui.commands.context import Pane


class Panes:
    """The head line, the parts of the view that is shown, and the docks that are open, in this order."""

    def __init__(self, shown: Callable[[], Iterable[QWidget]], docks: Mapping[Pane, QDockWidget]) -> None:
        self._shown = shown
        self._docks = docks

    def step(self, by: int) -> None:
        """Give the next (1) or the previous (-1) pane the keyboard, around the ends."""
        panes = [pane for pane in self._panes() if _target(pane) is not None]
        focus = QApplication.focusWidget()
        now = next((place for place, pane in enumerate(panes) if focus is not None and _inside(focus, pane)), None)
        if panes:
            self._enter(panes[(0 if by > 0 else -1) if now is None else (now + by) % len(panes)])

    def _panes(self) -> list[QWidget]:
        return [
            *(pane for pane in self._shown() if not pane.isHidden()),
            *(dock.widget() for dock in self._docks.values() if not dock.isHidden()),
        ]

    def _enter(self, pane: QWidget) -> None:
        dock = next((dock for dock in self._docks.values() if dock.widget() is pane), None)
        window = None if dock is None else dock.parentWidget()
        if (
            dock is not None
            and isinstance(window, QMainWindow)
            and (dock.isFloating() or window.tabifiedDockWidgets(dock))
        ):
            dock.raise_()
        target = _target(pane)
        if target is not None:
            target.window().activateWindow()
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)


def _target(pane: QWidget) -> QWidget | None:
    """Return what takes the keys in a pane: its focus proxy, or else the first widget that Tab would reach."""
    proxy = pane.focusProxy()
    return proxy if proxy is not None and proxy.isEnabled() else _first_focusable(pane)


def _inside(widget: QWidget, pane: QWidget) -> bool:
    return widget is pane or pane.isAncestorOf(widget)


def _first_focusable(pane: QWidget) -> QWidget | None:
    """Return the first widget of a pane that Tab would reach."""
    widget: QWidget | None = pane
    while widget is not None:
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if _inside(widget, pane) and takes_keys and widget.isEnabled() and widget.isVisibleTo(pane):
            return widget
        following = widget.nextInFocusChain()
        widget = None if following is pane else following
    return None
