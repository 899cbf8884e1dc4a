"""The tables of kinds in the report of a session: the sheets of the workbook, the CSV file and the PDF share them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from core.kinds.differential import lines
from core.kinds.tree import NO_CELL
from core.report.kinds import differential_entry, estimate_entry
from core.report.tables import Table
from core.text import gettext, printable

if TYPE_CHECKING:
    from core.report.content import ReportContent, ReportImage
    from core.report.session_kinds import SessionKinds
    from core.report.tables import Value
    from core.statistics.agreement import Estimate
    from core.verification.kinds import KindTruth


def kind_tables(kinds: SessionKinds) -> list[Table]:
    """Return the sheets of kinds; without confirmed white cells no differential, without figures none."""
    tables = [_numbers(kinds)]
    if kinds.white_cells is not None:
        tables += [_differential(kinds), differential_figures(kinds)]
    if kinds.readings:
        tables.append(_readings(kinds))
    if kinds.figures:
        tables += [_figures(kinds), _confusion(kinds)]
    if kinds.truths:
        tables += [_truths(kinds), _truth_confusion(kinds)]
    return tables


def _numbers(kinds: SessionKinds) -> Table:
    rows: list[list[Value]] = []
    for row in kinds.rows:
        rows.append([row.class_name, printable(row.name), row.kind or "unsure", row.confirmed, row.suggested])
    for name, number in kinds.left_out.items():
        rows.append([name, gettext("Left out as no cell"), NO_CELL, None, number])
    rows.append(["", gettext("Sorted by"), printable(sorted_by(kinds)), None, None])
    return Table("kinds", ["class", "kind", "key", "confirmed", "suggested"], rows)


def sorted_by(kinds: SessionKinds) -> str:
    """Return which teaching set sorted the cells, with why it could not be used again, if so."""
    if not kinds.sorted_by:
        return gettext("examples of this sample alone")
    return f"{kinds.sorted_by}. {kinds.problem}".rstrip(". ")


def _differential(kinds: SessionKinds) -> Table:
    counted = kinds.white_cells
    assert counted is not None
    rows: list[list[Value]] = []
    for line in lines(counted, kinds.tree):
        row, name = line.row, printable(line.name)
        absolute = row.absolute
        numbers = (None, None, None) if absolute is None else (absolute.value, *_ends(absolute))
        name = gettext("{kind}, all").format(kind=name) if line.is_sum else name
        rows.append([name, row.kind, row.cells, row.share, *row.interval, *numbers])
    ends = ["share 95 % from", "share 95 % to", "10⁹/L", "10⁹/L 95 % from", "10⁹/L 95 % to"]
    return Table("differential", ["kind", "key", "confirmed", "share", *ends], rows)


def _readings(kinds: SessionKinds) -> Table:
    rows: list[list[Value]] = []
    for one in kinds.readings:
        found = one.kappa
        figures = [None] * 4 if found is None else [found.agreed, found.value, *found.interval]
        rows.append([printable(one.name), one.cells, *figures])
    return Table("second readings", ["user", "named by both", "alike", "kappa", "95 % from", "95 % to"], rows)


def differential_figures(kinds: SessionKinds) -> Table:
    """Return what follows from the differential count, and what was set for it."""
    counted, inputs = kinds.white_cells, kinds.inputs
    assert counted is not None
    estimates: tuple[tuple[str, Estimate | None, str], ...] = (
        (gettext("Absolute neutrophil count"), counted.neutrophils, "×10⁹/L"),
        (gettext("Erythroblasts per 100 white cells"), counted.erythroblasts, ""),
        (gettext("Immature to total neutrophils"), counted.immature_to_total, ""),
    )
    rows: list[list[Value]] = []
    rows.append([gettext("White cells sorted"), counted.cells, "", None, None])
    rows.append([gettext("Target"), inputs.target, "", None, None])
    rows += [[name, one.value, unit, *_ends(one)] for name, one, unit in estimates if one is not None]
    if inputs.analyser is not None:
        how = gettext("given; it leaves erythroblasts out") if inputs.corrected else gettext("given")
        given = gettext("Analyser's WBC ({how})").format(how=how)
        rows.append([given, inputs.analyser, "×10⁹/L", None, None])
        if not inputs.corrected:
            rows.append([gettext("WBC corrected for erythroblasts"), counted.white_cells, "×10⁹/L", None, None])
    return Table("differential figures", ["figure", "value", "unit", "95 % from", "95 % to"], rows)


def _ends(estimate: Estimate) -> tuple[float, float | None]:
    """Return the ends of an interval; None for one without an upper end."""
    low, high = estimate.interval
    return low, high if math.isfinite(high) else None


def _figures(kinds: SessionKinds) -> Table:
    rows: list[list[Value]] = []
    for name, figures in kinds.figures.items():
        for row in figures.rows:
            shares = [value for one in (row.precision, row.recall) for value in (one.value, *one.interval)]
            kind = printable(kinds.tree.name(row.kind))
            rows.append([name, kind, row.kind, row.examples, row.accepted, *shares, figures.left_out.value])
    ends = [f"{what}{end}" for what in ("precision", "recall") for end in ("", " 95 % from", " 95 % to")]
    header = ["class", "kind", "key", "examples", "accepted suggestions", *ends, "left out at once"]
    return Table("kind figures", header, rows)


def _confusion(kinds: SessionKinds) -> Table:
    """Return how many confirmed cells of each kind would have been suggested as which."""
    rows: list[list[Value]] = []
    for name, figures in kinds.figures.items():
        suggested = [*figures.kinds, "unsure"]
        for kind, numbers in zip(figures.kinds, figures.confusion.tolist(), strict=True):
            pairs = zip(suggested, numbers, strict=True)
            rows += [[name, kind, other, number] for other, number in pairs if number]
    return Table("kind confusion", ["class", "confirmed", "would be suggested", "examples"], rows)


def _truths(kinds: SessionKinds) -> Table:
    """Return how well what users confirmed agrees with the ground truth and with second readings, kind by kind."""
    rows: list[list[Value]] = []
    for one in kinds.truths:
        for row in one.found.rows:
            shares = [value for share in (row.precision, row.recall) for value in (share.value, *share.interval)]
            kind = printable(kinds.tree.name(row.kind))
            rows.append([one.class_name, printable(one.compared_with), kind, row.kind, row.examples, *shares])
        agreed, whole = one.found.agreed, gettext("All kinds: the same kind")
        shares = [agreed.value, *agreed.interval, None, None, None]
        rows.append([one.class_name, printable(one.compared_with), whole, "", agreed.whole, *shares])
        open_ = gettext("Not named by a user")
        rows.append([one.class_name, printable(one.compared_with), open_, "", one.found.unnamed, *[None] * 6])
    ends = [f"{what}{end}" for what in ("precision", "recall") for end in ("", " 95 % from", " 95 % to")]
    return Table("kinds and truth", ["class", "compared with", "kind", "key", "true cells", *ends], rows)


def _truth_confusion(kinds: SessionKinds) -> Table:
    """Return how many cells of each true kind users called which."""
    rows: list[list[Value]] = []
    for one in kinds.truths:
        for kind, numbers in zip(one.found.kinds, one.found.confusion.tolist(), strict=True):
            pairs = zip(one.found.kinds, numbers, strict=True)
            told = one.class_name, printable(one.compared_with)
            rows += [[*told, kind, other, number] for other, number in pairs if number]
    return Table("kinds and truth confusion", ["class", "compared with", "true", "confirmed", "cells"], rows)


def with_confirmed_kinds(table: Table, content: ReportContent) -> Table:
    """Return the table of images with a column for the confirmed cells of each kind behind the others."""
    kinds = content.kinds
    if kinds is None:
        return table
    keys = [(row.class_name, row.kind) for row in kinds.rows if row.kind not in ("", NO_CELL)]
    header = [*table.header, *(f"{name}: {kind} confirmed" for name, kind in keys)]
    rows = [
        [*row, *_confirmed(image, [kind for _, kind in keys])]
        for row, image in zip(table.rows, content.images, strict=True)
    ]
    return Table(table.name, header, rows, table.align, table.footer, table.caption)


def _confirmed(image: ReportImage, keys: list[str]) -> list[Value]:
    if image.counted is None:
        return [None] * len(keys)
    said = list(image.kinds.values())
    return [said.count(key) for key in keys]


def kinds_json(kinds: SessionKinds) -> dict[str, Any]:
    """Return what the JSON document of a session says of kinds."""
    return {
        "names": {kind.key: kind.name for kind in kinds.tree.kinds},
        "confirmed": _by_class(kinds, "confirmed"),
        "suggested": _by_class(kinds, "suggested"),
        "left_out_as_no_cell": dict(kinds.left_out),
        "named_no_cell": dict(kinds.no_cells),
        "sorted_by": kinds.sorted_by,
        "inputs": kinds.inputs,
        "differential": _differential_json(kinds),
        "against_truth": [_truth_json(one) for one in kinds.truths],
    }


def _truth_json(one: KindTruth) -> dict[str, Any]:
    return {
        "class": one.class_name,
        "reading": one.reading or None,
        "cells": len(one.found.cells),
        "not_named": one.found.unnamed,
        "kinds": {row.kind: {"precision": row.precision.value, "recall": row.recall.value} for row in one.found.rows},
        "confusion": {"kinds": list(one.found.kinds), "cells": one.found.confusion.tolist()},
    }


def _by_class(kinds: SessionKinds, what: str) -> dict[str, dict[str, int]]:
    return {
        name: {row.kind or "unsure": getattr(row, what) for row in kinds.rows if row.class_name == name}
        for name in kinds.classes
    }


def _differential_json(kinds: SessionKinds) -> dict[str, Any] | None:
    counted = kinds.white_cells
    if counted is None:
        return None
    found = differential_entry(counted)
    for row in counted.rows:
        found["kinds"][row.kind]["absolute"] = estimate_entry(row.absolute)
    white = {"white_cells": counted.white_cells, "neutrophils": estimate_entry(counted.neutrophils)}
    return {**found, "target": counted.target, **white}
