"""Thousands of outlines at once, boxes or contours, drawn as pixels.

A painter needs 4 ms for 5,000 boxes even of the thinnest line, and several times that for a thick, smooth or
translucent one; with a casing round each line a frame would take longer than the screen shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from PySide6.QtGui import QColor

BEYOND = 16
"""How far outlines reach over each edge of the screen, and the most that a line may be moved, in pixels."""

WHITE = 0xFFFFFFFF
"""The usual colour of a casing, as a premultiplied ARGB number."""


class Outlines:
    """A transparent image to draw outlines into.

    ``width`` and ``height`` are those of the screen in its own pixels, ``ratio`` of which make one of the
    window. The ``image`` is larger; it belongs at ``corner``, in pixels of the window.
    """

    def __init__(self, width: int, height: int, ratio: float = 1.0) -> None:
        self.made_for = width, height, ratio
        # half of the margin is never seen, so that a moved line does not come in again at the other edge
        self._shape = (height + 4 * BEYOND, width + 4 * BEYOND)
        self._pixels = np.zeros(self._shape, np.uint32)
        self._ratio = ratio
        self.corner = QPointF(-2 * BEYOND / ratio, -2 * BEYOND / ratio)
        self.image = QImage()
        self.clear()

    def clear(self) -> None:
        """Take everything off."""
        self._pixels[...] = 0
        height, width = self._shape
        self.image = QImage(
            self._pixels.data, width, height, self._pixels.strides[0], QImage.Format.Format_ARGB32_Premultiplied
        )
        self.image.setDevicePixelRatio(self._ratio)

    def draw(
        self,
        corners: NDArray[np.float32],
        colour: QColor,
        width: int = 1,
        dash: tuple[int, int] | None = None,
        casing: Iterable[int] = (),
        beside: int = WHITE,
    ) -> None:
        """Draw outlines in an opaque colour.

        Parameters
        ----------
        corners
            ``x1 y1 x2 y2`` (N, 4) in pixels of the window.
        width, dash
            Width of the lines, and length of their pieces and of the gaps between them, in pixels of the window.
        casing
            By how many pixels of the window down and to the right a line is drawn before, to stand out from.
        beside
            The colour of those lines, as a premultiplied ARGB number.
        """
        finer = self._finer
        places, drawn = self._places(corners * self._ratio, dash and (dash[0] * finer, dash[1] * finer))
        self._write(places if drawn is None else places[drawn], colour, width, casing, beside)

    def draw_ticks(
        self,
        corners: NDArray[np.float32],
        colour: QColor,
        length: int,
        width: int = 1,
        casing: Iterable[int] = (),
        beside: int = WHITE,
    ) -> None:
        """Draw only the corners of outlines, with arms of a length; the rest is as for ``draw``."""
        height, across = self._shape
        length = length * self._finer
        arm = np.arange(length)
        whole = np.floor(np.clip(corners * self._ratio + 2 * BEYOND, -1e6, 1e6)).astype(np.int64)
        places = []
        for x, right in ((whole[:, 0], 1), (whole[:, 2], -1)):
            for y, down in ((whole[:, 1], 1), (whole[:, 3], -1)):
                inside = (x >= length) & (x < across - length) & (y >= length) & (y < height - length)
                form = np.concatenate([arm * right, arm[1:] * down * across])
                places.append(((y * across + x)[inside, None] + form).ravel())
        self._write(np.concatenate(places), colour, width, casing, beside)

    def draw_squares(self, points: NDArray[np.float32], colour: QColor, side: int, beside: int = WHITE) -> None:
        """Draw small filled squares round points ``x y`` (N, 2) in pixels of the window, with a casing."""
        height, across = self._shape
        finer = self._finer
        whole = np.floor(np.clip(points * self._ratio + 2 * BEYOND, -1e6, 1e6)).astype(np.int64)
        reach = side * finer
        x, y = whole.T
        inside = (x >= reach) & (x < across - reach) & (y >= reach) & (y < height - reach)
        middle = (y * across + x)[inside, None]
        flat = self._pixels.reshape(-1)
        for larger, value in ((1, beside), (0, colour.rgba())):
            half = side * finer // 2
            form = np.arange(-half - larger, -half + side * finer + larger)
            flat[middle + (form[:, None] * across + form).ravel()] = value

    @property
    def _finer(self) -> int:
        """How many pixels of the screen a line of one pixel of the window takes."""
        return max(int(self._ratio + 0.5), 1)

    def _write(self, places: NDArray[np.int64], colour: QColor, width: int, casing: Iterable[int], beside: int) -> None:
        flat, step, finer = self._pixels.reshape(-1), self._shape[1] + 1, self._finer
        thin = max(int(self._ratio), 1)
        for offset in casing:
            first = offset * finer if offset > 0 else offset * thin
            for part in range(thin):
                flat[places + (first + part) * step] = beside
        for offset in range(width * finer):
            flat[places + offset * step] = colour.rgba()

    def draw_contours(
        self,
        points: NDArray[np.float32],
        lengths: NDArray[np.int64],
        colour: QColor,
        width: int = 1,
        dash: tuple[int, int] | None = None,
        casing: int = 0,
        beside: int = WHITE,
    ) -> None:
        """Draw closed contours in an opaque colour.

        Parameters
        ----------
        points, lengths
            The points ``x y`` (K, 2) of all contours in pixels of the window, and how many each contour has (N,).
        width, dash
            As for ``draw``.
        casing
            Width of the lines on both sides, in pixels of the window.
        beside
            The colour of those lines, as a premultiplied ARGB number.
        """
        finer = self._finer
        places, along = self._places_along(points * self._ratio, lengths)
        if casing:
            self._fill(places, width * finer + 2 * casing * max(int(self._ratio), 1), beside)
        if dash is not None:
            places = places[along % (sum(dash) * finer) < dash[0] * finer]
        self._fill(places, width * finer, colour.rgba())

    def _fill(self, places: NDArray[np.int64], side: int, colour: int) -> None:
        """Fill a square round each place."""
        mask = np.zeros(self._shape, np.uint8)
        mask.reshape(-1)[places] = 1
        mask = np.asarray(cv2.dilate(mask, np.ones((side, side), np.uint8)), np.uint8)
        np.copyto(self._pixels, np.uint32(colour), where=mask.view(np.bool_))

    def _places_along(
        self, points: NDArray[np.float32], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the pixels along contours, and how many pixels before each its contour began."""
        start = points.astype(np.float64) + 2 * BEYOND
        first = np.cumsum(lengths) - lengths
        following = np.arange(1, len(points) + 1)
        following[first + lengths - 1] = first
        way = start[following] - start
        steps = np.ceil(np.abs(way).max(axis=1)).clip(1).astype(np.int64)
        before = np.cumsum(steps) - steps
        place = np.arange(steps.sum())
        x, y = (
            np.floor(np.repeat(start[:, axis], steps) + (place - np.repeat(before, steps)) * np.repeat(slope, steps))
            for axis, slope in enumerate((way / steps[:, None]).T)
        )
        height, width = self._shape
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        along = place - np.repeat(np.repeat(before[first], lengths), steps)
        return (y[seen] * width + x[seen]).astype(np.int64), along[seen]

    def _places(
        self, corners: NDArray[np.float32], dash: tuple[int, int] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
        """Return the places of all pixels of the outlines, and which of them are drawn if they are dashed."""
        height, width = self._shape
        low, high = BEYOND, np.array([width, height] * 2) - BEYOND - 1
        # far away as a number of pixels may not be a number of a pixel
        whole = np.floor(np.clip(corners + 2 * BEYOND, -1e6, 1e6)).astype(np.int64)
        x1, y1, x2, y2 = np.clip(whole, low, high).T
        within = (low <= whole) & (whole <= high)
        touching = (whole[:, :2] <= high[:2]).all(axis=1) & (whole[:, 2:] >= low).all(axis=1)
        places, drawn = [], []
        for side, start, length, step in (
            (0, y1 * width + x1, y2 - y1 + 1, width),
            (2, y1 * width + x2, y2 - y1 + 1, width),
            (1, y1 * width + x1, x2 - x1 + 1, 1),
            (3, y2 * width + x1, x2 - x1 + 1, 1),
        ):
            seen = within[:, side] & touching
            lengths = length[seen]
            before = np.cumsum(lengths) - lengths
            along = np.arange(lengths.sum())
            places.append(np.repeat(start[seen] - before * step, lengths) + along * step)
            if dash is not None:
                drawn.append((along - np.repeat(before, lengths)) % sum(dash) < dash[0])
        return np.concatenate(places), np.concatenate(drawn) if drawn else None
