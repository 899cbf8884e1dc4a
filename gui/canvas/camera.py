"""Where a photograph is looked at: zooming, moving, and one rule for bringing a cell into view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent

LEAST_SIDE, WANTED_SIDE = 40.0, 80.0
"""A cell that is brought into view keeps the zoom if it is as large as the first, and gets the second otherwise."""

_WHEEL_STEP = 1.0015
_KEY_STEP = 1.25
_LARGEST_ZOOM = 40.0
_SMALLEST_ZOOM = 0.2  # of the zoom that fits
_MARGIN = 8.0  # around the photograph, in pixels of the screen
_MOST_SIDE = 2 * WANTED_SIDE  # a zoom for one small cell is kept for the next up to this size


@dataclass(frozen=True)
class Look:
    """A zoom and a place; ``fitted``: whatever shows the whole photograph."""

    zoom: float
    across: int
    down: int
    fitted: bool


class Camera(QGraphicsView):
    """Looks at an area of a scene, and never past it.

    The wheel zooms about the pointer, a drag moves, a double click fits. What is fitted stays so when the size
    changes. A cell that ``reveal`` brings into view only borrows the look: ``give_back`` returns to it, unless the
    user has moved or zoomed since.
    """

    zoom_changed = Signal(float)
    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area = QRectF()
        self._fitted = True
        self._lent: Look | None = None
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(lambda *_: self.moved.emit())

    # -- what is in view -----------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Screen pixels for each pixel of the image."""
        return self.transform().m11()

    @property
    def area(self) -> QRectF:
        """What is looked at."""
        return self._area

    @property
    def shows_all(self) -> bool:
        """Whether all of the area is in view."""
        return self.visible_area().adjusted(-1, -1, 1, 1).contains(self._area)

    def visible_area(self) -> QRectF:
        """Return the part of the image in view, in its pixels."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def set_area(self, area: QRectF) -> None:
        """Look at another area; one of the same size keeps the look to the pixel."""
        self.give_back()
        if area != self._area:
            self._area = area
            across, down = area.width() / 2, area.height() / 2  # what the wheel needs to zoom about any pointer
            self.setSceneRect(area.adjusted(-across, -down, across, down))
            self.fit()

    # -- what the user does --------------------------------------------------------------------

    def fit(self) -> None:
        """Show all of the area, and go on doing so when the size changes."""
        self._lent = None
        self._fitted = True
        if self._area.isEmpty():
            return
        self._look_at(self._fitting(), self._area.center())

    def zoom_to(self, zoom: float) -> None:
        """Set the zoom about the middle of the canvas; 1 shows pixel for pixel."""
        self._take()
        middle = QPointF(self.viewport().rect().center())
        self._look_at(zoom, self.mapToScene(middle.toPoint()), middle)

    def zoom_in(self) -> None:
        """Zoom in by a quarter."""
        self.zoom_to(self.zoom * _KEY_STEP)

    def zoom_out(self) -> None:
        """Zoom out by a quarter."""
        self.zoom_to(self.zoom / _KEY_STEP)

    def move_to(self, place: QPointF) -> None:
        """Bring a place of the area into the middle, as far as the area reaches."""
        self._take()
        self._look_at(self.zoom, place)

    def _take(self) -> None:
        """Take the look over from whatever borrowed it."""
        self._fitted, self._lent = False, None

    # -- what is shown to the user -------------------------------------------------------------

    def reveal(self, rect: QRectF) -> None:
        """Bring a box into view, large enough to be judged, moving no more than needed."""
        if self._lent is None:
            self._lent = self._look()
        own, side = self._lent, max(rect.width(), rect.height(), 1.0)
        self._fitted = False
        if side * own.zoom >= LEAST_SIDE:
            if self.zoom != own.zoom or not self._is_clear(rect):
                self._return_to(own)
        elif not LEAST_SIDE <= side * self.zoom <= _MOST_SIDE:
            self._look_at(WANTED_SIDE / side, rect.center())
        if not self._is_clear(rect):
            self._look_at(self.zoom, rect.center())

    def give_back(self) -> bool:
        """Return to how the user looked before cells were brought into view; True if that was another look."""
        lent, self._lent = self._lent, None
        if lent is None:
            return False
        before = self._look()
        self._return_to(lent)
        self._fitted = lent.fitted
        if lent.fitted:
            self.fit()
        return self._look() != before

    def view_state(self) -> list[float]:
        """Return zoom and centre, to show the image so again; empty while the whole image is fitted."""
        look = self._lent or self._look()
        if look.fitted:
            return []
        middle = QPointF(look.across, look.down) + QPointF(self.viewport().rect().center())
        return [look.zoom, middle.x() / look.zoom, middle.y() / look.zoom]

    def restore_view(self, state: list[float]) -> None:
        """Show the image as ``view_state`` returned it."""
        if len(state) == 3:
            self._take()
            self._look_at(state[0], QPointF(state[1], state[2]))
        else:
            self.fit()

    def follow(self, other: Camera) -> None:
        """Look at the same place of an area of the same scale as another camera does."""
        self._take()
        self._look_at(other.zoom, other.visible_area().center())

    # -- looking -------------------------------------------------------------------------------

    def _look(self) -> Look:
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        return Look(self.zoom, bars[0].value(), bars[1].value(), self._fitted)

    def _return_to(self, look: Look) -> None:
        self._set_zoom(look.zoom)
        self.horizontalScrollBar().setValue(look.across)
        self.verticalScrollBar().setValue(look.down)

    def _look_at(self, zoom: float, place: QPointF, where: QPointF | None = None, *, clamped: bool = True) -> None:
        """Show a place of the area at a place of the canvas (default: the middle)."""
        self._set_zoom(zoom)
        where = QPointF(self.viewport().rect().center()) if where is None else where
        self._scroll(place.x() * self.zoom - where.x(), place.y() * self.zoom - where.y(), clamped=clamped)

    def _scroll(self, across: float, down: float, *, clamped: bool = True) -> None:
        """Have the left upper corner of the canvas show this place, in pixels of the screen from the area's origin."""
        if clamped:
            (left, right), (top, bottom) = self._limits()
            across, down = min(max(across, left), right), min(max(down, top), bottom)
        self.horizontalScrollBar().setValue(round(across))
        self.verticalScrollBar().setValue(round(down))

    def _limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return between what the left upper corner may be, so that nothing beside the area is seen without need."""
        area, size, zoom = self._area, self.viewport().size(), self.zoom
        return (
            _limit(area.left() * zoom, area.right() * zoom, size.width()),
            _limit(area.top() * zoom, area.bottom() * zoom, size.height()),
        )

    def _set_zoom(self, zoom: float) -> None:
        zoom = min(max(zoom, _SMALLEST_ZOOM * self._fitting()), _LARGEST_ZOOM)
        before = self.zoom
        self.resetTransform()
        self.scale(zoom, zoom)
        if zoom != before:
            self.zoom_changed.emit(zoom)

    def _fitting(self) -> float:
        """Return the zoom that shows all of the area."""
        if self._area.isEmpty():
            return 1.0
        size = self.viewport().size()
        across = (size.width() - 2 * _MARGIN) / self._area.width()
        return max(min(across, (size.height() - 2 * _MARGIN) / self._area.height()), 1e-3)

    def _is_clear(self, rect: QRectF) -> bool:
        """Tell whether all of a box that lies in the area is in view."""
        return self.visible_area().adjusted(-0.5, -0.5, 0.5, 0.5).contains(rect & self._area)

    # -- events --------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if self._area.isEmpty() or turned == 0:
            return
        self._take()
        pointer = event.position()
        self._look_at(self.zoom * _WHEEL_STEP**turned, self._exactly_at(pointer), pointer, clamped=False)
        event.accept()

    def _exactly_at(self, where: QPointF) -> QPointF:
        """Return the place of the area at a place of the canvas."""
        return self.viewportTransform().inverted()[0].map(where)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before = self._look()
        super().mouseMoveEvent(event)
        if event.buttons() and self._look() != before:
            (left, right), (top, bottom) = self._limits()
            after = self._look()
            self._scroll(
                min(max(after.across, min(left, before.across)), max(right, before.across)),
                min(max(after.down, min(top, before.down)), max(bottom, before.down)),
                clamped=False,
            )
            if self._look() != before:
                self._take()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        event.accept()  # whatever lies beneath

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
        elif not self.shows_all:
            view = self.visible_area()
            self.move_to(view.center() + QPointF(step.x() * view.width() / 8, step.y() * view.height() / 8))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        self.moved.emit()


def _limit(start: float, end: float, size: int) -> tuple[float, float]:
    """Return between what one coordinate of the corner may be; what is smaller than the canvas is in its middle."""
    low, high = start - _MARGIN, end + _MARGIN - size
    return (low, high) if low <= high else ((low + high) / 2, (low + high) / 2)
