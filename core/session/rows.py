"""How the rows of a session hold its values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.cells import Cell, CellChange, Detections, Origin
from core.session.schema import CommandRow, DetectionsRow, EditRow, ImageRow, Kind
from core.session.values import Command, FileStamp, StoredDetections, StoredImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise NotImplementedError


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_cells = msgspec.json.Decoder(Cell)
_sentences = msgspec.json.Decoder(tuple[str, ...])


def to_json(value: Any) -> str:
    """Return a value as JSON; NumPy numbers and arrays are numbers and lists."""
    return _encoder.encode(value).decode()


def finite(value: float) -> float:
    """Return a number as SQLite gives it back.

    Raises
    ------
    ValueError
        If it is infinite or not a number.
    """
    value = float(value) + 0.0  # SQLite has no -0.0
    if not math.isfinite(value):
        raise ValueError("a session holds finite numbers only")
    return value


def unpack_image(row: ImageRow, path: Path) -> StoredImage:
    """Return the image of a row, at the path where it is now."""
    stamp = None
    if row.sha256 is not None and row.size is not None and row.modified_ns is not None:
        stamp = FileStamp(row.sha256, row.size, row.modified_ns)
    return StoredImage(
        row.id,
        path,
        row.state,
        row.error,
        _sentences.decode(row.notices),
        row.width,
        row.height,
        row.seconds,
        row.diameter,
        bool(row.reviewed),
        stamp,
    )


def pack_detections(image: int, found: StoredDetections) -> DetectionsRow:
    """Return the row of an image's detections.

    Raises
    ------
    ValueError
        If the ids are not consecutive, or an origin is not ``MODEL``.
    """
    cells = found.detections
    first = int(cells.ids[0]) if len(cells) else 0
    if not np.array_equal(cells.ids, np.arange(first, first + len(cells))) or (cells.origin != Origin.MODEL).any():
        raise ValueError("detections must have consecutive ids and come from a model")
    return DetectionsRow(
        image,
        first,
        to_json(found.classes),
        finite(found.diameter),
        finite(found.scale),
        found.model_name,
        found.model_sha256,
        cells.boxes.astype("<f4").tobytes(),
        cells.scores.astype("<f4").tobytes(),
        cells.labels.astype("<i4").tobytes(),
    )


def unpack_detections(row: DetectionsRow) -> StoredDetections:
    """Return the detections of a row."""
    scores = np.frombuffer(row.scores, "<f4").astype(np.float32)
    cells = Detections(
        np.frombuffer(row.boxes, "<f4").astype(np.float32).reshape(-1, 4),
        scores,
        np.frombuffer(row.labels, "<i4").astype(np.int32),
        np.arange(row.first_id, row.first_id + len(scores), dtype=np.int64),
        np.full(len(scores), Origin.MODEL, np.uint8),
    )
    classes = _sentences.decode(row.classes)
    return StoredDetections(cells, classes, row.diameter, row.scale, row.model_name, row.model_sha256)


def _pack_cell(cell: Cell | None) -> str | None:
    if cell is None:
        return None
    x1, y1, x2, y2 = cell.box
    box = (finite(x1), finite(y1), finite(x2), finite(y2))
    # 1 and 1.0 differ as text, and edited_cells compares texts
    return to_json(Cell(cell.class_name, box, finite(cell.score), Origin(cell.origin)))


def unpack_cell(text: str | None) -> Cell | None:
    """Return the cell of an edit's column."""
    return None if text is None else _cells.decode(text)


def pack_changes(changes: Sequence[CellChange], first: int, command: int, image: int) -> list[EditRow]:
    """Return the rows of a command's changes; ``first`` is the number of the first."""
    return [
        EditRow(number, command, image, int(change.cell), _pack_cell(change.before), _pack_cell(change.after))
        for number, change in enumerate(changes, first)
    ]


def unpack_command(row: CommandRow, edits: Iterable[EditRow], kept: Sequence[Sequence[Any]] = ()) -> Command:
    """Return the command of a row, of its edits, and of the settings that it changed."""
    reviewed = None
    if row.reviewed_before is not None and row.reviewed_after is not None:
        reviewed = (bool(row.reviewed_before), bool(row.reviewed_after))
    changes = tuple(CellChange(edit.cell, unpack_cell(edit.before), unpack_cell(edit.after)) for edit in edits)
    assert row.image is not None
    continues = row.kind == Kind.CONTINUED
    settings = tuple((str(key), before, after) for key, before, after in kept)
    return Command(row.number, row.image, row.name, changes, reviewed, row.undoes, continues, settings)


def undo_stack(
    rows: Iterable[CommandRow],
    edits: Mapping[int, Sequence[EditRow]],
    kept: Mapping[int, Sequence[Sequence[Any]]],
) -> tuple[list[Command], list[Command]]:
    """Return (done, undone) of a whole history, ``undone[0]`` being redone next.

    A row that undoes another stands for the same command as that one, so that ``undoes`` may name
    any row about it; whether it takes back or redoes follows from how the command stands.
    """
    origin: dict[int, int] = {}
    done: dict[int, Command] = {}
    undone: dict[int, Command] = {}
    for row in rows:
        if row.kind == Kind.LOSS:
            origin, done, undone = {}, {}, {}
        if row.kind not in (Kind.COMMAND, Kind.CONTINUED):
            continue
        command = unpack_command(row, edits.get(row.number, ()), kept.get(row.number, ()))
        if row.undoes is None:
            origin[row.number] = row.number
            done[row.number] = command
            undone.clear()
            continue
        first = origin.get(row.undoes)
        if first in done:
            undone[first] = replace(done.pop(first), number=row.number, undoes=row.undoes)
        elif first in undone:
            done[first] = replace(command, name=undone.pop(first).name)
        else:
            continue
        origin[row.number] = first
    return list(done.values()), list(reversed(undone.values()))
