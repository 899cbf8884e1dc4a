"""The canvas: the image with its boxes, to zoom and to move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QToolTip, QWidget

from core.text import gettext
from gui.canvas.items.boxes import BoxesItem
from gui.canvas.items.frame import FrameItem
from gui.canvas.items.labels import LabelsItem
from gui.canvas.items.marks import TallyItem
from gui.canvas.items.overlay import GroundTruthItem, SelectionItem
from gui.canvas.items.photograph import PhotographItem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.classes import Palette
    from gui.workspace.inference.worker import LoadedImage

_WHEEL_STEP = 1.0015
_KEY_STEP = 1.25
_LARGEST_ZOOM = 40.0


class Canvas(QGraphicsView):
    """Shows one image. The wheel zooms about the pointer, dragging moves, a double click fits."""

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.photograph = PhotographItem()
        self.boxes = BoxesItem()
        self.scene().addItem(self.photograph)
        self.frame = FrameItem()
        self.scene().addItem(self.frame)
        self.selection = SelectionItem()
        self.scene().addItem(self.boxes)
        self.ground_truth = GroundTruthItem()
        self.scene().addItem(self.ground_truth)
        self.tally = TallyItem()
        self.scene().addItem(self.tally)
        self.scene().addItem(self.selection)
        self.labels = LabelsItem(self.boxes)
        self.scene().addItem(self.labels)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(gettext("Image with boxes"))
        self._fitted = True

    @property
    def zoom(self) -> float:
        """Screen pixels for each pixel of the image."""
        return self.transform().m11()

    def show_image(self, loaded: LoadedImage | None) -> None:
        """Show an image without boxes, fitted to the canvas; None clears it."""
        self.boxes.set_detections(None, ())
        self.photograph.set_levels(loaded.levels if loaded else ())
        around = self.photograph.boundingRect()
        self.selection.set_bounds(around)
        self.frame.set_bounds(around)
        self.frame.set_frame(None)
        self.tally.set_marks(None)
        self.ground_truth.set_boxes(np.zeros((0, 4), np.float32))
        self.selection.set_selected([])
        self.selection.set_hovered(None)
        beyond_x, beyond_y = around.width() / 2, around.height() / 2
        self.setSceneRect(around.adjusted(-beyond_x, -beyond_y, beyond_x, beyond_y))
        self.fit()

    def show_detections(self, detections: Detections | None, classes: tuple[str, ...]) -> None:
        """Take the cells of the image; ``show_cells`` says which are drawn."""
        self.boxes.set_detections(detections, classes)

    def show_cells(self, mask: NDArray[np.bool_], ghosts: NDArray[np.bool_] | None = None) -> None:
        """Draw the cells of a bool mask (N,), and those of ``ghosts`` dotted."""
        self.boxes.set_shown(mask, ghosts)
        self.viewport().update()

    def show_ground_truth(self, boxes: NDArray[np.float32]) -> None:
        """Draw boxes (N, 4) that are known to be cells, those without size as crosses; they never count."""
        self.ground_truth.set_boxes(boxes)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self.boxes.set_palette(palette)
        self.tally.set_palette(palette)
        self.viewport().update()

    def set_labels_shown(self, shown: bool) -> None:
        """Write class and probability on the boxes, or not."""
        self.labels.set_shown(shown)
        self.viewport().update()

    def fit(self) -> None:
        """Show the whole image, and go on doing so when the window changes."""
        self._fitted = True
        area = self.photograph.boundingRect()
        if area.isEmpty():
            return
        scale = min((self.viewport().width() - 16) / area.width(), (self.viewport().height() - 16) / area.height())
        self._set_zoom(max(scale, 1e-3))
        self.centerOn(area.center())

    def zoom_to(self, zoom: float) -> None:
        """Set the zoom about the middle of the canvas; 1 shows pixel for pixel."""
        self._fitted = False
        middle = self.mapToScene(self.viewport().rect().center())
        self._set_zoom(zoom)
        self.centerOn(middle)

    def reveal(self, rect: QRectF, *, centre: bool = False) -> None:
        """Bring a box of the image into view, large enough to be judged."""
        smallest = 48.0
        side = max(rect.width(), rect.height(), 1.0)
        view = self.visible_area()
        if side * self.zoom < smallest:
            self._fitted = False
            self._set_zoom(min(2 * smallest / side, _LARGEST_ZOOM))
            centre = True
        if centre or not view.adjusted(side / 2, side / 2, -side / 2, -side / 2).contains(rect.center()):
            self._fitted = False
            self.centerOn(rect.center())

    def view_state(self) -> list[float]:
        """Return zoom and centre, to show the image so again; empty while the whole image is fitted."""
        if self._fitted:
            return []
        centre = self.mapToScene(self.viewport().rect().center())
        return [self.zoom, centre.x(), centre.y()]

    def restore_view(self, state: list[float]) -> None:
        """Show the image as ``view_state`` returned it."""
        if len(state) == 3:
            self._fitted = False
            self._set_zoom(state[0])
            self.centerOn(state[1], state[2])

    def zoom_in(self) -> None:
        """Zoom in by a quarter."""
        self.zoom_to(self.zoom * _KEY_STEP)

    def zoom_out(self) -> None:
        """Zoom out by a quarter."""
        self.zoom_to(self.zoom / _KEY_STEP)

    def _set_zoom(self, zoom: float) -> None:
        factor = min(zoom, _LARGEST_ZOOM) / self.zoom
        self.scale(factor, factor)
        self.zoom_changed.emit(self.zoom)

    def visible_area(self) -> QRectF:
        """Return the part of the image in view, in its pixels."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            place = self.mapToScene(event.pos())
            text = self.boxes.text_at(place) or self.frame.text_at(place)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        area = self.photograph.boundingRect()
        turned = event.angleDelta().y()
        if area.isEmpty() or turned == 0:
            return
        smallest = 0.2 * min(self.viewport().width() / area.width(), self.viewport().height() / area.height())
        zoom = max(self.zoom * _WHEEL_STEP**turned, smallest)
        pointer = event.position()
        before = self.mapToScene(pointer.toPoint())
        self._fitted = False
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self._set_zoom(zoom)
        after = self.mapToScene(pointer.toPoint())
        move = after - before
        self.translate(move.x(), move.y())
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self.boxes.cells_at(self.mapToScene(event.position().toPoint())):
            self.fit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: QPointF(-1, 0),
            Qt.Key.Key_Right: QPointF(1, 0),
            Qt.Key.Key_Up: QPointF(0, -1),
            Qt.Key.Key_Down: QPointF(0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        view = self.visible_area()
        self._fitted = False
        self.centerOn(view.center() + QPointF(step.x() * view.width() / 8, step.y() * view.height() / 8))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
