"""The tables of schema 1, as they were written until schema 2: for bringing a session up to date, and for recovery."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class ImageRow(NamedTuple):
    """A row of ``images``."""

    id: int
    position: int
    removed: int
    path: str | bytes
    relative: str | bytes | None
    state: str
    error: str
    notices: str
    width: int
    height: int
    seconds: float
    diameter: float | None
    reviewed: int
    sha256: str | None
    size: int | None
    modified_ns: int | None


class DetectionsRow(NamedTuple):
    """A row of ``detections``."""

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


class CommandRow(NamedTuple):
    """A row of ``commands``; ``cells`` is the number of its rows in ``edits``."""

    number: int
    kind: int
    time: str
    person: str
    image: int | None
    name: str
    undoes: int | None
    reviewed_before: int | None
    reviewed_after: int | None
    cells: int


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


class Contours(msgspec.Struct):
    """Contours: how many points each has, and all points, compressed."""

    lengths: list[int]
    points: str


class ContoursOf(msgspec.Struct):
    """The contours under the key ``contours IMAGE``; ``first`` is the id of the first cell."""

    first: int
    packed: Contours


class Field(msgspec.Struct):
    """What stands under the key ``field IMAGE``."""

    blur: float | None = None
    capped: bool = False
    levels: tuple[float, float] | None = None


class Found(msgspec.Struct):
    """Detections of another model under the key ``found IMAGE SHA256``."""

    model: str
    classes: tuple[str, ...]
    file: str
    by_hand: float | None
    diameter: float
    scale: float
    notices: tuple[str, ...]
    blur: float | None
    capped: bool
    cells: str
    levels: tuple[float, float] | None = None
    contours: Contours | None = None


class SignOff(msgspec.Struct):
    """One of the sign-offs under the key ``sign-offs``."""

    person: str
    time: str
    content: str
    version: str


CARRIED = 3
"""The kind of a command that programs before the last one of schema 1 stored; its edits do not stand."""

COLUMNS = {
    "images": ImageRow._fields,
    "detections": DetectionsRow._fields,
    "commands": CommandRow._fields,
    "edits": EditRow._fields,
    "settings": SettingRow._fields,
    "conflicts": ConflictRow._fields,
}

STATEMENTS = (
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
)

APPEND_ONLY = ("commands", "edits")
