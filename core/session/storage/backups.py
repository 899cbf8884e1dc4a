"""Copies of a session as it was at its last openings, in a folder beside it."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from typing import TYPE_CHECKING

from core.session.storage.database import CHECKED_SIZE
from core.session.values import SESSION_SUFFIX, SessionError

if TYPE_CHECKING:
    from pathlib import Path

    from core.session.storage.database import SessionFile

LOG = logging.getLogger(__name__)

FOLDER = "SmearCount backups"
KEPT = 3


def backups_of(path: Path) -> list[Path]:
    """Return the backups of a session, the latest first; the time in each name is that of its last change."""
    found = (path.parent / FOLDER).glob(f"{_escaped(path.stem)} ????-??-?? ??.??.??{SESSION_SUFFIX}")
    return sorted(found, reverse=True)


def back_up(file: SessionFile) -> Path | None:
    """Keep a copy of an open session, and of its earlier backups the latest ones; return the copy.

    None if it has not changed since the last one, is open for reading only or is larger than 256 MB, or if the copy
    cannot be written: that keeps nobody from working.
    """
    try:
        status = os.stat(file.path)
        if file.read_only or status.st_size > CHECKED_SIZE:
            return None
        changed = f"{datetime.fromtimestamp(status.st_mtime):%Y-%m-%d %H.%M.%S}"
        copy = file.path.parent / FOLDER / f"{file.path.stem} {changed}{SESSION_SUFFIX}"
        if copy.exists():
            return None
        copy.parent.mkdir(exist_ok=True)
        part = copy.with_name(f".{copy.name}.{os.getpid()}.part")
        try:
            file.copy_to(part)
            os.replace(part, copy)
        finally:
            part.unlink(missing_ok=True)
        for old in backups_of(file.path)[KEPT:]:
            old.unlink()
    except (OSError, SessionError) as error:
        LOG.warning("%s: no backup was made (%s)", file.path, error)
        return None
    LOG.info("backed up %s as %s", file.path, copy)
    return copy


def _escaped(name: str) -> str:
    """Return a name as a pattern that it alone matches."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
