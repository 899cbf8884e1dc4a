"""Presets, and training in two phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from core.imaging.synthetic import CLASS_NAMES
from core.models.network import Model
from trainer.cli.main import main
from trainer.recipes.load import PresetError, built_in_presets, load_preset, preset_kind
from trainer.recipes.recipe import Preset
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.data import MaskStore, training_piece
from trainer.segmentation.export import (
    load_segmenter,
)
from trainer.segmentation.losses import MaskLoss
from trainer.segmentation.network import build_network

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.dataset.load import DataSet

from tests.trainer.segmentation.tiny import TINY


@pytest.mark.parametrize("name", built_in_presets(SegmentPreset))
def test_every_preset_can_be_built(name: str):
    preset = load_preset(SegmentPreset, name)
    assert preset.epochs >= 2
    assert preset.name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('network = "unet"\npiece = 190', "88 pixels larger"),
        ('network = "segnet"\npiece = 100', "multiple of 32"),
        ('network = "unet"\nwitdh = 3', "unknown entry"),
        ('network = "transformer"', "wrong kind"),
        ('network = "unet"\nmask_epochs = 0', "above 0"),
    ],
)
def test_a_preset_that_cannot_be_is_refused(text: str, message: str, tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(PresetError, match=message):
        load_preset(SegmentPreset, str(path))


@pytest.mark.slow
def test_from_boxes_to_a_model_that_counts(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    masks, run, model = tmp_path / "masks", tmp_path / "run", tmp_path / "model.onnx"
    assert main(["data", "masks", "--data", str(data_folder), "--out", str(masks)]) == 0
    assert {path.name for path in masks.iterdir()} == {*CLASS_NAMES, "edge"}
    arguments = ["fit", "--data", str(data_folder), "--preset", "tiny-unet", "--workers", "0", "--accelerator", "cpu"]
    assert main([*arguments, "--run", str(run), "--masks", str(masks)]) == 0
    assert "Dice on val" in capsys.readouterr().out
    trained = load_segmenter(run / "best.ckpt")
    assert trained.record is not None
    assert main([*arguments, "--run", str(run), "--masks", str(masks)]) == 0
    assert "already finished" in capsys.readouterr().out
    assert main([*arguments, "--run", str(run), "--masks", str(masks), "--epochs", "5"]) == 2
    assert "started differently (epochs 3 here, 5 now)" in capsys.readouterr().err
    assert main(["export", "--checkpoint", str(run / "best.ckpt"), "--out", str(model), "--name", "mine"]) == 0
    assert Model(model).card.name == "mine"
    assert main(["evaluate", "--model", str(model), "--data", str(data_folder)]) == 0
    assert main([*arguments, "--run", str(tmp_path / "other"), "--weights", "coco"]) == 2
    capsys.readouterr()
    for option in (["--shares", "0.5"], ["--calibrate", str(data_folder)]):
        out = tmp_path / "refused.onnx"
        assert main(["export", "--checkpoint", str(run / "best.ckpt"), "--out", str(out), *option]) == 2
        assert f"{option[0]}: a segmentation network is exported from one checkpoint" in capsys.readouterr().err
        assert not out.exists()


@pytest.mark.slow
def test_segnet_is_trained_and_counts(data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    preset, run, model = tmp_path / "tiny-segnet.toml", tmp_path / "run", tmp_path / "model.onnx"
    preset.write_text(
        'network = "segnet"\nwidth = 2\npiece = 64\ninside = 48\nred_cell_diameter = 16\nbatch_size = 2\n'
        "batches_per_epoch = 2\nmask_epochs = 1\nedge_epochs = 1\nval_pieces = 2\n",
        "utf-8",
    )
    arguments = ["--data", str(data_folder), "--preset", str(preset), "--workers", "0", "--accelerator", "cpu"]
    assert main(["fit", *arguments, "--run", str(run)]) == 0
    assert main(["export", "--checkpoint", str(run / "best.ckpt"), "--out", str(model)]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--model", str(model), "--data", str(data_folder)]) == 0
    assert "RBC" in capsys.readouterr().out


def test_masks_are_refused_where_boxes_are_learned(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    arguments = ["--data", str(data_folder), "--run", str(run), "--masks", str(tmp_path), "--preset", "tiny"]
    assert main(["fit", *arguments]) == 2
    assert "--masks: tiny learns from boxes" in capsys.readouterr().err
    assert not run.exists()


def test_the_mask_head_rests_while_edges_are_learned(train_set: DataSet, tmp_path: Path):
    from trainer.segmentation.fit import fit_segmenter
    from trainer.training.loop import RunOptions

    states: dict[str, dict[str, torch.Tensor]] = {}
    for edge_epochs in (0, 1):
        preset = SegmentPreset(**{**TINY.__dict__, "mask_epochs": 1, "edge_epochs": edge_epochs})
        folder = tmp_path / str(edge_epochs)
        fit_segmenter(train_set, train_set, preset, RunOptions(folder, workers=0, accelerator="cpu", progress=False))
        states[str(edge_epochs)] = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
    assert not torch.equal(states["0"]["model.edge_head.weight"], states["1"]["model.edge_head.weight"])


@pytest.mark.slow
def test_the_loss_falls_and_the_masks_get_better(train_set: DataSet):
    torch.manual_seed(0)
    store = MaskStore(train_set, TINY)
    network, loss = build_network(TINY, 3), MaskLoss(0.3, 0.7)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-2)
    pieces = [training_piece(store, np.random.default_rng((0, n))) for n in range(4)]
    images = torch.stack([torch.from_numpy(piece.transpose(2, 0, 1).copy()) for piece, _ in pieces]).float() / 255
    truth = torch.stack([torch.from_numpy(values.copy()) for _, values in pieces])
    losses = []
    for _ in range(40):
        masks, edge = network(images)
        total = loss(masks, truth[:, :-1]) + loss(edge, truth[:, -1:])
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(float(total.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_presets_of_detectors_are_told_from_those_of_segmentation():
    assert preset_kind("tiny") is Preset
    assert preset_kind("do-unet") is SegmentPreset
