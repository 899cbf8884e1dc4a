"""What a session keeps that a number depends on, and how a window shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from core.counting.count import CountSettings
from core.counting.estimates import EstimateInputs
from core.counting.frame import EdgeRule
from core.kinds.differential import DifferentialInputs
from core.kinds.teaching_set import UsedSet
from core.kinds.tree import KindTree
from core.session.storage.rows import to_json
from core.session.storage.schema import SettingRow
from core.session.values import Sample, Subject, ValueChange
from core.verification.profile import ProfileInUse
from core.verification.thresholds import ThresholdRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.session.storage.database import SessionFile

CLASSES, NMS_IOU, EDGE_RULE, ESTIMATES, SAMPLE = "classes", "nms_iou", "edge_rule", "estimates", "sample"
KINDS, DIFFERENTIAL, LEAVE_OUT = "kinds", "differential", "leave_out_no_cells"
TEACHING_SET = "teaching_set"
PROFILE = "profile"
PROFILE_PROBLEM = "profile_problem"
"""Under which name the view keeps why the laboratory's profile was not used."""


def threshold_setting(class_name: str) -> str:
    """Return the name of the setting that is the threshold of a class."""
    return f"threshold {class_name}"


def origin_key(class_name: str) -> str:
    """Return the name of the setting that says where the threshold of a class comes from."""
    return f"origin {class_name}"


def kept_key(model: str) -> str:
    """Return the name of the setting that has the thresholds which a model (SHA-256) last counted with."""
    return f"thresholds {model}"


def span_key(image: int) -> str:
    """Return under which name the view keeps what the deep samples of an image were scaled by, ``[low, high]``."""
    return f"span {image}"


def pixels_key(image: int) -> str:
    """Return under which name the view keeps the digest of the pixels of an image as it was counted."""
    return f"pixels {image}"


def _by_name(settings: CountSettings, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings of a count by their names, as a session stores them."""
    return {
        CLASSES: list(classes),
        **{threshold_setting(name): float(value) for name, value in settings.thresholds.items()},
        NMS_IOU: float(settings.nms_iou),
        EDGE_RULE: settings.edge_rule.value,
    }


class KeyValues:
    """A table of JSON values by name; the names are kept in memory."""

    def __init__(self, file: SessionFile, table: str) -> None:
        self._file = file
        self._table = table
        self._numbers: dict[str, int] = {}
        file.reloads.append(self.load)

    def load(self) -> None:
        """Read and check all rows."""
        self._numbers = {row[1]: row[0] for row in self._file.rows(self._table)}

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value as it came from JSON: tuples are lists."""
        row = self._file.row(self._table, self._numbers.get(key, 0))
        return default if row is None else msgspec.json.decode(SettingRow._make(row).value)

    def put(self, key: str, value: Any) -> None:
        """Store a value: anything that JSON can hold. On the disk at once, so not for each step of a slider."""
        text = to_json(value)
        with self._file.transaction():
            number = self._numbers.get(key) or self._file.largest(self._table) + 1
            self._file.write(self._table, [SettingRow(number, key, text)])
        self._numbers[key] = number

    def of_images(self, key: Callable[[int], str]) -> dict[int, Any]:
        """Return image id -> its value of one kind, given the function that names it."""
        start = key(0)[:-1]
        found = self._file.rows(self._table, "WHERE substr(key, 1, ?) = ?", len(start), start)
        rows = map(SettingRow._make, found)
        return {int(row.key[len(start) :]): msgspec.json.decode(row.value) for row in rows}

    def keys(self) -> list[str]:
        """Return the names of all values that were ever stored."""
        return list(self._numbers)


class Settings(KeyValues):
    """What a number depends on; changed by edits (``Edits.record``) once something was counted."""

    def __init__(self, file: SessionFile) -> None:
        super().__init__(file, "settings")

    def counting(self) -> tuple[CountSettings, tuple[str, ...]] | None:
        """Return how the session counts, and its classes in the order of the labels; None before its first count.

        Raises
        ------
        ValueError
            If the settings are damaged.
        """
        classes = self.get(CLASSES)
        if not classes:
            return None
        classes = msgspec.convert(classes, tuple[str, ...])
        thresholds = {name: msgspec.convert(self.get(threshold_setting(name)), float) for name in classes}
        rule = EdgeRule(self.get(EDGE_RULE, EdgeRule.ALL.value))
        return CountSettings(thresholds, msgspec.convert(self.get(NMS_IOU), float), rule), classes

    def set_counting(self, settings: CountSettings, classes: tuple[str, ...]) -> None:
        """Store how the session counts, before anything was counted; later ``changes`` go into an edit."""
        with self._file.transaction():
            for change in self.changes(settings, classes):
                self.put(change.key, change.after)

    def changes(self, settings: CountSettings, classes: tuple[str, ...]) -> tuple[ValueChange, ...]:
        """Return what an edit must change for the session to count with these settings."""
        return self._changes(_by_name(settings, classes))

    def _changes(self, wanted: Mapping[str, Any]) -> tuple[ValueChange, ...]:
        return tuple(
            ValueChange(Subject.SETTING, None, value, key) for key, value in wanted.items() if self.get(key) != value
        )

    def kept_thresholds(self, model: str) -> dict[str, float]:
        """Return the thresholds that a model (SHA-256) counted with when another took its place, by class name.

        Empty if none ever did; raises ValueError if they are damaged.
        """
        return msgspec.convert(self.get(kept_key(model)) or {}, dict[str, float])

    def estimate_inputs(self) -> EstimateInputs:
        """Return what the laboratory gave for estimates; raises ValueError if it is damaged."""
        return msgspec.convert(self.get(ESTIMATES) or {}, EstimateInputs)

    def sample(self) -> Sample:
        """Return the sample that was counted; raises ValueError if it is damaged."""
        return msgspec.convert(self.get(SAMPLE) or {}, Sample)

    def profile(self) -> ProfileInUse | None:
        """Return the laboratory's profile that was used last, None if none was; raises ValueError if it is damaged."""
        value = self.get(PROFILE)
        return None if value is None else msgspec.convert(value, ProfileInUse)

    def kinds(self) -> KindTree:
        """Return the tree of kinds, empty if there are none; raises ValueError or KindError if it is damaged."""
        return msgspec.convert(self.get(KINDS) or {}, KindTree)

    def teaching_set(self) -> UsedSet | None:
        """Return the teaching set that sorts the session, None without one; raises ValueError if it is damaged."""
        return msgspec.convert(self.get(TEACHING_SET), UsedSet | None)

    def differential_inputs(self) -> DifferentialInputs:
        """Return what the laboratory set for the differential count; raises ValueError if it is damaged."""
        return msgspec.convert(self.get(DIFFERENTIAL) or {}, DifferentialInputs)

    def threshold_record(self, class_name: str) -> ThresholdRecord | None:
        """Return where the threshold of a class comes from, if it was chosen by verification."""
        value = self.get(origin_key(class_name))
        return None if value is None else ThresholdRecord.from_stored(value)
