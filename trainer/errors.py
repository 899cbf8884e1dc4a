"""The errors of the trainer's commands: all are ``UserError``, which a command prints and ends with code 2."""

from __future__ import annotations

from core.errors import UserError


class FailedError(UserError):
    """A command that failed although its input is good; it ends with code 1."""
