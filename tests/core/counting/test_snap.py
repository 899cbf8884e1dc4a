"""A click on a cell that was missed finds its box."""

from __future__ import annotations

import numpy as np
import pytest

from core.cells import Detections
from core.counting.snap import candidate_at, contour_at
from core.geometry.boxes import iou_matrix
from core.imaging.synthetic import CLASS_NAMES, render_smear

NONE = np.zeros((0, 4), np.float32)
USUAL = (60.0, 60.0)


def found(*rows: tuple[tuple[float, float, float, float], float, int]) -> Detections:
    boxes, scores, labels = zip(*rows, strict=True)
    return Detections.from_model(np.array(boxes, np.float32), np.array(scores, np.float32), np.array(labels, np.int32))


def test_the_candidate_under_the_click_is_taken_its_own_class_first() -> None:
    red, white = (100.0, 100.0, 158.0, 164.0), (98.0, 98.0, 166.0, 170.0)
    cells = found((red, 0.2, 0), (white, 0.4, 1), ((300.0, 300.0, 360.0, 360.0), 0.9, 0))
    assert candidate_at(cells, NONE, 0, (130, 130), USUAL) == red
    assert candidate_at(cells, NONE, 1, (130, 130), USUAL) == white
    assert candidate_at(cells, NONE, 2, (130, 130), USUAL) == white, "of no such class: the likelier"
    assert candidate_at(cells, NONE, 0, (230, 230), USUAL) is None


def test_a_cell_that_counts_is_not_meant_nor_one_of_another_size() -> None:
    box = (100.0, 100.0, 160.0, 160.0)
    cells = found((box, 0.9, 0), ((90.0, 90.0, 290.0, 290.0), 0.5, 0))
    assert candidate_at(cells, np.array([box], np.float32), 0, (130, 130), USUAL) is None
    assert candidate_at(cells, NONE, 0, (190, 190), USUAL) is None


@pytest.mark.parametrize("seed", range(3))
def test_what_is_stained_under_the_click_is_boxed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    smear = render_smear(480, 360, red_cells=12, white_cells=1, platelets=3, diameter=64, rng=rng)
    overlaps = []
    for box, label in zip(smear.boxes.tolist(), smear.labels.tolist(), strict=True):
        x1, y1, x2, y2 = box
        if min(x1, y1) < 2 or x2 > 478 or y2 > 358:
            continue
        usual = (x2 - x1, y2 - y1)
        place = (x1 + x2) / 2, (y1 + y2) / 2
        at = contour_at(smear.image, place, CLASS_NAMES[label], 64.0, usual)
        both = None if at is None else iou_matrix(np.array([at], np.float32), np.array([box], np.float32))
        overlaps.append(0.0 if both is None else float(both[0, 0]))
    assert np.mean(np.array(overlaps) >= 0.6) >= 0.8


def test_where_nothing_is_there_is_nothing_to_box() -> None:
    empty = np.full((200, 200, 3), 230, np.uint8)
    assert contour_at(empty, (100, 100), "RBC", 60.0, USUAL) is None
    assert contour_at(empty, (0, 0), "RBC", 60.0, USUAL) is None
