"""Widgets that lie over another one and move nothing of it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtWidgets import QStackedWidget

from gui.widgets.theme import SIDE_WIDTH

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_MARGIN = 12
_WIDEST = 760


class Edge(Enum):
    """Where a widget lies over its host."""

    TOP = auto()
    BOTTOM = auto()


class Overlay(QObject):
    """Keeps a widget at an edge of its parent, in the middle and as wide as it needs, above all else there.

    At the lower edge it leaves the card at the right free, where the button is that is pressed most.
    """

    def __init__(self, widget: QWidget, edge: Edge) -> None:
        super().__init__(widget)
        host = widget.parentWidget()
        assert host is not None, "an overlay lies on its parent"
        self._host = host
        self._widget = widget
        self._edge = edge
        host.installEventFilter(self)
        widget.installEventFilter(self)
        if isinstance(host, QStackedWidget):
            host.currentChanged.connect(lambda *_: self.place())  # the page that is shown comes above all else

    def place(self) -> None:
        """Put the widget where it belongs."""
        beside = SIDE_WIDTH if self._edge is Edge.BOTTOM else 0
        room = self._host.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN - beside, -_MARGIN)
        width = min(self._widget.sizeHint().width(), room.width(), _WIDEST)
        layout = self._widget.layout()
        wraps = layout is not None and layout.hasHeightForWidth()
        height = layout.totalHeightForWidth(width) if wraps and layout is not None else self._widget.sizeHint().height()
        height = min(height, room.height())
        left = min((self._host.width() - width) // 2, room.right() + 1 - width)
        top = room.top() if self._edge is Edge.TOP else room.bottom() - height + 1
        self._widget.setGeometry(QRect(left, top, width, height))
        self._widget.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.Show, QEvent.Type.LayoutRequest)
        if (watched is self._host and event.type() == QEvent.Type.Resize) or (
            watched is self._widget and event.type() in kinds
        ):
            self.place()
        return super().eventFilter(watched, event)
