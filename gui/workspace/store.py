"""The open session file, and the one way to write to it."""

from __future__ import annotations

import itertools
import logging
import os
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from PySide6.QtCore import QObject, Signal, Slot

from core.session.errors import explain, not_writable_there
from core.session.session import Session, recover
from core.session.values import (
    SESSION_SUFFIX,
    SessionBusyError,
    SessionDamagedError,
    SessionError,
    SessionReadOnlyError,
)
from core.text import gettext, ngettext
from gui.tasks import IdleLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from gui.workspace.messages import Messages

__all__ = [
    "SESSION_SUFFIX",
    "SessionBusyError",
    "SessionDamagedError",
    "SessionError",
    "SessionReadOnlyError",
    "SessionStore",
    "Write",
    "can_be_read",
    "free_path",
]

LOG = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_DAMAGE = 4
_ID_KEY = "id"


class Write:
    """One transaction on the open session. ``done``: everything in it is on the disk."""

    def __init__(self, session: Session, user: str) -> None:
        self._session = session
        self.refused: SessionError | None = None
        self.done = False
        self.noted = False
        self._user = user

    @property
    def session(self) -> Session:
        """The session; raises SessionError if the transaction could not even begin."""
        if self.refused is not None:
            raise self.refused
        return self._session

    def note(self, text: str, image: int | None = None, user: str | None = None) -> None:
        """Add a line to the session's history that no undo takes back."""
        self.session.edits.note(self._user if user is None else user, image, text)
        self.noted = True


