"""Class and probability of the cells, written above everything that is drawn round them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.cells import Origin
from core.classes import short_name
from core.text import gettext
from gui.canvas.items.chip import draw_chip
from gui.widgets.colour import ink_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from gui.canvas.items.boxes import BoxesItem

_MOST_LABELS = 400
_SMALLEST_LABELLED = 26.0  # pixels on the screen
_LABEL_PIXELS = 11
_MOST_LIFTED = 20  # selected cells that are named; more are a crowd
_LIFT = 7.0  # over the line and the handles round a selected cell


class LabelsItem(QGraphicsItem):
    """The texts of the shown boxes; what was written last is kept until something changes.

    Texts are on the cells that are worth reading: marked or selected ones and the one under the pointer, or on all.
    """

    def __init__(self, boxes: BoxesItem) -> None:
        super().__init__()
        self.setZValue(2)
        self._boxes = boxes
        self._all = False
        self._marked: Callable[[], NDArray[np.int64]] = lambda: np.zeros(0, np.int64)
        self._lifted = np.zeros(0, np.int64)
        self._hovered: int | None = None
        self._micrometres: float | None = None
        self._advances: dict[str, float] = {}
        self._image = QImage()
        self._drawn_for: tuple[QTransform, QSize, float, int] | None = None

    def set_all(self, shown: bool) -> None:
        """Write class and probability on all boxes, or only on those worth reading."""
        self._all = shown
        self._drawn_for = None
        self.update()

    def set_marked(self, numbers: Callable[[], NDArray[np.int64]]) -> None:
        """Write texts on these cells, by their ids int64 (N,); asked for only if any cell is large enough."""
        self._marked = numbers
        self._drawn_for = None
        self.update()

    def set_hovered(self, number: int | None) -> None:
        """Write all about the cell under the pointer: class, probability and size."""
        self._hovered = number
        self.update()

    def set_scale(self, micrometres: float | None) -> None:
        """Say sizes in micrometres, given how many a pixel has; None: in pixels."""
        self._micrometres = micrometres

    def hover_text(self) -> str:
        """Return what is written about the cell under the pointer, "" without one."""
        rect = None if self._hovered is None else self._boxes.rect_of(self._hovered)
        if self._hovered is None or rect is None:
            return ""
        text, scale = self._boxes.text_of(self._hovered), self._micrometres
        if scale is None:
            size = gettext("{width:.0f} × {height:.0f} px").format(width=rect.width(), height=rect.height())
        else:
            size = gettext("{width:.1f} × {height:.1f} µm").format(
                width=rect.width() * scale, height=rect.height() * scale
            )
        return f"{text} · {size}"

    def set_lifted(self, numbers: Iterable[int]) -> None:
        """Write the texts of these cells, by their ids, clear of the line and the handles round them."""
        lifted = np.fromiter(numbers, np.int64)
        if not np.array_equal(lifted, self._lifted):
            self._lifted = lifted
            self._drawn_for = None
            self.update()

    def boundingRect(self) -> QRectF:
        return self._boxes.boundingRect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._boxes.detections is None:
            return
        device, transform = painter.device(), painter.transform()
        ratio, size = device.devicePixelRatioF(), QSize(device.width(), device.height())
        wanted = (transform, size, ratio, self._boxes.revision)
        if self._drawn_for != wanted:
            self._render(transform, size, ratio, painter.font())
            self._drawn_for = wanted
        if not self._image.isNull():
            painter.save()
            painter.resetTransform()
            painter.drawImage(QPointF(), self._image)
            painter.restore()
        self._draw_hovered(painter, transform)

    def _draw_hovered(self, painter: QPainter, transform: QTransform) -> None:
        text = self.hover_text()
        rect = None if self._hovered is None else self._boxes.rect_of(self._hovered)
        if rect is None or not text:
            return
        painter.save()
        painter.resetTransform()
        draw_chip(painter, transform.map(rect.topLeft()) - QPointF(0, _LIFT), text, above=True)
        painter.restore()

    def _render(self, transform: QTransform, size: QSize, ratio: float, font: QFont) -> None:
        """Write the texts for a view of the image; none where cells are too many or too small to be read."""
        visible = self._boxes.shown_in(transform, size)
        found = self._boxes.detections
        self._image = QImage()
        if found is None:
            return
        boxes = found.boxes[visible]
        visible = visible[(boxes[:, 2] - boxes[:, 0]) * transform.m11() >= _SMALLEST_LABELLED]
        if not self._all and len(visible):
            marked = self._marked()
            read = marked if len(self._lifted) > _MOST_LIFTED else np.union1d(marked, self._lifted)
            visible = visible[np.isin(found.ids[visible], read)]
        if not 0 < len(visible) <= 4 * _MOST_LABELS:
            return
        self._image = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        self._image.setDevicePixelRatio(ratio)
        self._image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._image)
        painter.setFont(font)
        self._draw(painter, transform, size, visible)
        painter.end()

    def _draw(self, painter: QPainter, transform: QTransform, size: QSize, visible: NDArray[np.int64]) -> None:
        """Write class and probability on cells, the selected first, then the likeliest.

        A text that would cover another one is shortened to the probability, or left out.
        """
        found = self._boxes.detections
        assert found is not None
        lifted = np.isin(found.ids[visible], self._lifted)
        visible = np.concatenate([visible[lifted], visible[~lifted]])
        widths = (found.boxes[visible, 2] - found.boxes[visible, 0]) * transform.m11()
        by_hand = found.origin[visible] != Origin.MODEL.value
        names = [short_name(name) for name in self._boxes.classes]
        colours = [QColor(*self._boxes.palette.colour(self._boxes.classes, label)) for label in range(len(names))]
        inks = [ink_on(colour) for colour in colours]
        font = QFont(painter.font())
        font.setPixelSize(_LABEL_PIXELS)
        metrics = QFontMetricsF(font)
        height = metrics.height()
        taken = np.zeros((size.height() + 1, size.width() + 1), bool)
        drawn = 0
        painter.setFont(font)
        lifts = np.where(np.isin(found.ids[visible], self._lifted), _LIFT, 0.0)
        columns = (
            *self._boxes.label_places(visible, transform),
            widths,
            found.labels[visible],
            found.scores[visible],
            by_hand,
            lifts,
        )
        for (x, y), centred, width, label, probability, own, lift in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            score = "✓" if own else f"{probability:.2f}"
            for text in (f"{names[label]} {score}", score):
                chip = QRectF(x, y - height - lift, self._advance(text, metrics) + 6, height)
                if centred:
                    chip.moveLeft(max(x - chip.width() / 2, min(x, 0.0)))
                if chip.top() < 0:
                    chip.moveTop(max(y + lift, 0.0))
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
