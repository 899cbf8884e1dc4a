"""Cells that are dragged, with a tile on the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QWidget

    from gui.panels.gallery.view import TileView


def drag_cells(source: QWidget, view: TileView, mime: QMimeData, count: int) -> None:
    """Drag cells from a view until they are dropped; ``count``: how many there are."""
    picture = view.drag_picture(count)
    drag = QDrag(source)
    drag.setMimeData(mime)
    drag.setPixmap(picture)
    ratio = picture.devicePixelRatio()
    drag.setHotSpot(QPoint(round(picture.width() / ratio / 2), round(picture.height() / ratio / 2)))
    drag.exec(Qt.DropAction.MoveAction)
