from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging.illumination import WHITE
from core.imaging.synthetic import PLATELET
from trainer.augmentation.smear import (
    Crop,
    Material,
    Patch,
    compose_panes,
    cut_cells,
    cut_pane,
    paste_cells,
    photograph,
    restain,
    training_crop,
    vary_pallor,
)
from trainer.dataset.load import PreparedImage
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset

GREY, MARK = (120, 120, 120), (255, 0, 0)
seeds = st.integers(0, 2**32 - 1)


def marked_field(rng: np.random.Generator) -> PreparedImage:
    """Return a grey field with one red rectangle for a cell."""
    width, height = (int(v) for v in rng.integers(150, 400, 2))
    w, h = (int(v) for v in rng.integers(20, 60, 2))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    image = np.full((height, width, 3), GREY, np.uint8)
    image[y : y + h, x : x + w] = MARK
    box = np.array([[x, y, x + w, y + h]], np.float32)
    return PreparedImage(image, box, np.array([1]), diameter=40.0)


def mark_in(image: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the box round the red pixels and how many they are."""
    red = image[..., 0].astype(int) - image[..., 1]
    rows, columns = np.nonzero(red > 127)
    if len(rows) == 0:
        return np.zeros(4), 0
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]), len(rows)


@pytest.mark.slow
@given(seeds)
def test_a_box_stays_on_its_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, height = (int(v) for v in rng.integers(96, 320, 2))
    pane = cut_pane(marked_field(rng), width, height, 40.0, rng)
    assert pane.image.shape == (height, width, 3)
    found, _ = mark_in(pane.image)
    if len(pane.boxes):
        assert pane.labels.tolist() == [1]
        np.testing.assert_allclose(pane.boxes[0], found, atol=1.6)


@given(seeds)
def test_only_cells_that_are_mostly_outside_lose_their_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    field = marked_field(rng)
    pane = cut_pane(field, 160, 128, 40.0, rng)
    _, visible = mark_in(pane.image)
    if not len(pane.boxes):
        # stretch and scale change the area, at the most by 2 * 2 here; what is left must be a part of it
        cell = float(np.prod(field.boxes[0, 2:] - field.boxes[0, :2]))
        assert visible < 0.6 * cell * 4


@pytest.mark.slow
@given(seeds)
def test_boxes_stay_on_their_cells_in_a_mosaic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    preset = load_preset(Preset, "tiny")
    preset = type(preset)(**{**preset.__dict__, "mosaic": 1.0, "rendered": 0.0, "crop": 256})
    crop = compose_panes(Material(preset, marked_field), rng)
    assert crop.image.shape == (256, 256, 3)
    for box in crop.boxes:
        x1, y1, x2, y2 = np.round(box).astype(int)
        inner = crop.image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2]
        assert (inner[..., 0].astype(int) - inner[..., 1] > 127).all()


@given(seeds)
def test_pasted_platelets_change_only_their_boxes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = np.full((128, 128, 3), int(WHITE), np.uint8)
    crop = Crop(image.copy(), np.array([[10, 10, 60, 60]], np.float32), np.array([0]))
    paste_cells(crop, [Patch(np.full((12, 14, 3), 0.7, np.float32), PLATELET)], rng)
    assert (crop.labels[1:] == PLATELET).all()
    assert len(crop.labels) == len(crop.boxes) > 1
    in_boxes = np.zeros((128, 128), bool)
    for x1, y1, x2, y2 in crop.boxes[1:].astype(int):
        in_boxes[y1:y2, x1:x2] = True
    np.testing.assert_array_equal((crop.image != image).any(axis=2), in_boxes)


def test_platelets_are_cut_as_density() -> None:
    image = np.full((100, 100, 3), int(WHITE), np.uint8)
    image[44:56, 44:56] = 100
    box = np.array([[40, 40, 60, 60]], np.float32)
    ((patch, label),) = cut_cells(PreparedImage(image, box, np.array([PLATELET]), 64.0), frozenset({PLATELET}), 32.0)
    assert label == PLATELET
    assert patch.shape == (10, 10, 3)
    assert patch[5, 5] == pytest.approx(np.log(WHITE / 100), abs=0.02)
    assert patch[0, 0] == pytest.approx(0)


@given(seeds)
def test_restaining_leaves_the_empty_field_empty(seed: int) -> None:
    image = np.full((32, 32, 3), int(WHITE), np.uint8)
    np.testing.assert_allclose(restain(image, np.random.default_rng(seed)), 1, atol=1e-3)


def test_a_preset_can_leave_the_stain_as_it_is() -> None:
    rng = np.random.default_rng(0)
    field = marked_field(rng)

    def hues(share: float) -> list[float]:
        kept = dataclasses.replace(
            load_preset(Preset, "tiny"), mosaic=0, rendered=0, paste=0, vary_pallor=0, restain=share
        )
        crops = [training_crop(Material(kept, lambda _: field), np.random.default_rng(seed)) for seed in range(12)]
        marked = [crop.image[tuple(crop.boxes[0].astype(int)[[1, 0]] + 6)] for crop in crops if len(crop.boxes)]
        return [float(red) - float(green) for red, green, _ in marked]

    assert np.std(hues(0.0)) < 0.5 * np.std(hues(1.0))


def test_the_centres_of_red_cells_vary_but_not_those_of_kinds() -> None:
    image = np.full((100, 200, 3), MARK, np.uint8)
    boxes = np.array([[10, 10, 90, 90], [110, 10, 190, 90]], np.float32)
    crop = Crop(image.copy(), boxes, np.array([0, 3]))
    vary_pallor(crop, 0, np.random.default_rng(0))
    assert (crop.image[:, :100] != image[:, :100]).any()
    np.testing.assert_array_equal(crop.image[:, 100:], image[:, 100:])


@given(seeds)
def test_a_photograph_of_an_empty_field_is_bright_and_even(seed: int) -> None:
    picture = photograph(np.ones((64, 64, 3), np.float32), 64.0, np.random.default_rng(seed))
    assert picture.dtype == np.uint8
    assert picture.shape == (64, 64, 3)
    assert picture.mean() > 150
    assert picture.reshape(-1, 3).std(axis=0).max() < 45


def test_a_crop_is_a_pure_function_of_its_seed() -> None:
    preset = load_preset(Preset, "tiny")
    first, second, other = (
        training_crop(Material(preset, marked_field), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.boxes, second.boxes)
    assert (first.image != other.image).any()
