"""The embeddings of the cells of an image, small enough to be kept for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from core.errors import check_cancelled
from core.kinds.crops import cell_crops, even_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.errors import CancelFlag
    from core.models.embedding import EmbeddingModel

_STEPS = 127
_AT_ONCE = 100


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The embeddings of N cells, in 8 bits.

    ``cells`` int64 (N,): their ids; ``boxes`` float32 (N, 4): the boxes that they were cut by, for a cell whose box was
    moved since must be described again; ``steps`` int8 (N, D) times ``scales`` float32 (N,) are the numbers.
    """

    cells: NDArray[np.int64]
    boxes: NDArray[np.float32]
    steps: NDArray[np.int8]
    scales: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.cells)
        if self.boxes.shape != (count, 4) or len(self.steps) != count or len(self.scales) != count:
            raise ValueError("cells, boxes and numbers must describe the same cells")
        for array in (self.cells, self.boxes, self.steps, self.scales):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.cells)

    @classmethod
    def of(cls, cells: NDArray[np.int64], boxes: NDArray[np.float32], vectors: NDArray[np.float32]) -> Self:
        """Round vectors, float32 (N, D), to 8 bits: 127 steps up to the largest number of each cell."""
        steps, scales = in_8_bits(vectors)
        return cls(cells.astype(np.int64), boxes.astype(np.float32), steps, scales)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The numbers, float32 (N, D)."""
        return self.steps * self.scales[:, None]

    def rows_of(self, cells: NDArray[np.int64], boxes: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return where cells stand, int64 (M,); -1 for those that are missing, or were described by another box."""
        places = {cell: place for place, cell in enumerate(self.cells.tolist())}
        rows = np.array([places.get(cell, -1) for cell in cells.tolist()], np.int64)
        known = rows >= 0
        same = (self.boxes[rows[known]] == boxes[known].astype(np.float32)).all(axis=1)
        rows[np.flatnonzero(known)[~same]] = -1
        return rows

    def taken(self, rows: NDArray[np.int64]) -> Embeddings:
        """Return some of the cells."""
        return Embeddings(self.cells[rows], self.boxes[rows], self.steps[rows], self.scales[rows])

    def joined(self, other: Embeddings) -> Embeddings:
        """Return these cells, and those of the other that are not among them."""
        new = other.taken(np.flatnonzero(~np.isin(other.cells, self.cells)))
        return Embeddings(
            np.concatenate([self.cells, new.cells]),
            np.concatenate([self.boxes, new.boxes]),
            np.concatenate([self.steps, new.steps]),
            np.concatenate([self.scales, new.scales]),
        )

    @classmethod
    def none(cls, dimensions: int) -> Self:
        """Return those of no cells."""
        return cls(
            np.zeros(0, np.int64),
            np.zeros((0, 4), np.float32),
            np.zeros((0, dimensions), np.int8),
            np.zeros(0, np.float32),
        )


def in_8_bits(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return vectors (N, D) as steps int8 (N, D) and the size of a step, float32 (N,)."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-6) / _STEPS
    steps = np.rint(vectors / scales[:, None]).astype(np.int8)
    return steps, scales.astype(np.float32)


def embed_cells(
    model: EmbeddingModel,
    image: NDArray[np.uint8],
    cells: NDArray[np.int64],
    boxes: NDArray[np.float32],
    cancel: CancelFlag | None = None,
) -> Embeddings:
    """Describe cells of an image, uint8 RGB (H, W, 3), by their ids and boxes.

    Raises
    ------
    Cancelled
        As soon as the flag is set, which is looked at every hundred cells.
    """
    found = [np.zeros((0, model.card.dimensions), np.float32)]
    pixels = even_pixels(image, model.card)
    for first in range(0, len(boxes), _AT_ONCE):
        check_cancelled(cancel)
        found.append(model.embed(cell_crops(pixels, boxes[first : first + _AT_ONCE], model.card)))
    return Embeddings.of(cells, boxes, np.concatenate(found))
