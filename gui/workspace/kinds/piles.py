"""Piles: the cells of a sample sorted by what users taught, the most certain first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.kinds.cells import DescribedImage, sample_cells
from core.kinds.tree import NO_CELL
from core.kinds.useful import useful_cells
from gui.tasks import Debounce, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from core.kinds.cells import SampleCells
    from core.kinds.figures import Figures
    from core.kinds.sample import SortedSample
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import Images
    from gui.workspace.kinds.embeddings import CellEmbeddings
    from gui.workspace.kinds.teaching import Teaching
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.selection import CellOf
    from gui.workspace.store import SessionStore

_SETTLE_MS = 60


@dataclass(frozen=True)
class PileCell:
    """A cell in a pile: ``kind`` is what it is suggested as, "" if that is unsure, ``certainty`` 0 to 1.

    ``left_out``: it does not count, because it was left out as no cell.
    """

    image: int
    cell: int
    kind: str
    certainty: float
    left_out: bool = False


@dataclass(frozen=True, eq=False)
class SuggestedCells:
    """What N cells of a class without a kind are suggested as: tens of thousands as arrays, not one by one.

    ``images`` and ``cells`` int64 (N,), ``kinds`` str (N,): "" where that is unsure, ``certainty`` float64 (N,),
    ``left_out`` bool (N,): it does not count, because it was left out as no cell.
    """

    images: NDArray[np.int64]
    cells: NDArray[np.int64]
    kinds: NDArray[np.str_]
    certainty: NDArray[np.float64]
    left_out: NDArray[np.bool_]

    @classmethod
    def none(cls) -> SuggestedCells:
        """Return no cells."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none.astype(np.str_), none.astype(np.float64), none.astype(np.bool_))

    def each(self) -> list[PileCell]:
        """Return the cells one by one."""
        columns = (self.images, self.cells, self.kinds, self.certainty, self.left_out)
        return list(starmap(PileCell, zip(*(column.tolist() for column in columns), strict=True)))


@dataclass(frozen=True)
class KindNumbers:
    """Of a kind so many cells are ``suggested``, and so many ``confirmed`` by a user.

    ``left_out`` cells besides do not count: they were left out as no cells.
    """

    suggested: int
    confirmed: int
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class _Sorted:
    cells: SampleCells
    sample: SortedSample


