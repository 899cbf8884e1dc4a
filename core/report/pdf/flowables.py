"""A photograph with its cells on paper: one calm line round each cell, told apart without colour too."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from core.cells import Origin
from core.classes import short_name
from core.report.pdf.fonts import BOLD
from core.report.pdf.styles import FAINT, SMALL, Ink, ink_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.classes import Palette
    from core.counting.pipeline import CountedImage
    from core.report.formats.images import PrintedPicture

_BLACK, _WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_ALLOWED, _FORBIDDEN = (0.0, 0.59, 0.35), (0.84, 0.12, 0.24)
_OUTSIDE = (0.55, 0.55, 0.55)  # cells that the frame leaves out
_OUTSIDE_DASHES = [1.5, 2.0]

_BOX_TO_LINE, _THINNEST, _THICKEST = 30.0, 0.3, 0.8
"""A line is so much thinner than the usual box, and never thinner or thicker than this; points."""

_CASING = 0.35  # white at each side of a line; points
_BOX_TO_LETTER, _SMALLEST, _LARGEST = 4.0, 3.2, 5.5


class CellStyle:
    """How the cells of each class are drawn on all photographs of a report.

    Every class has its colour. So that colour alone tells nothing, all but the commonest class have a few letters
    above each cell.
    """

    def __init__(self, classes: tuple[str, ...], palette: Palette, counts: Sequence[int]) -> None:
        """Choose the look of classes; ``counts`` are those of each in all images together."""
        self.inks: list[Ink] = [ink_of(palette.colour(classes, label)) for label in range(len(classes))]
        plain = max(range(len(classes)), key=lambda label: counts[label], default=0)
        self.letters = ["" if label == plain else short_name(name) for label, name in enumerate(classes)]


def stroke(canvas: Any, path: Any, ink: Ink, width: float, dashes: Sequence[float] = ()) -> None:
    """Draw lines with a thin white casing, which shows them on any stain."""
    for more, colour, pattern in ((2 * _CASING, _WHITE, ()), (0.0, ink, dashes)):
        canvas.setStrokeColorRGB(*colour)
        canvas.setLineWidth(width + more)
        canvas.setDash(list(pattern))
        canvas.drawPath(path, stroke=1, fill=0)
    canvas.setDash()


class _Jpeg(ImageReader):
    """A JPEG that goes into the file as it is; reportlab would decode it only to name it by its pixels."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._content = data

    def getRGBData(self) -> bytes:
        """Return what tells the image from others."""
        self._dataA = None
        return self._content


