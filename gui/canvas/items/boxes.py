"""All boxes of an image on the canvas, in one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF
from PySide6.QtGui import QColor, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.cells import Origin
from core.classes import PAPER, Palette, short_name
from core.geometry.boxes import areas
from core.text import gettext
from gui.canvas.items.outlines import Outlines
from gui.widgets.colour import luminance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from core.cells import Detections

_TINY, _SMALL = 25.0, 40.0
"""A box that is smaller on the screen has only its corners, or a casing on one side alone; in its pixels."""

_TICKS = ((12.0, 3), (_TINY, 5))  # boxes up to this size have arms of that length
_DOTS = (3, 4)
_BESIDE_DOTS = QColor(90, 90, 90)
_BY_HAND = 4  # side of the square in the corner of a cell that a user put or confirmed
_DARK, _LIGHT = 0x70000000, 0xB4B4B4B4  # casings of bright and of dark colours, premultiplied: half see-through
_BRIGHT = 0.18  # luminance that is as far from black as from white
_ORIGINS = {Origin.PERSON: gettext("added or confirmed by hand"), Origin.IMPORTED: gettext("imported from a file")}
_LINE_STYLES = ((1, None), (2, None), (1, (5, 3)), (1, (2, 3)))  # width, pieces and gaps in pixels of the screen


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

    def text_of(self, number: int) -> str:
        """Return class and probability of a shown cell or ghost, or ""."""
        if self._detections is None:
            return ""
        for cells in (self._shown, self._ghosts):
            place = cells[self._detections.ids[cells] == number]
            if len(place):
                name = short_name(self._classes[self._detections.labels[place[-1]]])
                origin = Origin(int(self._detections.origin[place[-1]]))
                if origin is not Origin.MODEL:
                    return f"{name}, {_ORIGINS[origin]}"
                text = (
                    gettext("{name} {score:.2f}, below the threshold: click to accept it")
                    if cells is self._ghosts
                    else gettext("{name} {score:.2f}")
                )
                return text.format(name=name, score=self._detections.scores[place[-1]])
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
        self._draw_by_hand(outlines, transform, visible[self._detections.origin[visible] != Origin.MODEL.value])

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
        """Draw the cells with lines as thin as can be seen, the thinner the smaller they are."""
        for label, colour, cells in self._by_label(visible):
            width, dash = _LINE_STYLES[label % len(_LINE_STYLES)]
            beside = _casing(colour)
            outlined = self._outlined(cells)
            corners = self._corners(cells[~outlined], transform)
            sides = (corners[:, 2:] - corners[:, :2]).max(axis=1, initial=0)
            least = 0.0
            for most, length in _TICKS:
                chosen = (least <= sides) & (sides < most)
                if chosen.any():
                    outlines.draw_ticks(corners[chosen], colour, length, width, (width,), beside)
                least = most
            for chosen, casing in (
                ((sides >= _TINY) & (sides < _SMALL), (width,)),
                (sides >= _SMALL, (-1, width)),
            ):
                if chosen.any():
                    outlines.draw(corners[chosen], colour, width, dash, casing, beside)
            points, lengths = self._contours(cells[outlined], transform)
            if len(points):
                outlines.draw_contours(points, lengths, colour, width, dash, 1, beside)

    def _outlined(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which cells have a contour to draw in place of the box."""
        contours = self._detections.contours if self._detections is not None else None
        if contours is None:
            return np.zeros(len(cells), bool)
        return np.array([len(contours[cell]) > 0 for cell in cells.tolist()], bool)

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
            outlines.draw(corners + 1, _BESIDE_DOTS)
            outlines.draw(corners, QColor("white"))
            outlines.draw(corners, colour, 1, _DOTS)

    def _draw_by_hand(self, outlines: Outlines, transform: QTransform, cells: NDArray[np.int64]) -> None:
        """Mark what a user put or confirmed with a small square where its text would stand."""
        for _, colour, mine in self._by_label(cells):
            places, _ = self.label_places(mine, transform)
            outlines.draw_squares(places, colour, _BY_HAND, _casing(colour))


def _casing(colour: QColor) -> int:
    """Return the colour that a line of this colour stands out from on any ground."""
    return _DARK if luminance(colour) > _BRIGHT else _LIGHT


def _view(transform: QTransform, size: QSize) -> QRectF:
    """Return the part of the image that a screen of some size shows."""
    inverse, _ = transform.inverted()
    return inverse.mapRect(QRectF(QPointF(), QSizeF(size)))
