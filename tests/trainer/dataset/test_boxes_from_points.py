"""Boxes from points, against rendered smears whose boxes are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.geometry.boxes import iou_matrix
from core.imaging.synthetic import RBC, SmearStyle, render_smear
from trainer.dataset.boxes_from_points import points_to_boxes


def measured(
    cells: int, max_overlap: float, *, style: SmearStyle | None = None, marked: float = 1.0, seeds: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Return the IoU of each found box with the true one, and its quality."""
    overlap, quality = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        smear = render_smear(
            480,
            360,
            red_cells=cells,
            white_cells=1,
            platelets=3,
            diameter=45,
            rng=rng,
            max_overlap=max_overlap,
            style=style,
        )
        boxes = smear.boxes[smear.labels == RBC].astype(np.float64)
        boxes = boxes[rng.random(len(boxes)) < marked]
        points = (boxes[:, :2] + boxes[:, 2:]) / 2 + rng.normal(0, 3, (len(boxes), 2))
        found = points_to_boxes(smear.image, points)
        overlap.append(np.diag(iou_matrix(found.boxes, boxes.astype(np.float32))))
        quality.append(found.quality)
    return np.concatenate(overlap), np.concatenate(quality)


def test_boxes_of_separate_cells_fit() -> None:
    overlap, quality = measured(30, 0.0)
    assert np.median(overlap) > 0.95
    assert np.quantile(overlap, 0.05) > 0.8
    assert np.median(quality) > 0.9


def test_boxes_of_touching_cells_fit_though_neighbours_are_not_marked() -> None:
    overlap, _ = measured(50, 0.18, marked=0.6)
    assert np.median(overlap) > 0.9
    assert np.quantile(overlap, 0.1) > 0.6


@pytest.mark.slow
def test_the_quality_tells_which_boxes_fit() -> None:
    overlap, quality = measured(80, 0.3)
    good, poor = overlap[quality > 0.8], overlap[quality < np.quantile(quality, 0.15)]
    assert len(good) > 20
    assert good.mean() > 0.85
    assert poor.mean() < good.mean() - 0.15


@pytest.mark.slow
def test_dense_stain_strong_vignetting_and_noise() -> None:
    overlap, _ = measured(40, 0.1, style=SmearStyle(vignetting=0.3, noise=5, density=0.5, light=(210, 190, 160)))
    assert np.median(overlap) > 0.8


def test_a_point_on_nothing_gets_a_cell_sized_box_of_no_quality() -> None:
    smear = render_smear(300, 200, red_cells=8, diameter=40, rng=np.random.default_rng(1), max_overlap=0)
    centres = (smear.boxes[:, :2] + smear.boxes[:, 2:]) / 2
    y, x = np.mgrid[30:170, 30:270]
    free = np.min([np.hypot(x - cx, y - cy) for cx, cy in centres], axis=0)
    row, column = np.unravel_index(free.argmax(), free.shape)
    point = [column + 30.0, row + 30.0]
    found = points_to_boxes(smear.image, np.array([*centres.tolist(), point]))
    x1, y1, x2, y2 = found.boxes[-1]
    assert found.quality[-1] == 0
    assert x2 - x1 == pytest.approx(40, rel=0.3)
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx(tuple(point))


def test_pictures_without_points_or_cells() -> None:
    blank = np.full((60, 80, 3), 230, np.uint8)
    assert len(points_to_boxes(blank, np.zeros((0, 2))).boxes) == 0
    found = points_to_boxes(blank, np.array([[79.9, 59.9], [0.0, 0.0]]))
    assert found.quality.tolist() == [0, 0]
    assert (found.boxes[:, 2:] <= [80, 60]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
