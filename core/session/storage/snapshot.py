"""Reading a session that is open in a window: a copy of it as it is between two of its steps."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

from core.session.errors import busy, explain
from core.session.storage.database import has_hot_journal, refuse_if_open

if TYPE_CHECKING:
    from pathlib import Path

_TRIES = 20
_PAUSE_S = 0.1
_CHUNK = 2**20


def snapshot(path: Path, folder: Path) -> Path:
    """Copy a session that another program has open, as it is after one of its steps; return the copy.

    A step is written to a journal, then to the file, and then the journal is made void. So what is read twice with
    the same result, with a void journal before, between and after, holds whole steps only. Nothing is locked, and
    the other program notices nothing.

    Raises
    ------
    SessionBusyError
        If this process has it open, or it is written to all the time.
    SessionError
        If it cannot be read.
    """
    copy = folder / path.name
    try:
        refuse_if_open(path)
        for _ in range(_TRIES):
            if not has_hot_journal(path):
                first = _read(path, copy)
                if not has_hot_journal(path) and _read(path) == first and not has_hot_journal(path):
                    return copy
            time.sleep(_PAUSE_S)
    except OSError as error:
        raise explain(path, error) from error
    raise busy(path)


def _read(path: Path, copy: Path | None = None) -> bytes:
    """Return the SHA-256 of a file, and write what was read to a copy."""
    digest = hashlib.sha256()
    with path.open("rb") as source, (copy or type(path)(os.devnull)).open("wb") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.digest()