class SessionStore(QObject):
    """Opens, writes and closes sessions. A write that fails becomes a message and has changed nothing.

    When another session is open, or none, services read it on ``reading``, in the order in which they were made;
    then ``session_changed`` has everybody show it. ``closing`` comes before a session is closed; ``flushing`` asks
    for what is pending, such as a threshold that was just moved, to be written. ``saved`` tells whether the last write
    worked.
    """

    reading = Signal()
    session_changed = Signal()
    flushing = Signal()
    closing = Signal()
    noted = Signal()  # the history has a new line
    user_changed = Signal()
    saved_changed = Signal()
    open_refused = Signal(object, object)  # Path of a session, SessionError
    create_refused = Signal(object, object)  # the paths that were to be opened, SessionError

    def __init__(self, folder: Path, user: str, messages: Messages, parent: QObject | None = None) -> None:
        """``folder`` is where new session files are made; ``user`` signs edits."""
        super().__init__(parent)
        self.folder = folder
        self.session: Session | None = None
        self.saved = True
        self._user = user
        self._messages = messages
        self._known_damage: set[str] = set()
        self._checking = IdleLoop(self)
        self._checking.ended.connect(self._on_checked)

    # -- what is open --------------------------------------------------------------------------

    @property
    def user(self) -> str:
        """The name that signs edits; "" until it is known."""
        return self._user

    @user.setter
    def user(self, name: str) -> None:
        self._user = name
        self.user_changed.emit()

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self.session is not None

    @property
    def path(self) -> Path | None:
        """The file of the open session."""
        return None if self.session is None else self.session.path

    @property
    def writable(self) -> bool:
        """Whether a session is open that takes edits."""
        return self.session is not None and not self.session.read_only

    @property
    def read_only(self) -> bool:
        """Whether a session is open for reading only."""
        return self.session is not None and self.session.read_only

    @property
    def session_id(self) -> str:
        """What names the open session, wherever its file lies; "" for one that has no id yet."""
        return str(self.remembered(_ID_KEY, ""))

    # -- opening and closing -------------------------------------------------------------------

    def open(self, path: Path, *, read_only: bool = False) -> bool:
        """Open a session file in place of the present one; True if it is open."""
        if self.session is not None and os.path.abspath(path) == str(self.session.path):
            self._messages.info(gettext("{name} is open already.").format(name=path.name))
            return True
        try:
            session = Session.open(path, read_only=read_only)
        except SessionError as error:
            LOG.warning("session refused: %s", error)
            self.open_refused.emit(path, error)
            return False
        self.take(session)
        return True

    def recover(self, path: Path) -> bool:
        """Copy what can be read of a damaged session into a new file, beside it if possible, and open that."""
        name = gettext("{stem} recovered").format(stem=path.stem)
        try:
            try:
                session = recover(path, free_path(path.parent, name))
            except SessionReadOnlyError:
                session = recover(path, free_path(self.made_folder(), name))
        except SessionError as error:
            LOG.warning("session not recovered: %s", error)
            self.open_refused.emit(path, error)
            return False
        self.take(session)
        return True

    def take(self, session: Session) -> None:
        """Open a session that was read already, in place of the present one.

        Everybody hears of the end of the present one first: images of both have the same ids.
        """
        if self.session is not None:
            self.close()
        self.session = session
        LOG.info("session opened: %s%s", session.path, " (read only)" if session.read_only else "")
        self._announce()
        self._report_damage()
        self._checking.start(session.check())

    @Slot()
    def _on_checked(self) -> None:
        """Report what was found; keep a copy of a session that is sound."""
        self._report_damage()
        if self.session is not None and not self.session.damage:
            self.session.back_up()

    @Slot()
    def _report_damage(self) -> None:
        """Report the damage that was found since the last report."""
        session, known = self.session, self._known_damage
        damage = [] if session is None else [text for text in session.damage if text not in known]
        self._known_damage.update(damage)
        if damage:
            more = len(damage) - _MOST_DAMAGE
            rest = ngettext("And {n:,} more of this kind.", "And {n:,} more of this kind.", more).format(n=more)
            self._messages.error(" ".join([*damage[:_MOST_DAMAGE], *([rest] if more > 0 else [])]))

    def ensure(self, first: Path) -> Session:
        """Return the open session; if there is none, make a file named after the folder of an image.

        Raises
        ------
        SessionError
            If it cannot be made.
        """
        if self.session is None:
            stem = f"{datetime.now():%Y-%m-%d} {first.parent.name or gettext('images')}"[:80]
            self.session = Session.create(free_path(self.made_folder(), stem))
            LOG.info("session made: %s", self.session.path)
            self._announce()
        return self.session

    def close(self) -> None:
        """Close the session. Nothing is lost: everything is on the disk."""
        self._close()
        self._announce()

    def shut(self) -> None:
        """Close the session at the end of the program, when nobody needs to hear of it any more."""
        self._close()

    def _announce(self) -> None:
        self.reading.emit()
        self.session_changed.emit()

    def _close(self) -> None:
        self._checking.stop()
        self._known_damage.clear()
        self.saved = True
        if self.session is not None:
            self.closing.emit()
            self.flush()
            LOG.info("session closed: %s", self.session.path)
            self.session.close()
        self.session = None

    def made_folder(self) -> Path:
        """Return the folder for new session files; make it if it is not there.

        Raises
        ------
        SessionError
            If it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise not_writable_there(self.folder) from error
        except OSError as error:
            raise explain(self.folder, error) from error
        return self.folder

    def copy_to(self, path: Path) -> bool:
        """Write a copy of the session; the window stays with the original."""
        session = self.session
        if session is None:
            return False
        self.flush()
        return self.save(path, lambda: session.copy_to(path))

    def flush(self) -> None:
        """Have written what is pending, so that the session is what the window shows."""
        if self.session is not None:
            self.flushing.emit()

    # -- reading and writing -------------------------------------------------------------------

    @contextmanager
    def write(self, *, remedy: str = "") -> Generator[Write]:
        """Change the open session in one transaction; ``done`` of what it yields tells whether that worked.

        What fails is posted as a message, followed by ``remedy``, and nothing has changed.
        """
        assert self.session is not None, "callers ask writable first"
        write = Write(self.session, self._user)
        try:
            with ExitStack() as stack:
                try:
                    stack.enter_context(self.session.transaction())
                except SessionError as error:
                    write.refused = error
                yield write
                if write.refused is not None:
                    raise write.refused
        except SessionError as error:
            LOG.error("session not written: %s", error)
            self._messages.error(f"{error} {remedy}".rstrip())
            self._show_saved(saved=False)
        else:
            write.done = True
            self._show_saved(saved=True)
            if write.noted:
                self.noted.emit()

    def _show_saved(self, *, saved: bool) -> None:
        if saved != self.saved:
            self.saved = saved
            self.saved_changed.emit()

    def read(self, what: Callable[[Session], T], default: T) -> T:
        """Return something of the open session; the default if there is none, or if it cannot be read."""
        if self.session is None:
            return default
        try:
            return what(self.session)
        except SessionError as error:
            LOG.error("session not read: %s", error)
            self._messages.error(str(error))
            return default

    def remember(self, key: str, value: Any) -> None:
        """Keep with the session what no number depends on, such as which image is shown."""
        if self.writable:
            with self.write() as write:
                write.session.view.put(key, value)

    def remembered(self, key: str, default: Any = None) -> Any:
        """Return what was kept under a key."""
        value = self.read(lambda session: session.view.get(key), None)
        return default if value is None else value

    def identify(self) -> str:
        """Return the id of the session; give it one if it has none, unless it is open for reading only."""
        if not self.session_id:
            self.remember(_ID_KEY, uuid4().hex)
        return self.session_id

    def save(self, path: Path, write: Callable[[], object]) -> bool:
        """Write a file that is not the session; True, and a message, if it is there."""
        try:
            write()
        except (OSError, SessionError) as error:
            LOG.error("file not written: %s (%s)", path, error)
            reason = error.strerror or error if isinstance(error, OSError) else error
            self._messages.error(
                gettext("{path}: the file cannot be written ({reason}); choose another place.").format(
                    path=path, reason=reason
                )
            )
            return False
        self._messages.info(gettext("Saved {path}.").format(path=path))
        return True


def free_path(folder: Path, stem: str) -> Path:
    """Return the path of a new session file in a folder, with a number if there is one of that name already."""
    for number in itertools.count(1):
        path = folder / (stem + (f" ({number})" if number > 1 else "") + SESSION_SUFFIX)
        if not path.exists():
            return path
    raise AssertionError


def can_be_read(path: Path) -> bool:
    """Tell whether a session that others have open can be opened for reading."""
    try:
        Session.open(path, read_only=True).close()
    except SessionError:
        return False
    return True
