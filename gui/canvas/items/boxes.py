"""All boxes of an image on the canvas, in one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF
from PySide6.QtGui import QColor, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.cells import Origin
from core.classes import PAPER, Palette
from core.geometry.boxes import areas
from core.text import gettext
from gui.canvas.items.outlines import Outlines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from core.cells import Detections

_DENSE = 1500  # more visible boxes than this are drawn with thinner lines
_INNER = 4.0
_DOTS = (3, 4)
_BESIDE_DOTS = QColor(90, 90, 90)
_ORIGINS = {Origin.PERSON: gettext("added or confirmed by hand"), Origin.IMPORTED: gettext("imported from a file")}
_LINE_STYLES = ((2, None), (3, None), (2, (6, 4)), (2, (2, 3)))  # width, pieces and gaps in pixels of the screen


class BoxesItem(QGraphicsItem):
    """All boxes of an image in one item; ``revision`` grows with each change.

    What was drawn last is kept, so that pointing at cells and selecting them redraws no box.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._palette: Palette = PAPER
        self._classes: tuple[str, ...] = ()
        self._detections: Detections | None = None
        self._rects: list[QRectF] = []
        self._shown: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ghosts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._bounds = QRectF()
        self.revision = 0
        self._outlines: Outlines | None = None
        self._outlines_for: tuple[QTransform, QSize, float] | None = None

    @property
    def palette(self) -> Palette:
        """The colours of the classes."""
        return self._palette

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        self._redraw()

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the labels."""
        return self._classes

    @property
    def detections(self) -> Detections | None:
        """The cells of the image, shown or not."""
        return self._detections

    def _redraw(self) -> None:
        self.revision += 1
        self._outlines_for = None
        self.update()

    def set_detections(self, detections: Detections | None, classes: tuple[str, ...]) -> None:
        """Take the cells of an image; none are shown until ``set_shown``."""
        if detections is self._detections and classes == self._classes:
            return
        self.prepareGeometryChange()
        self._rects = self._rects_of(detections)
        self._classes = classes
        self._detections = detections
        self._bounds = QRectF()
        if detections is not None and len(detections):
            low, high = detections.boxes.min(0), detections.boxes.max(0)
            self._bounds = QRectF(QPointF(*low[:2].tolist()), QPointF(*high[2:].tolist()))
        self._shown = self._ghosts = np.zeros(0, np.int64)
        self._redraw()

    def _rects_of(self, detections: Detections | None) -> list[QRectF]:
        """Return the rectangles of all cells; after a correction only the last few are new."""
        if detections is None:
            return []
        old = self._detections
        same = 0
        if old is not None:
            most = min(len(old), len(detections))
            unequal = np.flatnonzero((old.boxes[:most] != detections.boxes[:most]).any(axis=1))
            same = int(unequal[0]) if len(unequal) else most
        x1, y1, x2, y2 = detections.boxes[same:].T
        new = np.stack([x1, y1, x2 - x1, y2 - y1], axis=1).astype(float).tolist()
        return self._rects[:same] + [QRectF(x, y, w, h) for x, y, w, h in new]

    def set_shown(self, mask: NDArray[np.bool_], ghosts: NDArray[np.bool_] | None = None) -> None:
        """Show the cells of a bool mask (N,), and those of a second one dotted, as what might be cells."""
        self._shown = np.flatnonzero(mask)
        self._ghosts = np.zeros(0, np.int64) if ghosts is None else np.flatnonzero(ghosts)
        self._redraw()

    @property
    def shown_count(self) -> int:
        """How many boxes are drawn when the whole image is in view."""
        return len(self._shown)

    def cells_at(self, point: QPointF, *, ghosts: bool = False) -> list[int]:
        """Return the ids of the shown cells (or ghosts) at a point of the image, the smallest first."""
        shown = self._ghosts if ghosts else self._shown
        if self._detections is None or not len(shown):
            return []
        boxes = self._detections.boxes[shown]
        x, y = point.x(), point.y()
        hit = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        cells = shown[hit]
        return [int(number) for number in self._detections.ids[cells[np.argsort(areas(boxes[hit]), kind="stable")]]]

    def shown_ids(self) -> list[int]:
        """Return the ids of the shown cells in reading order: line by line, from left to right."""
        if self._detections is None or not len(self._shown):
            return []
        boxes = self._detections.boxes[self._shown]
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        line = np.floor(centres[:, 1] / max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1.0))
        return [int(number) for number in self._detections.ids[self._shown[np.lexsort((centres[:, 0], line))]]]

    def rect_of(self, number: int) -> QRectF | None:
        """Return the box of a shown cell or ghost by its id."""
        if self._detections is not None:
            for cells in (self._shown, self._ghosts):
                place = np.flatnonzero(self._detections.ids[cells] == number)
                if len(place):
                    return self._rects[cells[place[-1]]]
        return None

    def text_at(self, point: QPointF) -> str:
        """Return class and probability of the smallest shown cell at a point of the image, or ""."""
        for ghosts in (False, True):
            numbers = self.cells_at(point, ghosts=ghosts)
            if numbers and self._detections is not None:
                shown = self._ghosts if ghosts else self._shown
                cell = shown[np.flatnonzero(self._detections.ids[shown] == numbers[0])[-1]]
                name = self._classes[self._detections.labels[cell]]
                origin = Origin(int(self._detections.origin[cell]))
                if origin is not Origin.MODEL:
                    return f"{name}, {_ORIGINS[origin]}"
                text = (
                    gettext("{name}, probability {score:.2f}, below the threshold: click to accept it")
                    if ghosts
                    else gettext("{name}, probability {score:.2f}")
                )
                return text.format(name=name, score=self._detections.scores[cell])
        return ""

    def boundingRect(self) -> QRectF:
        return self._bounds.adjusted(-400, -400, 400, 400) if not self._bounds.isNull() else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._detections is None:
            return
        device, transform = painter.device(), painter.transform()
        ratio = device.devicePixelRatioF()
        size = QSize(device.width(), device.height())
        if self._outlines is None or self._outlines_for != (transform, size, ratio):
            wanted = round(size.width() * ratio), round(size.height() * ratio), ratio
            if self._outlines is None or self._outlines.made_for != wanted:
                self._outlines = Outlines(*wanted)
            self._outlines.clear()
            self._draw(self._outlines, transform, size)
            self._outlines_for = (transform, size, ratio)
        painter.save()
        painter.resetTransform()
        painter.drawImage(self._outlines.corner, self._outlines.image)
        painter.restore()

    def shown_in(self, transform: QTransform, size: QSize) -> NDArray[np.int64]:
        """Return the places of the shown cells whose boxes are in view, int64 (N,)."""
        return self._inside(self._shown, _view(transform, size))

    def label_places(
        self, cells: NDArray[np.int64], transform: QTransform
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the points of the screen (N, 2) that the texts of cells stand on, and which have contours (N,).

        That is the top of a contour, above which a text is centred, or the upper left corner of a box.
        """
        places, outlined = self._corners(cells, transform)[:, :2], self._outlined(cells)
        points, lengths = self._contours(cells[outlined], transform)
        if len(points):
            first = np.cumsum(lengths) - lengths
            top = np.minimum.reduceat(points[:, 1], first)
            highest = points[:, 1] == np.repeat(top, lengths)
            x = np.add.reduceat(points[:, 0] * highest, first) / np.add.reduceat(highest, first, dtype=np.int64)
            places[outlined] = np.stack([x, top], axis=1)
        return places, outlined

    def _draw(self, outlines: Outlines, transform: QTransform, size: QSize) -> None:
        """Draw boxes for a view of the image."""
        assert self._detections is not None
        view = _view(transform, size)
        self._draw_ghosts(outlines, transform, self._inside(self._ghosts, view))
        visible = self._inside(self._shown, view)
        self._draw_boxes(outlines, transform, visible)
        self._draw_corrected(outlines, transform, visible[self._detections.origin[visible] != Origin.MODEL.value])

    def _inside(self, cells: NDArray[np.int64], view: QRectF) -> NDArray[np.int64]:
        """Return those of some cells whose boxes are in view."""
        if self._detections is None:
            return cells[:0]
        x1, y1, x2, y2 = self._detections.boxes[cells].T
        return cells[(x2 >= view.left()) & (x1 <= view.right()) & (y2 >= view.top()) & (y1 <= view.bottom())]

    def _corners(self, cells: NDArray[np.int64], transform: QTransform) -> NDArray[np.float32]:
        """Return the corners ``x1 y1 x2 y2`` (N, 4) of boxes on the screen."""
        assert self._detections is not None
        shift = np.array([transform.dx(), transform.dy()] * 2, np.float32)
        return self._detections.boxes[cells] * np.float32(transform.m11()) + shift

    def _by_label(self, cells: NDArray[np.int64]) -> Iterator[tuple[int, QColor, NDArray[np.int64]]]:
        assert self._detections is not None
        labels = self._detections.labels[cells]
        for label in np.unique(labels).tolist():
            yield label, QColor(*self._palette.colour(self._classes, label)), cells[labels == label]

    def _draw_boxes(self, outlines: Outlines, transform: QTransform, visible: NDArray[np.int64]) -> None:
        dense = len(visible) > _DENSE
        for label, colour, cells in self._by_label(visible):
            width, dash = _LINE_STYLES[label % len(_LINE_STYLES)]
            width -= dense
            casing = (width,) if dense else (-1, width)
            outlined = self._outlined(cells)
            outlines.draw(self._corners(cells[~outlined], transform), colour, width, dash, casing)
            points, lengths = self._contours(cells[outlined], transform)
            if len(points):
                outlines.draw_contours(points, lengths, colour, width, dash, casing=1)

    def _outlined(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which cells have a contour to draw in place of the box."""
        contours = self._detections.contours if self._detections is not None else None
        return np.array([contours is not None and len(contours[cell]) > 0 for cell in cells.tolist()], bool)

    def _contours(
        self, cells: NDArray[np.int64], transform: QTransform
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the points of the contours of cells on the screen, (K, 2), and how many each contour has, (N,)."""
        contours = self._detections.contours if self._detections is not None else None
        if contours is None or not len(cells):
            return np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
        chosen = [contours[cell] for cell in cells.tolist()]
        shift = np.array([transform.dx(), transform.dy()], np.float32)
        return np.concatenate(chosen) * np.float32(transform.m11()) + shift, np.array([len(one) for one in chosen])

    def _draw_ghosts(self, outlines: Outlines, transform: QTransform, ghosts: NDArray[np.int64]) -> None:
        """Draw what is just below a threshold with dots; white between and dark beside them show on any ground."""
        for _, colour, cells in self._by_label(ghosts):
            corners = self._corners(cells, transform)
            outlines.draw(corners - 1, _BESIDE_DOTS, 3)
            outlines.draw(corners, colour, 2, _DOTS, casing=(0, 1))

    def _draw_corrected(self, outlines: Outlines, transform: QTransform, cells: NDArray[np.int64]) -> None:
        """Draw a second, inner line in what a person put or confirmed, to tell it from found cells."""
        for _, colour, mine in self._by_label(cells):
            outlined = self._outlined(mine)
            corners = self._corners(mine, transform)
            sides = corners[:, 2:] - corners[:, :2]
            gap = np.minimum(_INNER, sides / 4)
            inner = np.concatenate([corners[:, :2] + gap, corners[:, 2:] - gap], axis=1)
            outlines.draw(inner[~outlined], colour)
            points, lengths = self._contours(mine[outlined], transform)
            if len(points):
                middle = np.repeat(((corners[:, :2] + corners[:, 2:]) / 2)[outlined], lengths, axis=0)
                smaller = np.repeat((1 - 2 * gap / sides)[outlined], lengths, axis=0)
                inner_points = (middle + (points - middle) * smaller).astype(np.float32)
                outlines.draw_contours(inner_points, lengths, colour)


def _view(transform: QTransform, size: QSize) -> QRectF:
    """Return the part of the image that a screen of some size shows."""
    inverse, _ = transform.inverted()
    return inverse.mapRect(QRectF(QPointF(), QSizeF(size)))
