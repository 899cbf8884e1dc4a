"""What an error of a session file means, and what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from core.session.values import SessionBusyError, SessionDamagedError, SessionError, SessionReadOnlyError
from core.text import gettext

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
    return SessionDamagedError(
        gettext("{path}: the session is damaged ({reason}); use Recover to save what is readable.").format(
            path=path, reason=reason
        )
    )


def busy(path: Path) -> SessionBusyError:
    """Return the error of a session that is open elsewhere."""
    return SessionBusyError(
        gettext("{path}: it is open in another window or on another computer; close it there first.").format(path=path)
    )


def not_writable_there(path: Path) -> SessionReadOnlyError:
    """Return the error of a new file in a folder that may not be written."""
    return SessionReadOnlyError(
        gettext("{path}: you may not write in this folder; choose another one.").format(path=path)
    )


def _not_writable(path: Path) -> SessionReadOnlyError:
    return SessionReadOnlyError(
        gettext(
            "{path}: you may not write this file or its folder; open it for reading, or copy it to another folder."
        ).format(path=path)
    )


def explain(path: Path, error: sqlite3.Error | UnicodeDecodeError | OSError) -> SessionError:
    """Say what an error means for a file, and what to do about it."""
    full = SessionError(gettext("{path}: the drive is full; free some space and try again.").format(path=path))
    gone = SessionError(
        gettext("{path}: it cannot be reached any more; connect the drive or the network folder again.").format(
            path=path
        )
    )
    if isinstance(error, OSError):
        if error.errno in _FULL_DRIVE:
            return full
        if error.errno in _NOT_WRITABLE:
            return _not_writable(path)
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return (
                gone
                if not path.parent.is_dir()
                else SessionError(gettext("{path}: there is no such file; put it back.").format(path=path))
            )
        if isinstance(error, IsADirectoryError):
            return SessionError(gettext("{path}: this is a folder; choose a session of SmearCount.").format(path=path))
        return SessionError(
            gettext("{path}: it cannot be read or written ({strerror}); check the drive.").format(
                path=path, strerror=error.strerror
            )
        )
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.ProgrammingError):
        return SessionError(
            gettext("{path}: the session cannot be used ({error}); open it again.").format(path=path, error=error)
        )
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
                gettext(
                    "{path}: the program was ended while it wrote this file, and the last step must be taken back;"
                    " open it where you may write, together with {name}."
                ).format(path=path, name=journal_of(path).name)
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _not_writable(path)
        case sqlite3.SQLITE_IOERR if code in (sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK):
            return SessionError(
                gettext("{path}: files cannot be locked on this drive; copy it to a drive of this computer.").format(
                    path=path
                )
            )
        case _:
            return SessionError(
                gettext("{path}: it cannot be read or written ({error}); check the drive.").format(
                    path=path, error=error
                )
            )
