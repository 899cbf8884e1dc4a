"""Sorting the cells of a whole sample: by a teaching set, by examples of its own, or by both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.align import FAR, shift_of_sample, shift_size, shifts_of_samples
from core.kinds.examples import OWN_SAMPLE, Examples
from core.kinds.sorting import learn, too_few
from core.kinds.tree import NO_CELL

ENOUGH_NO_CELLS = 5
"""Fewer examples of no cells leave nothing out of a count."""

CERTAIN = 0.95
"""What is no cell with less probability than this stays in the count."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.kinds.sorting import Suggestions, Taught
    from core.kinds.teaching_set import TeachingSet


@dataclass(frozen=True, eq=False)
class OwnExamples:
    """Examples that the user gave in the sample itself.

    ``rows`` int64 (E,) are their places among the cells of the sample, ``kinds`` their kinds, ``images`` int64 (E,) the
    images that they are in. ``accepted`` bool (E,): the user accepted a suggestion.
    """

    rows: NDArray[np.int64]
    kinds: tuple[str, ...]
    images: NDArray[np.int64]
    accepted: NDArray[np.bool_]

    @classmethod
    def none(cls) -> OwnExamples:
        """Return no examples."""
        return cls(np.zeros(0, np.int64), (), np.zeros(0, np.int64), np.zeros(0, bool))


@dataclass(frozen=True, eq=False)
class SortedSample:
    """The cells of one class in a sample, sorted.

    ``vectors`` float64 (N, D) are brought to the look of what was taught; ``examples`` are all that were learnt
    from, own ones first. ``taught`` and ``suggestions`` are None while there are too few examples; ``too_few`` says of
    which kinds. ``distance``: how far the look of the sample lies from that of the teaching set; None without one.
    """

    vectors: NDArray[np.float64]
    examples: Examples
    taught: Taught | None
    suggestions: Suggestions | None
    too_few: dict[str, int]
    distance: float | None = None

    @property
    def no_cells(self) -> NDArray[np.int64]:
        """The cells that may be left out as no cells, int64: that are certainly none, where enough such were taught."""
        if self.suggestions is None or self.examples.counts.get(NO_CELL, 0) < ENOUGH_NO_CELLS:
            return np.zeros(0, np.int64)
        pile = self.suggestions.pile(NO_CELL)
        return pile[self.suggestions.certainty[pile] >= CERTAIN]

    @property
    def looks_different(self) -> bool:
        """Whether the sample looks so unlike what was taught that its suggestions are doubtful."""
        return self.distance is not None and self.distance > FAR


def sort_sample(
    class_name: str,
    vectors: NDArray[np.float32],
    own: OwnExamples | None = None,
    teaching_set: TeachingSet | None = None,
) -> SortedSample:
    """Sort the cells of one class in a sample.

    Parameters
    ----------
    class_name
        The counted class.
    vectors
        float32 (N, D): the embeddings of all its cells in the sample.
    own
        Examples among them.
    teaching_set
        What was taught in other samples.
    """
    own, cells = own or OwnExamples.none(), vectors.astype(np.float64)
    elsewhere = Examples.none(cells.shape[1]) if teaching_set is None else examples_of(teaching_set, class_name)
    others, distance = learn(elsewhere), None
    if others is not None:
        named = others.classifier.kinds
        told = np.array([kind in named for kind in own.kinds], bool)
        places = np.array([named.index(kind) for kind in own.kinds if kind in named], np.int64)
        shift = shift_of_sample(others.classifier, cells, own.rows[told], places)
        counts = np.array([elsewhere.counts[kind] for kind in named])
        distance, cells = shift_size(others.classifier, shift, counts), cells - shift.vector
    mine = Examples(cells[own.rows], own.kinds, own.images, np.full(len(own.rows), OWN_SAMPLE, np.int64), own.accepted)
    examples = Examples.joined([mine, elsewhere])
    taught = learn(examples) if len(mine) else others
    suggestions = None if taught is None else taught.sort(cells)
    return SortedSample(cells, examples, taught, suggestions, too_few(examples), distance)


def examples_of(teaching_set: TeachingSet, class_name: str) -> Examples:
    """Return the examples of a teaching set that are of a class, brought to one look."""
    cells = teaching_set.header.cells
    rows = np.array([row for row, cell in enumerate(cells) if cell.class_name == class_name], np.int64)
    # images and samples of others are numbered below and above those of the sample at hand
    images = -1 - _numbers([cells[row].image for row in rows])
    samples = np.array([OWN_SAMPLE + 1 + cells[row].sample for row in rows], np.int64)
    accepted = np.array([cells[row].accepted for row in rows], bool)
    vectors = teaching_set.vectors[rows].astype(np.float64)
    found = Examples(vectors, tuple(cells[row].kind for row in rows), images, samples, accepted)
    if not len(rows):
        return found
    shifts = shifts_of_samples(found.vectors, found.kinds, samples)
    return replace(found, vectors=vectors - np.stack([shifts[sample] for sample in samples.tolist()]))


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], np.int64)
