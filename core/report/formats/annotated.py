"""The annotated image: boxes, classes and probabilities drawn into a copy of the photograph."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.cells import Origin
from core.classes import PAPER, Palette, Rgb, short_name
from core.files import write_whole
from core.imaging.files.output_mark import marked_jpeg, marked_png, marked_tiff
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.counting.count import CountResult
    from core.counting.frame import Frame
    from core.counting.region import Point

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CASING = (255, 255, 255)
_ALLOWED, _FORBIDDEN = (0, 150, 90), (214, 30, 60)
_DASH = 8  # line widths


def annotate(
    pixels: NDArray[np.uint8],
    detections: Detections,
    result: CountResult,
    classes: tuple[str, ...],
    palette: Palette = PAPER,
    frame: Frame | None = None,
) -> NDArray[np.uint8]:
    """Return a copy of the photograph, uint8 RGB (H, W, 3), with every counted cell boxed and named.

    Where its contour is known, that is drawn in place of the box.

    Boxes have a white casing so that they show on every stain. The probability, or that a person put or
    confirmed the cell, is written where the cell is large enough for it. Of a ``frame`` the sides are drawn, the
    forbidden ones dashed; cells that it leaves out are dashed and have no name.
    """
    picture = pixels.copy()
    line = max(1, round(max(picture.shape[:2]) / 900))
    size = 0.36 * (1 + (line - 1) * 0.8)
    cells = np.flatnonzero(result.counted)
    for cell in np.flatnonzero(result.excluded):
        x1, y1, x2, y2 = (float(v) for v in detections.boxes[cell])
        colour = palette.colour(classes, int(detections.labels[cell]))
        for start, end in pairwise([(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)]):
            _line(picture, start, end, colour, line, dashed=True)
    for cell in cells:
        x1, y1, x2, y2 = (round(float(v)) for v in detections.boxes[cell])
        colour = palette.colour(classes, int(detections.labels[cell]))
        if detections.contours is not None and len(detections.contours[cell]):
            contour = detections.contours[cell].astype(np.int32)
            cv2.polylines(picture, [contour], True, _CASING, line + 2)
            cv2.polylines(picture, [contour], True, colour, line)
            continue
        cv2.rectangle(picture, (x1, y1), (x2, y2), _CASING, line + 2)
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour, line)
    for cell in cells[::-1]:
        x1, y1, x2, _ = (round(float(v)) for v in detections.boxes[cell])
        label = int(detections.labels[cell])
        by_hand = detections.origin[cell] != Origin.MODEL
        name, score = short_name(classes[label]), gettext("by hand") if by_hand else f"{detections.scores[cell]:.2f}"
        for text in (f"{name} {score}", name):
            (width, height), base = cv2.getTextSize(text, _FONT, size, 1)
            if width <= 1.4 * (x2 - x1) or text == name:
                break
        top = y1 if y1 - height - base < 0 else y1 - height - base
        colour = palette.colour(classes, label)
        cv2.rectangle(picture, (x1, top), (x1 + width + 2, top + height + base), colour, -1)
        ink = (0, 0, 0) if _luminance(colour) > 110 else (255, 255, 255)
        cv2.putText(picture, text, (x1 + 1, top + height + 1), _FONT, size, ink, 1, cv2.LINE_AA)
    for start, end, forbidden in frame.sides if frame else ():
        _line(picture, start, end, _CASING, line + 3, dashed=False)
        _line(picture, start, end, _FORBIDDEN if forbidden else _ALLOWED, line + 1, dashed=forbidden)
    return picture


def _line(picture: NDArray[np.uint8], start: Point, end: Point, colour: Rgb, width: int, *, dashed: bool) -> None:
    """Draw a line, inside the image where it runs along the image's border."""
    ends, size = np.array([start, end], np.float64), np.array(picture.shape[1::-1])
    seen = ((ends >= 0) & (ends <= size)).all(axis=1, keepdims=True)
    first, last = np.where(seen, np.clip(ends, width // 2, size - 1 - width // 2), ends)
    parts = max(round(float(np.hypot(*(last - first))) / (_DASH * width)) | 1, 1) if dashed else 1
    stops = first + np.linspace(0, 1, parts + 1)[:, None] * (last - first)
    for a, b in list(pairwise(np.rint(stops).astype(int).tolist()))[::2]:
        cv2.line(picture, a, b, colour, width)


def _luminance(colour: tuple[int, int, int]) -> float:
    """Return the Rec. 601 luma of an RGB colour, 0 to 255."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def encode_picture(pixels: NDArray[np.uint8], suffix: str, *, mark: bool = False) -> bytes:
    """Return uint8 RGB (H, W, 3) as PNG, JPEG or TIFF by a suffix; with ``mark`` it is never counted as a field.

    Raises
    ------
    OSError
        If the suffix is unknown.
    """
    kind = suffix.lower()
    if mark and kind in (".tif", ".tiff"):
        return marked_tiff(pixels)
    if kind not in (".png", ".jpg", ".jpeg", ".tif", ".tiff"):
        raise OSError(gettext("images can be saved as .png, .jpg or .tif"))
    ok, data = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not ok:
        raise OSError(gettext("the image could not be encoded"))
    if not mark:
        return data.tobytes()
    return marked_png(data.tobytes()) if kind == ".png" else marked_jpeg(data.tobytes())


def write_picture(pixels: NDArray[np.uint8], path: str | Path, *, mark: bool = False) -> None:
    """Write uint8 RGB (H, W, 3) as PNG, JPEG or TIFF by the path's suffix; any path that Python takes.

    With ``mark`` it is never counted as a field.

    Raises
    ------
    OSError
        If the file cannot be written or the suffix is unknown.
    """
    path = Path(path)
    try:
        data = encode_picture(pixels, path.suffix or ".png", mark=mark)
    except OSError as error:
        raise OSError(f"{path}: {error}") from error
    write_whole(path, data)
