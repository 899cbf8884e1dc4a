"""Sentences for the user, posted by any service and shown by the window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class Level(Enum):
    """How serious a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Offer:
    """What has happened, and what can be done about it for a moment.

    ``about_step``: it is about the last step, and no longer holds after the next. ``stays``: until it is
    answered, or the user goes on with something else.
    """

    text: str
    label: str
    act: Callable[[], object]
    about_step: bool = False
    stays: bool = False


class Messages(QObject):
    """Posts messages; who shows them, and how, is the window's business."""

    posted = Signal(object, str)  # Level, sentence
    offered = Signal(object)  # Offer

    def info(self, text: str) -> None:
        """Post what the user may want to know."""
        self.posted.emit(Level.INFO, text)

    def warning(self, text: str) -> None:
        """Post what the user should look at."""
        self.posted.emit(Level.WARNING, text)

    def error(self, text: str) -> None:
        """Post what did not work, and the remedy."""
        self.posted.emit(Level.ERROR, text)

    def offer(
        self, text: str, label: str, act: Callable[[], object], *, about_step: bool = False, stays: bool = False
    ) -> None:
        """Post what has happened with a button, ``label``, that does something about it."""
        self.offered.emit(Offer(text, label, act, about_step, stays))
