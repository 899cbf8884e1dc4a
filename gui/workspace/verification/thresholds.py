"""Thresholds chosen by verification, and where they come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.session.tables.settings import origin_key
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext, ngettext
from core.verification.thresholds import ThresholdRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.verification.thresholds import ThresholdChoice
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.inference.inference import Inference
    from gui.workspace.store import SessionStore


class VerifiedThresholds(QObject):
    """Sets thresholds that verification suggests, and keeps from which images, when and with which model."""

    def __init__(
        self,
        store: SessionStore,
        history: History,
        settings: CountSettingsModel,
        inference: Inference,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._settings = settings
        self._inference = inference

    def use(self, choices: Sequence[ThresholdChoice], names: Mapping[int, str], iou: float) -> bool:
        """Set chosen thresholds as one edit, True if it is recorded.

        ``names`` are those of the images that they were chosen from, by id.
        """
        settings = self._settings.value
        records = self._records(choices, names, iou)
        if settings is None or not self._store.writable or not records:
            return False
        chosen = {choice.class_name: choice.threshold for choice in choices}
        name = "; ".join(_sentence(record) for record in records)
        self._store.flush()
        changes = self._settings.changes(replace(settings, thresholds={**settings.thresholds, **chosen}))
        return self._history.record([Edit(None, name, values=(*changes, *_stored(records)))])

    def origins(
        self, choices: Sequence[ThresholdChoice], names: Mapping[int, str], iou: float
    ) -> tuple[ValueChange, ...]:
        """Return what an edit must change besides that sets chosen thresholds: where they come from."""
        return _stored(self._records(choices, names, iou))

    def _records(
        self, choices: Sequence[ThresholdChoice], names: Mapping[int, str], iou: float
    ) -> list[ThresholdRecord]:
        model, now = self._inference.model, datetime.now(UTC)
        if model is None:
            return []
        return [
            ThresholdRecord(
                choice, tuple(names[image] for image in choice.images), iou, model.card.name, model.sha256, now
            )
            for choice in choices
        ]

    def record(self, name: str) -> ThresholdRecord | None:
        """Return where the threshold of a class comes from, if it was ever chosen by verification."""
        return self._store.read(lambda session: session.settings.threshold_record(name), None)

    def origin(self, name: str) -> str:
        """Return a sentence on the origin of the threshold of a class; "" if it was set by hand or suggested."""
        record, settings, model = self.record(name), self._settings.value, self._inference.model
        if record is None or settings is None or model is None:
            return ""
        choice, day = record.choice, f"{record.when.astimezone():%Y-%m-%d}"
        number = len(choice.images)
        images = ngettext("{n:,} image", "{n:,} images", number).format(n=number)
        if record.model_sha256 != model.sha256:
            text = gettext("A threshold of {threshold:.2f} was chosen {day} for another model, {model}.")
        elif settings.thresholds[name] != choice.threshold:
            text = gettext("{threshold:.2f} was chosen {day} from {images}, and changed by hand since.")
        else:
            text = gettext("Threshold {threshold:.2f} chosen {day} from {images}.")
        return text.format(threshold=choice.threshold, day=day, model=record.model_name, images=images)


def _stored(records: Sequence[ThresholdRecord]) -> tuple[ValueChange, ...]:
    return tuple(ValueChange(Subject.SETTING, None, record, origin_key(record.choice.class_name)) for record in records)


def _sentence(record: ThresholdRecord) -> str:
    choice = record.choice
    how = gettext("leave-one-out") if choice.cross_validated else gettext("not cross-validated")
    measure = "F1" if choice.measure == "f1" else gettext("accuracy")
    number = len(choice.images)
    return ngettext(
        "Threshold {name} {threshold:.2f} chosen by {measure} from {n:,} image, {how}, model {model}",
        "Threshold {name} {threshold:.2f} chosen by {measure} from {n:,} images, {how}, model {model}",
        number,
    ).format(
        name=choice.class_name, threshold=choice.threshold, measure=measure, n=number, how=how, model=record.model_name
    )
