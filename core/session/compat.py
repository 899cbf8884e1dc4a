# ruff: noqa: D102 (old names, until their callers have moved)
"""The names that schema 1 had, on the tables of schema 2, until their callers have moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.models.network import default_model_path
from core.session.rows import to_json
from core.session.settings import ESTIMATES, SAMPLE, origin_key
from core.session.values import Command, Edit, Subject, ValueChange
from core.verification.ground_truth import GroundTruth

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterable
    from pathlib import Path

    from core.cells import CellChange
    from core.session.values import HistoryLine, StoredDetections, StoredImage


class OldNames:
    """The methods of a session of schema 1."""

    def together(self) -> contextlib.AbstractContextManager[None]:
        return self.transaction()

    def image(self, number: int) -> StoredImage:
        return self.images.get(number)

    def add_images(self, paths: Iterable[Path]) -> list[StoredImage]:
        return self.images.add(paths)

    def remove_images(self, ids: Iterable[int]) -> None:
        with self.transaction():
            for image in ids:
                self.images.change(image, removed=1)

    def set_waiting(self, image: int) -> None:
        self.images.set_waiting(image)

    def set_failed(self, image: int, error: str) -> None:
        self.images.set_failed(image, error)

    def set_diameter(self, image: int, diameter: float | None) -> None:
        self.images.change(image, diameter=None if diameter is None else float(diameter))

    def set_counted(self, image: int, found: StoredDetections, **facts: Any) -> None:
        self.detections.set_counted(image, found, **facts)

    def new_ids(self, count: int) -> int:
        return self.detections.new_ids(count)

    def changes(self, image: int) -> dict[int, CellChange]:
        return self.edits.changes(image)

    def edited_cells(self) -> dict[int, int]:
        return self.edits.edited_cells()

    def note(self, person: str, image: int | None, text: str) -> None:
        self.edits.note(person, image, text)

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryLine]:
        return self.edits.history(image, limit, before)

    def put_conflicts(self, image: int, conflicts: Iterable[tuple[int, str]]) -> None:
        self.conflicts.replace(image, conflicts)

    def resolve_conflict(self, number: int) -> None:
        self.conflicts.resolve(number)

    # -- edits ---------------------------------------------------------------------------------

    def record(self, command: Command, person: str) -> Command:
        kept = {key: (before, after) for key, before, after in command.kept}
        values: list[ValueChange] = []
        if command.reviewed is not None:
            _, seen = kept.pop(f"reviewed counts {command.image}", (None, None))
            after = (seen or {}) if command.reviewed[1] else None
            values.append(ValueChange(Subject.REVIEW, command.image, after))
        truths: dict[int, list[Any]] = {}
        for key, (_, after) in kept.items():
            kind, image = key.rsplit(" ", 1)
            if kind == "region":
                region = None if after is None else msgspec.convert(after, Region)
                values.append(ValueChange(Subject.REGION, int(image), region))
            elif kind == "ground truth":
                truths.setdefault(int(image), []).insert(0, after)
            elif kind == "other ground truth":
                truths.setdefault(int(image), []).extend(after or [])
            elif kind == "reviewed counts":
                values.append(ValueChange(Subject.REVIEW, int(image), after))
            else:
                values.append(ValueChange(Subject.SETTING, None, after, "kept " + key))
        for image, stored in truths.items():
            value = tuple(GroundTruth.from_stored(one) for one in stored if one is not None)
            values.append(ValueChange(Subject.TRUTHS, image, value))
        edit = Edit(command.image, command.name, command.changes, tuple(values), command.undoes, command.continues)
        stored = self.edits.record(edit, person)
        for key, (_, after) in kept.items():
            if key.startswith(("settings", "estimates", "threshold of", "sample")):
                self.put(key, after)
        return replace(command, number=stored.number)

    def commands(self) -> tuple[list[Command], list[Command]]:
        done, undone = self.edits.stack()
        return [_command(edit) for edit in done], [_command(edit) for edit in undone]

    # -- settings ------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        kind, _, rest = key.rpartition(" ")
        value: Any = None
        if key == "settings":
            stored = self.settings.counting()
            if stored is not None:
                settings, classes = stored
                value = {
                    "classes": list(classes),
                    "thresholds": dict(settings.thresholds),
                    "nms_iou": settings.nms_iou,
                    "edge_rule": settings.edge_rule.value,
                }
        elif key in (ESTIMATES, SAMPLE):
            value = self.settings.get(key)
        elif key == "compared models":
            value = [[path or str(default_model_path()), sha256] for path, sha256 in self.models.compared]
        elif kind == "threshold of":
            value = self.settings.get(origin_key(rest))
        elif kind == "region":
            value = _builtins(self.images.get(int(rest)).region)
        elif kind == "reviewed counts":
            value = self.images.get(int(rest)).reviewed_counts or None
        elif kind == "ground truth":
            truth = self.truths.get(int(rest))
            value = None if truth is None else truth.stored()
        elif kind == "other ground truth":
            value = [truth.stored() for truth in self.truths.all(int(rest))[1:]]
        else:
            return self.view.get(key, default)
        return default if value is None else value

    def get_all(self, prefix: str) -> dict[str, Any]:
        images = [row[0] for row in self._file.select("SELECT id FROM images")]
        found = {str(image): self.get(f"{prefix}{image}") for image in images}
        return {image: value for image, value in found.items() if value is not None}

    def put(self, key: str, value: Any) -> None:
        kind, _, rest = key.rpartition(" ")
        if key == "settings":
            rule = EdgeRule(value.get("edge_rule", "all"))
            self.settings.set_counting(
                CountSettings(value["thresholds"], value["nms_iou"], rule), tuple(value["classes"])
            )
        elif key in (ESTIMATES, SAMPLE):
            self.settings.put(key, value)
        elif key == "compared models":
            bundled = str(default_model_path())
            self.models.set_compared([("" if path == bundled else path, sha256) for path, sha256 in value])
        elif kind == "threshold of":
            self.settings.put(origin_key(rest), value)
        elif kind == "region":
            self.images.change(int(rest), region=None if value is None else to_json(value))
        elif kind == "reviewed counts":
            self.images.change(int(rest), reviewed_counts=None if value is None else to_json(value))
        elif kind in ("ground truth", "other ground truth"):
            image = int(rest)
            truths = self.truths.all(image)
            new = [GroundTruth.from_stored(one) for one in (value if kind == "other ground truth" else [value]) if one]
            if kind == "ground truth":
                taken = {truth.source for truth in new}
                self.truths.replace(image, [*new, *(one for one in truths[1:] if one.source not in taken)])
            else:
                taken = {truth.source for truth in truths[:1]}
                self.truths.replace(image, [*truths[:1], *(one for one in new if one.source not in taken)])
        else:
            self.view.put(key, value)


def _builtins(value: Any) -> Any:
    return None if value is None else msgspec.to_builtins(value)


def _command(edit: Edit) -> Command:
    reviewed: tuple[bool, bool] | None = None
    kept: list[tuple[str, Any, Any]] = []
    for value in edit.values:
        before, after = value.before, value.after
        if value.subject is Subject.REVIEW:
            reviewed = before is not None, after is not None
            kept.append((f"reviewed counts {value.image}", before or None, after or None))
        elif value.subject is Subject.REGION:
            kept.append((f"region {value.image}", _builtins(before), _builtins(after)))
        elif value.subject is Subject.TRUTHS:
            was, now = ([truth.stored() for truth in truths] for truths in (before, after))
            kept.append((f"other ground truth {value.image}", was[1:], now[1:]))
            kept.append((f"ground truth {value.image}", was[0] if was else None, now[0] if now else None))
        elif value.key.startswith("kept "):
            kept.append((value.key.removeprefix("kept "), before, after))
    return Command(edit.number, edit.image, edit.name, edit.cells, reviewed, edit.undoes, edit.continues, tuple(kept))
