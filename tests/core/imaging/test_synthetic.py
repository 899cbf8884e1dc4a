"""Rendered smears: the truth that other tests rely on."""

from __future__ import annotations

import numpy as np
import pytest

from core.imaging.synthetic import CLASS_NAMES, SmearStyle, render_smear

SEEDS = range(6)
PLAIN = SmearStyle(light=(240, 240, 240), vignetting=0, noise=0, blur=0, irregularity=0, pallor=0.2)


def render(seed: int, style: SmearStyle | None = None, **counts: int):
    return render_smear(400, 300, diameter=50, style=style, rng=np.random.default_rng(seed), **counts)


@pytest.mark.parametrize("style", [None, SmearStyle(debris=5, irregularity=1, blur=0)])
def test_one_seed_is_one_picture(style: SmearStyle | None):
    first, again, other = (render(seed, style, red_cells=15, white_cells=1, platelets=3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert (first.image != other.image).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_lie_in_the_picture_and_hold_something(seed: int):
    smear = render(seed, SmearStyle.random(np.random.default_rng(seed)), red_cells=30, white_cells=2, platelets=5)
    assert smear.image.shape == (300, 400, 3)
    assert smear.image.dtype == np.uint8
    assert (smear.boxes >= 0).all()
    assert (smear.boxes <= (400, 300, 400, 300)).all()
    assert (smear.boxes[:, 2:] - smear.boxes[:, :2] >= 4).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_say_what_is_there(seed: int):
    """In a sparse field everything asked for is placed; only cut cells may be missing from the truth."""
    smear = render(seed, red_cells=5, white_cells=1, platelets=2)
    assert len(smear.boxes) == len(smear.labels) == sum(smear.counts().values())
    assert tuple(smear.counts()) == CLASS_NAMES
    assert smear.counts()["RBC"] <= 5
    assert smear.counts()["WBC"] <= 1
    assert smear.counts()["Platelets"] <= 2
    assert len(smear.boxes) >= 5


def test_a_full_field_gets_fewer_cells_and_says_so():
    smear = render_smear(200, 150, red_cells=100, diameter=50, rng=np.random.default_rng(0))
    assert 5 < smear.counts()["RBC"] < 40


def stained_outside_boxes(seed: int) -> np.ndarray:
    """Return a mask of the stained pixels that no box of the truth covers."""
    smear = render(seed, PLAIN, red_cells=30)
    stained = smear.image.min(axis=2) < 225
    for x1, y1, x2, y2 in smear.boxes.astype(int):
        stained[max(y1 - 2, 0) : y2 + 2, max(x1 - 2, 0) : x2 + 2] = False
    return stained


@pytest.mark.parametrize("seed", SEEDS)
def test_only_cells_cut_by_the_border_are_missing_from_the_truth(seed: int):
    inner = stained_outside_boxes(seed)[30:-30, 30:-30]
    assert not inner.any()


def test_cells_less_than_half_visible_are_drawn_but_not_in_the_truth():
    assert any(stained_outside_boxes(seed).any() for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_cut_cells_in_the_truth_are_at_least_half_visible(seed: int):
    smear = render(seed, PLAIN, red_cells=30)
    shorter = (smear.boxes[:, 2:] - smear.boxes[:, :2]).min(axis=1)
    assert shorter.min() > 0.4 * 50
