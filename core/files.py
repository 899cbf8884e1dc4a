"""Files that are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
from pathlib import Path

from core.text import gettext

STANDARD_OUTPUT = Path("-")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; what was there before stays until the new one is complete.

    A full drive or a cut connection leaves no half of a result that somebody might take for all of it.

    Raises
    ------
    OSError
        If it cannot be written, or what is there may not be replaced.
    """
    _refuse_what_is_there(path)
    if _is_device(path):
        path.write_bytes(data)
        return
    part = path.with_name(f".{os.getpid()}.{abs(hash(path.name)):x}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Find out whether a file can be written, and leave nothing behind; raises OSError if it cannot."""
    _refuse_what_is_there(path)
    if not _is_device(path):
        _check_writing_into(path.absolute().parent)


def check_folder(path: Path) -> None:
    """Find out whether files can be written into a folder, which need not be there; raises OSError if they cannot."""
    there = path.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    _check_writing_into(there)


def _check_writing_into(folder: Path) -> None:
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    with tempfile.TemporaryFile(dir=folder):  # a drive for reading only refuses it, whatever the permissions say
        pass


def _refuse_what_is_there(path: Path) -> None:
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _is_device(path: Path) -> bool:
    """Tell whether a path is a device or a pipe, which nothing can take the place of."""
    return path.exists() and not path.is_file()


def write_result(path: Path, data: bytes) -> None:
    """Write a whole file, or to standard output if the path is ``-``; raises OSError."""
    if path == STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_whole(path, data)


def write_error_text(path: Path, error: OSError, *others: Path) -> str:
    """Return the sentence about a result, or about several of one folder, that could not be written."""
    reason = error.strerror or error
    if not others:
        text = gettext("{path}: the result cannot be written ({reason}); choose another place.")
        return text.format(path=path, reason=reason)
    *names, last = (one.name for one in (path, *others))
    text = gettext("{folder}: {names} and {last} cannot be written ({reason}); choose another place.")
    return text.format(folder=path.parent, names=", ".join(names), last=last, reason=reason)
