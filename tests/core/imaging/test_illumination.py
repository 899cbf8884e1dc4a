"""Even light: two microscopes show the same smear alike."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.imaging.illumination import WHITE, divide_light, estimate_light
from core.imaging.synthetic import SmearStyle, render_smear

WHITE_LIGHT = SmearStyle(light=(WHITE, WHITE, WHITE), vignetting=0, noise=0)
YELLOW_LAMP = replace(WHITE_LIGHT, light=(245, 205, 170), vignetting=0.12)


def field(style: SmearStyle, seed: int, red_cells: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smear = render_smear(640, 480, red_cells=red_cells, white_cells=1, platelets=2, style=style, rng=rng)
    return smear.image


def even(image: np.ndarray) -> np.ndarray:
    return divide_light(image, estimate_light(image)).astype(int)


@pytest.mark.parametrize("red_cells", [4, 25, 50])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_cast_and_vignetting_are_taken_out(seed: int, red_cells: int):
    white, yellow = field(WHITE_LIGHT, seed, red_cells), field(YELLOW_LAMP, seed, red_cells)
    assert np.abs(white.astype(int) - yellow).mean() > 30
    assert np.abs(even(white) - even(yellow)).mean() < 4.5


def test_an_evenly_lit_field_stays_as_it_is():
    white = field(WHITE_LIGHT, 3, 20)
    assert np.abs(even(white) - white).mean() < 1


def test_a_large_picture_gets_the_light_of_a_small_one():
    """Above 1536 pixels points are sampled instead of averaged."""
    small = field(YELLOW_LAMP, 1, 20)
    large = np.asarray(cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    assert np.abs(estimate_light(large) - estimate_light(small)).max() < 10


def test_the_field_is_seen_between_many_small_cells():
    """In a large image a mean would be one over field and cells."""
    crowd = render_smear(250, 250, red_cells=200, diameter=20, style=WHITE_LIGHT, rng=np.random.default_rng(2)).image
    assert (crowd.min(axis=2) < 220).mean() > 0.5
    assert np.abs(estimate_light(np.tile(crowd, (8, 8, 1))) - WHITE).max() < 5


def test_one_large_dark_cell_is_not_taken_for_vignetting():
    image = np.full((400, 400, 3), 230, np.uint8)
    cv2.circle(image, (60, 60), 190, (110, 60, 140), -1)
    assert np.abs(even(image)[300:, 300:] - WHITE).max() < 12
    assert even(image)[60, 60].max() < 175


@pytest.mark.parametrize("value", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (3, 70), (64, 64), (2000, 2)])
def test_blank_pictures_of_any_shape(shape: tuple[int, int], value: int):
    image = np.full((*shape, 3), value, np.uint8)
    evened = divide_light(image, estimate_light(image))
    assert evened.shape == image.shape
    assert evened.max() <= WHITE + 1
