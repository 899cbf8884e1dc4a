"""Kinds of cells in a printed report: the differential count, what is confirmed and suggested, how well it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kinds.differential import lines
from core.kinds.figures import how_measured
from core.report.kind_tables import differential_figures, sorted_by
from core.report.pdf.styles import HEADING, SMALL, Printer
from core.report.tables import Table
from core.text import gettext, ngettext, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.kinds.figures import Share
    from core.report.session_kinds import SessionKinds
    from core.report.tables import Value
    from core.statistics.intervals import Interval


def kinds(printer: Printer, found: SessionKinds, erythroblasts: str) -> Iterator[Any]:
    """Yield the differential count, and the kinds of every class; nothing of classes without cells of a kind.

    ``erythroblasts``: what is to be said of those in the count of white cells.
    """
    if found.white_cells is not None:
        yield from _differential(printer, found, erythroblasts)
    rows = [row for row in found.rows if row.confirmed or row.suggested]
    if not rows:
        return
    yield printer.text(gettext("Kinds of cells"), HEADING)
    header = [gettext("Class"), gettext("Kind"), gettext("Confirmed"), gettext("Suggested only")]
    lines = [[row.class_name, row.name, f"{row.confirmed:,}", f"{row.suggested:,}"] for row in rows]
    yield printer.table(Table("kinds", header, lines, "llrr"), (20, 40, 20, 20))
    left_out = "; ".join(f"{name} {number:,}" for name, number in found.left_out.items())
    note = gettext("Sorted by: {set}. Nobody has confirmed what is suggested; it is in no differential count.")
    texts = [note.format(set=sorted_by(found))]
    if left_out:
        texts.append(gettext("Left out of the counts as no cell: {numbers}.").format(numbers=left_out))
    yield printer.text(" ".join(texts), SMALL)
    yield from _figures(printer, found)
    yield from _truths(printer, found)


def _differential(printer: Printer, found: SessionKinds, erythroblasts: str) -> Iterator[Any]:
    counted = found.white_cells
    assert counted is not None
    title = gettext("Differential count of {n:,} white cells")
    if counted.target and not counted.complete:
        title = gettext("Differential count of {n:,} white cells; the target of {target:,} is not reached")
    yield printer.text(title.format(n=counted.cells, target=counted.target), HEADING)
    header = [gettext("Kind"), gettext("Cells"), "%", gettext("95 % interval"), "×10⁹/L", gettext("95 % interval")]
    rows: list[list[Value]] = []
    for line in lines(counted, found.tree):
        row, absolute = line.row, line.row.absolute
        numbers = ("–", "–") if absolute is None else (f"{absolute.value:.2f}", _span(absolute.interval, 2))
        share = f"{100 * row.share:.1f}", _span(row.interval.times(100), 1)
        rows.append([f"{'– ' if line.depth else ''}{line.name}", f"{row.cells:,}", *share, *numbers])
    yield printer.table(Table("differential", header, rows, "lrrrrr"), (30, 10, 10, 20, 12, 20))
    figures = [
        (str(name), f"{_number(value)} {unit}".rstrip() + ("" if low is None else f" ({_span((low, high), 2)})"))
        for name, value, unit, low, high in differential_figures(found).rows
    ]
    yield printer.pairs(figures, label=62 * 2.8)
    for one in found.readings:
        text = gettext("Second reading by {name}: {cells:,} cells named by both").format(name=one.name, cells=one.cells)
        if one.kappa is not None:
            alike = gettext("{share} alike, kappa {kappa:.2f} (95 % interval {span})")
            span = _span(one.kappa.interval, 2)
            text += ", " + alike.format(share=percent(one.kappa.agreed), kappa=one.kappa.value, span=span)
        yield printer.text(text + ".", SMALL)
    notes = [
        gettext("Confirmed by users. The intervals (Clopper-Pearson) tell of the number of cells, of no other error.")
    ]
    if counted.white_cells is not None:
        notes.append(gettext("Those of ×10⁹/L take the white cell count as exact."))
    if erythroblasts:
        notes.append(erythroblasts)
    yield printer.text(" ".join(notes), SMALL)


def _figures(printer: Printer, found: SessionKinds) -> Iterator[Any]:
    if not found.figures:
        return
    yield printer.text(gettext("How well kinds are told apart"), HEADING)
    header = [gettext("Class"), gettext("Kind"), gettext("Examples"), gettext("Precision"), gettext("Recall")]
    rows: list[list[Value]] = []
    for name, figures in found.figures.items():
        for row in figures.rows:
            shares = (_share(row.precision), _share(row.recall))
            rows.append([name, found.tree.name(row.kind), f"{row.examples:,}", *shares])
    yield printer.table(Table("figures", header, rows, "llrrr"), (15, 30, 12, 25, 25))
    texts = list(dict.fromkeys(how_measured(figures.left_out) for figures in found.figures.values()))
    texts.append(gettext("In brackets 95 % intervals in per cent."))
    accepted = sum(figures.accepted for figures in found.figures.values())
    if accepted:
        text = ngettext(
            "{n:,} accepted suggestion taught too and is not measured.",
            "{n:,} accepted suggestions taught too and are not measured.",
            accepted,
        )
        texts.append(text.format(n=accepted))
    yield printer.text(" ".join(texts), SMALL)


def _truths(printer: Printer, found: SessionKinds) -> Iterator[Any]:
    """Yield how what users confirmed agrees with the ground truth and with second readings."""
    for one in found.truths:
        if not one.found.rows:
            continue
        title = gettext("Confirmed kinds of {name} against the {truth}")
        yield printer.text(title.format(name=one.class_name, truth=one.compared_with), HEADING)
        header = [gettext("Kind"), gettext("True cells"), gettext("Precision"), gettext("Recall")]
        rows: list[list[Value]] = []
        for row in one.found.rows:
            shares = (_share(row.precision), _share(row.recall))
            rows.append([found.tree.name(row.kind), f"{row.examples:,}", *shares])
        yield printer.table(Table("truth", header, rows, "lrrr"), (40, 15, 25, 25))
        agreed = one.found.agreed
        text = gettext("{share} of {n:,} cells are of the same kind. In brackets 95 % intervals in per cent.")
        texts = [text.format(share=_share(agreed), n=agreed.whole)]
        if one.found.unnamed:
            text = ngettext(
                "Of {n:,} more the truth says a kind and no user does.",
                "Of {n:,} more the truth says a kind and no user does.",
                one.found.unnamed,
            )
            texts.append(text.format(n=one.found.unnamed))
        yield printer.text(" ".join(texts), SMALL)


def _share(one: Share) -> str:
    return "–" if one.value is None else f"{percent(one.value)} ({_span(one.interval.times(100), 0)})"


def _number(value: Value) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _span(ends: Interval | tuple[Value, Value], decimals: int) -> str:
    low, high = ("∞" if end is None else f"{float(end):.{decimals}f}" for end in ends)
    return gettext("{low} to {high}").format(low=low, high=high)
