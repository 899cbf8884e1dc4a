"""What the piles show: the cells of a class with what users said and the program suggests, and their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np

from core.kinds.tree import NO_CELL
from gui.panels.gallery.tiles import Tiles
from gui.workspace.kinds.piles import SuggestedCells
from gui.workspace.selection import CellOf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from gui.workspace.workspace import Workspace

USEFUL, UNSURE, UNSORTED, EXAMPLES = "useful ", "unsure ", "unsorted ", "examples "
"""The piles that are no kinds; a space is in no key of a kind."""

_DEFAULT_DIAMETER = 40.0


@dataclass(frozen=True, eq=False)
class KindTiles(Tiles):
    """Tiles of cells of a class, and what each of the N is.

    ``kinds`` str (N,): the key of its kind, "" while that is unsure or not known; ``by_hand``: whether a user said so;
    ``scores``: how certain the suggestion is, 0 to 1, -1 where there is none; ``left_out`` bool (N,): it does not
    count, because it was left out as no cell.
    """

    kinds: NDArray[np.str_]
    left_out: NDArray[np.bool_]

    @classmethod
    def none(cls) -> KindTiles:
        none = Tiles.none()
        kinds = np.zeros(0, np.str_)
        return cls(none.images, none.ids, none.boxes, none.scores, none.by_hand, none.diameters, kinds, none.by_hand)

    def at(self, rows: NDArray[np.int64]) -> KindTiles:
        """Return the tiles of some rows."""
        return KindTiles(
            self.images[rows],
            self.ids[rows],
            self.boxes[rows],
            self.scores[rows],
            self.by_hand[rows],
            self.diameters[rows],
            self.kinds[rows],
            self.left_out[rows],
        )

    @cached_property
    def piles(self) -> NDArray[np.str_]:
        """The pile of each cell, str (N,): its kind, UNSURE or UNSORTED."""
        return np.where(self.kinds != "", self.kinds, np.where(self.scores < 0, UNSORTED, UNSURE))

    def same_as(self, other: Tiles) -> bool:
        return (
            isinstance(other, KindTiles)
            and np.array_equal(self.kinds, other.kinds)
            and np.array_equal(self.left_out, other.left_out)
            and super().same_as(other)
        )


@dataclass(frozen=True, eq=False)
class CellList(Sequence[CellOf]):
    """The cells of a pile in order: ``images`` and ``ids`` int64 (N,)."""

    images: NDArray[np.int64]
    ids: NDArray[np.int64]

    @classmethod
    def of(cls, cells: Sequence[CellOf]) -> CellList:
        """Return cells as a list of a pile."""
        columns = np.array(cells, np.int64).reshape(-1, 2)
        return cls(columns[:, 0], columns[:, 1])

    def and_more(self, images: NDArray[np.int64], ids: NDArray[np.int64]) -> CellList:
        """Return these cells and others behind them."""
        return CellList(np.concatenate([self.images, images]), np.concatenate([self.ids, ids]))

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> CellOf: ...
    @overload
    def __getitem__(self, index: slice) -> list[CellOf]: ...
    def __getitem__(self, index: int | slice) -> CellOf | list[CellOf]:
        if isinstance(index, slice):
            return list(CellList(self.images[index], self.ids[index]))
        return int(self.images[index]), int(self.ids[index])

    def __iter__(self) -> Iterator[CellOf]:
        return zip(self.images.tolist(), self.ids.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CellList) and np.array_equal(self.ids, other.ids)


@dataclass(frozen=True, eq=False)
class ClassCells:
    """All cells of a class in a sample."""

    tiles: KindTiles

    @classmethod
    def none(cls) -> ClassCells:
        """Return no cells."""
        return cls(KindTiles.none())

    @cached_property
    def rows(self) -> Mapping[CellOf, int]:
        """The places of the cells by image and id."""
        return {cell: row for row, cell in enumerate(self.tiles.cells())}

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self.tiles.ids)

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of cells by their ids, int64 (M,); -1 for those that are not there."""
        return rows_by_id(self.tiles.ids, self._order, ids)

    def taken(self, cells: Sequence[CellOf]) -> KindTiles:
        """Return tiles of those of the cells that are there, in this order."""
        rows = self.rows_of((cells if isinstance(cells, CellList) else CellList.of(cells)).ids)
        return self.tiles.at(rows[rows >= 0])

    def numbers(self) -> dict[str, tuple[int, int]]:
        """Return of each kind how many cells are suggested and confirmed; UNSURE and UNSORTED are among them."""
        tiles, counts = self.tiles, ~self.tiles.left_out
        names, piles = np.unique(tiles.piles[counts], return_inverse=True)
        said = np.bincount(piles, tiles.by_hand[counts], len(names)).astype(int)
        both = np.bincount(piles, minlength=len(names))
        return dict(zip(names.tolist(), zip((both - said).tolist(), said.tolist(), strict=True), strict=True))


