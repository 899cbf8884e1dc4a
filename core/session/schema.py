"""The tables of a session file, their versions, and the checksum that every row carries."""

from __future__ import annotations

import sqlite3
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

Row = tuple[Any, ...]
"""A row without its checksum; its number, the row id, comes first. Columns hold int, float, str, bytes or None."""

APPLICATION_ID = 0x534D4352
"""``SMCR``, in the header of the file."""

PAGE_SIZE = 4096

_APPEND_ONLY = """\
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} {condition}
BEGIN SELECT RAISE(ABORT, 'the history of a session cannot be changed'); END"""


def _append_only(table: str) -> tuple[str, ...]:
    """Return triggers that refuse to change rows; that on INSERT is for ``INSERT OR REPLACE``."""
    known = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE number = NEW.number)"
    return tuple(
        _APPEND_ONLY.format(table=table, event=event, condition=known if event == "INSERT" else "")
        for event in ("INSERT", "UPDATE", "DELETE")
    )


MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        """\
CREATE TABLE images(
    id INTEGER PRIMARY KEY, position INTEGER, removed INTEGER, path TEXT, relative TEXT, state TEXT, error TEXT,
    notices TEXT, width INTEGER, height INTEGER, seconds REAL, diameter REAL, reviewed INTEGER, sha256 TEXT,
    size INTEGER, modified_ns INTEGER, crc INTEGER)""",
        """\
CREATE TABLE detections(
    image INTEGER PRIMARY KEY, first_id INTEGER, classes TEXT, diameter REAL, scale REAL, model_name TEXT,
    model_sha256 TEXT, boxes BLOB, scores BLOB, labels BLOB, crc INTEGER)""",
        """\
CREATE TABLE commands(
    number INTEGER PRIMARY KEY, kind INTEGER, time TEXT, person TEXT, image INTEGER, name TEXT, undoes INTEGER,
    reviewed_before INTEGER, reviewed_after INTEGER, cells INTEGER, crc INTEGER)""",
        """\
CREATE TABLE edits(
    number INTEGER PRIMARY KEY, command INTEGER, image INTEGER, cell INTEGER, before TEXT, after TEXT,
    crc INTEGER)""",
        "CREATE TABLE settings(number INTEGER PRIMARY KEY, key TEXT, value TEXT, crc INTEGER)",
        """\
CREATE TABLE conflicts(
    number INTEGER PRIMARY KEY, image INTEGER, cell INTEGER, text TEXT, resolved INTEGER, crc INTEGER)""",
        *_append_only("commands"),
        *_append_only("edits"),
    ),
}
"""Schema version -> the statements that lead to it from the version before.

There are no indices: nothing but a row's own checksum then decides whether it is found.
"""


class ImageRow(NamedTuple):
    """A row of ``images``; paths that are no UTF-8 are bytes, ``notices`` JSON, ``removed`` and ``reviewed`` 0 or 1."""

    id: int
    position: int
    removed: int
    path: str | bytes
    relative: str | bytes | None
    state: str = "waiting"
    error: str = ""
    notices: str = "[]"
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    diameter: float | None = None
    reviewed: int = 0
    sha256: str | None = None
    size: int | None = None
    modified_ns: int | None = None


class DetectionsRow(NamedTuple):
    """A row of ``detections``; arrays are little-endian float32 (boxes, scores) and int32 (labels)."""

    image: int
    first_id: int
    classes: str
    diameter: float
    scale: float
    model_name: str
    model_sha256: str
    boxes: bytes
    scores: bytes
    labels: bytes


class Kind(IntEnum):
    """What a row of ``commands`` is.

    Nothing before a ``LOSS`` can be undone: edits are missing there. A ``CARRIED`` one was no person's: programs
    before this one stored what followed from earlier edits when the image was counted again. It is passed over,
    since ``core.counting.edits`` finds that out for any count. A ``CONTINUED`` one is a command that is undone together
    with the command before it.
    """

    COMMAND = 0
    NOTE = 1
    LOSS = 2
    CARRIED = 3
    CONTINUED = 4


class CommandRow(NamedTuple):
    """A row of ``commands``; ``cells`` is the number of its rows in ``edits``."""

    number: int
    kind: int
    time: str
    person: str
    image: int | None
    name: str
    undoes: int | None
    reviewed_before: int | None = None
    reviewed_after: int | None = None
    cells: int = 0


class EditRow(NamedTuple):
    """A row of ``edits``; ``before`` and ``after`` are JSON of a ``Cell``."""

    number: int
    command: int
    image: int
    cell: int
    before: str | None
    after: str | None


class SettingRow(NamedTuple):
    """A row of ``settings``; ``value`` is JSON."""

    number: int
    key: str
    value: str


class ConflictRow(NamedTuple):
    """A row of ``conflicts``."""

    number: int
    image: int
    cell: int
    text: str
    resolved: int


COLUMNS = {
    "images": ImageRow._fields,
    "detections": DetectionsRow._fields,
    "commands": CommandRow._fields,
    "edits": EditRow._fields,
    "settings": SettingRow._fields,
    "conflicts": ConflictRow._fields,
}
"""Table -> its columns before the checksum."""

REAL_COLUMNS = frozenset({"seconds", "diameter", "scale"})
"""Columns that SQLite stores as integers where it can."""


def schema_version() -> int:
    """Return the version that this program writes."""
    return max(MIGRATIONS)


def checksum(table: str, row: Row) -> int:
    """Return the CRC-32 of a row: of its table, its number, and the type and value of each column."""
    # ascii, unlike repr, gives the same text under every version of Python's Unicode tables
    small = tuple(crc32(value) if isinstance(value, bytes) else value for value in row)
    return crc32(ascii((table, *small)).encode())


def build(connection: sqlite3.Connection, version: int) -> None:
    """Create the tables of a version in an empty database."""
    for step in range(1, version + 1):
        for statement in MIGRATIONS[step]:
            connection.execute(statement)


def definitions(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Return the definitions of all tables and triggers of a database."""
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))


@cache
def expected_definitions(version: int) -> set[tuple[str, ...]]:
    """Return the definitions that a session of a version must have."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        build(connection, version)
        return definitions(connection)
    finally:
        connection.close()
