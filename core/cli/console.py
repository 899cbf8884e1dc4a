"""What ``smearcount-count`` prints and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from core.counting.pipeline import totals
from core.files import STANDARD_OUTPUT
from core.text import printable

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
    arguments: argparse.Namespace, counted: Sequence[CountedImage], classes: tuple[str, ...], rule: str
) -> None:
    """Print the counts, unless nobody wants them or a result goes the same way."""
    results = (arguments.json, arguments.csv, arguments.xlsx, arguments.report)
    if counted and not arguments.quiet and STANDARD_OUTPUT not in results:
        Console(soft_wrap=True).print(_table(counted, classes, rule))


def _table(counted: Sequence[CountedImage], classes: tuple[str, ...], rule: str) -> Table:
    table = Table(show_footer=len(counted) != 1, caption=rule)
    sums = totals(counted, classes)
    table.add_column("Picture", footer=f"Total of {len(counted)}", overflow="fold")
    for name in classes:
        table.add_column(name, footer=str(sums[name]), justify="right")
    table.add_column("Red cell size", justify="right")
    for image in counted:
        numbers = [str(image.result.counts[name]) for name in classes]
        table.add_row(Text(printable(image.path)), *numbers, f"{image.found.diameter:.0f} px")
    return table
