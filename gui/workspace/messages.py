"""Sentences for the user, posted by any service and shown by the window."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QObject, Signal


class Level(Enum):
    """How serious a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Messages(QObject):
    """Posts messages; who shows them, and how, is the window's business."""

    posted = Signal(object, str)  # Level, sentence

    def info(self, text: str) -> None:
        """Post what the user may want to know."""
        self.posted.emit(Level.INFO, text)

    def warning(self, text: str) -> None:
        """Post what the user should look at."""
        self.posted.emit(Level.WARNING, text)

    def error(self, text: str) -> None:
        """Post what did not work, and the remedy."""
        self.posted.emit(Level.ERROR, text)
