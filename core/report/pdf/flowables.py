"""A photograph with its cells on paper: contours or boxes as lines of the PDF, told apart without colour too."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

from core.cells import Origin
from core.report.pdf.styles import FAINT, SMALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.classes import Palette
    from core.counting.pipeline import CountedImage
    from core.report.formats.images import PrintedPicture

Rgb = tuple[float, float, float]

_BLACK, _WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_ALLOWED, _FORBIDDEN = (0.0, 0.59, 0.35), (0.84, 0.12, 0.24)
_OUTSIDE = (0.7, 0.7, 0.7)  # cells that the frame leaves out
_LINES: tuple[tuple[float, tuple[float, ...]], ...] = ((1.0, ()), (2.0, ()), (1.4, (3.0, 2.0)), (1.4, (1.0, 1.5)))
"""Width and dashes of the classes in order: thin, thick, dashed, dotted; classes after the fourth begin anew."""

_BOX_TO_LINE, _THINNEST, _THICKEST = 34.0, 0.3, 0.8  # a line is so much thinner than the usual box; points


def class_line(label: int, width: float) -> tuple[float, list[float]]:
    """Return the line width and the dashes of a class, in points, for a usual line ``width`` points thick."""
    factor, dashes = _LINES[label % len(_LINES)]
    return factor * width, [max(3 * width, 1.0) * dash for dash in dashes]


def stroke(canvas: Any, path: Any, colour: Rgb, width: float, dashes: list[float]) -> None:
    """Draw lines in a colour with a dark and a white casing, which show on any stain and without colour."""
    for add, ink, pattern in ((1.6, _WHITE, list[float]()), (0.7, _BLACK, dashes), (0.0, colour, dashes)):
        canvas.setStrokeColorRGB(*ink)
        canvas.setLineWidth(width * (1 + add))
        canvas.setDash(pattern)
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


class PictureWithBoxes(Flowable):
    """A photograph as wide as it may be, with a box round each counted cell."""

    def __init__(
        self,
        picture: PrintedPicture,
        image: CountedImage,
        classes: tuple[str, ...],
        palette: Palette,
        limits: tuple[float, float],
    ) -> None:
        super().__init__()
        self._picture = picture
        self._image = image
        self._colours: list[Rgb] = [
            (red / 255, green / 255, blue / 255)
            for red, green, blue in (palette.colour(classes, label) for label in range(len(classes)))
        ]
        self._scale = min(limits[0] / image.width, limits[1] / image.height)
        self.width, self.height = image.width * self._scale, image.height * self._scale

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
        width = self._line_width(cells.boxes[result.counted])
        for label, colour in enumerate(self._colours):
            mine = np.flatnonzero(result.counted & (cells.labels == label))
            self._draw_cells(mine, colour, *class_line(label, width))
        self._draw_cells(np.flatnonzero(result.excluded), _OUTSIDE, 0.7 * width, [1.5, 2.5])
        self._draw_marks(cells.boxes[result.counted & (cells.origin != Origin.MODEL)], width)
        self._draw_frame()
        canvas.restoreState()

    def _line_width(self, boxes: NDArray[np.float32]) -> float:
        """Return how thick lines are, in points: thinner where cells are small."""
        if not len(boxes):
            return _THICKEST
        side = float(np.median(boxes[:, 2:] - boxes[:, :2])) * self._scale
        return min(max(side / _BOX_TO_LINE, _THINNEST), _THICKEST)

    def _draw_cells(self, rows: NDArray[np.int64], colour: Rgb, width: float, dashes: list[float]) -> None:
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
        stroke(self.canv, path, colour, width, dashes)

    def _draw_marks(self, boxes: NDArray[np.float32], width: float) -> None:
        """Put a filled square in the corner of each cell that a person put."""
        side = max(6 * width, 2.2)
        for x1, y1 in (boxes[:, :2] * self._scale).tolist():
            draw_mark(self.canv, x1, self.height - y1 - side, side)

    def _draw_frame(self) -> None:
        frame = self._image.frame
        for (x1, y1), (x2, y2), forbidden in frame.sides if frame else ():
            path = self.canv.beginPath()
            path.moveTo(x1 * self._scale, self.height - y1 * self._scale)
            path.lineTo(x2 * self._scale, self.height - y2 * self._scale)
            stroke(self.canv, path, _FORBIDDEN if forbidden else _ALLOWED, 1.0, [6.0, 4.0] if forbidden else [])


def draw_mark(canvas: Any, x: float, y: float, side: float) -> None:
    """Draw the mark of a cell that a person put, a square with its lower left corner at (x, y)."""
    canvas.setFillColorRGB(*_BLACK)
    canvas.setStrokeColorRGB(*_WHITE)
    canvas.setLineWidth(side / 5)
    canvas.setDash()
    canvas.rect(x, y, side, side, stroke=1, fill=1)


class LegendLine(Flowable):
    """The line of a class beside its name in a legend."""

    def __init__(self, label: int, colour: Rgb) -> None:
        super().__init__()
        self._label, self._colour = label, colour
        self.width, self.height = 15.0, 9.0

    def draw(self) -> None:
        """Draw a box in the class's line."""
        path = self.canv.beginPath()
        path.rect(1, 1, self.width - 2, self.height - 2)
        stroke(self.canv, path, self._colour, *class_line(self._label, 0.7))


class LegendMark(Flowable):
    """The mark of a cell that a person put, in a legend."""

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
