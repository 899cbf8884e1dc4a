"""The annotated picture: boxes, classes and probabilities drawn into a copy of the photograph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import PAPER, Palette, short_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.counting import CountResult
    from core.detections import Detections

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CASING = (255, 255, 255)


def annotate(
    pixels: NDArray[np.uint8],
    detections: Detections,
    result: CountResult,
    classes: tuple[str, ...],
    palette: Palette = PAPER,
) -> NDArray[np.uint8]:
    """Return a copy of the photograph, uint8 RGB (H, W, 3), with every counted cell boxed and named.

    Boxes have a white casing so that they show on every stain. The probability is written where
    the cell is large enough for it.
    """
    picture = pixels.copy()
    line = max(1, round(max(picture.shape[:2]) / 900))
    size = 0.36 * (1 + (line - 1) * 0.8)
    cells = np.flatnonzero(result.counted)
    for cell in cells:
        x1, y1, x2, y2 = (round(float(v)) for v in detections.boxes[cell])
        colour = palette.colour(classes, int(detections.labels[cell]))
        cv2.rectangle(picture, (x1, y1), (x2, y2), _CASING, line + 2)
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour, line)
    for cell in cells[::-1]:
        x1, y1, x2, _ = (round(float(v)) for v in detections.boxes[cell])
        label = int(detections.labels[cell])
        name, score = short_name(classes[label]), f"{detections.scores[cell]:.2f}"
        for text in (f"{name} {score}", name):
            (width, height), base = cv2.getTextSize(text, _FONT, size, 1)
            if width <= 1.4 * (x2 - x1) or text == name:
                break
        top = y1 if y1 - height - base < 0 else y1 - height - base
        colour = palette.colour(classes, label)
        cv2.rectangle(picture, (x1, top), (x1 + width + 2, top + height + base), colour, -1)
        ink = (0, 0, 0) if _luminance(colour) > 110 else (255, 255, 255)
        cv2.putText(picture, text, (x1 + 1, top + height + 1), _FONT, size, ink, 1, cv2.LINE_AA)
    return picture


def _luminance(colour: tuple[int, int, int]) -> float:
    """Return the Rec. 601 luma of an RGB colour, 0 to 255."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def write_picture(pixels: NDArray[np.uint8], path: str | Path) -> None:
    """Write uint8 RGB (H, W, 3) as PNG, JPEG or TIFF by the path's suffix; any path that Python takes.

    Raises
    ------
    OSError
        If the file cannot be written or the suffix is unknown.
    """
    path = Path(path)
    try:
        ok, data = cv2.imencode(path.suffix or ".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise OSError(f"{path}: pictures can be saved as .png, .jpg or .tif") from error
    if not ok:
        raise OSError(f"{path}: the picture could not be encoded")
    path.write_bytes(data.tobytes())
