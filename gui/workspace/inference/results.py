"""What a detector found, as a session stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.session.values import StoredDetections

if TYPE_CHECKING:
    from core.detection.detector import DetectorResult
    from core.detection.loading import AnyModel


def stored_detections(
    result: DetectorResult, model: AnyModel, *, file: str, by_hand: float | None
) -> StoredDetections:
    """Return what a model found in the image file with a SHA-256, with the red cell diameter if it was set by hand."""
    return StoredDetections(
        result.detections,
        model.card.classes,
        result.diameter,
        result.scale,
        model.card.name,
        model.sha256,
        blur=result.blur,
        capped=result.capped,
        levels=result.levels,
        notices=result.notices,
        file=file,
        by_hand=by_hand,
    )
