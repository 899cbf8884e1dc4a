"""What the canvas shows: the photograph, and all boxes of it in one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.boxes import areas
from core.classes import PAPER, Palette, short_name
from core.detections import Origin
from gui.outlines import Outlines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from core.detections import Detections

_DENSE = 1500  # more visible boxes than this are drawn with thinner lines
_MOST_LABELS = 400
_SMALLEST_LABELLED = 26.0  # pixels on the screen
_LABEL_PIXELS = 11
_INNER = 4.0
_DOTS = (2, 3)
_CROSS = 6.0  # half the width of a point of the ground truth, in pixels of the screen
_ORIGINS = {Origin.PERSON: "put or confirmed by hand", Origin.IMPORTED: "imported from a file"}
_LINE_STYLES = ((2, None), (3, None), (2, (6, 4)), (2, (2, 3)))  # width, pieces and gaps in pixels of the screen


class PhotographItem(QGraphicsItem):
    """The photograph, drawn from the coarsest copy that is sharp enough.

    What was drawn last is kept, so that moving a slider over a large picture repaints only boxes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._levels: tuple[NDArray[np.uint8], ...] = ()
        self._rendered: QPixmap | None = None
        self._rendered_for: tuple[QTransform, QRect] | None = None

    def set_levels(self, levels: tuple[NDArray[np.uint8], ...]) -> None:
        """Show a photograph given as uint8 RGB (H, W, 3) and ever smaller copies of it; () clears."""
        self.prepareGeometryChange()
        self._levels = levels
        self._rendered_for = None
        self.update()

    def boundingRect(self) -> QRectF:
        if not self._levels:
            return QRectF()
        height, width = self._levels[0].shape[:2]
        return QRectF(0, 0, width, height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if not self._levels:
            return
        transform = painter.transform()
        screen = transform.mapRect(self.boundingRect()).toAlignedRect()
        device = painter.device()
        screen &= QRect(0, 0, device.width(), device.height())
        if screen.isEmpty():
            return
        if self._rendered is None or self._rendered_for != (transform, screen):
            ratio = device.devicePixelRatioF()
            self._rendered = QPixmap(screen.size() * ratio)
            self._rendered.setDevicePixelRatio(ratio)
            self._rendered.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._rendered)
            inner.setTransform(transform * QTransform.fromTranslate(-screen.x(), -screen.y()))
            self._draw_visible(inner, transform, screen)
            inner.end()
            self._rendered_for = (transform, screen)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(screen.topLeft(), self._rendered)
        painter.restore()

    def _draw_visible(self, painter: QPainter, transform: QTransform, screen: QRect) -> None:
        zoom = transform.m11() * painter.device().devicePixelRatioF()
        level = int(np.clip(np.floor(np.log2(1 / max(zoom, 1e-6))), 0, len(self._levels) - 1))
        pixels = self._levels[level]
        height, width = self._levels[0].shape[:2]
        step_x, step_y = width / pixels.shape[1], height / pixels.shape[0]
        inverse, _ = transform.inverted()
        visible = inverse.mapRect(QRectF(screen))
        x1 = max(int(visible.left() / step_x) - 1, 0)
        y1 = max(int(visible.top() / step_y) - 1, 0)
        x2 = min(int(visible.right() / step_x) + 2, pixels.shape[1])
        y2 = min(int(visible.bottom() / step_y) + 2, pixels.shape[0])
        piece = np.ascontiguousarray(pixels[y1:y2, x1:x2])
        image = QImage(piece.data, x2 - x1, y2 - y1, piece.strides[0], QImage.Format.Format_RGB888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < 4)
        target = QRectF(x1 * step_x, y1 * step_y, (x2 - x1) * step_x, (y2 - y1) * step_y)
        painter.drawImage(target, image, QRectF(image.rect()))


