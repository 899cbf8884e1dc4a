"""The open session file: what is written to it, and what is said when that fails."""

from __future__ import annotations

import itertools
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.session.errors import explain, not_writable_there
from core.session.session import SESSION_SUFFIX, Session
from core.session.values import SessionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.session.values import Conflict, HistoryRow


def free_path(folder: Path, stem: str) -> Path:
    """Return the path of a new session file in a folder, with a number if there is one of that name already."""
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

    def made_sessions_folder(self) -> Path:
        """Return the folder for new session files; make it if it is not there.

        Raises
        ------
        SessionError
            If it cannot be made.
        """
        try:
            self.sessions_folder.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise not_writable_there(self.sessions_folder) from error
        except OSError as error:
            raise explain(self.sessions_folder, error) from error
        return self.sessions_folder

    def ensure_session(self, first: Path) -> Session:
        """Return the open session; make a file for pictures if there is none.

        Raises
        ------
        SessionError
            If it cannot be made.
        """
        if self.session is None:
            stem = f"{datetime.now():%Y-%m-%d} {first.parent.name or 'pictures'}"[:80]
            self.session = Session.create(free_path(self.made_sessions_folder(), stem))
            self.session_changed.emit()
        return self.session

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
        session = self.session
        value = self.guarded(lambda: session.get(key)) if session is not None else None
        return default if value is None else value

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryRow]:
        """Return who did what and when, the latest first."""
        session = self.session
        return (self.guarded(lambda: session.history(image, limit, before)) if session else None) or []

    def conflicts(self) -> list[Conflict]:
        """Return where a correction and a later count do not agree."""
        return self._conflicts

    def resolve_conflict(self, conflict: Conflict) -> None:
        """Take a conflict off the list: the person has looked at it."""
        session = self.session
        if session is not None and self.guarded(lambda: session.resolve_conflict(conflict.number) or True):
            self._conflicts = [other for other in self._conflicts if other.number != conflict.number]
            self.conflicts_changed.emit()
