"""Sorting the cells of a whole sample: by a teaching set, by examples of its own, or by both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.examples import OWN_SAMPLE, Examples
from core.kinds.look import FAR, Look, distance
from core.kinds.sorting import learn, too_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.kinds.sorting import Suggestions, Taught
    from core.kinds.teaching_set import TeachingSet


@dataclass(frozen=True, eq=False)
class OwnExamples:
    """Examples that the user gave in the sample itself.

    ``rows`` int64 (E,) are their places among the cells of the sample, ``kinds`` their kinds, ``images`` int64 (E,) the
    images that they are in.
    """

    rows: NDArray[np.int64]
    kinds: tuple[str, ...]
    images: NDArray[np.int64]

    @classmethod
    def none(cls) -> OwnExamples:
        """Return no examples."""
        return cls(np.zeros(0, np.int64), (), np.zeros(0, np.int64))


@dataclass(frozen=True, eq=False)
class SortedSample:
    """The cells of one class in a sample, sorted.

    ``vectors`` float64 (N, D) are standardised by the sample; ``examples`` are all that were learnt from, the first of
    them own ones. ``taught`` and ``suggestions`` are None while there are too few examples; ``too_few`` says of which
    kinds. ``distance``: how far the look of the sample lies from those of the teaching set; None without one.
    """

    vectors: NDArray[np.float64]
    examples: Examples
    taught: Taught | None
    suggestions: Suggestions | None
    too_few: dict[str, int]
    distance: float | None

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
    own = own or OwnExamples.none()
    look = Look.of(vectors)
    standardised = look.standardise(vectors)
    samples = np.full(len(own.rows), OWN_SAMPLE, np.int64)
    parts = [Examples(standardised[own.rows], own.kinds, own.images, samples)]
    apart = None
    if teaching_set is not None:
        parts.append(examples_of(teaching_set, class_name))
        apart = look_distance(teaching_set, class_name, look)
    examples = Examples.joined(parts)
    taught = learn(examples)
    suggestions = None if taught is None else taught.sort(standardised)
    return SortedSample(standardised, examples, taught, suggestions, too_few(examples), apart)


def examples_of(teaching_set: TeachingSet, class_name: str) -> Examples:
    """Return the examples of a teaching set that are of a class, standardised by the samples that they come from."""
    header, vectors = teaching_set.header, teaching_set.vectors
    parts = [Examples.none(header.dimensions)]
    images = _numbers([cell.image for cell in header.cells])
    for sample, source in enumerate(header.samples):
        rows = [row for row, cell in enumerate(header.cells) if cell.sample == sample and cell.class_name == class_name]
        look = source.looks.get(class_name)
        if rows and look is not None:
            kinds = tuple(header.cells[row].kind for row in rows)
            # images and samples of others are numbered below and above those of the sample at hand
            numbers = np.full(len(rows), OWN_SAMPLE + 1 + sample, np.int64)
            parts.append(Examples(look.standardise(vectors[rows]), kinds, -1 - images[rows], numbers))
    return Examples.joined(parts)


def look_distance(teaching_set: TeachingSet, class_name: str, look: Look) -> float | None:
    """Return how far a look is from the nearest sample of a teaching set; None if it has none of the class."""
    looks = [sample.looks[class_name] for sample in teaching_set.header.samples if class_name in sample.looks]
    return min((distance(look, taught) for taught in looks), default=None)


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], np.int64)
