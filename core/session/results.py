# ruff: noqa: D101, D103 (old names, until their callers have moved)
"""Old names, until their callers have moved: detections of other models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.session.values import StoredDetections

if TYPE_CHECKING:
    from core.detection.detector import DetectorResult


@dataclass(frozen=True, eq=False)
class KeptResult:
    model: str
    sha256: str
    classes: tuple[str, ...]
    file: str
    by_hand: float | None
    result: DetectorResult


def save_result(session: Any, image: int, kept: KeptResult) -> None:
    found = StoredDetections.of(
        kept.result, kept.classes, kept.model, kept.sha256, file=kept.file, by_hand=kept.by_hand
    )
    session.detections.save(image, found)


def load_result(session: Any, image: int, file: str, by_hand: float | None, model: str) -> KeptResult | None:
    found = session.detections.get(image, model)
    if found is None or (found.file, found.by_hand) != (file, by_hand):
        return None
    found = replace(found, detections=found.detections.numbered_from(0))
    return KeptResult(found.model_name, model, found.classes, file, by_hand, found.result())
