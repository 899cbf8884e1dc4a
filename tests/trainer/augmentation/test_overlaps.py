from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.imaging.illumination import WHITE
from trainer.augmentation.crop import Crop
from trainer.augmentation.overlaps import CutCell, cut_covering_cells, cut_lone_cells, overlap_cells, paste_white_cells
from trainer.dataset.load import PreparedImage

RED, WHITE_CELL = 0, 1
CELL = (200, 120, 150)
seeds = st.integers(0, 2**32 - 1)


def field(centres: list[tuple[int, int]], label: int = RED, radius: int = 20) -> PreparedImage:
    """Return an empty field with discs for cells."""
    image = np.full((200, 300, 3), WHITE, np.uint8)
    for centre in centres:
        cv2.circle(image, centre, radius, CELL, -1)
    boxes = np.array([[x - radius, y - radius, x + radius + 1, y + radius + 1] for x, y in centres], np.float32)
    return PreparedImage(image, boxes, np.full(len(centres), label), diameter=2 * radius + 1.0)


def disc(label: int, side: int = 40) -> CutCell:
    return cut_lone_cells(field([(150, 100)], label), label, float(side))[0]


def crop_with(box: tuple[int, int, int, int] | None, label: int = RED) -> Crop:
    image = np.full((160, 160, 3), WHITE, np.uint8)
    boxes = np.array([box], np.float32) if box else np.zeros((0, 4), np.float32)
    if box:
        x1, y1, x2, y2 = box
        cv2.circle(image, ((x1 + x2) // 2, (y1 + y2) // 2), (x2 - x1) // 2, CELL, -1)
    return Crop(image, boxes, np.full(len(boxes), label, np.int64))


def test_only_cells_that_lie_free_are_cut_to_lie_over_others() -> None:
    assert len(cut_lone_cells(field([(60, 100), (100, 100), (220, 100)]), RED, 40.0)) == 1
    assert cut_lone_cells(field([(10, 100)]), RED, 40.0) == []


def test_large_cells_may_have_neighbours_but_not_lie_under_them() -> None:
    assert len(cut_covering_cells(field([(60, 100), (101, 100)]), RED, 40.0)) == 2
    assert cut_covering_cells(field([(60, 100), (75, 100)]), RED, 40.0) == []


@given(seeds)
def test_the_box_of_a_cell_laid_over_another_fits_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crop = crop_with((60, 60, 100, 100))
    before = crop.image.astype(int)
    overlap_cells(crop, [disc(RED)], RED, rng)
    changed = (before - crop.image).max(axis=2) > 25
    rows, columns = np.nonzero(changed)
    added = crop.boxes[1:]
    if not len(added):
        return
    hull = [added[:, 0].min(), added[:, 1].min(), added[:, 2].max(), added[:, 3].max()]
    np.testing.assert_allclose([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], hull, atol=3.5)


def test_where_two_red_cells_overlap_light_passes_both() -> None:
    rng = np.random.default_rng(1)
    crop = crop_with((60, 60, 100, 100))
    while len(crop.boxes) < 2:
        overlap_cells(crop, [disc(RED)], RED, rng)
    single = np.array(CELL) / WHITE
    darkest = crop.image.reshape(-1, 3).min(axis=0) / WHITE
    np.testing.assert_array_less(darkest, single**2 + 0.03)


@given(seeds)
def test_a_white_cell_takes_away_the_boxes_of_what_it_hides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crop = crop_with((70, 70, 90, 90))
    paste_white_cells(crop, [disc(WHITE_CELL, 60)], rng)
    red = crop.boxes[crop.labels == RED]
    for x1, y1, x2, y2 in crop.boxes[crop.labels == WHITE_CELL]:
        shared = np.minimum(red[:, 2:], (x2, y2)) - np.maximum(red[:, :2], (x1, y1))
        assert (np.prod(np.maximum(shared, 0), axis=1) <= 0.5 * 400 + 1).all()


def test_no_white_cell_is_laid_beside_the_field() -> None:
    crop = crop_with(None)
    crop.image[:] = (124, 116, 104)
    before = crop.image.copy()
    for seed in range(8):
        paste_white_cells(crop, [disc(WHITE_CELL, 60)], np.random.default_rng(seed))
    np.testing.assert_array_equal(crop.image, before)
    assert len(crop.boxes) == 0
