"""What crops show of other laboratories: artefacts, light, lenses, and fields whose scale nobody told."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging.illumination import WHITE
from core.imaging.synthetic import RenderedSmear, render_smear
from core.report.formats.annotated import write_picture
from trainer.augmentation.artefacts import add_precipitate, add_smudge, tint_red_cells
from trainer.augmentation.cameras import add_eyepiece, add_rings, add_vignette, sharpen, tint_lamp
from trainer.augmentation.crop import Crop
from trainer.augmentation.smear import Material, training_crop
from trainer.dataset.load import DataSet, LabelledImage, PreparedImage, prepare
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

seeds = st.integers(0, 2**32 - 1)


@cache
def rendered() -> RenderedSmear:
    return render_smear(192, 192, red_cells=8, white_cells=1, platelets=2, diameter=40, rng=np.random.default_rng(4))


def crop() -> Crop:
    smear = rendered()
    return Crop(smear.image.copy(), smear.boxes.copy(), smear.labels.astype(np.int64))


def rings(image: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    return add_rings(image, 40, rng)


@pytest.mark.parametrize("draw", [add_precipitate, add_smudge])
def test_artefacts_darken_the_field_and_get_no_box(draw: Callable[[Crop, float, Generator], None]) -> None:
    field = crop()
    before = dataclasses.replace(field, image=field.image.copy())
    draw(field, 40, np.random.default_rng(2))
    assert (field.image.astype(int) <= before.image.astype(int) + 1).all()
    assert (field.image < before.image).any()
    np.testing.assert_array_equal(field.boxes, before.boxes)


def test_only_red_cells_turn_blue() -> None:
    field = crop()
    before = field.image.copy()
    tint_red_cells(field, 0, np.random.default_rng(2))
    changed = (field.image != before).any(axis=2)
    assert changed.any()
    for x1, y1, x2, y2 in field.boxes[field.labels == 0].astype(int):
        changed[max(y1 - 6, 0) : y2 + 7, max(x1 - 6, 0) : x2 + 7] = False
    assert not changed.any()


@pytest.mark.parametrize("change", [tint_lamp, add_vignette, rings, sharpen])
@given(seed=seeds)
def test_light_and_lenses_leave_an_image_of_the_same_shape(
    change: Callable[[NDArray[np.float32], Generator], NDArray[np.float32]], seed: int
) -> None:
    image = crop().image.astype(np.float32)
    changed = change(image.copy(), np.random.default_rng(seed))
    assert changed.shape == image.shape
    assert np.isfinite(changed).all()


def test_a_lamp_leaves_grey_nearly_grey_and_a_lens_leaves_an_empty_field_empty() -> None:
    rng = np.random.default_rng(3)
    empty = np.full((64, 64, 3), WHITE, np.float32)
    np.testing.assert_allclose(rings(empty, rng), empty, rtol=1e-4)
    np.testing.assert_allclose(sharpen(empty, rng), empty, rtol=1e-4)
    assert np.abs(tint_lamp(empty, rng) / empty - 1).max() < 0.16


@given(seeds)
def test_no_box_stays_beyond_the_rim_of_an_eyepiece(seed: int) -> None:
    field = crop()
    field.image[:] = 200
    add_eyepiece(field, np.random.default_rng(seed))
    centres = ((field.boxes[:, :2] + field.boxes[:, 2:]) / 2).astype(int)
    assert all(field.image[min(y, 191), min(x, 191)].max() > 60 for x, y in centres)


@pytest.mark.slow
@given(seeds)
def test_a_crop_with_everything_in_it_is_whole(seed: int) -> None:
    shares = dict.fromkeys(("overlap", "paste_white", "artefacts", "tinted_cells", "cameras", "eyepieces"), 1.0)
    preset = dataclasses.replace(load_preset(Preset, "tiny"), **shares)
    smear = rendered()
    source = PreparedImage(smear.image, smear.boxes, smear.labels.astype(np.int64), 40.0)
    made = training_crop(Material(preset, lambda _rng: source), np.random.default_rng(seed))
    assert made.image.shape == (preset.crop, preset.crop, 3)
    assert made.image.dtype == np.uint8
    assert len(made.boxes) == len(made.labels)
    assert (made.boxes >= 0).all()
    assert (made.boxes <= preset.crop).all()


def test_a_field_without_red_boxes_gets_its_scale_as_the_program_estimates_it(tmp_path: Path) -> None:
    smear = render_smear(480, 360, red_cells=40, white_cells=1, diameter=44, rng=np.random.default_rng(6))
    write_picture(smear.image, tmp_path / "field.png")
    white = smear.labels == 1
    boxes = smear.boxes[white] / np.array([480, 360, 480, 360], np.float32)
    field = LabelledImage(tmp_path / "field.png", boxes, np.array([1]), "A", frozenset({"RBC"}))
    data = DataSet(tmp_path, "train", (field,))
    assert prepare(field, data, 96.0).diameter == pytest.approx(44, rel=0.15)
