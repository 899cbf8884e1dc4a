"""Masks of the cells of a field, as a network or the classical road makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CellMasks:
    """How likely each pixel belongs to a cell of each class.

    ``probabilities`` float32 (C, H, W), 0 to 1; ``edge`` float32 (H, W), how likely a pixel lies where two cells
    touch, None if unknown; ``diameter`` of a red cell in pixels of the masks.
    """

    probabilities: NDArray[np.float32]
    edge: NDArray[np.float32] | None
    diameter: float

    @property
    def nbytes(self) -> int:
        """How many bytes the masks take."""
        return self.probabilities.nbytes + (0 if self.edge is None else self.edge.nbytes)

    def of_class(self, label: int, threshold: float) -> NDArray[np.uint8]:
        """Return where a class is likelier than the threshold and than any other class, uint8 (H, W) of 0 and 1."""
        mine = self.probabilities[label]
        return ((mine > threshold) & (mine >= self.probabilities.max(axis=0))).astype(np.uint8)

    def edge_above(self, threshold: float) -> NDArray[np.uint8] | None:
        """Return the edge mask, uint8 (H, W) of 0 and 1; None if there is none."""
        return None if self.edge is None else (self.edge > threshold).astype(np.uint8)
