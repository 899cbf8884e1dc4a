"""What the trainer's commands print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from core.text import gettext
from trainer.report.terminal import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.report.tables import Table

_WIDTH_IN_FILES = 120
_MOST_WARNINGS = 20


def echo(text: str) -> None:
    """Print a sentence to standard output."""
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def warn(sentences: Sequence[str]) -> None:
    """Print sentences to standard error, the first of them if there are many."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for sentence in sentences[:_MOST_WARNINGS]:
        console.print(sentence, style="yellow", markup=False)
    if (more := len(sentences) - _MOST_WARNINGS) > 0:
        console.print(gettext("... and {n:,} more.").format(n=more), style="yellow", markup=False)


def print_error(text: str) -> None:
    """Print why a command failed to standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(text, style="red", markup=False)


def show(table: Table) -> None:
    """Print a table; in files it is as wide as the figures need."""
    Console(width=None if sys.stdout.isatty() else _WIDTH_IN_FILES).print(render(table))
