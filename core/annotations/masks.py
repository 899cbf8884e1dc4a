"""Masks of single cells, run-length encoded or as images, as the outlines that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from core.annotations.parsing import number
from core.imaging.reading import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Corners = tuple[float, float, float, float]
Outline = tuple[Corners, list[float]]
"""The box of a cell, and its contour as ``x1 y1 x2 y2 ...``, in pixels."""


def coco_runs(segmentation: dict[str, Any]) -> tuple[list[int], tuple[int, int]] | None:
    """Return the runs of a COCO mask and its width and height; None if it is none.

    The counts alternate between the pixels outside and inside, column by column. They are a list, or packed into text
    as the COCO tools do.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    sides = [number(side) for side in cast("list[Any]", size)] if isinstance(size, list) else []
    match sides:
        case [float(height), float(width)] if height >= 1 and width >= 1:
            pass
        case _:
            return None
    if isinstance(counts, str):
        runs = _unpacked(counts)
    elif isinstance(counts, list):
        values = cast("list[Any]", counts)
        whole = all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values)
        runs = cast("list[int]", values) if whole else None
    else:
        runs = None
    if runs is None or sum(runs) > int(width) * int(height) or sum(runs) > MAX_PIXELS:
        return None
    return runs, (int(width), int(height))


def _unpacked(text: str) -> list[int] | None:
    """Return the counts in the text of a COCO mask: 5 bits a letter, from the third on as differences."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            return None
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        if len(counts) > 2:
            value += counts[-2]
        if value < 0:
            return None
        counts.append(value)
        value = shift = 0
    return counts if shift == 0 else None


def outline_of_runs(runs: Sequence[int], width: int, *, left: int = 0, top: int = 0) -> Outline | None:
    """Return the outline of a mask given row by row as runs outside and inside in turn; None if nothing is inside.

    The runs together must be no longer than an image may be.

    Parameters
    ----------
    width
        The length of a row in pixels.
    left, top
        Where the mask lies in the image.
    """
    ends = np.cumsum(np.array([0, *runs], np.int64))
    starts, stops = ends[1:-1:2], ends[2::2]
    lengths = stops - starts
    inside = np.repeat(starts - np.cumsum(np.concatenate([[0], lengths[:-1]])), lengths) if len(starts) else starts
    pixels = inside + np.arange(len(inside))
    if not len(pixels):
        return None
    rows, columns = pixels // width, pixels % width
    y, x = int(rows.min()), int(columns.min())
    mask = np.zeros((int(rows.max()) - y + 1, int(columns.max()) - x + 1), np.uint8)
    mask[rows - y, columns - x] = 1
    return outline_of_mask(mask, left + x, top + y)


def outline_of_mask(mask: NDArray[np.uint8], left: float, top: float) -> Outline | None:
    """Return the outline of a mask uint8 (H, W), not 0 inside, at a place in the image; None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    box = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    found, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = max((contour.reshape(-1, 2) for contour in found), key=lambda each: cv2.contourArea(each))
    x1, y1, x2, y2 = (float(value) for value in box)
    return (x1, y1, x2, y2), (points + np.array([left + 0.5, top + 0.5])).ravel().tolist()


def swapped_axes(outline: Outline) -> Outline:
    """Return an outline with x and y changed, which is what runs column by column need."""
    (x1, y1, x2, y2), contour = outline
    return (y1, x1, y2, x2), [value for x, y in zip(contour[::2], contour[1::2], strict=True) for value in (y, x)]
