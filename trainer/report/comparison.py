"""The report of a comparison: a page, its table as CSV, and the figures as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.files import write_whole
from trainer.evaluation.compare import FIGURES
from trainer.report import plots
from trainer.report.page import Section, Strong, Table, write_page
from trainer.report.terminal import difference_with_interval, with_interval

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.evaluation.compare import ComparedClass, Comparison
    from trainer.report.page import Cell


def write_comparison_report(folder: Path, comparison: Comparison, document: bytes) -> None:
    """Write ``report.html``, ``comparison.csv`` and ``comparison.json``; the folder is made if need be.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "comparison.csv", _numbers(comparison).csv())
    write_whole(folder / "comparison.json", document)
    data = comparison.data
    facts = {
        "Data": f"{data['name']}, {data['split']}: {comparison.pictures} pictures",
        "Seed": str(comparison.seed),
        **{run["name"]: f"{run['file']} (model SHA-256 {run['sha256'][:12]}…)" for run in comparison.runs},
    }
    title = " against ".join(run["name"] for run in comparison.runs)
    write_page(folder / "report.html", title, sections(comparison), facts)


def sections(comparison: Comparison) -> list[Section]:
    """Return the parts of the page."""
    first = comparison.runs[0]["name"]
    return [
        Section(
            "Differences",
            [
                f"How much higher each figure is than that of {first}, with 95 % intervals. All runs are drawn from in "
                "pairs, picture by picture (bootstrap). A difference in bold, with a star, leaves out 0: with "
                "other pictures of the same kind it would most likely be on the same side. Where many differences are "
                "looked at, one in twenty leaves out 0 by chance.",
            ],
            [_differences(comparison)],
        ),
        Section(
            "Figures", ["With 95 % intervals over the pictures."], [_figures(comparison)], plots.compared(comparison)
        ),
    ]


def _differences(comparison: Comparison) -> Table:
    first = comparison.runs[0]["name"]
    rows: list[list[Cell]] = [
        [row.class_name, row.run, *(_difference(row, name) for name in FIGURES)]
        for row in comparison.rows
        if row.run != first
    ]
    return Table(("class", "run", *FIGURES), rows, texts=2)


def _difference(row: ComparedClass, name: str) -> Cell:
    figure = row.figures[name]
    text = _in_one_line(difference_with_interval(name, figure))
    return Strong(text) if figure.difference is not None and figure.difference.clear else text


def _figure(row: ComparedClass, name: str) -> str:
    return _in_one_line(with_interval(name, row.figures[name]))


def _in_one_line(texts: tuple[str, ...]) -> str:
    value, *interval = texts
    return f"{value} ({interval[0]})" if interval else value


def _figures(comparison: Comparison) -> Table:
    rows: list[list[Cell]] = [
        [
            row.class_name,
            row.run,
            row.truth,
            row.counted,
            *(_in_one_line(with_interval(name, row.figures[name])) for name in FIGURES),
        ]
        for row in comparison.rows
    ]
    return Table(("class", "run", "true", "counted", *FIGURES), rows, texts=2)


def _numbers(comparison: Comparison) -> Table:
    """Return every number of the comparison, one figure a line."""
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