def rows_by_id(ids: NDArray[np.int64], order: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of cells among others by their ids, int64 (M,), -1 for none; ``order`` sorts the others."""
    if not len(ids):
        return np.full(len(wanted), -1, np.int64)
    rows = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[rows] == wanted, rows, -1)


def cells_of_class(workspace: Workspace, class_name: str, diameters: dict[int, float], reading: str = "") -> ClassCells:
    """Return the cells of a class in all images of the sample, as they are now.

    A cell that a user gave a kind of another class is not among them, and one of another class that a user gave a
    kind of this one is. With the name of a second ``reading`` they are those that the first named, and what the second
    says of them; nothing is suggested then. ``diameters``: of a red cell in each image by its id, as far as they are
    known; the others are added.
    """
    kinds, classes = workspace.kinds, workspace.settings.classes
    each = ((item.id, kinds.embeddings.cells_of(item.id)) for item in workspace.images.items)
    known = [(image, found) for image, found in each if found is not None and len(found.cells)]
    if class_name not in classes or not known:
        return ClassCells.none()
    lengths = [len(found.cells) for _, found in known]
    images = np.repeat(np.array([image for image, _ in known], np.int64), lengths)
    sizes = np.repeat(np.array([_diameter(workspace, image, diameters) for image, _ in known], np.float32), lengths)
    ids = np.concatenate([found.cells for _, found in known])
    boxes = np.concatenate([found.boxes for _, found in known])
    mine = np.concatenate([found.labels for _, found in known]) == classes.index(class_name)
    order = np.argsort(ids)
    said = _said(workspace, "", ids, order)
    own = {kind.key for kind in kinds.tree.tree.of_class(class_name)}
    others = {kind.key for kind in kinds.tree.tree.kinds} - own
    mine = (mine | np.isin(said, list(own))) & ~np.isin(said, list(others))
    if reading:
        mine &= said != ""
        said = _said(workspace, reading, ids, order)
    suggested = SuggestedCells.none() if reading else kinds.piles.suggestions(class_name)
    by_hand = said != ""
    names, certainty, gone = said, np.where(by_hand, 1, -1).astype(np.float32), np.zeros(len(ids), bool)
    rows = rows_by_id(ids, order, suggested.cells)
    new = (rows >= 0) & ~by_hand[rows]
    if new.any():
        rows = rows[new]
        names = names.astype(np.promote_types(names.dtype, suggested.kinds.dtype))
        names[rows], certainty[rows] = suggested.kinds[new], suggested.certainty[new]
        gone[rows] = suggested.left_out[new]
    return ClassCells(KindTiles(images, ids, boxes, certainty, by_hand, sizes, names, gone).at(np.flatnonzero(mine)))


def _diameter(workspace: Workspace, image: int, diameters: dict[int, float]) -> float:
    if image not in diameters:
        known = workspace.counts.cells(image)
        diameters[image] = known.found.diameter if known is not None else _DEFAULT_DIAMETER
    return diameters[image]


def _said(workspace: Workspace, reading: str, ids: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the kind that users gave each cell, str (N,); "" for none."""
    typed = workspace.kinds.typed
    given = [pair for image in typed.images for pair in typed.of(image, reading).items()]
    rows = rows_by_id(ids, order, np.array([cell for cell, _ in given], np.int64))
    kinds = np.array([kind for _, kind in given], np.str_)
    said = np.zeros(len(ids), kinds.dtype if len(given) else "<U1")
    said[rows[rows >= 0]] = kinds[rows >= 0]
    return said


def arranged(workspace: Workspace, class_name: str, cells: ClassCells, *, suggest: bool = True) -> dict[str, CellList]:
    """Return the piles of a class in the order in which they are shown, without empty ones.

    The cells that are the most useful to look at come first, though they are in a pile of theirs too; then what is
    unsure, the kinds in the order of the tree, *no cell*, and what is not sorted yet. In a pile the suggested cells
    are before the confirmed ones, the most certain first; of what is unsure the least certain.
    """
    tree, tiles = workspace.kinds.tree.tree, cells.tiles
    order = [UNSURE, *(kind.key for kind in tree.of_class(class_name)), NO_CELL, UNSORTED]
    found, piles = dict[str, CellList](), tiles.piles
    useful = workspace.kinds.piles.useful(class_name) if suggest else []
    rows = cells.rows_of(np.array([cell for _, cell in useful], np.int64))
    open_ = [cell for cell, row in zip(useful, rows.tolist(), strict=True) if row >= 0 and not tiles.by_hand[row]]
    if open_:
        found[USEFUL] = CellList.of(open_)
    for name in dict.fromkeys([*order, *np.unique(piles).tolist()]):
        mine = np.flatnonzero(piles == name)
        if len(mine):
            keys = tiles.scores[mine] if name == UNSURE else -tiles.scores[mine]
            rows = mine[np.lexsort((keys, tiles.by_hand[mine]))]
            found[name] = CellList(tiles.images[rows], tiles.ids[rows])
    return found