class BoxesItem(QGraphicsItem):
    """All boxes of a picture in one item.

    What was drawn last is kept, so that pointing at cells and selecting them redraws no box.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._palette: Palette = PAPER
        self._show_labels = True
        self._classes: tuple[str, ...] = ()
        self._detections: Detections | None = None
        self._rects: list[QRectF] = []
        self._shown: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ghosts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._bounds = QRectF()
        self._advances: dict[str, float] = {}
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

    def set_labels_shown(self, shown: bool) -> None:
        """Write class and probability on the boxes, or not."""
        self._show_labels = shown
        self._redraw()

    def _redraw(self) -> None:
        self._outlines_for = None
        self.update()

    def set_detections(self, detections: Detections | None, classes: tuple[str, ...]) -> None:
        """Take the cells of a picture; none are shown until ``set_shown``."""
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
        """How many boxes are drawn when the whole picture is in view."""
        return len(self._shown)

    def cells_at(self, point: QPointF, *, ghosts: bool = False) -> list[int]:
        """Return the ids of the shown cells (or ghosts) at a point of the picture, the smallest first."""
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
        """Return class and probability of the smallest shown cell at a point of the picture, or ""."""
        for ghosts in (False, True):
            numbers = self.cells_at(point, ghosts=ghosts)
            if numbers and self._detections is not None:
                shown = self._ghosts if ghosts else self._shown
                cell = shown[np.flatnonzero(self._detections.ids[shown] == numbers[0])[-1]]
                name = self._classes[self._detections.labels[cell]]
                origin = Origin(int(self._detections.origin[cell]))
                if origin is not Origin.MODEL:
                    return f"{name}, {_ORIGINS[origin]}"
                below = ", below the threshold: click to accept it" if ghosts else ""
                return f"{name}, probability {self._detections.scores[cell]:.2f}{below}"
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
            self._draw(self._outlines, transform, size, painter.font())
            self._outlines_for = (transform, size, ratio)
        painter.save()
        painter.resetTransform()
        painter.drawImage(self._outlines.corner, self._outlines.image)
        painter.restore()

    def _draw(self, outlines: Outlines, transform: QTransform, size: QSize, font: QFont) -> None:
        """Draw boxes and texts for a view of the picture."""
        assert self._detections is not None
        inverse, _ = transform.inverted()
        view = inverse.mapRect(QRectF(QPointF(), QSizeF(size)))
        self._draw_ghosts(outlines, transform, self._inside(self._ghosts, view))
        visible = self._inside(self._shown, view)
        self._draw_boxes(outlines, transform, visible)
        self._draw_corrected(outlines, transform, visible[self._detections.origin[visible] != Origin.MODEL.value])
        if self._show_labels and len(visible) <= 4 * _MOST_LABELS:
            painter = QPainter(outlines.image)
            painter.translate(-outlines.corner)
            painter.setFont(font)
            self._draw_labels(painter, transform, size, visible)
            painter.end()

    def _inside(self, cells: NDArray[np.int64], view: QRectF) -> NDArray[np.int64]:
        """Return those of some cells whose boxes are in view."""
        assert self._detections is not None
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
            self._draw_contours(outlines, transform, cells[outlined], colour, width)

    def _outlined(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which cells have a contour to draw in place of the box."""
        contours = self._detections.contours if self._detections is not None else None
        return np.array([contours is not None and len(contours[cell]) > 0 for cell in cells.tolist()], bool)

    def _draw_contours(
        self, outlines: Outlines, transform: QTransform, cells: NDArray[np.int64], colour: QColor, width: int
    ) -> None:
        """Draw the contours of cells that a segmentation model found, cased in white."""
        if not len(cells) or self._detections is None or self._detections.contours is None:
            return
        painter = QPainter(outlines.image)
        painter.translate(-outlines.corner)
        polygons = [
            transform.map(QPolygonF([QPointF(x, y) for x, y in self._detections.contours[cell].tolist()]))
            for cell in cells.tolist()
        ]
        for pen in (QPen(QColor("white"), width + 2), QPen(colour, width)):
            painter.setPen(pen)
            for polygon in polygons:
                painter.drawPolygon(polygon)
        painter.end()

    def _draw_ghosts(self, outlines: Outlines, transform: QTransform, ghosts: NDArray[np.int64]) -> None:
        """Draw what is just below a threshold with dots."""
        for _, colour, cells in self._by_label(ghosts):
            outlines.draw(self._corners(cells, transform), colour, 1, _DOTS, (0,))

    def _draw_corrected(self, outlines: Outlines, transform: QTransform, cells: NDArray[np.int64]) -> None:
        """Draw a second, inner line in the boxes that a person put, to tell them from found ones."""
        for _, colour, mine in self._by_label(cells):
            corners = self._corners(mine, transform)
            gap = np.minimum(_INNER, (corners[:, 2:] - corners[:, :2]) / 4)
            outlines.draw(np.concatenate([corners[:, :2] + gap, corners[:, 2:] - gap], axis=1), colour)

    def _draw_labels(self, painter: QPainter, transform: QTransform, size: QSize, visible: NDArray[np.int64]) -> None:
        """Write class and probability on cells that are large enough, the likeliest first.

        A text that would cover another one is shortened to the probability, or left out.
        """
        assert self._detections is not None
        found = self._detections
        widths = (found.boxes[visible, 2] - found.boxes[visible, 0]) * transform.m11()
        visible, widths = visible[widths >= _SMALLEST_LABELLED], widths[widths >= _SMALLEST_LABELLED]
        by_hand = found.origin[visible] != Origin.MODEL.value
        names = [short_name(name) for name in self._classes]
        colours = [QColor(*self._palette.colour(self._classes, label)) for label in range(len(names))]
        inks = [ink_on(colour) for colour in colours]
        font = QFont(painter.font())
        font.setPixelSize(_LABEL_PIXELS)
        metrics = QFontMetricsF(font)
        height = metrics.height()
        taken = np.zeros((size.height() + 1, size.width() + 1), bool)
        drawn = 0
        painter.setFont(font)
        columns = (visible, widths, found.labels[visible], found.scores[visible], by_hand)
        for cell, width, label, probability, own in zip(*(column.tolist() for column in columns), strict=True):
            score = "✓" if own else f"{probability:.2f}"
            corner = transform.map(self._rects[cell].topLeft())
            for text in (f"{names[label]} {score}", score):
                chip = QRectF(corner.x(), corner.y() - height, self._advance(text, metrics) + 6, height)
                if chip.top() < 0:
                    chip.moveTop(max(corner.y(), 0.0))
                if chip.width() <= max(width * 1.15, 34) and _take(taken, chip):
                    painter.fillRect(chip, colours[label])
                    painter.setPen(inks[label])
                    painter.drawText(QPointF(chip.left() + 3, chip.top() + metrics.ascent()), text)
                    drawn += 1
                    break
            if drawn == _MOST_LABELS:
                break

    def _advance(self, text: str, metrics: QFontMetricsF) -> float:
        """Return the width of a text; there are some hundred different ones, asked for thousands of times."""
        width = self._advances.get(text)
        if width is None:
            width = self._advances[text] = metrics.horizontalAdvance(text)
        return width


