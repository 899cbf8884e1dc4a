"""The base of all errors that a user reads, and the end of work that nobody waits for."""

from __future__ import annotations

from typing import Protocol


class UserError(Exception):
    """Something a user can understand and mend: one sentence that names the file and the remedy.

    Commands print it and exit with code 1 or 2; the window shows it. Anything else that is raised is a fault of the
    program.
    """


class Cancelled(Exception):
    """Raised by work that saw that its result is no longer wanted."""


class CancelFlag(Protocol):
    """Anything with ``is_set``, such as a ``threading.Event``."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


def check_cancelled(cancel: CancelFlag | None) -> None:
    """Raise ``Cancelled`` if the flag is set."""
    if cancel is not None and cancel.is_set():
        raise Cancelled
