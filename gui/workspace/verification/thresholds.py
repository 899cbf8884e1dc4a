"""Thresholds that were chosen by verification, and where they come from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from core.session.settings import load_threshold_record, threshold_key
from core.verification.thresholds import ThresholdRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.verification.thresholds import ThresholdChoice
    from gui.workspace.document import Document


def use_thresholds(document: Document, choices: Sequence[ThresholdChoice], names: dict[int, str], iou: float) -> None:
    """Set chosen thresholds, and remember from which images (``names`` by id), when and with which model."""
    session, model = document.session, document.model
    if session is None or model is None or not document.writable or not choices:
        return
    records = [
        ThresholdRecord(
            choice,
            tuple(names[image] for image in choice.images),
            iou,
            model.card.name,
            model.sha256,
            datetime.now(UTC),
        )
        for choice in choices
    ]

    def write() -> bool:
        with session.together():
            for record in records:
                session.put(threshold_key(record.choice.class_name), msgspec.to_builtins(record))
                session.note(document.person, None, _sentence(record))
        return True

    if document.guarded(write):
        for choice in choices:
            document.set_threshold(choice.class_name, choice.threshold)
        document.history_changed.emit()


def threshold_record(document: Document, name: str) -> ThresholdRecord | None:
    """Return where the threshold of a class comes from, if it was ever chosen by verification."""
    try:
        return None if document.session is None else load_threshold_record(document.session, name)
    except ValueError:
        return None


def origin_of_threshold(document: Document, name: str) -> str:
    """Return where the threshold of a class comes from, as a sentence; "" if it was set by hand or suggested."""
    record = threshold_record(document, name)
    if record is None or document.settings is None or document.model is None:
        return ""
    choice, day = record.choice, f"{record.when.astimezone():%Y-%m-%d}"
    images = f"{len(choice.images)} picture{'' if len(choice.images) == 1 else 's'}"
    if record.model_sha256 != document.model.sha256:
        return f"A threshold of {choice.threshold:.2f} was chosen {day} for another model, {record.model_name}."
    if document.settings.thresholds[name] != choice.threshold:
        return f"{choice.threshold:.2f} was chosen {day} from {images}, and changed by hand since."
    return f"Threshold {choice.threshold:.2f} chosen {day} from {images}."


def _sentence(record: ThresholdRecord) -> str:
    choice = record.choice
    how = "leave-one-out" if choice.cross_validated else "not cross-validated"
    measure = "F1" if choice.measure == "f1" else "accuracy"
    return (
        f"Threshold {choice.class_name} {choice.threshold:.2f} chosen by {measure} from {len(choice.images)} pictures, "
        f"{how}, model {record.model_name}"
    )
