"""What ``smearcount-count`` prints and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as TerminalTable
from rich.text import Text

from core.files import STANDARD_OUTPUT
from core.report.tables import Table, summary_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from core.counting.pipeline import CountedImage

EXIT_GOOD, EXIT_SOME_FAILED = 0, 1  # argparse exits with 2 for bad arguments


def error_console() -> Console:
    """Return where errors, notices and the progress go: standard error, names as they are."""
    return Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)


def progress_bar(console: Console, quiet: bool) -> Progress:
    """Return a bar that is shown to a person only, and leaves nothing behind."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True)


def print_table(
    arguments: argparse.Namespace,
    counted: Sequence[CountedImage],
    classes: tuple[str, ...],
    rule: str,
    kinds: Table | None = None,
) -> None:
    """Print the counts, unless ``--quiet`` is given or a result goes to standard output."""
    results = (arguments.json, arguments.csv, arguments.xlsx, arguments.report)
    if counted and not arguments.quiet and STANDARD_OUTPUT not in results:
        console = Console(soft_wrap=True)
        console.print(to_terminal(summary_table(counted, classes, rule)))
        if kinds is not None:
            console.print(to_terminal(kinds))


def to_terminal(table: Table) -> TerminalTable:
    """Return a table as rich prints it; long texts of the first column go on in the next line."""
    shown = TerminalTable(show_footer=bool(table.footer), caption=table.caption)
    footer = table.footer or [""] * len(table.header)
    for place, (name, sum_, side) in enumerate(zip(table.header, footer, table.align, strict=True)):
        justify, overflow = "right" if side == "r" else "left", "ellipsis" if place else "fold"
        shown.add_column(name, footer=str(sum_), justify=justify, overflow=overflow)
    for row in table.rows:
        shown.add_row(*(Text(str(value)) for value in row))
    return shown
