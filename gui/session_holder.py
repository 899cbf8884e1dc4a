"""The open session file: what is written to it, and what is said when that fails."""

from __future__ import annotations

import itertools
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.session import SESSION_SUFFIX, Session
from core.session_values import SessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.session_values import Conflict, HistoryRow


def free_name(folder: Path, subject: str) -> Path:
    """Return the path of a new session file: the day, what it is about, and a number if there is one already."""
    stem = f"{datetime.now():%Y-%m-%d} {subject}"[:80]
    for number in itertools.count(1):
        path = folder / (stem + (f" ({number})" if number > 1 else "") + SESSION_SUFFIX)
        if not path.exists():
            return path
    raise AssertionError


class Level(Enum):
    """How serious a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SessionHolder(QObject):
    """A session file that may be open. A write that fails becomes a message; nothing else is lost."""

    session_changed = Signal()
    history_changed = Signal()
    conflicts_changed = Signal()
    cells_changed = Signal()  # of the current picture
    message = Signal(object, str)  # Level, sentence

    def __init__(self, sessions: Path, person: str, parent: QObject | None) -> None:
        super().__init__(parent)
        self.sessions_folder = sessions
        self.person = person
        self.session: Session | None = None
        self._conflicts: list[Conflict] = []

    @property
    def writable(self) -> bool:
        """Whether there is a session that takes corrections."""
        return self.session is not None and not self.session.read_only

    def ensure_session(self, first: Path) -> bool:
        """Make a session file for pictures if none is open."""
        if self.session is not None:
            return True
        try:
            self.sessions_folder.mkdir(parents=True, exist_ok=True)
            path = free_name(self.sessions_folder, first.parent.name or "pictures")
            self.session = Session.create(path)
        except (OSError, SessionError) as error:
            reason = error if isinstance(error, SessionError) else f"{self.sessions_folder}: {error.strerror}."
            self.message.emit(Level.ERROR, f"No session could be made, so nothing would be kept. {reason}")
            return False
        self.session_changed.emit()
        return True

    def guarded(self, write: Callable[[], Any]) -> Any:
        """Do something with the session; None, and a message, if it could not be done."""
        try:
            return write()
        except SessionError as error:
            self.message.emit(Level.ERROR, str(error))
            return None

    def save(self, path: Path, write: Callable[[], object]) -> bool:
        try:
            write()
        except (OSError, SessionError) as error:
            reason = error.strerror or error if isinstance(error, OSError) else error
            self.message.emit(Level.ERROR, f"{path}: the file cannot be written ({reason}); choose another place.")
            return False
        self.message.emit(Level.INFO, f"Saved {path}.")
        return True

    def remember(self, key: str, value: Any) -> None:
        """Keep how the window shows the session (zoom, hidden classes), to find it so again."""
        if self.writable and self.session is not None:
            self.guarded(lambda: self.session.put(key, value) if self.session else None)

    def remembered(self, key: str, default: Any = None) -> Any:
        """Return what was kept under a key."""
        return self.session.get(key, default) if self.session else default

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryRow]:
        """Return who did what and when, the latest first."""
        return self.session.history(image, limit, before) if self.session else []

    def conflicts(self) -> list[Conflict]:
        """Return where a correction and a later count do not agree."""
        return self._conflicts

    def resolve_conflict(self, conflict: Conflict) -> None:
        """Take a conflict off the list: the person has looked at it."""
        session = self.session
        if session is not None and self.guarded(lambda: session.resolve_conflict(conflict.number) or True):
            self._conflicts = [other for other in self._conflicts if other.number != conflict.number]
            self.conflicts_changed.emit()

    def ground_truth(self, image: int) -> list[tuple[str, tuple[float, float, float, float]]]:
        """Return the cells that are known to be on a picture, as class name and box; never counted."""
        stored = self.remembered(f"ground truth {image}", [])
        return [(str(name), (box[0], box[1], box[2], box[3])) for name, box in stored]

    def set_ground_truth(self, image: int, cells: Sequence[tuple[str, Sequence[float]]]) -> None:
        """Keep the cells that are known to be on a picture, to compare the count with."""
        self.remember(f"ground truth {image}", [(name, [float(side) for side in box]) for name, box in cells])
        session = self.session
        if session is not None:
            self.guarded(lambda: session.note(self.person, image, f"Ground truth imported ({len(cells)} cells)"))
            self.history_changed.emit()
        self.cells_changed.emit()
