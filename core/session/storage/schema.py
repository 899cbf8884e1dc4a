"""The tables of a session file, and the checksum that every row carries."""

from __future__ import annotations

import sqlite3
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from core.session import schema_1

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[Any, ...]
"""A row without its checksum; its number, the row id, comes first. Columns hold int, float, str, bytes or None."""

APPLICATION_ID = 0x534D4352
"""``SMCR``, in the header of the file."""

PAGE_SIZE = 4096

SCHEMA = 4
"""The version that this program writes."""

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


class ImageRow(NamedTuple):
    """A row of ``images``.

    Paths that are not UTF-8 are bytes. ``notices``, ``reviewed_counts`` and ``region`` are JSON; an image without
    ``reviewed_counts`` is not reviewed. ``model`` is the number of the model whose detections count, ``truths`` the
    sources of its ground truths, the used one first, with spaces between them. ``next_cell`` is above the id of
    every cell that was ever detected in it. ``digest``: see ``core.report.sign_off``; NULL after any change.
    """

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
    region: str | None = None
    reviewed_counts: str | None = None
    model: int | None = None
    truths: str = ""
    next_cell: int = 0
    sha256: str | None = None
    size: int | None = None
    modified_ns: int | None = None
    digest: bytes | None = None


class DetectionsRow(NamedTuple):
    """A row of ``detections``, numbered by ``detections_number``.

    Name, hash and classes of the model stand in each, so that no damage elsewhere takes them from it. ``classes``,
    ``notices``, ``doubts`` and ``look`` are JSON. Arrays are little-endian float32 (boxes, scores) and int32 (labels,
    lengths, points); points are four times the pixels, and compressed. ``file`` is the SHA-256 of the image file,
    ``by_hand`` the diameter that was given.
    """

    number: int
    image: int
    model: int
    first_id: int
    classes: str
    model_name: str
    model_sha256: str
    diameter: float
    scale: float
    file: str
    by_hand: float | None
    notices: str
    blur: float | None
    capped: int
    dark: float | None
    bright: float | None
    doubts: str
    boxes: bytes
    scores: bytes
    labels: bytes
    lengths: bytes | None
    contours: bytes | None
    look: str = "{}"


class TruthRow(NamedTuple):
    """A row of ``truths``, numbered by ``truth_number``; which of them an image has says its own row.

    ``classes`` and ``totals`` are JSON; of cells ``labels`` are uint16 places in ``classes``, ``boxes`` float32. An
    entry of two is a class and the finer name that a file has for its cells.
    """

    number: int
    image: int
    source: str
    kind: str
    blind: int
    classes: str
    totals: str
    labels: bytes
    boxes: bytes


class ModelRow(NamedTuple):
    """A row of ``models``.

    ``card`` is JSON. ``path`` is where it was last opened, "" for the bundled model. ``used`` is
    higher the later the session was counted with it, 0 never; ``compared`` its place in the comparison, 0 none.
    """

    number: int
    sha256: str
    path: str | None = None
    card: str | None = None
    used: int = 0
    compared: int = 0


class SettingRow(NamedTuple):
    """A row of ``settings`` or ``view``; ``value`` is JSON."""

    number: int
    key: str
    value: str


class SignOffRow(NamedTuple):
    """A row of ``sign_offs``; ``head`` and ``state`` are NULL where schema 1 did not know them."""

    number: int
    user: str
    time: str
    content: str
    version: str
    head: str | None = None
    state: str | None = None


class Kind(IntEnum):
    """What a line of the history is.

    Nothing before a ``LOSS`` can be undone: edits are missing there. A ``CONTINUED`` edit is undone together with
    the edit before it.
    """

    EDIT = 0
    NOTE = 1
    LOSS = 2
    CONTINUED = 4


class LineRow(NamedTuple):
    """A row of ``history``; its rows in ``edits`` are the ``edits`` ones from ``first`` on."""

    number: int
    kind: int
    time: str
    user: str
    image: int | None
    text: str
    undoes: int | None
    first: int = 0
    edits: int = 0


class EditRow(NamedTuple):
    """A row of ``edits``: what one line of the history did to one ``subject``, see ``core.session.values``."""

    number: int
    line: int
    subject: str
    image: int | None
    key: int | str | None
    before: str | bytes | None
    after: str | bytes | None


class ConflictRow(NamedTuple):
    """A row of ``conflicts``."""

    number: int
    image: int
    cell: int
    text: str
    resolved: int


