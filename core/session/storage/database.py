"""The SQLite file under a session: opening, locking, transactions, checksums, and what an error means."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from core.session.errors import DATABASE_ERRORS, busy, damaged, explain, journal_of, not_writable_there
from core.session.storage.schema import (
    APPLICATION_ID,
    COLUMNS,
    PAGE_SIZE,
    SCHEMA,
    STATEMENTS,
    Row,
    build,
    checksum,
    definitions,
    expected_definitions,
)
from core.session.values import (
    SessionBusyError,
    SessionError,
    SessionNewerError,
    SessionReadOnlyError,
)
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

CHECKED_SIZE = 256 * 2**20
"""Files above this many bytes are not checked as a whole on opening."""

_MAGIC = b"SQLite format 3\0"
_LOCK_WAIT_S = 0.25

_in_use: set[tuple[int, int | str]] = set()
"""Device and inode of the sessions open in this process.

POSIX drops all locks of a process on a file when the process closes *any* descriptor of it, so that
a second look at an open session, even to read its first bytes, would give its lock away.
"""


class SessionFile:
    """An open database with the exclusive lock (when it may be written) and its own error messages."""

    def __init__(self, path: Path, connection: sqlite3.Connection, read_only: bool, version: int = SCHEMA) -> None:
        self.path = path
        self.read_only = read_only
        self.version = version
        self.connection = connection
        self.reloads: list[Callable[[], None]] = []
        self._inside = False
        self._identity = identity_of(path)
        _in_use.add(self._identity)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make the file with empty tables; a file of no bytes may be there already."""
        path = Path(os.path.abspath(path))
        try:
            if not path.parent.is_dir():
                raise SessionError(gettext("{path}: the folder does not exist; choose another one.").format(path=path))
            refuse_existing(path)
            with _connecting(path, "rwc") as connection:
                _prepare(connection)
                _new_tables(connection)
                return cls(path, connection, read_only=False)
        except SessionReadOnlyError as error:
            raise not_writable_there(path) from error
        except OSError as error:
            raise explain(path, error) from error

    @classmethod
    def open(cls, path: Path, read_only: bool) -> Self:
        """Open and lock an existing file, and check all of it but the checksums of its rows."""
        path = Path(os.path.abspath(path))
        try:
            refuse_if_open(path)
            if not has_hot_journal(path):
                _check_header(path)
            with _connecting(path, "ro" if read_only else "rw") as connection:
                _prepare(connection)
                connection.execute("BEGIN" if read_only else "BEGIN EXCLUSIVE")
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                connection.execute("COMMIT")
                return cls(path, connection, read_only, _check_contents(path, connection, read_only))
        except OSError as error:
            raise explain(path, error) from error

    @classmethod
    def in_memory(cls, path: Path, tables: Mapping[str, Iterable[Row]]) -> Self:
        """Return a session for reading only that has these rows, in place of a file in an older schema."""
        file = cls(path, sqlite3.connect(":memory:", isolation_level=None), read_only=True)
        _new_tables(file.connection)
        for table, rows in tables.items():
            file.write(table, rows)
        return file

    def close(self) -> None:
        """Give the file back and remove its journal; harmless if it is closed already."""
        with contextlib.suppress(sqlite3.Error):
            if not self.read_only:
                self.connection.execute("PRAGMA journal_mode = DELETE")
        self.connection.close()
        _in_use.discard(self._identity)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Make what happens inside durable as a whole, or nothing of it; one inside another joins it."""
        if self.read_only:
            raise SessionReadOnlyError(
                gettext("{path}: it was opened for reading only; save a copy and change that.").format(path=self.path)
            )
        inner, self._inside = self._inside, True
        try:
            if inner and not self.connection.in_transaction:
                raise SessionError(
                    gettext("{path}: a part of this step failed and nothing was stored; try again.").format(
                        path=self.path
                    )
                )
            if not inner:
                self._check_place()
                self.connection.execute("BEGIN IMMEDIATE")
            yield
            if not inner:
                self.connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            if not inner:
                self._reload()
            if isinstance(error, (*DATABASE_ERRORS, OSError)):
                raise explain(self.path, error) from error
            raise
        finally:
            self._inside = inner

    def _reload(self) -> None:
        """Have read again what is kept in memory of small tables, after a transaction that came to nothing."""
        for reload in self.reloads:
            with contextlib.suppress(SessionError):
                reload()

    def _check_place(self) -> None:
        """Refuse to write into a file that is not there any more; the system would let us."""
        if identity_of(self.path) != self._identity:
            raise SessionError(
                gettext("{path}: another file was put in its place; open it again.").format(path=self.path)
            )

    def select(self, sql: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as they are."""
        try:
            yield from self.connection.execute(sql, parameters)
        except DATABASE_ERRORS as error:
            raise explain(self.path, error) from error

    def rows(self, table: str, condition: str = "ORDER BY rowid", *parameters: object) -> Iterator[Row]:
        """Yield rows without their checksum.

        Raises
        ------
        SessionDamagedError
            If a row does not match its checksum.
        """
        for stored in self.select(f"SELECT * FROM {table} {condition}", *parameters):
            row = stored[:-1]
            if checksum(table, row) != stored[-1]:
                raise damaged(
                    self.path,
                    gettext("row {row} of its {table} does not match its checksum").format(row=row[0], table=table),
                )
            yield row

    def row(self, table: str, number: int) -> Row | None:
        """Return one row, None if there is none of that number."""
        return next(self.rows(table, "WHERE rowid = ?", number), None)

    def write(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows, or replace those of the same number, inside a transaction."""
        marks = ", ".join("?" * (len(COLUMNS[table]) + 1))
        self.connection.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES ({marks})", ((*row, checksum(table, row)) for row in rows)
        )

    def copy_to(self, path: Path) -> None:
        """Write a copy of the whole database to a new file."""
        with _connecting(path, "rwc") as target:
            self.connection.backup(target)
            target.close()

    def largest(self, table: str) -> int:
        """Return the largest number of a table's rows, 0 if it is empty."""
        [(number,)] = self.select(f"SELECT coalesce(max(rowid), 0) FROM {table}")
        return number


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Give a path beside another for a session that takes the other's place when it is complete.

    Raises
    ------
    SessionBusyError
        If there is a session open.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists():
            probe_lock(path)
        _remove(part)
        yield part
        _remove(journal_of(path))  # it belongs to what is replaced, and would be played back into what comes
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise explain(path, error) from error
    except SessionReadOnlyError as error:
        raise not_writable_there(path) from error
    except SessionError as error:
        raise type(error)(str(error).replace(str(part), str(path))) from error
    finally:
        with contextlib.suppress(OSError):
            _remove(part)


def _remove(path: Path) -> None:
    """Remove a file and its journal, if they are there."""
    path.unlink(missing_ok=True)
    journal_of(path).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def identity_of(path: Path) -> tuple[int, int | str]:
    """Return what the system tells files apart by; some network drives of Windows only have the path."""
    status = os.stat(path)
    return status.st_dev, status.st_ino or os.path.normcase(path)


def refuse_existing(path: Path) -> None:
    """Raise ``SessionError`` if there is a file that is not empty."""
    if os.path.lexists(path) and (not path.is_file() or path.stat().st_size):
        raise SessionError(
            gettext("{path}: there is a file of this name already; choose another name.").format(path=path)
        )


def has_our_tables(path: Path) -> bool:
    """Tell whether a file that calls itself newer has just the tables of this version."""
    with _connecting(path, "ro") as connection:
        same = definitions(connection) == expected_definitions(SCHEMA)
        connection.close()
    return same


def refuse_if_open(path: Path) -> None:
    """Raise ``SessionBusyError`` if this process has the session open, before anything touches the file."""
    if identity_of(path) in _in_use:
        raise busy(path)


def probe_lock(path: Path) -> None:
    """Raise ``SessionBusyError`` if this or another process has the session open."""
    refuse_if_open(path)
    try:
        with _connecting(path, "ro") as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            connection.close()
    except SessionBusyError:
        raise
    except SessionError:
        return


@contextlib.contextmanager
def _connecting(path: Path, mode: str) -> Generator[sqlite3.Connection]:
    """Connect; if what follows fails, close, remove a file that was made, and say what was the matter."""
    made = mode == "rwc" and not path.exists()
    # unlike Path.as_uri, which names a server as SQLite does not allow
    address = "file://" + ("" if path.as_posix().startswith("/") else "/") + quote(os.fsencode(path.as_posix()))
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(f"{address}?mode={mode}", uri=True, isolation_level=None, timeout=_LOCK_WAIT_S)
        yield connection
    except BaseException as error:
        if connection is not None:
            connection.close()
        if made:
            with contextlib.suppress(OSError):
                _remove(path)
        if isinstance(error, DATABASE_ERRORS):
            raise explain(path, error) from error
        raise


def _new_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of a new session."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum = NONE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    build(connection, SCHEMA)
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection) -> None:
    """Set what a connection does not remember; zeroing freed pages leaves no stale rows for ``recover``."""
    for setting in (
        "locking_mode = EXCLUSIVE",
        "journal_mode = PERSIST",
        "synchronous = FULL",
        "fullfsync = ON",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {setting}").fetchall()


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    [(value,)] = connection.execute(f"PRAGMA {name}").fetchall()
    return value


def has_hot_journal(path: Path) -> bool:
    """Tell whether a kill left a transaction that SQLite will take back; until then the file may look damaged."""
    try:
        with journal_of(path).open("rb") as stream:
            return any(stream.read(8))
    except FileNotFoundError:
        return False


def _check_header(path: Path) -> None:
    """Refuse what is no session, and a header from which SQLite would draw the wrong conclusions."""
    with path.open("rb") as stream:
        head = stream.read(100)
    if not head:
        raise SessionError(gettext("{path}: the file is empty; delete it and begin a new session.").format(path=path))
    ours = head[68:72] == APPLICATION_ID.to_bytes(4, "big")
    if not head.startswith(_MAGIC[: len(head)]) and not ours:
        raise SessionError(
            gettext("{path}: this is not a session of SmearCount; choose a file that it saved.").format(path=path)
        )
    if len(head) == 100 and head[68:72] == bytes(4):
        raise SessionError(
            gettext("{path}: this is a database of another program; choose a session of SmearCount.").format(path=path)
        )
    fixed = _MAGIC + PAGE_SIZE.to_bytes(2, "big") + bytes((1, 1, 0, 64, 32, 32))
    sound = head.startswith(fixed) and head[52:60] == bytes((0, 0, 0, 0, 0, 0, 0, 1)) and not any(head[64:68])
    if len(head) < 100 or not sound:
        raise damaged(path, gettext("its first bytes are wrong"))


def _check_contents(path: Path, connection: sqlite3.Connection, read_only: bool) -> int:
    """Refuse what is not a sound session that this program can use; return the version of its schema."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise SessionError(
            gettext("{path}: this is not a session of SmearCount; choose a file that it saved.").format(path=path)
        )
    version = int(_pragma(connection, "user_version"))
    if version > SCHEMA:
        raise SessionNewerError(
            gettext("{path}: it was made by a newer version of SmearCount; update the program to open it.").format(
                path=path
            )
        )
    if path.stat().st_size <= CHECKED_SIZE:
        faults = connection.execute("PRAGMA quick_check(1)").fetchall()
        if faults != [("ok",)]:
            raise damaged(path, " ".join(str(faults[0][0]).split()).rstrip("."))
    if version not in STATEMENTS or definitions(connection) != expected_definitions(version):
        raise damaged(path, gettext("its tables are not those of a session"))
    if not read_only:  # only to know whether the file and its folder can be written
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("ROLLBACK")
    return version
