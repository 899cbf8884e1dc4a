"""Examples of kinds, and how much each of them says about the sample at hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST = 3
"""Fewer examples of a kind than this teach nothing."""

OTHERS_COUNT_AS = 5.0
"""Examples of other samples together weigh as much as so many own ones of a kind, at most."""

OTHER_WEIGHT = 0.5
"""What an example of another sample weighs, at most."""

OWN_SAMPLE = 0


@dataclass(frozen=True, eq=False)
class Examples:
    """N examples of kinds of one class.

    ``vectors`` float64 (N, D) are embeddings without the shift of their sample (``core.kinds.align``); ``kinds`` the
    keys of their kinds. ``images`` int64 (N,) tell which are of one image, ``samples`` int64 (N,) which of one sample;
    those of the sample at hand are ``OWN_SAMPLE``. ``accepted`` bool (N,): suggestions that a user accepted; they
    teach, but say nothing of how well kinds are told apart.
    """

    vectors: NDArray[np.float64]
    kinds: tuple[str, ...]
    images: NDArray[np.int64]
    samples: NDArray[np.int64]
    accepted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kinds)

    @classmethod
    def none(cls, dimensions: int) -> Self:
        """Return no examples."""
        return cls(np.zeros((0, dimensions)), (), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Self:
        """Put examples together."""
        return cls(
            np.concatenate([part.vectors for part in parts]),
            tuple(kind for part in parts for kind in part.kinds),
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.samples for part in parts]),
            np.concatenate([part.accepted for part in parts]),
        )

    def taken(self, rows: NDArray[np.int64]) -> Examples:
        """Return some of the examples."""
        return Examples(
            self.vectors[rows],
            tuple(self.kinds[row] for row in rows),
            self.images[rows],
            self.samples[rows],
            self.accepted[rows],
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many examples there are of each kind."""
        return dict(Counter(self.kinds))

    @property
    def enough(self) -> Examples:
        """The examples of those kinds of which there are enough."""
        counts = self.counts
        return self.taken(np.array([row for row, kind in enumerate(self.kinds) if counts[kind] >= FEWEST], np.int64))

    @property
    def weights(self) -> NDArray[np.float64]:
        """How much each example counts, float64 (N,): 1 for own ones, less for those of other samples.

        However many the others are, a few own examples of a kind outweigh them.
        """
        own = self.samples == OWN_SAMPLE
        weights = np.ones(len(self))
        if not own.any():
            return weights
        others = Counter(kind for kind, mine in zip(self.kinds, own, strict=True) if not mine)
        for row in np.flatnonzero(~own):
            weights[row] = min(OTHER_WEIGHT, OTHERS_COUNT_AS / others[self.kinds[row]])
        return weights
