"""The demo smear: the committed image is what the renderer makes, and the default model counts it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.counting.count import CountSettings
from core.counting.pipeline import count_image
from core.detection.detector import Detector
from core.imaging.demo import render_demo_smear
from core.imaging.reading import read_image
from core.models.network import Model, default_model_path
from gui.app import demo_smear

if TYPE_CHECKING:
    from core.imaging.reading import SmearImage


def committed() -> SmearImage:
    return read_image(demo_smear())


def test_the_committed_picture_is_the_rendered_one() -> None:
    difference = np.abs(committed().pixels.astype(int) - render_demo_smear().image)
    assert difference.mean() < 0.01  # OpenCV's smoothing may round otherwise on another processor


def test_the_default_model_counts_it_right() -> None:
    model = Model(default_model_path())
    counted = count_image(committed(), Detector(model), CountSettings.suggested_by(model.card))
    assert counted.result.counts == render_demo_smear().counts()
