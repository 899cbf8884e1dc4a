"""The describer: its projection evens cells of one kind out, and its file says what torch says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from core.models.embedding import EmbeddingModel
from core.models.network import Model, ModelError
from trainer.kinds.build import averages_of
from trainer.kinds.export import SIDE, build_card, export_describer
from trainer.kinds.network import DIMENSIONS, CellDescriber
from trainer.kinds.projection import fit_projection
from trainer.kinds.tune import UNTOLD, TuneOptions, frozen_maps, tune

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def cells() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (6, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def describer() -> CellDescriber:
    torch.manual_seed(0)
    return CellDescriber().eval()


@pytest.mark.slow
def test_the_file_says_what_torch_says(describer: CellDescriber, cells: np.ndarray, tmp_path: Path):
    path = tmp_path / "kinds.onnx"
    groups = np.array([0, 0, 0, 1, 1, 1])
    fit_projection(describer, averages_of(describer, cells), groups)
    card = build_card("Test", ("noise train",), "")
    assert export_describer(describer, card, path, cells, in_8_bits=False) > 0.999
    model = EmbeddingModel(path)
    assert (model.card.dimensions, model.card.licence) == (DIMENSIONS, "Apache-2.0")
    assert model.embed(cells[:0]).shape == (0, DIMENSIONS)
    with torch.no_grad():
        ours = describer(torch.from_numpy(cells.transpose(0, 3, 1, 2).copy())).numpy()
    np.testing.assert_allclose(model.embed(cells), ours, rtol=0.1, atol=0.1 * np.abs(ours).max())
    with pytest.raises(ModelError, match="it tells kinds of cells apart, but finds none"):
        Model(path)


def test_within_a_kind_all_directions_are_alike():
    torch.manual_seed(0)
    describer = CellDescriber()
    rng = np.random.default_rng(0)
    width = sum(describer.body.widths)
    groups = np.repeat(np.arange(4), 400)
    averages = (rng.normal(size=(1600, width)) * rng.uniform(0.1, 9, width)).astype(np.float32)
    averages += 4 * rng.normal(size=(4, width)).astype(np.float32)[groups]
    fit_projection(describer, averages, groups)
    with torch.no_grad():
        points = describer.projection(torch.from_numpy(averages)).numpy()
    assert np.abs(points.mean(axis=0)).max() < 0.05
    centres = np.array([points[groups == group].mean(axis=0) for group in range(4)])
    within = (points - centres[groups]).std(axis=0)
    assert within.max() / within.min() < 1.6
    assert (centres.std(axis=0)[:3] > 2 * within[:3]).all()  # the kinds are in the first directions


def test_only_the_last_blocks_are_tuned(describer: CellDescriber):
    rng = np.random.default_rng(1)
    wide = list(rng.integers(0, 255, (5, 80, 80, 3), dtype=np.uint8))
    maps = frozen_maps(describer, wide, [0, 0, 1, 1, UNTOLD], side=64, context=1.15, versions=(2, 1))
    assert maps.kinds.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, UNTOLD]
    assert maps.middle.shape == (9, 112, 4, 4)
    tuned = tune(describer, maps, TuneOptions(epochs=2))
    before, after = describer.body.state_dict(), tuned.body.state_dict()
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"11", "12", "13", "14", "15"}
