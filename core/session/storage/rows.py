"""How the rows of a session hold its values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from zlib import compress, decompress
from zlib import error as ZlibError

import msgspec
import numpy as np

from core.cells import Cell, Detections, Origin
from core.counting.region import Region
from core.imaging.doubts import Doubt
from core.session.storage.schema import DetectionsRow, TruthRow, detections_number, truth_number
from core.session.values import Mark, ModelInUse, StoredDetections, Subject
from core.text import gettext
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_STEPS = 4.0  # a coordinate of a contour is kept to a quarter of a pixel


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise NotImplementedError


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_sentences = msgspec.json.Decoder(tuple[str, ...])


def to_json(value: Any) -> str:
    """Return a value as JSON; NumPy numbers and arrays are numbers and lists."""
    return _encoder.encode(value).decode()


def sentences(text: str) -> tuple[str, ...]:
    """Return the strings of a JSON list."""
    return () if text == "[]" else _sentences.decode(text)


def finite(value: float) -> float:
    """Return a number as SQLite gives it back.

    Raises
    ------
    ValueError
        If it is infinite or not a number.
    """
    value = float(value) + 0.0  # SQLite has no -0.0
    if not math.isfinite(value):
        raise ValueError(gettext("a session holds finite numbers only"))
    return value


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None else finite(value)


# -- detections ----------------------------------------------------------------------------------


def pack_contours(contours: tuple[NDArray[np.float32], ...]) -> tuple[bytes, bytes]:
    """Return the number of points of each contour, float32 (K, 2) ``x y`` in pixels, and all points."""
    points = np.rint(np.concatenate([np.zeros((0, 2)), *contours]) * _STEPS).astype("<i4")
    lengths = np.array([len(contour) for contour in contours], "<i4")
    return lengths.tobytes(), compress(points.tobytes())


def _unpack_contours(lengths: bytes, packed: bytes, count: int) -> tuple[NDArray[np.float32], ...] | None:
    """Return the contours of ``count`` cells; None if they are not of these: a contour is only drawn."""
    try:
        points = np.frombuffer(decompress(packed), "<i4").reshape(-1, 2)
    except (ZlibError, ValueError):
        return None
    numbers = np.frombuffer(lengths, "<i4")
    if len(numbers) != count or numbers.sum() != len(points):
        return None
    return tuple(np.split((points / _STEPS).astype(np.float32), np.cumsum(numbers))[:-1])


def pack_detections(image: int, model: int, found: StoredDetections) -> DetectionsRow:
    """Return the row of a model's detections in an image.

    Raises
    ------
    ValueError
        If the ids are not consecutive, or an origin is not ``MODEL``.
    """
    cells = found.detections
    first = int(cells.ids[0]) if len(cells) else 0
    if not np.array_equal(cells.ids, np.arange(first, first + len(cells))) or (cells.origin != Origin.MODEL).any():
        raise ValueError(gettext("detections must have consecutive ids and come from a model"))
    dark, bright = found.levels or (None, None)
    lengths, contours = (None, None) if cells.contours is None else pack_contours(cells.contours)
    return DetectionsRow(
        detections_number(image, model),
        image,
        model,
        first,
        to_json(found.classes),
        found.model_name,
        found.model_sha256,
        finite(found.diameter),
        finite(found.scale),
        found.file,
        _finite_or_none(found.by_hand),
        to_json(found.notices),
        _finite_or_none(found.blur),
        int(found.capped),
        _finite_or_none(dark),
        _finite_or_none(bright),
        to_json(found.doubts),
        cells.boxes.astype("<f4").tobytes(),
        cells.scores.astype("<f4").tobytes(),
        cells.labels.astype("<i4").tobytes(),
        lengths,
        contours,
        to_json(found.look),
    )


def unpack_detections(row: DetectionsRow) -> StoredDetections:
    """Return the detections of a row."""
    scores = np.frombuffer(row.scores, "<f4").astype(np.float32)
    contours = None
    if row.lengths is not None and row.contours is not None:
        contours = _unpack_contours(row.lengths, row.contours, len(scores))
    cells = Detections(
        np.frombuffer(row.boxes, "<f4").astype(np.float32).reshape(-1, 4),
        scores,
        np.frombuffer(row.labels, "<i4").astype(np.int32),
        np.arange(row.first_id, row.first_id + len(scores), dtype=np.int64),
        np.full(len(scores), Origin.MODEL, np.uint8),
        contours,
    )
    levels = None if row.dark is None or row.bright is None else (row.dark, row.bright)
    return StoredDetections(
        cells,
        sentences(row.classes),
        row.diameter,
        row.scale,
        row.model_name,
        row.model_sha256,
        row.blur,
        bool(row.capped),
        levels,
        sentences(row.notices),
        row.file,
        row.by_hand,
        tuple(Doubt(doubt) for doubt in sentences(row.doubts)),
        msgspec.json.decode(row.look, type=dict[str, float]),
    )


# -- ground truths -------------------------------------------------------------------------------


def pack_truth(image: int, truth: GroundTruth) -> TruthRow:
    """Return the row of a ground truth."""
    cells = list(zip(truth.names, truth.finer or ("",) * len(truth.names), strict=True))
    classes = [*((name, "") for name in truth.classes), *dict.fromkeys(cell for cell in cells if cell[1])]
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[cell] for cell in cells], "<u2")
    return TruthRow(
        truth_number(image, truth.source),
        image,
        truth.source.value,
        truth.kind.value,
        int(truth.blind),
        to_json([both if both[1] else both[0] for both in classes]),
        to_json(dict(truth.totals)),
        labels.tobytes(),
        truth.boxes.astype("<f4").tobytes(),
    )


def unpack_truth(row: TruthRow) -> GroundTruth:
    """Return the ground truth of a row.

    Raises
    ------
    ValueError
        If it is none.
    """
    stored = msgspec.json.decode(row.classes, type=list[str | tuple[str, str]])
    classes = [(one, "") if isinstance(one, str) else one for one in stored]
    cells = [classes[label] for label in np.frombuffer(row.labels, "<u2").tolist()]
    return GroundTruth(
        TruthKind(row.kind),
        TruthSource(row.source),
        tuple([name for name, finer in classes if not finer]),
        tuple([name for name, _ in cells]),
        np.frombuffer(row.boxes, "<f4").astype(np.float32).reshape(-1, 4),
        msgspec.json.decode(row.totals, type=dict[str, int]),
        bool(row.blind),
        tuple([finer for _, finer in cells]) if len(stored) > sum(isinstance(one, str) for one in stored) else (),
    )


# -- the values of edits -------------------------------------------------------------------------


def pack_cell(cell: Cell | None) -> str | None:
    """Return a cell as it stands in an edit."""
    if cell is None:
        return None
    x1, y1, x2, y2 = cell.box
    box = (finite(x1), finite(y1), finite(x2), finite(y2))
    # 1 and 1.0 differ as text, and edited_cells compares texts of boxes
    return to_json(Cell(cell.class_name, box, finite(cell.score), Origin(cell.origin)))


_cells = msgspec.json.Decoder(Cell)


def unpack_cell(text: str | None) -> Cell | None:
    """Return the cell of an edit."""
    return None if text is None else _cells.decode(text)


def pack_truths(truths: tuple[GroundTruth, ...]) -> bytes:
    """Return ground truths as they stand in an edit."""
    return compress(msgspec.msgpack.encode([pack_truth(0, truth) for truth in truths]))


def unpack_truths(data: bytes) -> tuple[GroundTruth, ...]:
    """Return the ground truths of an edit."""
    try:
        return tuple(unpack_truth(row) for row in msgspec.msgpack.decode(decompress(data), type=list[TruthRow]))
    except ZlibError as error:
        raise ValueError(gettext("the ground truths are damaged ({error})").format(error=error)) from error


_VALUES: dict[Subject, type | Any] = {
    Subject.REVIEW: dict[str, int],
    Subject.REGION: Region,
    Subject.DIAMETER: float,
    Subject.LISTED: bool,
    Subject.MARK: Mark,
    Subject.SETTING: Any,
    Subject.MODEL: ModelInUse,
    Subject.KIND: str,
}
_decoders: dict[Subject, Callable[[str], Any]] = {
    subject: msgspec.json.Decoder(kind).decode for subject, kind in _VALUES.items()
}


def pack_value(subject: Subject, value: Any) -> str | bytes | None:
    """Return the value of an edit as it is stored."""
    if subject is Subject.TRUTHS:
        return pack_truths(value)
    return None if value is None else to_json(value)


def unpack_value(subject: Subject, stored: str | bytes | None) -> Any:
    """Return the value of an edit.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    if isinstance(stored, bytes):
        return unpack_truths(stored)
    return None if stored is None else _decoders[subject](stored)
