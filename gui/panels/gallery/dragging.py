"""Cells that are dragged, with a tile on the pointer, and cards on which they are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QDrag, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPaintEvent
    from PySide6.QtWidgets import QWidget

    from gui.panels.gallery.view import TileView
    from gui.workspace.selection import CellOf


def drag_cells(source: QWidget, view: TileView, mime: QMimeData, count: int) -> None:
    """Drag cells from a view until they are dropped; ``count``: how many there are."""
    picture = view.drag_picture(count)
    drag = QDrag(source)
    drag.setMimeData(mime)
    drag.setPixmap(picture)
    ratio = picture.devicePixelRatio()
    drag.setHotSpot(QPoint(round(picture.width() / ratio / 2), round(picture.height() / ratio / 2)))
    drag.exec(Qt.DropAction.MoveAction)


class DropCard(QFrame):
    """A card on which cells can be dropped; its border is marked while they are held over it."""

    cells_dropped = Signal(object)  # cells and their images

    def __init__(self, wanted: Callable[[QMimeData], list[CellOf]], parent: QWidget | None = None) -> None:
        """``wanted``: the cells of a drag that may be dropped here, none if it may not."""
        super().__init__(parent)
        self._wanted = wanted
        self._aimed_at = False
        self.setObjectName("card")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._wanted(event.mimeData()):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self._aim(True)
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._aim(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._aim(False)
        cells = self._wanted(event.mimeData())
        if cells:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self.cells_dropped.emit(cells)

    def _aim(self, aimed_at: bool) -> None:
        self._aimed_at = aimed_at
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._aimed_at:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 7, 7)
            painter.end()
