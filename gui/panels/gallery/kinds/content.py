"""What the piles show: the cells of a class with what users said and the program suggests, and their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.kinds.tree import NO_CELL
from gui.panels.gallery.tiles import Tiles
from gui.workspace.selection import CellOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gui.workspace.kinds.piles import PileCell
    from gui.workspace.workspace import Workspace

USEFUL, UNSURE, UNSORTED, EXAMPLES = "useful ", "unsure ", "unsorted ", "examples "
"""The piles that are no kinds; a space is in no key of a kind."""

_DEFAULT_DIAMETER = 40.0


@dataclass(frozen=True, eq=False)
class KindTiles(Tiles):
    """Tiles of cells of a class, and what each of the N is.

    ``kinds``: the key of its kind, "" while that is unsure or not known; ``by_hand``: whether a user said so;
    ``scores``: how certain the suggestion is, 0 to 1, -1 where there is none; ``left_out`` bool (N,): it does not
    count, because it was left out as no cell.
    """

    kinds: tuple[str, ...]
    left_out: NDArray[np.bool_]

    @classmethod
    def none(cls) -> KindTiles:
        none = Tiles.none()
        return cls(none.images, none.ids, none.boxes, none.scores, none.by_hand, none.diameters, (), none.by_hand)

    def same_as(self, other: Tiles) -> bool:
        return (
            isinstance(other, KindTiles)
            and self.kinds == other.kinds
            and np.array_equal(self.left_out, other.left_out)
            and super().same_as(other)
        )


@dataclass(frozen=True, eq=False)
class ClassCells:
    """All cells of a class in a sample; ``rows`` are their places by image and id."""

    tiles: KindTiles
    rows: Mapping[CellOf, int]

    @classmethod
    def none(cls) -> ClassCells:
        """Return no cells."""
        return cls(KindTiles.none(), {})

    def taken(self, cells: Iterable[CellOf]) -> KindTiles:
        """Return tiles of those of the cells that are there, in this order."""
        rows = [self.rows[cell] for cell in cells if cell in self.rows]
        tiles = self.tiles
        return KindTiles(
            tiles.images[rows],
            tiles.ids[rows],
            tiles.boxes[rows],
            tiles.scores[rows],
            tiles.by_hand[rows],
            tiles.diameters[rows],
            tuple(tiles.kinds[row] for row in rows),
            tiles.left_out[rows],
        )

    def numbers(self) -> dict[str, tuple[int, int]]:
        """Return of each kind how many cells are suggested and confirmed; UNSURE and UNSORTED are among them."""
        found: dict[str, list[int]] = {}
        tiles, counts = self.tiles, np.flatnonzero(~self.tiles.left_out)
        for row in counts.tolist():
            kind, certain, said = tiles.kinds[row], float(tiles.scores[row]), bool(tiles.by_hand[row])
            found.setdefault(_pile_of(kind, certain), [0, 0])[said] += 1
        return {kind: (suggested, confirmed) for kind, (suggested, confirmed) in found.items()}


def cells_of_class(workspace: Workspace, class_name: str, diameters: dict[int, float], reading: str = "") -> ClassCells:
    """Return the cells of a class in all images of the sample, as they are now.

    A cell that a user gave a kind of another class is not among them, and one of another class that a user gave a
    kind of this one is. With the name of a second ``reading`` they are those that the first named, and what the second
    says of them; nothing is suggested then. ``diameters``: of a red cell in each image by its id, as far as they are
    known; the others are added.
    """
    kinds, classes = workspace.kinds, workspace.settings.classes
    if class_name not in classes:
        return ClassCells.none()
    label, tree = classes.index(class_name), kinds.tree.tree
    own = {kind.key for kind in tree.of_class(class_name)}
    others = {kind.key for kind in tree.kinds} - own
    suggested = {} if reading else kinds.piles.suggested(class_name)
    images, ids, sizes, scores = list[int](), list[int](), list[float](), list[float]()
    boxes, said, names = list[NDArray[np.float32]](), list[bool](), list[str]()
    gone = list[bool]()
    for item in workspace.images.items:
        found = kinds.embeddings.cells_of(item.id)
        if found is None:
            continue
        typed = kinds.typed.of(item.id)
        second = kinds.typed.of(item.id, reading) if reading else {}
        if item.id not in diameters:
            known = workspace.counts.cells(item.id)
            diameters[item.id] = known.found.diameter if known is not None else _DEFAULT_DIAMETER
        for row, (cell, its_label) in enumerate(zip(found.cells.tolist(), found.labels.tolist(), strict=True)):
            kind = typed.get(cell, "")
            if kind in others or not (its_label == label or kind in own):
                continue
            if reading and not kind:
                continue
            kind = second.get(cell, "") if reading else kind
            suggestion = None if kind else suggested.get((item.id, cell))
            name, certainty = _said(kind, suggestion)
            images.append(item.id)
            ids.append(cell)
            boxes.append(found.boxes[row])
            sizes.append(diameters[item.id])
            scores.append(certainty)
            said.append(bool(kind))
            gone.append(suggestion is not None and suggestion.left_out)
            names.append(name)
    tiles = KindTiles(
        np.array(images, np.int64),
        np.array(ids, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(said, bool),
        np.array(sizes, np.float32),
        tuple(names),
        np.array(gone, bool),
    )
    return ClassCells(tiles, {cell: row for row, cell in enumerate(tiles.cells())})


def _said(kind: str, suggestion: PileCell | None) -> tuple[str, float]:
    if kind:
        return kind, 1.0
    return ("", -1.0) if suggestion is None else (suggestion.kind, suggestion.certainty)


def _pile_of(kind: str, certainty: float) -> str:
    return kind or (UNSORTED if certainty < 0 else UNSURE)


def arranged(
    workspace: Workspace, class_name: str, cells: ClassCells, *, suggest: bool = True
) -> dict[str, list[CellOf]]:
    """Return the piles of a class in the order in which they are shown, without empty ones.

    The cells that are the most useful to look at come first, though they are in a pile of theirs too; then what is
    unsure, the kinds in the order of the tree, *no cell*, and what is not sorted yet. In a pile the suggested cells
    are before the confirmed ones, the most certain first; of what is unsure the least certain.
    """
    tree = workspace.kinds.tree.tree
    order = [UNSURE, *(kind.key for kind in tree.of_class(class_name)), NO_CELL, UNSORTED]
    tiles = cells.tiles
    piles: dict[str, list[int]] = {name: [] for name in order}
    for row, (kind, certain) in enumerate(zip(tiles.kinds, tiles.scores.tolist(), strict=True)):
        piles.setdefault(_pile_of(kind, certain), []).append(row)
    of_row, found = tiles.cells(), dict[str, list[CellOf]]()
    useful = [
        cell
        for cell in workspace.kinds.piles.useful(class_name)
        if suggest and cell in cells.rows and not tiles.by_hand[cells.rows[cell]]
    ]
    if useful:
        found[USEFUL] = useful
    for name, rows in piles.items():
        if rows:
            keys = tiles.scores[rows] if name == UNSURE else -tiles.scores[rows]
            confirmed = tiles.by_hand[rows]
            found[name] = [of_row[rows[place]] for place in np.lexsort((keys, confirmed)).tolist()]
    return found
