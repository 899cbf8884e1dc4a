"""The cells of many images as one table, of which only what has changed is put together again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from core.cells import Detections
    from gui.workspace.counting.cells import CountedCells

_FEW = 4
"""So many images with other cells are put into their places; with more, all are put together anew."""


@dataclass(frozen=True, eq=False)
class CellColumns:
    """The N cells that can count, image after image.

    ``boxes`` float32 (N, 4), ``scores`` float32 (N,), ``labels`` int32 (N,), ``ids`` int64 (N,), ``by_hand`` bool (N,):
    put or confirmed by a person, or imported.
    """

    images: tuple[CountedCells, ...]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    ids: NDArray[np.int64]
    by_hand: NDArray[np.bool_]

    @classmethod
    def of(cls, images: Sequence[CountedCells]) -> CellColumns:
        """Put the cells of images together, in the order of the list."""
        cells = [one.cells for one in images]

        def together(column: Callable[[Detections], NDArray[np.generic]], dtype: type, *shape: int) -> NDArray:
            return np.concatenate([np.zeros((0, *shape), dtype), *map(column, cells)])

        return cls(
            tuple(images),
            together(lambda one: one.boxes, np.float32, 4),
            together(lambda one: one.scores, np.float32),
            together(lambda one: one.labels, np.int32),
            together(lambda one: one.ids, np.int64),
            together(lambda one: one.origin, np.uint8) != Origin.MODEL,
        )

    def now(self, images: Sequence[CountedCells]) -> CellColumns:
        """Return the table of images as they are now."""
        before = self.images
        if len(images) != len(before) or any(one.image != was.image for one, was in zip(images, before, strict=True)):
            return CellColumns.of(images)
        pairs = enumerate(zip(images, before, strict=True))
        changed = [place for place, (one, was) in pairs if one.cells is not was.cells]
        if len(changed) > _FEW:
            return CellColumns.of(images)
        table = self
        for place in changed:
            table = table._with(place, images[place])
        return replace(table, images=tuple(images))

    def _with(self, place: int, image: CountedCells) -> CellColumns:
        """Return the table with other cells of one image."""
        first, last = self.starts[place : place + 2].tolist()
        mine = CellColumns.of([image])
        images = (*self.images[:place], image, *self.images[place + 1 :])

        def joined(before: NDArray, new: NDArray) -> NDArray:
            return np.concatenate([before[:first], new, before[last:]])

        return CellColumns(
            images,
            joined(self.boxes, mine.boxes),
            joined(self.scores, mine.scores),
            joined(self.labels, mine.labels),
            joined(self.ids, mine.ids),
            joined(self.by_hand, mine.by_hand),
        )

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where the cells of each image begin, and where the last ones end, int64 (images + 1,)."""
        return np.cumsum([0, *(len(one.counted) for one in self.images)], dtype=np.int64)

    @cached_property
    def counted(self) -> NDArray[np.int64]:
        """The places of the cells that count, int64 (M,)."""
        return np.flatnonzero(np.concatenate([np.zeros(0, bool), *(one.counted for one in self.images)]))

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The place of each cell's image in the list, int64 (N,)."""
        return np.repeat(np.arange(len(self.images)), np.diff(self.starts))

    def of_images(self, value: Callable[[CountedCells], float], dtype: type) -> NDArray:
        """Return something of each image."""
        return np.array([value(one) for one in self.images], dtype)
