"""An image and its illumination, cropped at any scale under even light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.illumination import divide_light, estimate_light
from core.imaging.tiling import Tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE_SIDE = 1024
_GREEN = 1


@dataclass
class FlatFieldImage:
    """An image, uint8 RGB (H, W, 3), and its light float32 on a coarse grid, None to leave it as it is."""

    image: NDArray[np.uint8]
    light: NDArray[np.float32] | None

    @classmethod
    def of(cls, image: NDArray[np.uint8], *, even_light: bool) -> FlatFieldImage:
        """Estimate the light of a image if it is to be divided out."""
        return cls(image, estimate_light(image) if even_light else None)

    def whole(self) -> Tile:
        """Return the window that shows all of the image."""
        height, width = self.image.shape[:2]
        return Tile(0, 0, width, height, (-np.inf, -np.inf, np.inf, np.inf))

    @cached_property
    def sample_window(self) -> Tile:
        """A part of the image, at most 1024 pixels wide, that shows what all of it is like."""
        return self.window(_SAMPLE_SIDE)

    @cached_property
    def _green(self) -> NDArray[np.uint8]:
        part = self.sample_window
        return np.ascontiguousarray(self.image[part.y1 : part.y2, part.x1 : part.x2, _GREEN])

    def green(self, scale: float) -> NDArray[np.uint8]:
        """Return the green channel (H, W) of the sample window at another size, under even light."""
        pixels = _resized(self._green, scale)
        if self.light is None:
            return pixels
        return divide_light(pixels, self._local_light(self.sample_window)[..., _GREEN])

    def crop(self, region: Tile, scale: float) -> NDArray[np.uint8]:
        """Return a region of the image at another size, ``scale`` times as large, under even light."""
        pixels = self.image[region.y1 : region.y2, region.x1 : region.x2]
        return self.normalise(_resized(pixels, scale), region)

    def window(self, side: int) -> Tile:
        """Return the window of at most that side nearest the middle that is not emptier than most.

        The edges of a large field may be empty, and so may its middle.
        """
        height, width = self.image.shape[:2]
        if max(height, width) <= side:
            return self.whole()
        w, h = min(side, width), min(side, height)
        rows, columns = self._stain.shape
        size = (max(w * columns // width, 1), max(h * rows // height, 1))
        fill = cv2.blur(self._stain, size, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
        fill = fill[: rows - size[1] + 1, : columns - size[0] + 1]
        y, x = np.indices(fill.shape)
        from_middle = np.hypot(x - (fill.shape[1] - 1) / 2, y - (fill.shape[0] - 1) / 2)
        from_middle[fill < 0.5 * fill.max()] = np.inf
        row, column = np.unravel_index(int(from_middle.argmin()), fill.shape)
        x1, y1 = min(int(column) * width // columns, width - w), min(int(row) * height // rows, height - h)
        return Tile(x1, y1, x1 + w, y1 + h, (-np.inf, -np.inf, np.inf, np.inf))

    @cached_property
    def _stain(self) -> NDArray[np.float32]:
        """How much is stained where, float32 on the grid of the light."""
        light = estimate_light(self.image) if self.light is None else self.light
        seen = cv2.resize(self.image, light.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        return np.maximum(1 - seen / light, 0).mean(axis=2)

    def normalise(self, pixels: NDArray[np.uint8], region: Tile) -> NDArray[np.uint8]:
        """Divide out the light of a region of the image; ``pixels`` show it at any size."""
        return pixels if self.light is None else divide_light(pixels, self._local_light(region))

    def _local_light(self, region: Tile) -> NDArray[np.float32]:
        """Return the light of a region on the coarse grid."""
        assert self.light is not None
        height, width = self.image.shape[:2]
        rows, columns = self.light.shape[:2]
        x = region.x1 + (np.arange(columns) + 0.5) / columns * (region.x2 - region.x1)
        y = region.y1 + (np.arange(rows) + 0.5) / rows * (region.y2 - region.y1)
        map_x = (x * columns / width - 0.5).astype(np.float32)
        map_y = (y * rows / height - 0.5).astype(np.float32)
        how, beyond = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
        grid_x, grid_y = np.meshgrid(map_x, map_y)
        return np.asarray(cv2.remap(self.light, grid_x, grid_y, how, borderMode=beyond), np.float32)


def _resized(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if size == (width, height):
        return pixels
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
