from __future__ import annotations

import dataclasses
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from core.imaging.synthetic import CLASS_NAMES
from core.models.network import Model
from trainer.cli.main import main
from trainer.dataset import load as trainer_data
from trainer.detection import quantize as quantize_module
from trainer.detection.data import ImageStore, WholeImages, collate
from trainer.detection.graph import candidate_graph
from trainer.detection.network import build_retinanet
from trainer.detection.quantize import (
    calibration_inputs,
    check_smears,
    compare_counts,
    export_quantized,
    load_nncf,
    quantize,
)
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset
from trainer.training.export import ExportError, folded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.dataset.load import DataSet
    from trainer.detection.network import CellRetinaNet
    from trainer.detection.trained import TrainedModel

STEPS = 40

WIDE = dataclasses.replace(load_preset(Preset, "tiny"), backbone="resnet18")
"""With so many channels what 8 bits take from each averages out."""


@pytest.fixture(autouse=True, scope="module")
def small_amounts() -> Iterator[None]:
    """Calibrate by little and check by little; a network trained for seconds is less sure than a real one."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CROPS": 6, "FIELDS": 2, "SMEARS": 2}.items():
            patch.setattr(quantize_module, name, value)
        patch.setattr(quantize_module, "LEAST_SHARED", 0.9)
        patch.setattr(quantize_module, "LARGEST_SCORE_DIFFERENCE", 0.05)
        yield


def trained_network(train_set: DataSet) -> CellRetinaNet:
    """Return a tiny network that is sure of some cells: pyramid and head trained on a random backbone."""
    torch.manual_seed(1)
    network = build_retinanet(WIDE, len(CLASS_NAMES))
    fields = WholeImages(ImageStore(train_set, WIDE))
    images, targets = collate([fields[index] for index in range(2)])
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the statistics of one batch, whole
    network.train()
    with torch.no_grad():
        network(images, targets)
    network.eval()
    batch, _ = network.transform(images, targets)
    with torch.no_grad():
        features = network.backbone.body(batch.tensors)
    parameters = [*network.backbone.fpn.parameters(), *network.head.parameters()]
    optimizer = torch.optim.AdamW(parameters, 3e-3)
    for _ in range(STEPS):
        pyramid = list(network.backbone.fpn(features).values())
        outputs = network.head(pyramid)
        losses = network.compute_loss(targets, outputs, network.anchor_generator(batch, pyramid))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
    return network


@dataclass(frozen=True)
class Export:
    """What the command left behind for one checkpoint, in 32 or rather 16 bits and in 8."""

    halved: Path
    quantized: Path
    fields_read: list[str]
    said: str
    complained: str


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory, train_set: DataSet) -> Export:
    folder = tmp_path_factory.mktemp("quantized")
    state = trained_network(train_set).state_dict()
    content = {
        "hyper_parameters": {
            "preset": asdict(WIDE),
            "class_names": CLASS_NAMES,
            "weights": None,
        },
        "state_dict": {f"model.{name}": value for name, value in state.items()},
        "epoch": 0,
    }
    torch.save(content, folder / "best.ckpt")
    common = ["export", "--checkpoint", str(folder / "best.ckpt"), "--out"]
    assert main([*common, str(folder / "half.onnx")]) == 0
    out, err, fields_read = io.StringIO(), io.StringIO(), []
    read_image = trainer_data.read_image

    def recorded(path: Path) -> Any:
        fields_read.append(path.name)
        return read_image(path)

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(trainer_data, "read_image", recorded)
        assert main([*common, str(folder / "eight.onnx"), "--calibrate", str(train_set.folder)]) == 0, err.getvalue()
    return Export(folder / "half.onnx", folder / "eight.onnx", fields_read, out.getvalue(), err.getvalue())


@pytest.mark.slow
def test_the_8_bit_model_counts_as_the_other_does(export: Export) -> None:
    half, eight = Model(export.halved), Model(export.quantized)
    agreement = compare_counts(half, eight, check_smears(half.card))
    assert agreement.boxes > 50
    assert agreement.shared > 0.9
    assert agreement.score < 0.05
    smear = check_smears(half.card)[0]
    highest = [np.sort(model.run(smear).scores)[-100:] for model in (half, eight)]
    assert np.abs(highest[0] - highest[1]).mean() < 0.05


@pytest.mark.slow
def test_the_8_bit_model_file_holds_integers(export: Export) -> None:
    assert export.quantized.stat().st_size < 0.6 * export.halved.stat().st_size
    graph = onnx.load(export.quantized).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kinds: list[int] = [TensorProto.INT8, TensorProto.FLOAT, TensorProto.FLOAT16]
    counts = {
        kind: sum(int(np.prod(tensor.dims)) for tensor in weights.values() if tensor.data_type == kind)
        for kind in kinds
    }
    assert counts[TensorProto.INT8] > 0.95 * sum(counts.values())
    dequantizing = [node for node in graph.node if node.op_type == "DequantizeLinear"]
    assert len(dequantizing) > 40
    scales = {node.input[1] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    assert {weights[name].data_type for name in scales if name in weights} == {TensorProto.FLOAT}
    # half the range, so that no processor overflows
    largest = max(
        np.abs(numpy_helper.to_array(weights[node.input[0]]).astype(int)).max()
        for node in dequantizing
        if node.input[0] in weights and weights[node.input[0]].data_type == TensorProto.INT8
    )
    assert 60 <= largest <= 64
    outputs = [node for node in graph.node if node.op_type == "Conv" and "_head/last" in node.name]
    assert outputs
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    assert all(made_by.get(node.input[1]) != "DequantizeLinear" for node in outputs)


@pytest.mark.slow
def test_the_card_says_how_the_model_was_made(export: Export) -> None:
    card = Model(export.quantized).card
    assert card.architecture == "RetinaNet, ResNet-18, 32-channel FPN at strides 8, 16 and 32, 8-bit"
    assert "calibrated on 6 augmented crops and 2 whole fields of cells train" in card.notes
    assert "/" not in card.notes
    assert [item.key for item in onnx.load(export.quantized).metadata_props] == ["smearcount"]
    assert "8-bit" not in Model(export.halved).card.architecture


@pytest.mark.slow
def test_only_training_fields_calibrate(export: Export) -> None:
    assert sorted(export.fields_read) == ["0.png", "1.png", "2.png", "3.png"]


@pytest.mark.slow
def test_the_command_says_no_more_than_it_should(export: Export) -> None:
    assert export.complained == ""
    assert [line.split(":")[0] for line in export.said.splitlines()] == [
        "The run has no record, so the model card does not name the training data.",
        str(export.quantized),
    ]


@pytest.mark.slow
def test_calibration_is_repeatable(tmp_path: Path, exported: Path, train_set: DataSet) -> None:
    preset, card = load_preset(Preset, "tiny"), Model(exported).card
    inputs = calibration_inputs(train_set, preset, card)
    again = calibration_inputs(train_set, preset, card)
    other = calibration_inputs(train_set, preset, card, seed=1)
    assert [image.shape for image in inputs] == [(1, 3, 96, 96)] * 6 + [(1, 3, 160, 192)] * 2
    assert all(np.array_equal(one, two) for one, two in zip(inputs, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(inputs[:6], other[:6], strict=True))
    contents = []
    for number in range(2):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(exported.read_bytes())
        quantize(load_nncf(), path, inputs[:1])
        contents.append({tensor.name: tensor.raw_data for tensor in onnx.load(path).graph.initializer})
    assert contents[0] == contents[1]


@pytest.mark.slow
def test_an_8_bit_model_that_counts_otherwise_is_not_kept(
    tmp_path: Path, trained: TrainedModel, train_set: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damage(_nncf: object, path: Path, _inputs: object) -> None:
        proto = onnx.load(path)
        biases = [tensor for tensor in proto.graph.initializer if "classification_head.last.bias" in tensor.name]
        assert biases
        for bias in biases:
            bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(3), bias.name))
        onnx.save(proto, path)

    monkeypatch.setattr(quantize_module, "quantize", damage)
    with pytest.raises(ExportError, match=r"model\.onnx: in 8 bits this model counts differently"):
        export_quantized(trained, tmp_path / "model.onnx", train_set)
    assert not list(tmp_path.glob("model.onnx*"))


@pytest.mark.slow
def test_an_interrupted_export_leaves_no_32_bit_model_behind(
    tmp_path: Path, trained: TrainedModel, train_set: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_nncf: object, path: Path, _inputs: object) -> None:
        assert path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(quantize_module, "quantize", interrupt)
    with pytest.raises(KeyboardInterrupt):
        export_quantized(trained, tmp_path / "model.onnx", train_set)
    assert not list(tmp_path.glob("model.onnx*"))


@pytest.mark.parametrize("package", ["nncf", "onnxruntime"])
def test_without_nncf_one_sentence_says_what_to_install(
    tmp_path: Path,
    checkpoint: Path,
    train_set: DataSet,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    package: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    out = tmp_path / "model.onnx"
    common = ["export", "--checkpoint", str(checkpoint), "--out", str(out)]
    assert main([*common, "--calibrate", str(train_set.folder)]) == 1
    error = capsys.readouterr().err
    assert "needs the packages nncf and onnxruntime" in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_bad_choices_give_one_sentence(tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "model.onnx")]
    assert main([*common, "--sources", "A"]) == 2
    assert "give --calibrate as well" in capsys.readouterr().err
    assert main([*common, "--calibrate", str(tmp_path / "nowhere")]) == 2
    assert "not a data set folder" in capsys.readouterr().err


@pytest.mark.parametrize("frozen", [False, True])
def test_folded_networks_find_the_same(trained: TrainedModel, frozen: bool) -> None:
    network = build_retinanet(trained.preset, len(CLASS_NAMES), frozen_norm=frozen).eval()
    network.load_state_dict(trained.model.state_dict(), strict=False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    plain = folded(network)
    kinds = (nn.BatchNorm2d, FrozenBatchNorm2d)
    assert not any(isinstance(module, kinds) for module in plain.modules())
    assert sum(isinstance(module, kinds) for module in network.modules()) == 13
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    image = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (1, 3, 128, 192), dtype=np.uint8))
    with torch.no_grad():
        one, two = candidate_graph(network, 0.05)(image), candidate_graph(plain, 0.05)(image)
    assert len(one[1]) > 10
    for first, second, tolerance in zip(one, two, (1e-2, 1e-4, 0), strict=True):  # boxes are in pixels
        torch.testing.assert_close(first, second, rtol=0, atol=tolerance)
