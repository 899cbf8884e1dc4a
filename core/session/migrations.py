"""Bringing a session of an older schema up to date."""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from zlib import decompress
from zlib import error as ZlibError

import msgspec
import numpy as np

from core.session import schema_1
from core.session.storage.database import SessionFile, replacing
from core.session.storage.rows import pack_truth, pack_truths, to_json
from core.session.storage.schema import (
    COLUMNS,
    SCHEMA,
    SCHEMAS,
    ConflictRow,
    DetectionsRow,
    EditRow,
    ImageRow,
    Kind,
    LineRow,
    ModelRow,
    Row,
    SettingRow,
    SignOffRow,
    detections_number,
    present_rows,
)
from core.session.tables.settings import CLASSES, EDGE_RULE, ESTIMATES, NMS_IOU, SAMPLE, origin_key, threshold_setting
from core.session.values import SessionDamagedError, SignOff, Subject
from core.verification.ground_truth import GroundTruth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LOG = logging.getLogger(__name__)

Tables = dict[str, list[Row]]

_CHANGED_BY = "settings changed by "
_TRUTH, _OTHER_TRUTHS = "ground truth ", "other ground truth "
_REVIEW = "reviewed counts "
_FOUND_KEY = re.compile(r"found (\d+) (\w+)", re.ASCII)
_VIEW = ("current", "hidden", "view", "tally", "verify")


def up_to_date(file: SessionFile) -> SessionFile:
    """Return an open session in the present schema: the same, or one that took its place.

    A new file is written beside it, and takes its place when it is complete, so that a kill leaves one or the other.
    What may not be written is brought up to date in memory.
    """
    if file.version == SCHEMA:
        return file
    try:
        rows = _rows_of(file)
    except BaseException:
        file.close()
        raise
    file.close()
    LOG.info("%s is brought from schema %d to %d", file.path, file.version, SCHEMA)
    if file.read_only:
        return SessionFile.in_memory(file.path, rows)
    with replacing(file.path) as part:
        new = SessionFile.create(part)
        try:
            with new.transaction():
                for table, content in rows.items():
                    new.write(table, content)
        finally:
            new.close()
    return SessionFile.open(file.path, read_only=False)


def _rows_of(file: SessionFile) -> Tables:
    """Return the rows of a session of an older schema in the present one."""
    rows = {table: list(_readable(file, table)) for table in SCHEMAS[file.version]}
    if file.version == 1:
        return upgraded(rows)
    return {table: present_rows(table, content) for table, content in rows.items()}


def _readable(file: SessionFile, table: str) -> Iterator[Row]:
    """Yield the rows of a table; detections that are damaged are left out, to be counted again."""
    if table != "detections":
        yield from file.rows(table)
        return
    for (number,) in list(file.select("SELECT rowid FROM detections")):
        try:
            row = file.row(table, number)
        except SessionDamagedError:
            continue
        if row is not None:
            yield row


def upgraded(tables: Mapping[str, Iterable[Row]]) -> Tables:
    """Return rows of the present schema that hold what rows of schema 1 hold; some of these may be missing.

    An image of which only cells are left has no path.
    """
    return _Upgrade(tables).rows()


_FOUND_CELLS = np.dtype([("box", "<f4", 4), ("score", "<f4"), ("label", "<i4")])


@dataclass
class _Truths:
    """The ground truths of an image, the used one first."""

    used: GroundTruth | None = None
    others: tuple[GroundTruth, ...] = ()

    @property
    def all(self) -> tuple[GroundTruth, ...]:
        truths = ([] if self.used is None else [self.used]) + list(self.others)
        return tuple({truth.source: truth for truth in reversed(truths)}.values())[::-1]