class PictureWithCells(Flowable):
    """A photograph as wide or as high as it may be, with a line round each counted cell."""

    def __init__(
        self, picture: PrintedPicture, image: CountedImage, style: CellStyle, limits: tuple[float, float]
    ) -> None:
        super().__init__()
        self._picture = picture
        self._image = image
        self._style = style
        self._scale = min(limits[0] / image.width, limits[1] / image.height)
        self.width, self.height = image.width * self._scale, image.height * self._scale
        self.hAlign = "LEFT"

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:
        """Return how much room it takes, in points."""
        del aW, aH
        return self.width, self.height

    def draw(self) -> None:
        """Draw the photograph, then the cells, then the frame."""
        canvas: Any = self.canv
        canvas.drawImage(_Jpeg(self._picture.jpeg), 0, 0, self.width, self.height)
        canvas.saveState()
        outline = canvas.beginPath()
        outline.rect(0, 0, self.width, self.height)
        canvas.clipPath(outline, stroke=0, fill=0)
        cells, result = self._image.found.detections, self._image.result
        side = self._usual_side(cells.boxes[result.counted])
        width = min(max(side / _BOX_TO_LINE, _THINNEST), _THICKEST)
        self._draw_cells(np.flatnonzero(result.excluded), _OUTSIDE, 0.7 * width, _OUTSIDE_DASHES)
        for label, ink in enumerate(self._style.inks):
            mine = np.flatnonzero(result.counted & (cells.labels == label))
            self._draw_cells(mine, ink, width)
            if letters := self._style.letters[label]:
                self._draw_letters(cells.boxes[mine], letters, ink, side)
        self._draw_marks(cells.boxes[result.counted & (cells.origin != Origin.MODEL)], width)
        self._draw_frame()
        canvas.restoreState()

    def _usual_side(self, boxes: NDArray[np.float32]) -> float:
        """Return the usual side of a cell on the page, in points."""
        return float(np.median(boxes[:, 2:] - boxes[:, :2])) * self._scale if len(boxes) else _BOX_TO_LINE

    def _draw_cells(self, rows: NDArray[np.int64], ink: Ink, width: float, dashes: Sequence[float] = ()) -> None:
        """Draw the contour of each of these cells, or its box where no contour is known."""
        if not len(rows):
            return
        found, path = self._image.found.detections, self.canv.beginPath()
        for row in rows.tolist():
            if found.contours is not None and len(found.contours[row]):
                (x, y), *others = (found.contours[row] * self._scale).tolist()
                path.moveTo(x, self.height - y)
                for x, y in others:
                    path.lineTo(x, self.height - y)
                path.close()
            else:
                x1, y1, x2, y2 = (found.boxes[row] * self._scale).tolist()
                path.rect(x1, self.height - y2, x2 - x1, y2 - y1)
        stroke(self.canv, path, ink, width, dashes)

    def _draw_letters(self, boxes: NDArray[np.float32], letters: str, ink: Ink, side: float) -> None:
        """Name each of these cells above its box, or inside where it lies at the upper border."""
        size = min(max(side / _BOX_TO_LETTER, _SMALLEST), _LARGEST)
        long = stringWidth(letters, BOLD, size)
        for x1, y1 in (boxes[:, :2] * self._scale).tolist():
            above = self.height - y1 + 0.3 * size
            y = above if above + size < self.height else self.height - y1 - 1.1 * size
            draw_letters(self.canv, letters, min(max(x1, 0.5), self.width - long - 0.5), y, size, ink)

    def _draw_marks(self, boxes: NDArray[np.float32], width: float) -> None:
        """Put a filled square in the corner of each cell that a user put."""
        side = max(5 * width, 2.0)
        for x1, y1 in (boxes[:, :2] * self._scale).tolist():
            draw_mark(self.canv, x1, self.height - y1 - side, side)

    def _draw_frame(self) -> None:
        frame = self._image.frame
        for (x1, y1), (x2, y2), forbidden in frame.sides if frame else ():
            path = self.canv.beginPath()
            path.moveTo(x1 * self._scale, self.height - y1 * self._scale)
            path.lineTo(x2 * self._scale, self.height - y2 * self._scale)
            stroke(self.canv, path, _FORBIDDEN if forbidden else _ALLOWED, 1.0, [6.0, 4.0] if forbidden else ())


def draw_letters(canvas: Any, letters: str, x: float, y: float, size: float, ink: Ink) -> None:
    """Write a few letters that can be read on a photograph."""
    canvas.setLineWidth(0.28 * size)
    canvas.setDash()
    text = canvas.beginText(x, y)
    text.setFont(BOLD, size)
    text.setStrokeColorRGB(*_WHITE)
    text.setFillColorRGB(*ink)
    text.setTextRenderMode(1)
    text.textOut(letters)
    text.setTextOrigin(x, y)
    text.setTextRenderMode(0)
    text.textOut(letters)
    canvas.drawText(text)


def draw_mark(canvas: Any, x: float, y: float, side: float) -> None:
    """Draw the mark of a cell that a user put, a square with its lower left corner at (x, y)."""
    canvas.setFillColorRGB(*_BLACK)
    canvas.setStrokeColorRGB(*_WHITE)
    canvas.setLineWidth(side / 5)
    canvas.setDash()
    canvas.rect(x, y, side, side, stroke=1, fill=1)


class ClassSwatch(Flowable):
    """The line of a class, with its letters, beside its name."""

    def __init__(self, style: CellStyle, label: int) -> None:
        super().__init__()
        self._ink, self._letters = style.inks[label], style.letters[label]
        self.width, self.height = 15.0, 11.0

    def draw(self) -> None:
        """Draw a box in the class's line."""
        path = self.canv.beginPath()
        path.rect(1, 1, self.width - 2, self.height - 2)
        stroke(self.canv, path, self._ink, _THICKEST)
        if self._letters:
            draw_letters(self.canv, self._letters, 2.2, 3.6, 4.2, self._ink)


class MarkSwatch(Flowable):
    """The mark of a cell that a user put, in a legend."""

    def __init__(self) -> None:
        super().__init__()
        self.width, self.height = 9.0, 9.0

    def draw(self) -> None:
        """Draw the mark."""
        draw_mark(self.canv, 1, 1.5, 5)


class TotalPages(Flowable):
    """The last thing on the last page: it writes how many there are where all pages have left room for it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def draw(self) -> None:
        """Define the form with the number of pages."""
        canvas: Any = self.canv
        canvas.beginForm(self._name)
        canvas.setFillColor(FAINT)
        canvas.setFont(SMALL.fontName, SMALL.fontSize)
        canvas.drawString(0, 0, str(canvas.getPageNumber()))
        canvas.endForm()