class EmbeddingsRow(NamedTuple):
    """A row of ``embeddings``: the cells of an image as an embedding model describes them.

    ``model`` is its SHA-256. ``cells`` int64, ``boxes`` float32, ``steps`` int8 and ``scales`` float32, see
    ``core.kinds.embeddings``. It can be computed again.
    """

    image: int
    model: str
    cells: bytes
    boxes: bytes
    steps: bytes
    scales: bytes


COLUMNS_2: dict[str, tuple[str, ...]] = {
    "images": ImageRow._fields,
    "detections": DetectionsRow._fields[:-1],
    "truths": TruthRow._fields,
    "models": ModelRow._fields,
    "settings": SettingRow._fields,
    "sign_offs": SignOffRow._fields,
    "view": SettingRow._fields,
    "history": LineRow._fields,
    "edits": EditRow._fields,
    "conflicts": ConflictRow._fields,
}
"""Table -> its columns before the checksum, in schema 2."""

_COLUMNS_3: dict[str, tuple[str, ...]] = {**COLUMNS_2, "embeddings": EmbeddingsRow._fields}

COLUMNS: dict[str, tuple[str, ...]] = {**_COLUMNS_3, "detections": DetectionsRow._fields}
"""The same in the present schema."""

SCHEMAS = {1: schema_1.COLUMNS, 2: COLUMNS_2, 3: _COLUMNS_3, SCHEMA: COLUMNS}
"""The same by schema."""

REAL_COLUMNS = frozenset({"seconds", "diameter", "scale", "by_hand", "blur", "dark", "bright"})
"""Columns that SQLite stores as integers where it can."""

_TYPED = {
    int: "id number image model first_id position removed width height next_cell size modified_ns capped blind used"
    " compared kind undoes first edits line cell resolved",
    bytes: "digest boxes scores labels lengths contours cells steps scales",
}
_TYPES = {name: "INTEGER" if kind is int else "BLOB" for kind, names in _TYPED.items() for name in names.split()}


def _definition(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that makes a table. The values of an edit keep the type that they came with."""
    first, *others = columns
    types = {**_TYPES, **dict.fromkeys(REAL_COLUMNS, "REAL"), "key": "TEXT"}
    if table == "embeddings":
        types["model"] = "TEXT"
    if table == "edits":
        types |= {"key": "", "before": "", "after": ""}
    parts = (f"{name} {types.get(name, 'TEXT')}".rstrip() for name in others)
    return f"CREATE TABLE {table}({first} INTEGER PRIMARY KEY, {', '.join(parts)}, crc INTEGER)"


def _statements(columns: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the statements that make all tables of a schema."""
    return (
        *(_definition(table, names) for table, names in columns.items()),
        *(statement for table in ("sign_offs", "history", "edits") for statement in _append_only(table)),
    )


STATEMENTS: dict[int, tuple[str, ...]] = {
    1: (*schema_1.STATEMENTS, *(statement for name in schema_1.APPEND_ONLY for statement in _append_only(name))),
    **{version: _statements(columns) for version, columns in SCHEMAS.items() if version > 1},
}
"""Schema -> the statements that make its tables.

There are no indices: every look-up is by the number of a row, which follows from what is looked for, so that
nothing but a row's own checksum decides whether it is found.
"""

_MODELS = 2**16
_SOURCES = ("typed", "tally", "imported", "reviewed")


def detections_number(image: int, model: int) -> int:
    """Return the number of the row that has the detections of a model (by its number) in an image."""
    return image * _MODELS + model


def split_detections_number(number: int) -> tuple[int, int]:
    """Return image and model of a row of detections by its number."""
    return divmod(number, _MODELS)


def truth_number(image: int, source: str) -> int:
    """Return the number of the row that has the ground truth of an image from a source."""
    return image * len(_SOURCES) + _SOURCES.index(source)


def present_rows(table: str, rows: Iterable[Row]) -> list[Row]:
    """Return rows of schema 2 or later in the present one; columns that came after it hold what they begin with."""
    return [DetectionsRow(*row) if table == "detections" else row for row in rows]


def checksum(table: str, row: Row) -> int:
    """Return the CRC-32 of a row: of its table, its number, and the type and value of each column."""
    if bytes in map(type, row):
        row = tuple([crc32(value) if type(value) is bytes else value for value in row])
    # ascii, unlike repr, gives the same text under every version of Python's Unicode tables
    return crc32(ascii((table, *row)).encode())


def build(connection: sqlite3.Connection, version: int) -> None:
    """Create the tables of a version in an empty database."""
    for statement in STATEMENTS[version]:
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