def _take(taken: NDArray[np.bool_], chip: QRectF) -> bool:
    """Take the pixels of a text, bool (H, W); False if some of them are taken already."""
    top, left = max(int(chip.top()), 0), max(int(chip.left()), 0)
    place = taken[top : max(int(chip.bottom()), 0) + 1, left : max(int(chip.right()), 0) + 1]
    if place.any():
        return False
    place[...] = True
    return True


class GroundTruthItem(QGraphicsItem):
    """What is known to be on the picture: white dashes on black, whatever the class."""

    def __init__(self) -> None:
        super().__init__()
        self._rects: list[QRectF] = []
        self._points: list[QPointF] = []
        self._bounds = QRectF()

    @property
    def shown_count(self) -> int:
        """How many true cells are drawn."""
        return len(self._rects) + len(self._points)

    def set_boxes(self, boxes: NDArray[np.float32]) -> None:
        """Show boxes ``x1 y1 x2 y2`` (N, 4) in pixels of the picture; those without size are points."""
        self.prepareGeometryChange()
        sized = (boxes[:, 2:] > boxes[:, :2]).any(axis=1)
        self._rects = [QRectF(x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes[sized].tolist()]
        self._points = [QPointF(x, y) for x, y, *_ in boxes[~sized].tolist()]
        self._bounds = QRectF()
        if len(boxes):
            low, high = boxes.min(axis=0).tolist(), boxes.max(axis=0).tolist()
            self._bounds = QRectF(QPointF(*low[:2]), QPointF(*high[2:])).adjusted(-99, -99, 99, 99)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _draw_rects(painter, self._rects, QColor(0, 0, 0), 1.6, Qt.PenStyle.SolidLine)
        _draw_rects(painter, self._rects, QColor(255, 255, 255), 1.6, Qt.PenStyle.DashLine)
        if self._points:
            self._draw_crosses(painter)

    def _draw_crosses(self, painter: QPainter) -> None:
        arm = _CROSS / max(painter.transform().m11(), 1e-6)
        lines = [QLineF(p.x() - arm, p.y(), p.x() + arm, p.y()) for p in self._points]
        lines += [QLineF(p.x(), p.y() - arm, p.x(), p.y() + arm) for p in self._points]
        for colour, width in ((QColor(0, 0, 0), 3.6), (QColor(255, 255, 255), 1.6)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLines(lines)


class SelectionItem(QGraphicsItem):
    """What is selected, with handles on a single cell, and the rectangle that is being drawn."""

    HANDLE = 8.0
    """Side of a handle in pixels of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(1)
        self._rects: list[QRectF] = []
        self._hovered: QRectF | None = None
        self._drawn: QRectF | None = None
        self._drawn_colour = QColor("#2f7bd9")
        self._bounds = QRectF()

    def set_bounds(self, bounds: QRectF) -> None:
        """Cover a picture."""
        self.prepareGeometryChange()
        self._bounds = bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height())

    def set_selected(self, rects: list[QRectF]) -> None:
        """Mark the boxes of the selected cells."""
        self._rects = rects
        self.update()

    def set_hovered(self, rect: QRectF | None) -> None:
        """Mark the box under the pointer."""
        if rect != self._hovered:
            self._hovered = rect
            self.update()

    def set_drawn(self, rect: QRectF | None, colour: QColor | None = None) -> None:
        """Show a rectangle that is being drawn; None takes it off."""
        self._drawn = rect
        if colour is not None:
            self._drawn_colour = colour
        self.update()

    @property
    def single(self) -> QRectF | None:
        """The box that has handles."""
        return self._rects[0] if len(self._rects) == 1 else None

    def handles(self) -> dict[tuple[int, int], QPointF]:
        """Return the handles of the single selected box: (-1, 0 or 1 across, the same down) to their place."""
        rect = self.single
        if rect is None:
            return {}
        xs, ys = (rect.left(), rect.center().x(), rect.right()), (rect.top(), rect.center().y(), rect.bottom())
        return {(i - 1, j - 1): QPointF(xs[i], ys[j]) for i in range(3) for j in range(3) if (i, j) != (1, 1)}

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hovered is not None:
            _draw_rects(painter, [self._hovered], QColor(255, 255, 255, 230), 3.5, Qt.PenStyle.SolidLine)
            _draw_rects(painter, [self._hovered], QColor(0, 0, 0, 200), 1.2, Qt.PenStyle.DashLine)
        if self._rects:
            margin = 3 / max(painter.transform().m11(), 1e-6)
            around = [rect.adjusted(-margin, -margin, margin, margin) for rect in self._rects]
            _draw_rects(painter, around, QColor(255, 255, 255), 4.5, Qt.PenStyle.SolidLine)
            _draw_rects(painter, around, QColor(20, 20, 20), 2.0, Qt.PenStyle.SolidLine)
        if self._drawn is not None:
            _draw_rects(painter, [self._drawn], QColor(255, 255, 255, 210), 3.4, Qt.PenStyle.SolidLine)
            _draw_rects(painter, [self._drawn], self._drawn_colour, 1.8, Qt.PenStyle.DashLine)
        side = self.HANDLE / max(painter.transform().m11(), 1e-6)
        single = self.single
        if single is not None and min(single.width(), single.height()) > 2.2 * side:
            pen = QPen(QColor(20, 20, 20), 1.2)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(QColor(255, 255, 255))
            for place in self.handles().values():
                painter.drawRect(QRectF(place.x() - side / 2, place.y() - side / 2, side, side))


def _draw_rects(painter: QPainter, rects: list[QRectF], colour: QColor, width: float, style: Qt.PenStyle) -> None:
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.drawRects(rects)


def ink_on(colour: QColor) -> QColor:
    """Return black or white, whichever is read better on a colour."""
    luma = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("black") if luma > 110 else QColor("white")
