"""From masks to cells: three ways, and edges between touching cells."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.segcount.instances import count_class, count_masks
from core.segcount.masks import CellMasks
from core.segcount.method import CountingMethod, Method

DIAMETER = 40.0
ALL = tuple(Method)


def masks_of(*discs: tuple[float, float, float], edge: np.ndarray | None = None, level: float = 0.9) -> CellMasks:
    mask = np.zeros((160, 240), np.float32)
    for x, y, radius in discs:
        cv2.circle(mask, (round(x), round(y)), round(radius), level, -1)
    return CellMasks(mask[None], edge, DIAMETER)


@pytest.mark.parametrize("method", ALL)
def test_cells_apart_are_found_where_they_are(method: Method):
    discs = [(50, 50, 20), (120, 60, 19), (190, 110, 22)]
    found = count_class(masks_of(*discs), 0, CountingMethod(method=method))
    assert len(found.boxes) == 3
    order = np.argsort(found.boxes[:, 0])
    expected = np.array([(x - r, y - r, x + r, y + r) for x, y, r in discs])
    assert np.abs(found.boxes[order] - expected).max() <= 2.5
    assert found.scores == pytest.approx(0.9, abs=0.06)
    for contour, box in zip(found.contours, found.boxes, strict=True):
        assert contour.min(axis=0) == pytest.approx(box[:2], abs=1)
        assert contour.max(axis=0) == pytest.approx(box[2:], abs=1)


@pytest.mark.parametrize("method", [Method.WATERSHED, Method.HOUGH])
def test_touching_cells_are_separated(method: Method):
    chain = [(50, 60, 20), (84, 66, 20), (116, 80, 20), (150, 80, 20)]
    found = count_class(masks_of(*chain), 0, CountingMethod(method=method))
    assert len(found.boxes) == 4


def test_components_need_an_edge_to_separate_touching_cells():
    pair = [(50, 60, 20), (86, 60, 20)]
    edge = np.zeros((160, 240), np.float32)
    edge[30:90, 67:70] = 1
    method = CountingMethod(method=Method.COMPONENTS)
    assert len(count_class(masks_of(*pair), 0, method).boxes) == 1
    found = count_class(masks_of(*pair, edge=edge), 0, method)
    assert len(found.boxes) == 2
    assert np.sort(found.boxes[:, 0]) == pytest.approx([30, 68], abs=2), "the edge is given back"


@pytest.mark.parametrize("method", ALL)
def test_a_pallor_is_part_of_its_cell_and_specks_are_none(method: Method):
    masks = masks_of((60, 60, 20), (150, 60, 4), (200, 120, 3))
    cv2.circle(masks.probabilities[0], (60, 60), 9, 0.0, -1)
    found = count_class(masks, 0, CountingMethod(method=method))
    assert len(found.boxes) == 1
    assert found.boxes[0, 2] - found.boxes[0, 0] == pytest.approx(40, abs=4)


@pytest.mark.parametrize("method", ALL)
def test_cells_at_the_border_of_the_picture_are_found(method: Method):
    found = count_class(masks_of((4, 60, 20), (120, 156, 20), (120, 60, 20)), 0, CountingMethod(method=method))
    assert len(found.boxes) == 3


@pytest.mark.parametrize("method", ALL)
def test_an_empty_mask_has_no_cell(method: Method):
    found = count_class(masks_of(), 0, CountingMethod(method=method))
    assert found.boxes.shape == (0, 4)
    assert found.contours == ()


def test_a_pixel_belongs_to_the_likeliest_class():
    red, white = masks_of((60, 60, 20)), masks_of((60, 60, 20), level=0.95)
    masks = CellMasks(np.concatenate([red.probabilities, white.probabilities]), None, DIAMETER)
    found = count_masks(masks, ("RBC", "WBC"), {"RBC": CountingMethod(), "WBC": CountingMethod()})
    assert found.labels.tolist() == [1]


def test_a_method_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="cannot be"):
        CountingMethod(threshold=0)
