"""The session file: images, detections, edits and settings in one SQLite file that a kill cannot harm.

Nothing that a user did is kept in memory only: every method that changes something has it on the
disk when it returns, and has changed nothing if it raises.
"""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.session.migrations import up_to_date
from core.session.recovery import copy_readable
from core.session.storage.backups import back_up
from core.session.storage.database import SessionFile, replacing
from core.session.storage.paths import find_moved, rebase, stamp_of
from core.session.tables.detections import StoredResults
from core.session.tables.edits import Edits
from core.session.tables.images import Images
from core.session.tables.kinds import StoredKinds
from core.session.tables.models import Models
from core.session.tables.records import Conflicts, SignOffs
from core.session.tables.settings import KeyValues, Settings
from core.session.tables.truths import Truths
from core.session.values import (
    SESSION_SUFFIX,
    Conflict,
    FileStamp,
    SessionBusyError,
    SessionDamagedError,
    SessionError,
    SessionNewerError,
    SessionReadOnlyError,
    StoredDetections,
    StoredImage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from core.session.storage.schema import ImageRow

__all__ = [
    "SESSION_SUFFIX",
    "Conflict",
    "FileStamp",
    "Session",
    "SessionBusyError",
    "SessionDamagedError",
    "SessionError",
    "SessionNewerError",
    "SessionReadOnlyError",
    "StoredDetections",
    "StoredImage",
    "find_moved",
    "recover",
    "stamp_of",
]

LOG = logging.getLogger(__name__)

CHECKED_AT_ONCE = 2_000
"""With more images than this, detections are checked when they are first read, and by ``Session.check``."""


def utc_now() -> datetime:
    """Return the time of the computer's clock."""
    return datetime.now(UTC)


class Session:
    """One open session file; used from one thread, closed by ``close`` or as a context manager.

    What it holds is in its parts: ``images``, ``detections``, ``truths``, ``models``, ``settings``, ``view``,
    ``edits``, ``kinds``, ``conflicts`` and ``sign_offs``. ``damage`` has a sentence for each stored result that was
    unreadable on opening: detections that must be counted again, or what ``recover`` could not bring over. It is empty
    normally.
    Every method may raise ``SessionError``; the session stays usable, and the same call may be
    repeated. ``KeyError``: there is no such image.
    """

    def __init__(self, file: SessionFile, clock: Callable[[], datetime]) -> None:
        self._file = file
        self.path = file.path
        self.read_only = file.read_only
        self.damage: tuple[str, ...] = ()
        self.models = Models(file)
        self.images = Images(file, self.models.sha256)
        self.detections = StoredResults(file, self.images, self.models)
        self.truths = Truths(file, self.images)
        self.settings = Settings(file)
        self.view = KeyValues(file, "view")
        self.edits = Edits(file, self.images, self.truths, self.models, self.settings, clock)
        self.kinds = StoredKinds(file)
        self.conflicts = Conflicts(file)
        self.sign_offs = SignOffs(file)
        self._unchecked: list[ImageRow] = []

    @classmethod
    def create(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """Make an empty session and open it.

        Raises
        ------
        SessionError
            If there is a file already (other than an empty one), or none can be written there.
        """
        session = cls(SessionFile.create(path), clock)
        LOG.info("made %s", session.path)
        return session

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open a session, and check its rows; those of many images' detections and truths only when they are read.

        A session of an older version is brought up to date. Nothing is written with ``read_only``; then every
        method that changes something raises ``SessionReadOnlyError``.

        Raises
        ------
        SessionBusyError
            If it is open in another window.
        SessionReadOnlyError
            If the file or its folder cannot be written; ``read_only=True`` may help.
        SessionDamagedError
            If it is damaged; ``recover`` may help.
        SessionNewerError
            If it was made by a newer version.
        SessionError
            If it is missing, or not a session.
        """
        file = up_to_date(SessionFile.open(path, read_only))
        session = cls(file, clock)
        try:
            session._load()
        except BaseException:
            file.close()
            raise
        LOG.info("opened %s%s", session.path, " for reading only" if read_only else "")
        for sentence in session.damage:
            LOG.warning("%s", sentence)
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; harmless if it is closed already."""
        self._file.close()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Make all changes inside durable at once, or none of them if one raises; one inside another joins it.

        A recount and the conflicts that it brings belong together, for example.
        """
        begun = False
        try:
            with self._file.transaction():
                begun = True
                yield
        except BaseException:
            if begun:  # else, where the drive is gone for example, nothing has changed
                with contextlib.suppress(SessionError, OSError):
                    self._load()
            raise

    def _load(self) -> None:
        """Check every row, so that a damaged one is neither used nor missed later."""
        self.models.load()
        rows = self.images.load()
        self.settings.load()
        self.view.load()
        self.images.next_cell = max(self.images.next_cell, self.edits.load(), self.conflicts.load())
        self.sign_offs.all()
        self.damage = tuple(self.detections.missing(rows))
        self._unchecked = rows
        if len(rows) <= CHECKED_AT_ONCE:
            for _ in self.check():
                pass

    def check(self) -> Iterator[int]:
        """Check what opening left to be checked when it is read: detections of many images.

        Yields after each image how many are left, so that a window can live meanwhile; ``damage`` grows.
        """
        while self._unchecked:
            sentence = self.detections.check(self._unchecked.pop())
            if sentence and sentence not in self.damage:
                self.damage += (sentence,)
            yield len(self._unchecked)

    # -- the file ----------------------------------------------------------------------------

    def relocate(self, new_paths: Mapping[int, Path], user: str = "") -> None:
        """Give images (by id) a new path, and note it in the history.

        Raises
        ------
        SessionError
            If a path belongs to another image of the session.
        """
        if not new_paths:
            return
        with self.transaction():
            text = self.images.relocate(new_paths)
            self.edits.note(user, next(iter(new_paths)) if len(new_paths) == 1 else None, text)

    def back_up(self) -> Path | None:
        """Keep a copy of the session beside it, and of earlier copies the latest; see ``storage.backups``."""
        return back_up(self._file)

    def copy_to(self, path: Path) -> None:
        """Write a copy of the session, replacing a file there only when the copy is complete.

        The session goes on in its own file. The copy finds images relative to its new folder.
        """
        path = Path(os.path.abspath(path))
        with replacing(path) as part:
            self._file.copy_to(part)
            with Session.open(part) as copy, copy._file.transaction():
                rebase(copy._file, self.images.paths())
        LOG.info("copied %s to %s", self.path, path)


def recover(path: Path, to: Path, *, clock: Callable[[], datetime] = utc_now) -> Session:
    """Copy every row that can be read of a damaged session into a new one, and open that.

    The damaged file is not changed. ``damage`` of the new session names what was lost; so does a
    line in its history. An image whose path was lost, but not its cells or edits, is listed as
    "unreadable name" in the folder of the new session, to be relocated.

    Raises
    ------
    SessionError
        If nothing of a session can be read, or the new file cannot be written.
    """
    damage = copy_readable(path, to, clock().astimezone(UTC).isoformat())
    session = Session.open(to, clock=clock)
    session.damage = damage + session.damage
    LOG.warning("recovered %s: %s", path, " ".join(damage) or "nothing was lost")
    return session
