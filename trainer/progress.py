"""Progress on a terminal, and nothing anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Item = TypeVar("Item")


def progress(items: Sequence[Item], title: str) -> Iterable[Item]:
    """Yield the items, and show how many are done."""
    console = Console(stderr=True)
    return track(items, title, console=console, disable=not console.is_terminal, transient=True)
