from __future__ import annotations

import os
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from core.models.card import Measurement
from core.models.network import Model
from trainer.cli.main import main
from trainer.detection.export import build_card, compare, export_checkpoint, halve_weights
from trainer.detection.graph import candidate_graph
from trainer.detection.network import CellRetinaNet
from trainer.detection.trained import load_average, load_trained
from trainer.training.card import with_measurements, write_card
from trainer.training.checkpoint import CheckpointError
from trainer.training.export import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    from core.models.card import ModelCard
    from trainer.detection.trained import TrainedModel

CLASSES = ("RBC", "WBC", "Platelets")


@pytest.fixture(scope="module")
def model(exported: Path) -> Model:
    return Model(exported)


@pytest.fixture(scope="module")
def halved_model(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("halved") / "model.onnx"
    shutil.copy(exported, path)
    halve_weights(path)
    assert path.stat().st_size < 0.55 * exported.stat().st_size
    return Model(path)


def raise_scores(network: nn.Module, by: float) -> None:
    assert isinstance(network, CellRetinaNet)
    bias = network.head.classification_head.cls_logits.bias
    assert bias is not None
    bias.data += by


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(128, 128), (256, 256), (192, 448), (512, 128)])
def test_the_model_file_finds_what_torch_finds(
    trained: TrainedModel, model: Model, halved_model: Model, height: int, width: int
) -> None:
    image = noise(height, width)
    agreement = compare(trained.model, model, image)
    assert agreement.candidates > 10
    assert agreement.box < 1e-3
    assert agreement.score < 1e-3
    rounded = compare(trained.model, halved_model, image)
    # an untrained network on noise magnifies rounding; trained ones are off by a thousandth of this
    assert rounded.box < 0.1
    assert rounded.score < 0.03


def test_comparing_sees_a_difference(trained: TrainedModel, model: Model) -> None:
    image = noise(128, 128)
    raise_scores(trained.model, 0.1)
    assert compare(trained.model, model, image).score > 0.01
    raise_scores(trained.model, -50)
    assert compare(trained.model, model, image).score == float("inf")


def test_a_model_file_that_disagrees_is_not_kept(
    tmp_path: Path, trained: TrainedModel, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_another(model: nn.Module, card: ModelCard, path: Path) -> None:
        shutil.copy(exported, path)
        raise_scores(model, 1.0)

    monkeypatch.setattr("trainer.detection.export.export_onnx", export_another)
    with pytest.raises(ExportError, match="differs"):
        export_checkpoint(trained, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_the_candidates_hold_all_that_torchvision_detects(trained: TrainedModel) -> None:
    image = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (3, 128, 192), dtype=np.uint8))
    with torch.no_grad():
        (detected,) = trained.model([image / 255])
        boxes, scores, labels = candidate_graph(trained.model, 0.05)(image[None])
    # torchvision clips boxes to the image, and so does the program, but later
    limits = torch.tensor([192.0, 128.0, 192.0, 128.0])
    candidates = torch.cat([torch.minimum(boxes.clamp(min=0), limits), scores[:, None], labels[:, None]], 1)
    wanted = torch.cat([detected["boxes"], detected["scores"][:, None], detected["labels"][:, None]], 1)
    assert len(wanted) > 10
    nearest = (wanted[:, None] - candidates[None]).abs().amax(2).amin(1)
    assert float(nearest.max()) < 1e-3


@pytest.mark.slow
def test_export_writes_a_card_that_says_where_the_model_comes_from(tmp_path: Path, checkpoint: Path) -> None:
    out = tmp_path / "model.onnx"
    assert main(["export", "--checkpoint", str(checkpoint), "--out", str(out), "--name", "Test model"]) == 0
    card = Model(out).card
    assert card.name == "Test model"
    assert card.architecture == "RetinaNet, ResNet-10-narrow, 32-channel FPN at strides 8, 16 and 32"
    assert card.classes == CLASSES
    assert card.red_cell_diameter == 32
    assert (card.seed, card.epochs) == (7, 5)
    assert [(d.name, d.split, d.images, d.sha256[:2]) for d in card.trained_on] == [
        ("cells", "train", 4, "ab"),
        ("cells", "val", 2, "cd"),
    ]
    assert card.date
    # two bytes for a weight, or nearly so
    assert out.stat().st_size < 2.2 * 11.6e6