class _Upgrade:
    """One session that is brought up to date."""

    def __init__(self, tables: Mapping[str, Iterable[Row]]) -> None:
        self._images = [schema_1.ImageRow._make(row) for row in tables["images"]]
        self._detections = {row[0]: schema_1.DetectionsRow._make(row) for row in tables["detections"]}
        self._commands = [schema_1.CommandRow._make(row) for row in tables["commands"]]
        self._edits: dict[int, list[schema_1.EditRow]] = {}
        for edit in (schema_1.EditRow._make(row) for row in tables["edits"]):
            self._edits.setdefault(edit.command, []).append(edit)
        self._settings = {
            row.key: msgspec.json.decode(row.value) for row in map(schema_1.SettingRow._make, tables["settings"])
        }
        self._found: dict[int, dict[str, Any]] = {}
        for key, value in self._settings.items():
            if match := _FOUND_KEY.fullmatch(key):
                self._found.setdefault(int(match[1]), {})[match[2]] = value
        self._conflicts = [ConflictRow._make(row) for row in tables["conflicts"]]
        self._models: dict[str, ModelRow] = {}
        self._next_cell = max(
            (
                *(row.first_id + len(row.scores) // 4 for row in self._detections.values()),
                *(edit.cell + 1 for edits in self._edits.values() for edit in edits),
                *(row.cell + 1 for row in self._conflicts),
            ),
            default=0,
        )

    def rows(self) -> Tables:
        """Return the rows of all tables."""
        self._take_models()
        tables: Tables = {table: [] for table in COLUMNS}
        for image in (*self._images, *self._lost_images()):
            self._take_image(image, tables)
        tables["models"] = sorted(self._models.values())
        tables["settings"] = list(_numbered(self._counting()))
        tables["view"] = list(_numbered(self._view()))
        tables["sign_offs"] = list(self._sign_offs())
        tables["conflicts"] = list(self._conflicts)
        self._take_history(tables)
        return tables

    # -- models --------------------------------------------------------------------------------

    def _take_models(self) -> None:
        use = self._settings.get("model in use") or {}
        last = {key: value for key, value in self._settings.items() if key.startswith("last model of ")}
        for row in self._detections.values():
            self._model(row.model_sha256)
        for key, value in self._settings.items():
            kind, _, sha256 = key.partition(" ")
            if kind == "model" and len(sha256) == 64 and isinstance(value, dict):
                self._models[sha256] = self._model(sha256)._replace(card=to_json(value))
        for place, (path, sha256) in enumerate(self._settings.get("compared models") or [], 1):
            self._models[sha256] = self._model(sha256)._replace(compared=place, path=path)
        for used, (key, sha256) in enumerate(last.items(), 1):
            if isinstance(sha256, str):
                path = key.removeprefix("last model of ")
                self._models[sha256] = self._model(sha256)._replace(path=path, used=used)
        if sha256 := use.get("sha256"):
            self._models[sha256] = self._model(sha256)._replace(path=use.get("path", ""), used=len(last) + 1)

    def _model(self, sha256: str) -> ModelRow:
        return self._models.setdefault(sha256, ModelRow(len(self._models) + 1, sha256))

    # -- images --------------------------------------------------------------------------------

    def _lost_images(self) -> Iterator[schema_1.ImageRow]:
        """Yield an image without a path for each of which only cells are left."""
        known = {image.id for image in self._images}
        for number in sorted({*self._detections, *self._found} - known):
            yield schema_1.ImageRow(number, 0, 0, "", None, "waiting", "", "[]", 0, 0, 0.0, None, 0, None, None, None)

    def _take_image(self, image: schema_1.ImageRow, tables: Tables) -> None:
        """Take an image with its detections and ground truths."""
        truths = self._truths_of(image.id)
        tables["truths"] += [pack_truth(image.id, truth) for truth in truths]
        kept: dict[str, DetectionsRow] = {}
        for sha256, value in self._found.get(image.id, {}).items():
            if (row := self._kept(image.id, sha256, value)) is not None:
                kept[sha256] = row
        current = self._detections.get(image.id)
        if current is not None:
            kept[current.model_sha256] = self._current(image, current)
        tables["detections"] += list(kept.values())
        reviewed = self._settings.get(f"{_REVIEW}{image.id}") or {}
        region = self._settings.get(f"region {image.id}")
        tables["images"].append(
            ImageRow(
                *image[:12],
                region=None if region is None else to_json(region),
                reviewed_counts=to_json(reviewed) if image.reviewed else None,
                model=None if current is None else self._models[current.model_sha256].number,
                truths=" ".join(truth.source.value for truth in truths),
                next_cell=max((row.first_id + len(row.scores) // 4 for row in kept.values()), default=0),
                sha256=image.sha256,
                size=image.size,
                modified_ns=image.modified_ns,
            )
        )

    def _truths_of(self, image: int) -> tuple[GroundTruth, ...]:
        used = _truth(self._settings.get(f"{_TRUTH}{image}"))
        return _Truths(used, _truths(self._settings.get(f"{_OTHER_TRUTHS}{image}"))).all

    def _current(self, image: schema_1.ImageRow, row: schema_1.DetectionsRow) -> DetectionsRow:
        field = _convert(self._settings.get(f"field {image.id}") or {}, schema_1.Field) or schema_1.Field()
        dark, bright = field.levels or (None, None)
        model = self._models[row.model_sha256].number
        cells = len(row.scores) // 4
        contours = _convert(self._settings.get(f"contours {image.id}"), schema_1.ContoursOf)
        fits = contours is not None and (contours.first, len(contours.packed.lengths)) == (row.first_id, cells)
        return DetectionsRow(
            detections_number(image.id, model),
            image.id,
            model,
            row.first_id,
            row.classes,
            row.model_name,
            row.model_sha256,
            row.diameter,
            row.scale,
            image.sha256 or "",
            image.diameter,
            "[]",
            field.blur,
            int(field.capped),
            dark,
            bright,
            "[]",
            row.boxes,
            row.scores,
            row.labels,
            *(_contours(contours.packed) if contours is not None and fits else (None, None)),
        )

    def _kept(self, image: int, sha256: str, value: Any) -> DetectionsRow | None:
        """Return what another model found in an image; None if it is damaged: it can be found again."""
        found = _convert(value, schema_1.Found)
        try:
            cells = None if found is None else np.frombuffer(decompress(b64decode(found.cells)), _FOUND_CELLS)
        except (ValueError, ZlibError):
            return None
        if found is None or cells is None:
            return None
        model = self._model(sha256).number
        dark, bright = found.levels or (None, None)
        first, self._next_cell = self._next_cell, self._next_cell + len(cells)
        return DetectionsRow(
            detections_number(image, model),
            image,
            model,
            first,
            to_json(found.classes),
            found.model,
            sha256,
            found.diameter,
            found.scale,
            found.file,
            found.by_hand,
            to_json(found.notices),
            found.blur,
            int(found.capped),
            dark,
            bright,
            "[]",
            cells["box"].tobytes(),
            cells["score"].tobytes(),
            cells["label"].tobytes(),
            *((None, None) if found.contours is None else _contours(found.contours)),
        )

    # -- settings, view, sign-offs ---------------------------------------------------------------

    def _counting(self) -> Iterator[tuple[str, Any]]:
        stored = self._settings.get("settings") or {}
        if stored:
            yield CLASSES, stored["classes"]
            for name, value in stored["thresholds"].items():
                yield threshold_setting(name), value
            yield NMS_IOU, stored["nms_iou"]
            yield EDGE_RULE, stored.get("edge_rule", "all")
        for key in (ESTIMATES, SAMPLE):
            if self._settings.get(key):
                yield key, self._settings[key]
        for key, value in self._settings.items():
            _, _, name = key.partition("threshold of ")
            if name and value is not None:
                yield origin_key(name), value

    def _view(self) -> Iterator[tuple[str, Any]]:
        for key, value in self._settings.items():
            if (key in _VIEW or key.startswith("doubts ")) and value is not None:
                yield key, value

    def _sign_offs(self) -> Iterator[SignOffRow]:
        stored = _convert(self._settings.get("sign-offs") or [], list[schema_1.SignOff]) or []
        for number, one in enumerate(stored, 1):
            time = msgspec.convert({**msgspec.to_builtins(one), "user": one.person}, SignOff).time
            yield SignOffRow(number, one.person, time.isoformat(), one.content, one.version)

    # -- history -------------------------------------------------------------------------------

    def _take_history(self, tables: Tables) -> None:
        """Take the lines of the history and the edits; edits whose line is missing too."""
        numbers = count(1)
        lines = {row.number: row for row in self._commands}
        for number in sorted({*lines, *self._edits}):
            row = lines.get(number)
            carried = row is not None and row.kind == schema_1.CARRIED
            edits = [] if carried else [*self._edits_of(number), *self._values_of(number, row)]
            rows = [EditRow(next(numbers), number, *edit) for edit in edits]
            tables["edits"] += rows
            if row is None:
                continue
            lost = 0 if carried else row.cells - len(self._edits.get(number, ()))
            first = rows[0].number if rows else 0
            kind = Kind.NOTE if carried else row.kind
            tables["history"].append(
                LineRow(
                    number, int(kind), row.time, row.person, row.image, row.name, row.undoes, first, len(rows) + lost
                )
            )

    def _edits_of(self, number: int) -> Iterator[tuple[Any, ...]]:
        for edit in self._edits.get(number, ()):
            yield "cell", edit.image, edit.cell, edit.before, edit.after

    def _values_of(self, number: int, row: schema_1.CommandRow | None) -> Iterator[tuple[Any, ...]]:
        """Yield what an edit changed besides cells."""
        changed = {str(key): (before, after) for key, before, after in self._settings.get(f"{_CHANGED_BY}{number}", ())}
        if row is not None and row.reviewed_before is not None:
            seen = changed.get(f"{_REVIEW}{row.image}", (None, None))
            marks = row.reviewed_before, row.reviewed_after
            counts = (to_json(one or {}) if mark else None for one, mark in zip(seen, marks, strict=True))
            yield Subject.REVIEW.value, row.image, None, *counts
        for key in changed:
            _, _, image = key.partition(_TRUTH)
            if image.isdecimal() and not key.startswith(_OTHER_TRUTHS):
                used, others = changed[key], changed.get(f"{_OTHER_TRUTHS}{image}", ([], []))
                both = (
                    pack_truths(_Truths(_truth(one), _truths(rest)).all) for one, rest in zip(used, others, strict=True)
                )
                yield Subject.TRUTHS.value, int(image), None, *both


def _numbered(values: Iterable[tuple[str, Any]]) -> Iterator[SettingRow]:
    for number, (key, value) in enumerate(values, 1):
        yield SettingRow(number, key, to_json(value))


def _convert(value: Any, kind: Any) -> Any:
    """Return a stored value; None if it is not one."""
    try:
        return None if value is None else msgspec.convert(value, kind)
    except ValueError:
        return None


def _truth(value: Any) -> GroundTruth | None:
    try:
        return None if value is None else GroundTruth.from_stored(value)
    except ValueError:
        return None


def _truths(values: Any) -> tuple[GroundTruth, ...]:
    return tuple(truth for truth in map(_truth, values or ()) if truth is not None)


def _contours(packed: schema_1.Contours) -> tuple[bytes, bytes]:
    return np.array(packed.lengths, "<i4").tobytes(), b64decode(packed.points)
