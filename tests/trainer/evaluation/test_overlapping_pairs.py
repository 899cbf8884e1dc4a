from __future__ import annotations

import numpy as np
import pytest

from core.counting.count import CountSettings
from core.detection.detector import Detector
from core.imaging.synthetic import SmearStyle, render_pairs
from core.models.network import Model, default_model_path
from trainer.evaluation.overlapping_pairs import count_overlaps


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.6])
def test_pairs_overlap_by_the_share_of_a_diameter(overlap: float) -> None:
    style = SmearStyle(irregularity=0.0)
    smear = render_pairs(600, 400, overlap, style=style, rng=np.random.default_rng(1))
    centres = (smear.boxes[:, :2] + smear.boxes[:, 2:]) / 2
    assert len(centres) == 2 * 3 * 2
    diameters = np.sqrt(np.prod(smear.boxes[:, 2:] - smear.boxes[:, :2], axis=1)).reshape(-1, 2)
    apart = np.hypot(*(centres[::2] - centres[1::2]).T)
    found = (diameters.mean(axis=1) - apart) / diameters.min(axis=1)
    assert found == pytest.approx(overlap, abs=0.05)


@pytest.mark.slow
def test_lone_cells_are_found_and_cells_on_top_of_each_other_are_not() -> None:
    model = Model(default_model_path())
    apart, together = count_overlaps(Detector(model), CountSettings.suggested_by(model.card), overlaps=(0.0, 1.0))
    assert apart.cells == together.cells == 192
    assert apart.found > 0.98 * apart.cells
    assert together.found < 0.6 * together.cells
