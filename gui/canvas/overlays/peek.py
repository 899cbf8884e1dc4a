"""A look that lasts as long as its key is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Slot
from PySide6.QtGui import QKeyEvent

from gui.workspace.view_options import Peek

if TYPE_CHECKING:
    from gui.workspace.view_options import ViewOptions

_ENDS = (QEvent.Type.MouseButtonPress, QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationDeactivate)


class PeekWatch(QObject):
    """Ends a peek when a key is let go, anything is clicked, or the window is left."""

    def __init__(self, options: ViewOptions, parent: QObject) -> None:
        super().__init__(parent)
        self._options = options
        self._watching = False
        options.changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        app, peeking = QCoreApplication.instance(), self._options.peek is not Peek.NOTHING
        if app is None or peeking is self._watching:
            return
        self._watching = peeking
        if peeking:
            app.installEventFilter(self)
        else:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        let_go = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat()
        if let_go or event.type() in _ENDS:
            self._options.show_peek(Peek.NOTHING)
        return False
