"""Kinds of cells in the results of a batch: entries of its JSON document, columns of its table, lines on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.report.tables import Table
from core.text import gettext, percent, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.kinds.batch import SortedBatch, SortedImage
    from core.kinds.differential import Differential
    from core.kinds.teaching_set import TeachingSet
    from core.report.tables import Value
    from core.statistics.agreement import Estimate

JSON_SCHEMA_WITH_KINDS = 2
UNSURE = "unsure"
_LEFT_OUT = "left out as no cell"


def kinds_entry(
    batch: SortedBatch, teaching_set: TeachingSet, sha256: str, counted: Differential | None
) -> dict[str, Any]:
    """Return what the JSON document of a batch says of kinds as a whole; ``sha256`` is that of the set's file."""
    header = teaching_set.header
    tree = header.tree
    return {
        "set": {"name": printable(header.name), "version": header.version, "sha256": sha256},
        "names": {key: tree.name(key) for keys in batch.kinds.values() for key in keys},
        "left_out_as_no_cell": batch.left_out if batch.leaves_out else None,
        "totals": {name: _named(batch.totals(name)) for name in batch.classes},
        "look_distance": {name: round(value, 3) for name, value in batch.distances.items()},
        "warnings": [printable(text) for text in batch.warnings],
        "differential": None if counted is None or not counted.cells else differential_entry(counted),
    }


def image_kinds(image: SortedImage, batch: SortedBatch) -> dict[str, dict[str, int]]:
    """Return class -> kind -> number of cells of an image."""
    found: dict[str, dict[str, int]] = {}
    for name in batch.classes:
        counts = image.counts(name)
        found[name] = _named({kind: counts.get(kind, 0) for kind in (*batch.kinds[name], "")})
    return found


def _named(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind or UNSURE: number for kind, number in counts.items()}


def cell_kinds(image: SortedImage) -> dict[int, dict[str, Any]]:
    """Return what the JSON entry of each detection, by its place, says of its kind; None where that is unsure."""
    rows = zip(image.cells.tolist(), image.kinds, image.certainty.tolist(), strict=True)
    return {cell: {"kind": kind or None, "kind_probability": round(certain, 4)} for cell, kind, certain in rows}


def differential_entry(counted: Differential) -> dict[str, Any]:
    """Return what a JSON document says of a differential count."""
    return {
        "cells": counted.cells,
        "kinds": {
            row.kind: {
                "count": row.cells,
                "share": round(row.share, 4),
                "interval": [round(end, 4) for end in row.interval],
            }
            for row in counted.rows
        },
        "erythroblasts_per_100": estimate_entry(counted.erythroblasts),
        "immature_to_total": estimate_entry(counted.immature_to_total),
    }


def estimate_entry(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate with its interval, None where it is infinite."""
    if estimate is None:
        return None
    low, high = estimate.interval
    return {
        "value": round(estimate.value, 4),
        "interval": [round(low, 4), None if high == float("inf") else round(high, 4)],
    }


def with_kind_columns(table: Table, batch: SortedBatch) -> Table:
    """Return a table of images with a column for each kind behind the others; failed images have none."""
    header: list[str] = []
    columns: list[tuple[str, str]] = []
    for name in batch.classes:
        for kind in (*batch.kinds[name], "", *([_LEFT_OUT] if batch.leaves_out else [])):
            header.append(f"{name}: {kind or UNSURE}")
            columns.append((name, kind))
    rows: list[list[Value]] = []
    for place, row in enumerate(table.rows):
        more: list[Value] = [None] * len(columns)
        if place < len(batch.images):
            counts = {name: batch.images[place].counts(name) for name in batch.classes}
            gone = {name: batch.images[place].left_out_of(name) for name in batch.classes}
            more = [gone[name] if kind == _LEFT_OUT else counts[name].get(kind, 0) for name, kind in columns]
        rows.append([*row, *more])
    return replace(table, header=[*table.header, *header], rows=rows)


def kinds_table(batch: SortedBatch, teaching_set: TeachingSet) -> Table:
    """Return the kinds of all images together in a few columns."""
    rows: list[list[Value]] = []
    for name in batch.classes:
        totals = batch.totals(name)
        cells = sum(totals.values())
        for kind, number in totals.items():
            if number:
                label = teaching_set.header.tree.name(kind) if kind else gettext("Unsure")
                rows.append([name, label, str(number), percent(number / cells)])
    header = [gettext("Class"), gettext("Kind"), gettext("Suggested"), gettext("Share")]
    caption = gettext("Suggested by the teaching set {title}; nobody has confirmed it.").format(
        title=teaching_set.title
    )
    if batch.leaves_out:
        numbers = ", ".join(f"{name} {number:,}" for name, number in batch.left_out.items())
        caption += " " + gettext("Left out of the counts as no cell: {numbers}.").format(numbers=numbers)
    return Table("kinds", header, rows, "llrr", (), caption)
