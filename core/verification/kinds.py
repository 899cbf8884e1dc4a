"""The kinds that users gave to cells against those that a ground truth, or a second user, gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.geometry.matching import UNMATCHED
from core.kinds.figures import KindFigures, Share
from core.kinds.tree import NO_CELL
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from core.kinds.tree import KindTree
    from core.verification.cases import Case
    from core.verification.ground_truth import GroundTruth


@dataclass(frozen=True)
class NamedCell:
    """A counted cell that is a true one: the keys of its kinds by the truth and by a user, "" if none said one."""

    image: int
    cell: int
    true: str
    said: str


@dataclass(frozen=True, eq=False)
class KindAgreement:
    """How kinds of one class agree with the truth, on the cells of which both say a kind.

    ``kinds`` are keys in the order of the tree. ``confusion`` int64 (K, K): cells by their true kind (rows) and by
    what users called them; ``rows`` has precision and recall of each kind. ``unnamed``: cells of which the truth says
    a kind and no user does.
    """

    cells: tuple[NamedCell, ...]
    kinds: tuple[str, ...]
    confusion: NDArray[np.int64]
    rows: tuple[KindFigures, ...]
    unnamed: int

    def of(self, true: str, said: str) -> list[NamedCell]:
        """Return the cells of an entry of the confusion matrix."""
        return [cell for cell in self.cells if (cell.true, cell.said) == (true, said)]

    @property
    def agreed(self) -> Share:
        """The share of the cells of which both say the same."""
        return Share(int(np.trace(self.confusion)), len(self.cells))


@dataclass(frozen=True, eq=False)
class KindTruth:
    """The confirmed kinds of a class against another word: that of the second ``reading``, "" for the ground truth."""

    class_name: str
    reading: str
    found: KindAgreement

    @property
    def compared_with(self) -> str:
        """What the other word is, for people."""
        if not self.reading:
            return gettext("ground truth")
        return gettext("second reading by {name}").format(name=self.reading)


def kind_truths(compared: Iterable[tuple[str, str, Sequence[NamedCell]]], tree: KindTree) -> tuple[KindTruth, ...]:
    """Compare the cells of a class with each other word; nothing where that says no kind."""
    found = ((name, reading, kind_agreement(cells, tree)) for name, reading, cells in compared)
    return tuple(KindTruth(name, reading, one) for name, reading, one in found if one is not None)


def kind_agreement(cells: Iterable[NamedCell], tree: KindTree) -> KindAgreement | None:
    """Compare the kinds of cells; None if the truth says no kind of any.

    Where one says more than the other, such as *segmented neutrophil* of a *neutrophil*, they agree, and the cell
    stands under what both say.
    """
    known = [cell for cell in cells if cell.true]
    if not known:
        return None
    pairs = tuple(_at_one_depth(cell, tree) for cell in known if cell.said)
    order = (*(kind.key for kind in tree.kinds), NO_CELL)
    named = {kind for cell in pairs for kind in (cell.true, cell.said)}
    kinds = tuple(kind for kind in order if kind in named)
    confusion = np.zeros((len(kinds), len(kinds)), np.int64)
    for cell in pairs:
        confusion[kinds.index(cell.true), kinds.index(cell.said)] += 1
    return KindAgreement(pairs, kinds, confusion, tuple(_rows(kinds, confusion)), len(known) - len(pairs))


def _at_one_depth(cell: NamedCell, tree: KindTree) -> NamedCell:
    if cell.said in tree.within(cell.true):
        return NamedCell(cell.image, cell.cell, cell.true, cell.true)
    if cell.true in tree.within(cell.said):
        return NamedCell(cell.image, cell.cell, cell.said, cell.said)
    return cell


def _rows(kinds: Sequence[str], confusion: NDArray[np.int64]) -> Iterator[KindFigures]:
    for place, kind in enumerate(kinds):
        right, true, said = (int(value) for value in (confusion[place, place], *_sums(confusion, place)))
        yield KindFigures(kind, true, Share(right, said), Share(right, true))


def _sums(confusion: NDArray[np.int64], place: int) -> tuple[np.int64, np.int64]:
    return confusion[place].sum(), confusion[:, place].sum()


def true_kinds(truth: GroundTruth, class_name: str, labels: NDArray[np.int64], label: int, tree: KindTree) -> list[str]:
    """Return the key of the kind that a truth says of each cell, "" of those that are of another class or of none.

    ``labels`` int64 (M,): those of its cells; a name that is no kind of the tree says nothing.
    """
    keys = {name: kind.key for name in set(truth.finer) if name and (kind := tree.named(name, class_name))}
    rows = zip(truth.finer, labels.tolist(), strict=True)
    return [keys.get(name, "") if its == label else "" for name, its in rows]


def matched_kinds(
    case: Case,
    typed: Mapping[int, str],
    tree: KindTree,
    classes: tuple[str, ...],
    thresholds: Mapping[str, float],
    iou: float,
) -> dict[str, list[NamedCell]]:
    """Return by class the counted cells of an image that are true ones of a kind.

    Cells are matched with true ones of their class, as for the other figures of a verification.

    Parameters
    ----------
    case
        The image with the edits of its user.
    typed
        Id of a cell -> the key of the kind that a user gave it; kinds that are not in the tree say nothing.
    thresholds
        By class name.
    """
    found: dict[str, list[NamedCell]] = {}
    if not case.truth.finer:
        return found
    counted, labels = case.counted(thresholds, classes), case.truth.labels(classes)
    for label, name in enumerate(classes):
        said_by_truth = true_kinds(case.truth, name, labels, label, tree)
        if not any(said_by_truth):
            continue
        mine = counted[case.cells.labels[counted] == label]
        true = np.flatnonzero((labels == label) & case.in_frame)
        matched = case.match(mine, true, iou)
        for place, other in zip(mine.tolist(), matched.tolist(), strict=True):
            if other != UNMATCHED:
                cell = int(case.cells.ids[place])
                kind = typed.get(cell, "")
                said = kind if tree.get(kind) is not None else ""
                found.setdefault(name, []).append(NamedCell(case.image, cell, said_by_truth[true[other]], said))
    return found
