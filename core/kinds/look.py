"""The look of a sample: where its cells lie in the space of embeddings, and how far from those of another.

Stain, light and camera move all cells of a sample alike. Standardised by the cells of their own sample, cells of
samples of different look can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRIOR_CELLS = 20.0
"""A sample's own mean and spread count as much as the usual ones once it has so many cells."""

FAR = 0.6
"""From this distance on, a sample looks other than what was taught; see ``distance``."""


class Look(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the embeddings of ``cells`` cells of one class in one sample, D numbers each."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    cells: int

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> Look:
        """Return the look of cells, float32 (N, D).

        Few cells say little of a sample: their mean is drawn to 0 and their spread to 1, which is where
        the embedding model puts cells in general.
        """
        cells = len(vectors)
        if not cells:
            dimensions = vectors.shape[1]
            return cls((0.0,) * dimensions, (1.0,) * dimensions, 0)
        share = cells / (cells + PRIOR_CELLS)
        values = vectors.astype(np.float64)
        variance = share * values.var(axis=0) + (1 - share)
        return cls(tuple((share * values.mean(axis=0)).tolist()), tuple(np.sqrt(variance).tolist()), cells)

    def standardise(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return vectors (N, D) of the sample as float64: mean 0 and spread 1 over the sample."""
        return (vectors.astype(np.float64) - np.array(self.mean)) / np.array(self.spread)


def distance(sample: Look, taught: Look) -> float:
    """Return how far apart two looks are: the root mean square of the differences of their means.

    It is in standard deviations of ``taught``, and what the chance of few cells explains is taken off; 0 at least.
    """
    if not sample.cells or not taught.cells:
        return 0.0
    spread = np.array(taught.spread)
    apart = ((np.array(sample.mean) - np.array(taught.mean)) / spread) ** 2
    chance = 1 / sample.cells + 1 / taught.cells
    return float(np.sqrt(max(float(apart.mean()) - chance, 0.0)))
