"""The differential count: per cent of each kind of white cell, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core.classes import WHITE_CELL
from core.kinds.tree import NO_CELL, Role
from core.statistics.agreement import Estimate
from core.statistics.intervals import Interval, proportion_interval, ratio_interval
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.kinds.tree import KindTree

TARGETS = (100, 200, 400)
"""How many white cells a differential count may be of."""

USUAL_TARGET = TARGETS[0]

_MATURE, _ALL_NEUTROPHILS = (Role.SEGMENTED, Role.BAND), (Role.SEGMENTED, Role.BAND, Role.IMMATURE)


class DifferentialInputs(msgspec.Struct, frozen=True):
    """What a laboratory sets for the differential count of a sample.

    ``target``: white cells to be sorted. ``analyser``: the analyser's white cell count in 10⁹/L, None if nobody gave
    it; ``corrected``: whether the analyser leaves erythroblasts out itself.
    """

    target: int = USUAL_TARGET
    analyser: float | None = None
    corrected: bool = False


@dataclass(frozen=True)
class DifferentialRow:
    """One kind: its cells, ``share`` of the white cells (0 to 1) with its 95 % interval, and 10⁹/L.

    ``absolute`` is None unless the analyser's white cell count is known.
    """

    kind: str
    cells: int
    share: float
    interval: Interval
    absolute: Estimate | None


@dataclass(frozen=True)
class Differential:
    """A differential count.

    ``cells`` are the white cells that were sorted: erythroblasts and what is no cell are not among them. ``target``
    0: none was set. ``white_cells``: the analyser's count in 10⁹/L, corrected for erythroblasts if it counts these
    too; None if nobody gave it. ``neutrophils``: the absolute neutrophil count, segmented and bands, in 10⁹/L.
    ``erythroblasts``: per 100 white cells. ``immature_to_total``: bands and immature granulocytes to all neutrophils.
    ``groups``: each kind that others stand under, together with these. ``nucleated_red_cells``: erythroblasts.
    """

    rows: tuple[DifferentialRow, ...]
    cells: int
    target: int
    white_cells: float | None
    neutrophils: Estimate | None
    erythroblasts: Estimate | None
    immature_to_total: Estimate | None
    groups: tuple[DifferentialRow, ...] = ()
    nucleated_red_cells: int = 0

    @property
    def complete(self) -> bool:
        """Whether the target is reached."""
        return self.target > 0 and self.cells >= self.target


@dataclass(frozen=True)
class Line:
    """A line of the table that people read; ``is_sum``: of a kind and all that stand ``depth`` and more below it."""

    row: DifferentialRow
    name: str
    depth: int
    is_sum: bool = False


def lines(counted: Differential, tree: KindTree) -> list[Line]:
    """Return the lines of a differential count: a kind with others under it as the sum of all.

    What was not specified any further is a line of its own under the sum, if there is any.
    """
    groups = {one.kind: one for one in counted.groups}
    found: list[Line] = []
    for one in counted.rows:
        depth, kind = 0, tree.get(one.kind)
        while kind is not None and tree.get(kind.parent) is not None:
            kind, depth = tree.get(kind.parent), depth + 1
        name = tree.name(one.kind)
        if one.kind not in groups:
            found.append(Line(one, name, depth))
            continue
        found.append(Line(groups[one.kind], name, depth, is_sum=True))
        if one.cells:
            found.append(Line(one, gettext("{kind}, not specified").format(kind=name), depth + 1))
    return found


def differential(
    counts: Mapping[str, int],
    tree: KindTree,
    class_name: str,
    *,
    target: int = 0,
    analyser: float | None = None,
    corrected: bool = False,
) -> Differential:
    """Return the differential count of white cells.

    Parameters
    ----------
    counts
        Cells by the key of their kind; kinds of other classes are left out.
    class_name
        What white cells are called.
    analyser
        The analyser's white cell count in 10⁹/L.
    corrected
        Whether the analyser leaves erythroblasts out itself.
    """
    kinds = [kind for kind in tree.of_class(class_name) if kind.key != NO_CELL]
    white = [kind for kind in kinds if kind.role is not Role.ERYTHROBLAST]
    by_role = {role: sum(counts.get(kind.key, 0) for kind in kinds if kind.role is role) for role in Role}
    cells, nucleated = sum(counts.get(kind.key, 0) for kind in white), by_role[Role.ERYTHROBLAST]
    white_cells = analyser
    if analyser is not None and not corrected and cells:
        white_cells = corrected_white_cells(analyser, 100 * nucleated / cells)
    rows = tuple(_row(kind.key, counts.get(kind.key, 0), cells, white_cells) for kind in white)
    mature = sum(by_role[role] for role in _MATURE)
    neutrophils = _row("", mature, cells, white_cells).absolute
    return Differential(
        rows,
        cells,
        target,
        white_cells,
        neutrophils,
        _per_100(nucleated, cells),
        _share(by_role[Role.BAND] + by_role[Role.IMMATURE], sum(by_role[role] for role in _ALL_NEUTROPHILS)),
        tuple(_group(kind.key, counts, tree, cells, white_cells) for kind in white if tree.children(kind.key)),
        nucleated,
    )


def _group(
    kind: str, counts: Mapping[str, int], tree: KindTree, cells: int, white_cells: float | None
) -> DifferentialRow:
    """Return the row of a kind and all that stand under it, without erythroblasts."""
    within = [one for one in tree.kinds if one.key in tree.within(kind) and one.role is not Role.ERYTHROBLAST]
    return _row(kind, sum(counts.get(one.key, 0) for one in within), cells, white_cells)


def differential_class(tree: KindTree) -> str | None:
    """Return the counted class that a differential count is of: that with kinds of neutrophils, or the white cells.

    None if neither has kinds.
    """
    for name in tree.classes:
        if any(kind.role is Role.SEGMENTED for kind in tree.of_class(name)):
            return name
    return WHITE_CELL if WHITE_CELL in tree.classes else None


def corrected_white_cells(analyser: float, erythroblasts_per_100: float) -> float:
    """Return the white cell count of an analyser that takes erythroblasts for white cells: ``N x 100 / (100 + E)``."""
    return analyser * 100 / (100 + erythroblasts_per_100)


def erythroblasts_text(name: str, count: int, erythroblasts: int) -> str:
    """Return that a count of white cells includes erythroblasts, and what it is without them; "" if there are none."""
    text = ngettext(
        "{name} {count:,} includes {n:,} erythroblast; without it {rest:,}.",
        "{name} {count:,} includes {n:,} erythroblasts; without them {rest:,}.",
        erythroblasts,
    )
    rest = max(count - erythroblasts, 0)
    return text.format(name=name, count=count, n=erythroblasts, rest=rest) if erythroblasts else ""


def without_erythroblasts(count: int, erythroblasts: int) -> str:
    """Return the same in a few words."""
    text = ngettext("{rest:,} without {n:,} erythroblast", "{rest:,} without {n:,} erythroblasts", erythroblasts)
    return text.format(rest=max(count - erythroblasts, 0), n=erythroblasts) if erythroblasts else ""


def unnamed_text(name: str, count: int, counted: Differential) -> str:
    """Return of how many cells in a count of white cells users said no kind; "" if of none."""
    left = count - counted.cells - counted.nucleated_red_cells
    text = ngettext(
        "{n:,} of {all:,} {name} has no confirmed kind.", "{n:,} of {all:,} {name} have no confirmed kind.", left
    )
    return text.format(n=left, all=count, name=name) if left > 0 else ""


def no_cells_text(numbers: Mapping[str, int]) -> str:
    """Return how many cells of each class users called no cell, which do not count; "" if there are none."""
    told = ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)
    return gettext("Not counted, as users called them no cell: {numbers}.").format(numbers=told) if told else ""


def differential_text(counted: Differential, tree: KindTree) -> str:
    """Return the cells of a differential count, its target, and per cent of each kind found, with 95 % intervals."""
    text = gettext("Differential {cells:,} of {target:,}").format(cells=counted.cells, target=counted.target)
    found = [line for line in lines(counted, tree) if not line.depth and line.row.cells]
    parts: list[str] = []
    for line in found:
        low, high = line.row.interval.times(100)
        share = gettext("{kind} {share:.0f} % ({low:.0f} to {high:.0f})")
        parts.append(share.format(kind=line.name, share=100 * line.row.share, low=low, high=high))
    return " · ".join([f"{text} ✓" if counted.complete else text, *parts])


def open_cells(suggested: Mapping[str, int], tree: KindTree, class_name: str) -> tuple[int, int]:
    """Return how many white cells, and how many erythroblasts, are among cells by the kind that is suggested."""
    kinds = {kind.key: kind.role for kind in tree.of_class(class_name)}
    roles = [(kinds[key], number) for key, number in suggested.items() if key in kinds]
    erythroblasts = sum(number for role, number in roles if role is Role.ERYTHROBLAST)
    return sum(number for _, number in roles) - erythroblasts, erythroblasts


def _row(kind: str, part: int, whole: int, white_cells: float | None) -> DifferentialRow:
    interval = proportion_interval(part, whole)
    share = part / whole if whole else 0.0
    absolute = None
    if white_cells is not None and whole:
        absolute = Estimate(share * white_cells, interval.times(white_cells))
    return DifferentialRow(kind, part, share, interval, absolute)


def _per_100(part: int, whole: int) -> Estimate | None:
    return Estimate(100 * part / whole, ratio_interval(part, whole).times(100)) if whole else None


def _share(part: int, whole: int) -> Estimate | None:
    return Estimate(part / whole, proportion_interval(part, whole)) if whole else None
