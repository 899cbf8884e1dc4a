"""The shipped model on real images: a floor that only a broken path falls through."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from core.counting.count import CountSettings
from core.detection.detector import Detector
from trainer.dataset.load import load_data_set
from trainer.evaluation.evaluate import group_figures
from trainer.evaluation.predict import predict

if TYPE_CHECKING:
    from pathlib import Path

    from core.models.network import Model


def test_real_fields_are_counted_well(shared_data: Path, model: Model) -> None:
    data = load_data_set(shared_data / "txl-pbc", "test")
    some = dataclasses.replace(data, images=data.images[:: len(data.images) // 12][:12])
    settings = CountSettings.suggested_by(model.card)
    results = predict(some, Detector(model), settings)
    figures = group_figures("all", results, model.card.classes, settings.nms_iou).classes
    assert figures["RBC"].truth > 100
    assert figures["RBC"].ap50 > 0.93
    assert figures["RBC"].f1 > 0.88
    assert abs(figures["RBC"].count_error_percent) < 10
    assert figures["WBC"].f1 > 0.85
