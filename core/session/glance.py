"""What can be told of a session without opening it: to choose one, or to find where images were counted before."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from core.session.storage.paths import pack_path, resolve
from core.session.storage.schema import SCHEMA, ImageRow, Kind
from core.session.tables.settings import SAMPLE
from core.session.values import SESSION_SUFFIX, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SESSIONS_LOOKED_AT = 20


@dataclass(frozen=True)
class Glance:
    """A session as a list of sessions shows it.

    ``images`` and ``reviewed`` are numbers of images, ``first`` is the first of them, ``changed`` when the file was
    last written (UTC), ``signed_by`` who signed it last, "" if nobody did, and ``edited``: whether something was edited
    after that. A session of an older program has neither sample nor images here.
    """

    path: Path
    changed: datetime
    sample: Sample = field(default_factory=Sample)
    images: int = 0
    reviewed: int = 0
    first: Path | None = None
    signed_by: str = ""
    edited: bool = False

    @property
    def title(self) -> str:
        """The sample's id, or else the name of the file."""
        return self.sample.id or self.path.stem


def glance(path: Path) -> Glance | None:
    """Return what a session file says at a glance: little if somebody has it open, None if it is not there."""
    changed = datetime.min.replace(tzinfo=UTC)
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        with closing(_connected(path)) as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA:
                return Glance(path, changed)
            images, reviewed = file.execute(
                "SELECT count(*), count(reviewed_counts) FROM images WHERE removed = 0"
            ).fetchone()
            stored = file.execute("SELECT value FROM settings WHERE key = ?", (SAMPLE,)).fetchone()
            first, (signed_by, edited) = _first(file, path.parent), _signed(file)
            return Glance(path, changed, _sample(stored), images, reviewed, first, signed_by, edited)
    except OSError:
        return None
    except sqlite3.Error:
        return Glance(path, changed)


def counted_before(folder: Path, image: Path, besides: Path | None = None) -> Path | None:
    """Return the latest session file of a folder, other than ``besides``, in which an image was counted.

    What cannot be read is passed over: this answers a question in passing.
    """
    sessions = [path for path in folder.glob(f"*{SESSION_SUFFIX}") if path != besides]
    for path in sorted(sessions, key=_modified, reverse=True)[:_SESSIONS_LOOKED_AT]:
        try:
            with closing(_connected(path)) as file:
                query = "SELECT 1 FROM images WHERE path = ? AND state = 'counted' AND removed = 0"
                if file.execute(query, (pack_path(str(image)),)).fetchone():
                    return path
        except sqlite3.Error:
            continue
    return None


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)


def _sample(stored: tuple[Any, ...] | None) -> Sample:
    try:
        return Sample() if stored is None else msgspec.convert(json.loads(stored[0]) or {}, Sample)
    except ValueError:
        return Sample()


def _first(file: sqlite3.Connection, folder: Path) -> Path | None:
    query = "SELECT id, position, removed, path, relative FROM images WHERE removed = 0 ORDER BY position LIMIT 1"
    rows: Iterator[ImageRow] = (ImageRow(*row) for row in file.execute(query))
    return next(iter(resolve(rows, folder).values()), None)


def _signed(file: sqlite3.Connection) -> tuple[str, bool]:
    """Return who signed last, "" if nobody did, and whether something was edited after that."""
    last = file.execute("SELECT user, time FROM sign_offs ORDER BY number DESC LIMIT 1").fetchone()
    if last is None:
        return "", False
    edits = "SELECT time FROM history WHERE kind IN (?, ?) ORDER BY number DESC LIMIT 1"
    edit = file.execute(edits, (Kind.EDIT, Kind.CONTINUED)).fetchone()
    return last[0], edit is not None and edit[0] > last[1]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
