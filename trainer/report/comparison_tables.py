"""The tables of a comparison: the figures, and how they differ from those of the first run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.text import gettext
from trainer.evaluation.compare import FIGURES
from trainer.report.tables import NOTHING, Strong, Table, number

if TYPE_CHECKING:
    from core.statistics.intervals import Interval
    from trainer.evaluation.compare import ComparedClass, Comparison
    from trainer.report.tables import Cell


def figures_table(comparison: Comparison) -> Table:
    """Return the figures of each class and run with their intervals."""
    rows: list[list[Cell]] = [
        [row.class_name, row.run, row.truth, row.counted, *(_figure(row, name) for name in FIGURES)]
        for row in comparison.rows
    ]
    caption = gettext("{data} {split}, {n:,} images, with 95 % intervals").format(
        data=comparison.data["name"], split=comparison.data["split"], n=comparison.images
    )
    return Table(("class", "run", "true", "counted", *FIGURES), rows, caption, texts=2)


def differences_table(comparison: Comparison) -> Table:
    """Return how each figure differs from that of the first run; what leaves out 0 is emphasised and has a star."""
    first = comparison.runs[0]["name"]
    rows: list[list[Cell]] = [
        [row.class_name, row.run, *(_difference(row, name) for name in FIGURES)]
        for row in comparison.rows
        if row.run != first
    ]
    caption = gettext("Differences from {first}; * excludes 0").format(first=first)
    return Table(("class", "run", *FIGURES), rows, caption, texts=2)


def numbers_table(comparison: Comparison) -> Table:
    """Return every number of the comparison, one figure per row."""
    rows: list[list[Cell]] = []
    for row in comparison.rows:
        for name in FIGURES:
            figure = row.figures[name]
            low, high = figure.interval or (None, None)
            change = figure.difference
            rest = [None] * 4 if change is None else [change.value, *change.interval, "yes" if change.clear else "no"]
            rows.append([row.class_name, row.run, name, figure.value, low, high, *rest])
    between = ("difference", "difference low", "difference high", "leaves out 0")
    return Table(("class", "run", "figure", "value", "low", "high", *between), rows, texts=3)


def _figure(row: ComparedClass, name: str) -> str:
    figure, signed = row.figures[name], name.endswith("%")
    form = "+.1f" if signed else ".3f"
    value = number(figure.value, form)
    return value if figure.interval is None else f"{value} {_interval(figure.interval, form, signed)}"


def _difference(row: ComparedClass, name: str) -> Cell:
    form = "+.1f" if name.endswith("%") else "+.3f"
    if (difference := row.figures[name].difference) is None:
        return NOTHING
    star = "\u00a0*" if difference.clear else ""
    text = f"{number(difference.value, form)}{star} {_interval(difference.interval, form, signed=True)}"
    return Strong(text) if difference.clear else text


def _interval(interval: Interval, form: str, signed: bool) -> str:
    """Return an interval in brackets that stays on one line."""
    between = "\u00a0to\u00a0" if signed else "–"
    return f"({between.join(number(value, form) for value in interval)})"