@pytest.fixture
def shifted(checkpoint: Path) -> Path:
    """Return the same checkpoint with every weight larger by 1."""
    content = torch.load(checkpoint, weights_only=True)
    for name, value in content["state_dict"].items():
        if value.is_floating_point():
            content["state_dict"][name] = value + 1
    path = checkpoint.with_name("shifted.ckpt")
    torch.save(content, path)
    return path


@pytest.mark.slow
def test_a_model_can_count_at_another_scale_than_it_was_trained_at(tmp_path: Path, checkpoint: Path) -> None:
    arguments = ["export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "quick.onnx"), "--red-cells", "56"]
    assert main(arguments) == 0
    card = Model(tmp_path / "quick.onnx").card
    assert card.red_cell_diameter == 56
    assert "trained at red cells of 32 pixels" in card.notes


def test_several_checkpoints_are_averaged(checkpoint: Path, shifted: Path) -> None:
    one, mean = load_trained(checkpoint), load_average([shifted, checkpoint], [0.25, 0.75])
    for name, value in one.model.state_dict().items():
        wanted = value + 0.25 if value.is_floating_point() else value
        torch.testing.assert_close(mean.model.state_dict()[name], wanted, msg=name)
    notes = build_card(mean).notes
    assert notes.startswith("mean of 0.25 x shifted.ckpt ")
    assert "0.75 x best.ckpt " in notes


def test_checkpoints_of_two_networks_are_not_averaged(checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"]["class_names"] = ("RBC", "WBC", "Dust")
    other = checkpoint.with_name("other.ckpt")
    torch.save(content, other)
    with pytest.raises(CheckpointError, match=r"other\.ckpt: has a different network than .*best\.ckpt"):
        load_average([other, checkpoint], [0.5, 0.5])


def test_shares_are_one_for_each_checkpoint(
    tmp_path: Path, checkpoint: Path, shifted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.onnx"
    both = ["export", "--checkpoint", str(checkpoint), str(shifted), "--out", str(out)]
    assert main([*both, "--shares", "1"]) == 2
    assert "--shares has 1 numbers for 2 checkpoints; give one for each." in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.slow
def test_a_card_survives_the_file(tmp_path: Path, trained: TrainedModel, exported: Path) -> None:
    path = tmp_path / "model.onnx"
    shutil.copy(exported, path)
    card = build_card(trained, "ünïcode ✓")
    write_card(path, card)
    assert Model(path).card == card
    measured = with_measurements(card, "first", {"AP50 RBC": 0.91234567, "F1 RBC": 0.9})
    measured = with_measurements(measured, "second", {"AP50 RBC": 0.8})
    measured = with_measurements(measured, "first", {"AP50 RBC": 0.95})
    changed = msgspec.structs.replace(measured, thresholds={"RBC": 0.3, "WBC": 0.5, "Platelets": 0.2})
    write_card(path, changed)
    assert Model(path).card == changed
    assert changed.measured == (
        Measurement("second", "AP50 RBC", 0.8),
        Measurement("first", "AP50 RBC", 0.95),
    )
    assert not list(tmp_path.glob("*.partial"))


class Bomb:
    """Makes a folder when it is unpickled, as any harmful checkpoint could."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


def detonate(path: Path, as_plain_pickle: bool) -> None:
    if as_plain_pickle:
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)


@pytest.mark.parametrize("as_plain_pickle", [False, True])
def test_a_pickle_bomb_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], as_plain_pickle: bool) -> None:
    target, path = tmp_path / "exploded", tmp_path / "best.ckpt"
    content = {"state_dict": {}, "hyper_parameters": Bomb(target)}
    if as_plain_pickle:
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path)
    assert main(["export", "--checkpoint", str(path), "--out", str(tmp_path / "model.onnx")]) == 2
    assert not target.exists()
    assert "refused" in capsys.readouterr().err
    detonate(path, as_plain_pickle)
    assert target.exists(), "the bomb was none"


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "best.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"best\.ckpt: "):
        load_trained(path)


@pytest.mark.parametrize("missing", ["hyper_parameters", "state_dict"])
def test_a_checkpoint_of_something_else_is_refused(checkpoint: Path, missing: str) -> None:
    content = torch.load(checkpoint, weights_only=True)
    del content[missing]
    torch.save(content, checkpoint)
    with pytest.raises(CheckpointError, match="made by another version"):
        load_trained(checkpoint)