class Piles(QObject):
    """Sorts the cells of each class that has kinds, in the background, whenever something was taught or described."""

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        tree: KindTreeModel,
        embeddings: CellEmbeddings,
        typed: TypedKinds,
        teaching: Teaching,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._images = images
        self._settings = settings
        self._tree = tree
        self._embeddings = embeddings
        self._typed = typed
        self._teaching = teaching
        self._sorted: dict[str, _Sorted] = {}
        self._task = Task("piles", self._on_sorted, self)
        self._later = Debounce(_SETTLE_MS, self.sort_now, self)
        store.reading.connect(self._forget)
        embeddings.changed.connect(self._later.start_unless_due)
        embeddings.progress.connect(self._later.start_unless_due)  # all are described already when a session opens
        typed.changed.connect(self._later.start_unless_due)
        tree.changed.connect(self._later.start_unless_due)
        teaching.changed.connect(self._later.start_unless_due)

    @Slot()
    def _forget(self) -> None:
        self._task.cancel()
        self._sorted.clear()
        self.changed.emit()

    @Slot()
    def sort_now(self) -> None:
        """Sort what is described; ``changed`` follows."""
        classes = [name for name in self._tree.tree.classes if name in self._settings.classes]
        if not classes:
            self._on_sorted({})
            return
        images, tree = list(self._described()), self._tree.tree
        labels, dimensions = self._settings.classes, self._embeddings.dimensions
        taught = self._teaching.for_sorting

        def sort(_: object) -> dict[str, _Sorted]:
            work = {name: sample_cells(images, labels.index(name), tree, dimensions) for name in classes}
            return {name: _Sorted(cells, cells.sort(name, taught)) for name, cells in work.items()}

        self._task.start(sort)

    def _described(self) -> Iterator[DescribedImage]:
        """Yield the images with described cells."""
        for item in self._images.items:
            found, wanted = self._embeddings.of(item.id), self._embeddings.cells_of(item.id)
            if found is not None and wanted is not None:
                accepted = self._typed.accepted(item.id)
                yield DescribedImage(item.id, wanted, found, self._typed.of(item.id), accepted)

    def _said(self, image: int) -> dict[int, str]:
        """Return the kinds that users gave to cells of an image, without those that were taken off the tree."""
        return {cell: kind for cell, kind in self._typed.of(image).items() if self._tree.tree.get(kind) is not None}

    def _open(self, known: _Sorted) -> NDArray[np.bool_]:
        """Return which cells have no kind by now, bool (N,): what was said since they were sorted holds at once."""
        images = np.unique(known.cells.images).tolist()
        wanted = [found.cells for image in images if (found := self._embeddings.cells_of(image)) is not None]
        said = [cell for image in self._typed.images for cell in self._said(image)]
        there = np.concatenate([np.zeros(0, np.int64), *wanted])
        return np.isin(known.cells.cells, there) & ~np.isin(known.cells.cells, np.array(said, np.int64))

    @Slot(object)
    def _on_sorted(self, found: dict[str, _Sorted]) -> None:
        changed = bool(found or self._sorted)
        self._sorted = found
        if changed:
            self.changed.emit()

    # -- piles -----------------------------------------------------------------------------------------

    def pile(self, class_name: str, kind: str) -> list[PileCell]:
        """Return the cells suggested as a kind that no user gave a kind yet, the most certain first; "": unsure."""
        known = self._sorted.get(class_name)
        if known is None or known.sample.suggestions is None:
            return []
        pile = known.sample.suggestions.pile(kind)
        return self._suggested(known, pile[self._open(known)[pile]]).each()

    def suggested(self, class_name: str) -> dict[CellOf, PileCell]:
        """Return what every cell of a class without a kind is suggested as."""
        return {(cell.image, cell.cell): cell for cell in self.suggestions(class_name).each()}

    def suggestions(self, class_name: str) -> SuggestedCells:
        """Return what the cells of a class without a kind are suggested as, in no order that matters."""
        known = self._sorted.get(class_name)
        return SuggestedCells.none() if known is None else self._suggested(known, np.flatnonzero(self._open(known)))

    def certainly_no_cells(self, class_name: str) -> list[CellOf]:
        """Return the cells that may be left out as no cells, and are not yet; the most certain first."""
        known = self._sorted.get(class_name)
        if known is None:
            return []
        certain = known.sample.no_cells
        cells = self._suggested(known, certain[self._open(known)[certain]]).each()
        return [(cell.image, cell.cell) for cell in cells if not cell.left_out]

    def _suggested(self, known: _Sorted, places: NDArray[np.int64]) -> SuggestedCells:
        suggestions = known.sample.suggestions
        if suggestions is None:
            return SuggestedCells.none()
        images, cells = known.cells.images[places], known.cells.cells[places]
        gone = [cell for image in np.unique(images).tolist() for cell in self._typed.left_out(image)]
        left_out = np.isin(cells, np.array(gone, np.int64))
        return SuggestedCells(images, cells, suggestions.names[places], suggestions.certainty[places], left_out)

    def accept(self, cells: Iterable[PileCell]) -> bool:
        """Confirm suggestions: a pile, or some of its cells; one step to undo for each kind."""
        by_kind: dict[str, list[CellOf]] = {}
        for cell in cells:
            if cell.kind:
                by_kind.setdefault(cell.kind, []).append((cell.image, cell.cell))
        given = (self._typed.give(chosen, kind, accepted=True) for kind, chosen in by_kind.items())
        return all(given) and bool(by_kind)

    def useful(self, class_name: str, count: int = 12) -> list[CellOf]:
        """Return the cells that are the most useful to look at next."""
        known = self._sorted.get(class_name)
        if known is None:
            return []
        open_ = np.flatnonzero(self._open(known))
        sample = known.sample
        chosen = useful_cells(sample.vectors, sample.suggestions, sample.examples.vectors, count, open_)
        return [(int(known.cells.images[place]), int(known.cells.cells[place])) for place in chosen]

    # -- figures ---------------------------------------------------------------------------------------

    def figures(self, class_name: str) -> Figures | None:
        """Return how well the kinds of a class are told apart; None while nothing was learnt."""
        known = self._sorted.get(class_name)
        return None if known is None or known.sample.taught is None else known.sample.taught.figures

    def confused(self, class_name: str, kind: str, suggested: str) -> tuple[list[CellOf], int]:
        """Return the examples of a kind that another kind ("" unsure) would be suggested for, if it were not known.

        Those of the sample, and how many of the teaching set there are besides.
        """
        known = self._sorted.get(class_name)
        if known is None or known.sample.taught is None:
            return [], 0
        figures, examples = known.sample.taught.figures, known.sample.examples
        measured = [place for place, name in enumerate(examples.kinds) if name in figures.kinds]
        names = (*figures.kinds, "")
        pairs = zip(measured, figures.suggested.tolist(), strict=True)
        places = [
            place
            for place, column in pairs
            if column >= 0 and examples.kinds[place] == kind and names[column] == suggested
        ]
        own = [row for row, said in enumerate(known.cells.typed) if said]  # the examples of the sample are the first
        rows = [own[place] for place in places if place < len(own)]
        cells = [(int(known.cells.images[row]), int(known.cells.cells[row])) for row in rows]
        return cells, len(places) - len(rows)

    def too_few(self, class_name: str) -> dict[str, int]:
        """Return the kinds that are not suggested because they have too few examples, and how many these are."""
        known = self._sorted.get(class_name)
        return {} if known is None else known.sample.too_few

    def looks_different(self, class_name: str) -> bool:
        """Whether the sample looks so unlike the teaching set that its suggestions are doubtful."""
        known = self._sorted.get(class_name)
        return known is not None and known.sample.looks_different

    def numbers(self, class_name: str) -> dict[str, KindNumbers]:
        """Return how many cells of each kind are suggested and confirmed by now; "": unsure."""
        cells = self.suggestions(class_name)
        suggested = Counter(cells.kinds[~cells.left_out].tolist())
        gone = int(cells.left_out.sum())
        left_out = Counter({NO_CELL: gone} if gone else {})
        confirmed = Counter(self._typed.numbers(class_name))
        return {
            kind: KindNumbers(suggested[kind], confirmed[kind], left_out[kind])
            for kind in {**suggested, **confirmed, **left_out}
        }

    @Slot()
    def close(self) -> None:
        """End the thread."""
        self._task.close()
