"""What an error of a session file means, and what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from core.session.values import SessionBusyError, SessionDamagedError, SessionError, SessionReadOnlyError

if TYPE_CHECKING:
    from pathlib import Path

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What ``sqlite3`` raises; the latter where a damaged definition is quoted in the message of an error."""

_FULL_DRIVE = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def journal_of(path: Path) -> Path:
    """Return the path of the rollback journal of a file."""
    return path.with_name(path.name + "-journal")


def damaged(path: Path, reason: str) -> SessionDamagedError:
    """Return the error of a damaged file."""
    return SessionDamagedError(f"{path}: the session is damaged ({reason}); open what can be recovered of it.")


def busy(path: Path) -> SessionBusyError:
    """Return the error of a session that is open elsewhere."""
    return SessionBusyError(f"{path}: it is open in another window or on another computer; close it there first.")


def not_writable_there(path: Path) -> SessionReadOnlyError:
    """Return the error of a new file in a folder that may not be written."""
    return SessionReadOnlyError(f"{path}: you may not write in this folder; choose another one.")


def _not_writable(path: Path) -> SessionReadOnlyError:
    return SessionReadOnlyError(
        f"{path}: you may not write this file or its folder; open it for reading, or copy it to another folder."
    )


def explain(path: Path, error: sqlite3.Error | UnicodeDecodeError | OSError) -> SessionError:
    """Say what an error means for a file, and what to do about it."""
    full = SessionError(f"{path}: the drive is full; free some space and try again.")
    gone = SessionError(f"{path}: it cannot be reached any more; connect the drive or the network folder again.")
    if isinstance(error, OSError):
        if error.errno in _FULL_DRIVE:
            return full
        if error.errno in _NOT_WRITABLE:
            return _not_writable(path)
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return gone if not path.parent.is_dir() else SessionError(f"{path}: there is no such file; put it back.")
        if isinstance(error, IsADirectoryError):
            return SessionError(f"{path}: this is a folder; choose a session of SmearCount.")
        return SessionError(f"{path}: it cannot be read or written ({error.strerror}); check the drive.")
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.ProgrammingError):
        return SessionError(f"{path}: the session cannot be used ({error}); open it again.")
    if code is None:  # text that is no UTF-8
        return damaged(path, str(error))
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return full
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return busy(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
        case _ if not path.parent.is_dir():
            return gone
        case sqlite3.SQLITE_READONLY if code == sqlite3.SQLITE_READONLY_ROLLBACK:
            return SessionReadOnlyError(
                f"{path}: the program was ended while it wrote this file, and the last step must be taken back;"
                f" open it where you may write, together with {journal_of(path).name}."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _not_writable(path)
        case sqlite3.SQLITE_IOERR if code in (sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK):
            return SessionError(f"{path}: files cannot be locked on this drive; copy it to a drive of this computer.")
        case _:
            return SessionError(f"{path}: it cannot be read or written ({error}); check the drive.")
