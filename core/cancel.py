"""Stopping long work that nobody needs any more."""

from __future__ import annotations

from typing import Protocol


class Cancelled(Exception):
    """Raised by long work that saw that its result is no longer wanted."""


class CancelFlag(Protocol):
    """Anything with ``is_set``, such as a ``threading.Event``."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


def check_cancelled(cancel: CancelFlag | None) -> None:
    """Raise ``Cancelled`` if the flag is set."""
    if cancel is not None and cancel.is_set():
        raise Cancelled
