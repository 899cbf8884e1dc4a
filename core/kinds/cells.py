"""The cells of a sample that are sorted: those that count, those that users called no cell, and those left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Origin
from core.kinds.sample import OwnExamples, sort_sample
from core.kinds.tree import NO_CELL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from core.cells import Cell, CellChange, Detections
    from core.kinds.embeddings import Embeddings
    from core.kinds.sample import SortedSample
    from core.kinds.teaching_set import TeachingSet
    from core.kinds.tree import KindTree


@dataclass(frozen=True, eq=False)
class KindCells:
    """The cells of an image whose class has kinds: ids int64 (N,), boxes float32 (N, 4), labels int32 (N,).

    A cell that a user gave a kind is of that kind's class, whatever it was counted as. Those that a user called no
    cell, which teach, and those that the sorting left out are among them, though they do not count.
    """

    cells: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]


def called_no_cell(changes: Mapping[int, CellChange], typed: Mapping[int, str]) -> dict[int, Cell]:
    """Return the cells of an image that a user called no cell, as they were before."""
    found = {cell: changes[cell] for cell, kind in typed.items() if kind == NO_CELL and cell in changes}
    return {cell: one.before for cell, one in found.items() if one.before is not None and one.after is None}


def left_out(changes: Mapping[int, CellChange]) -> dict[int, Cell]:
    """Return the cells of an image that the sorting left out as no cells, as they were before."""
    found = {cell: change.after for cell, change in changes.items() if change.left_out}
    return {cell: replace(one, origin=Origin.MODEL) for cell, one in found.items() if one is not None}


def kind_cells(
    cells: Detections,
    counted: NDArray[np.bool_],
    changes: Mapping[int, CellChange],
    typed: Mapping[int, str],
    tree: KindTree,
    classes: Sequence[str],
) -> KindCells:
    """Return the cells of an image that are sorted.

    Parameters
    ----------
    cells, counted
        All cells, edits included, with labels in the order of ``classes``; bool (N,): which of them count.
    changes, typed
        What edits did to its cells, and the kinds that users gave them, by their ids.
    """
    sorted_classes = [name for name in tree.classes if name in classes]
    named = {cell: tree.class_of(kind) for cell, kind in typed.items()}
    said = {cell: classes.index(name) for cell, name in named.items() if name in classes}
    of_class = np.isin(cells.labels, [classes.index(name) for name in sorted_classes])
    rows = np.flatnonzero(counted & (of_class | np.isin(cells.ids, list(said))))
    ids = cells.ids[rows]
    found = zip(ids.tolist(), cells.labels[rows].tolist(), strict=True)
    labels = np.array([said.get(cell, label) for cell, label in found], np.int32)
    gone = called_no_cell(changes, typed) | left_out(changes)
    known = [(cell, was) for cell, was in gone.items() if was.class_name in sorted_classes]
    return KindCells(
        np.concatenate([ids, np.array([cell for cell, _ in known], np.int64)]),
        np.concatenate([cells.boxes[rows], np.array([was.box for _, was in known], np.float32).reshape(-1, 4)]),
        np.concatenate([labels, np.array([classes.index(was.class_name) for _, was in known], np.int32)]),
    )


@dataclass(frozen=True, eq=False)
class DescribedImage:
    """The cells of an image that are sorted, what is known of them, and the kinds that users gave them.

    ``accepted``: those of them whose kind was a suggestion.
    """

    image: int
    cells: KindCells
    found: Embeddings
    typed: Mapping[int, str]
    accepted: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class SampleCells:
    """The described cells of one class in all images, N of them: their images and ids int64 (N,), and numbers.

    ``typed`` has "" for those without a kind; ``accepted`` bool (N,): that kind was a suggestion.
    """

    images: NDArray[np.int64]
    cells: NDArray[np.int64]
    vectors: NDArray[np.float32]
    typed: tuple[str, ...]
    accepted: NDArray[np.bool_]

    def sort(self, class_name: str, taught: TeachingSet | None) -> SortedSample:
        """Sort them by their own examples, and by a teaching set."""
        rows = np.array([place for place, said in enumerate(self.typed) if said], np.int64)
        own = OwnExamples(rows, tuple(self.typed[row] for row in rows), self.images[rows], self.accepted[rows])
        return sort_sample(class_name, self.vectors, own, taught)


def sample_cells(images: Iterable[DescribedImage], label: int, tree: KindTree, dimensions: int) -> SampleCells:
    """Return the described cells of a class, by its label; kinds that were taken off the tree are left out."""
    owners, cells, typed, accepted = list[int](), list[int](), list[str](), list[bool]()
    vectors = [np.zeros((0, dimensions), np.float32)]
    for one in images:
        mine = np.flatnonzero(one.cells.labels == label)
        rows = one.found.rows_of(one.cells.cells[mine], one.cells.boxes[mine])
        rows = rows[rows >= 0]
        owners += [one.image] * len(rows)
        cells += one.found.cells[rows].tolist()
        said = [one.typed.get(cell, "") for cell in one.found.cells[rows].tolist()]
        typed += [kind if tree.get(kind) is not None else "" for kind in said]
        accepted += [cell in one.accepted for cell in one.found.cells[rows].tolist()]
        vectors.append(one.found.vectors[rows])
    return SampleCells(
        np.array(owners, np.int64),
        np.array(cells, np.int64),
        np.concatenate(vectors),
        tuple(typed),
        np.array(accepted, bool),
    )
