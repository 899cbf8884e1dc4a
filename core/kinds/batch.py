"""Kinds of the counted cells of a batch of images, which are one sample, by a teaching set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UserError
from core.kinds.differential import differential, differential_class
from core.kinds.embeddings import Embeddings, embed_cells
from core.kinds.sample import sort_sample
from core.kinds.tree import NO_CELL
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.kinds.differential import Differential
    from core.kinds.teaching_set import TeachingSet
    from core.models.embedding import EmbeddingModel


class KindsMismatchError(UserError):
    """A teaching set that the program or a model cannot be used with; the message names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class SortedImage:
    """The sorted cells of one image: of each its place among the detections, its kind and how certain that is.

    ``kinds`` has "" for cells that are unsure. ``certainty`` float64 (N,), 0 to 1. ``left_out`` bool (N,): they are
    certainly no cells, and do not count.
    """

    cells: NDArray[np.int64]
    kinds: tuple[str, ...]
    certainty: NDArray[np.float64]
    class_names: tuple[str, ...]
    left_out: NDArray[np.bool_]

    def counts(self, class_name: str) -> dict[str, int]:
        """Return how many cells of a class that count are of each kind."""
        rows = zip(self.kinds, self.class_names, self.left_out.tolist(), strict=True)
        return dict(Counter(kind for kind, name, gone in rows if name == class_name and not gone))

    def left_out_of(self, class_name: str) -> int:
        """Return how many cells of a class were left out of its count."""
        return sum(name == class_name for name, gone in zip(self.class_names, self.left_out, strict=True) if gone)


@dataclass(frozen=True, eq=False)
class SortedBatch:
    """A batch that was sorted: its images, in order, and what must be said of it.

    ``classes`` are those that have kinds; ``distances``: how far each looks from what was taught. ``leaves_out``: what
    is certainly no cell does not count.
    """

    images: tuple[SortedImage, ...]
    classes: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]
    distances: dict[str, float]
    warnings: tuple[str, ...]
    leaves_out: bool = False

    @property
    def left_out(self) -> dict[str, int]:
        """By class, how many cells were left out of its count."""
        return {name: sum(image.left_out_of(name) for image in self.images) for name in self.classes}

    def totals(self, class_name: str) -> dict[str, int]:
        """Return how many cells of a class in all images are of each kind; "": unsure."""
        total: Counter[str] = Counter()
        for image in self.images:
            total.update(image.counts(class_name))
        return {kind: total[kind] for kind in (*self.kinds[class_name], "")}


@dataclass
class KindSorter:
    """Collects the cells of images one by one, and sorts them when all are there."""

    model: EmbeddingModel
    teaching_set: TeachingSet
    path: Path
    classes: tuple[str, ...]
    _found: list[Embeddings] = field(default_factory=list[Embeddings])
    _labels: list[NDArray[np.int32]] = field(default_factory=list["NDArray[np.int32]"])

    def __post_init__(self) -> None:
        header = self.teaching_set.header
        if header.embedding != self.model.sha256:
            raise KindsMismatchError(
                gettext(
                    "{path}: another embedding model described its cells; teach it again with the present program."
                ).format(path=self.path)
            )
        if not set(header.tree.classes) & set(self.classes):
            raise KindsMismatchError(
                gettext("{path}: it has no kinds of {classes}; give another set, or another model.").format(
                    path=self.path, classes=", ".join(self.classes)
                )
            )

    @property
    def _sorted_classes(self) -> tuple[str, ...]:
        return tuple(name for name in self.classes if name in self.teaching_set.header.tree.classes)

    def add(
        self,
        image: NDArray[np.uint8],
        cells: NDArray[np.int64],
        boxes: NDArray[np.float32],
        labels: NDArray[np.int32],
    ) -> None:
        """Describe the counted cells of an image: their places among its detections, boxes and labels."""
        wanted = np.isin(labels, [self.classes.index(name) for name in self._sorted_classes])
        self._found.append(embed_cells(self.model, image, cells[wanted], boxes[wanted]))
        self._labels.append(labels[wanted])

    def sort(self, *, leave_out: bool = False) -> SortedBatch:
        """Sort what was added; ``leave_out``: what is certainly no cell is not to count."""
        tree = self.teaching_set.header.tree
        labels = np.concatenate([np.zeros(0, np.int32), *self._labels])
        vectors = np.concatenate([np.zeros((0, self.model.card.dimensions), np.float32), *self._vectors()])
        kinds = np.full(len(labels), "", object)
        certainty, gone = np.zeros(len(labels)), np.zeros(len(labels), bool)
        distances: dict[str, float] = {}
        warnings: list[str] = []
        for name in self._sorted_classes:
            rows = np.flatnonzero(labels == self.classes.index(name))
            sample = sort_sample(name, vectors[rows], teaching_set=self.teaching_set)
            if sample.suggestions is None:
                text = gettext("{path}: it has too few examples of {name} to tell kinds; teach three of each at least.")
                warnings.append(text.format(path=self.path, name=name))
                continue
            if len(rows):
                kinds[rows] = [sample.suggestions.kind(place) for place in range(len(rows))]
                certainty[rows] = sample.suggestions.certainty
            if leave_out:
                gone[rows[sample.no_cells]] = True
            if sample.distance is not None:
                distances[name] = sample.distance
            if sample.looks_different:
                text = gettext(
                    "The {name} of this sample look unlike those that {path} was taught with; check their kinds."
                )
                warnings.append(text.format(name=name, path=self.path))
        names = {name: (*(kind.key for kind in tree.of_class(name)), NO_CELL) for name in self._sorted_classes}
        return SortedBatch(
            tuple(self._split(kinds, certainty, gone)),
            self._sorted_classes,
            names,
            distances,
            tuple(warnings),
            leave_out,
        )

    def _vectors(self) -> list[NDArray[np.float32]]:
        return [found.vectors for found in self._found]

    def _split(
        self, kinds: NDArray[np.object_], certainty: NDArray[np.float64], gone: NDArray[np.bool_]
    ) -> list[SortedImage]:
        images: list[SortedImage] = []
        first = 0
        for found, labels in zip(self._found, self._labels, strict=True):
            rows = slice(first, first + len(found))
            names = tuple(self.classes[label] for label in labels.tolist())
            images.append(SortedImage(found.cells, tuple(kinds[rows].tolist()), certainty[rows], names, gone[rows]))
            first += len(found)
        return images

    def differential(self, batch: SortedBatch) -> Differential | None:
        """Return the differential count of the white cells; None if they have no kinds."""
        tree = self.teaching_set.header.tree
        name = differential_class(tree)
        return differential(batch.totals(name), tree, name) if name is not None and name in batch.classes else None
