from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import torch
from torchvision.models import resnet18, resnet34

from trainer.detection.network import build_retinanet
from trainer.detection.pretrained import WeightsError, describe_weights, load_pretrained
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.detection.network import CellRetinaNet
    from trainer.detection.trained import TrainedModel


TINY = load_preset(Preset, "tiny")
RESNET18 = dataclasses.replace(TINY, backbone="resnet18")


@pytest.fixture
def fresh_network() -> CellRetinaNet:
    torch.manual_seed(2)
    return build_retinanet(TINY, 3, frozen_norm=True)


@pytest.fixture
def fresh_resnet18() -> CellRetinaNet:
    torch.manual_seed(2)
    return build_retinanet(RESNET18, 3, frozen_norm=True)


def test_a_checkpoint_of_ours_is_taken_whole(
    checkpoint: Path, trained: TrainedModel, fresh_network: CellRetinaNet
) -> None:
    load_pretrained(fresh_network, TINY, str(checkpoint))
    theirs = trained.model.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in fresh_network.state_dict().items())


def test_a_plain_resnet_becomes_the_backbone(tmp_path: Path, fresh_resnet18: CellRetinaNet) -> None:
    resnet = resnet18(weights=None)
    torch.save(resnet.state_dict(), tmp_path / "resnet.pth")
    head = {name: value.clone() for name, value in fresh_resnet18.head.state_dict().items()}
    load_pretrained(fresh_resnet18, RESNET18, str(tmp_path / "resnet.pth"))
    body, theirs = fresh_resnet18.backbone.body.state_dict(), resnet.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in body.items())
    assert all(torch.equal(value, head[name]) for name, value in fresh_resnet18.head.state_dict().items())


def test_the_detector_of_torchvision_lends_backbone_and_pyramid(
    tmp_path: Path, trained: TrainedModel, fresh_network: CellRetinaNet
) -> None:
    state = {name: value for name, value in trained.model.state_dict().items() if not name.endswith("tracked")}
    state["backbone.fpn.extra_blocks.p6.weight"] = torch.zeros(32, 32, 3, 3)
    torch.save(state, tmp_path / "retinanet.pth")
    head = {name: value.clone() for name, value in fresh_network.head.state_dict().items()}
    load_pretrained(fresh_network, TINY, str(tmp_path / "retinanet.pth"))
    backbone = fresh_network.backbone.state_dict()
    assert all(torch.equal(value, state[f"backbone.{name}"]) for name, value in backbone.items())
    assert all(torch.equal(value, head[name]) for name, value in fresh_network.head.state_dict().items())


@pytest.mark.parametrize("content", ["larger", "nothing"])
def test_weights_of_another_network_are_refused(tmp_path: Path, fresh_resnet18: CellRetinaNet, content: str) -> None:
    state = resnet34(weights=None).state_dict() if content == "larger" else {"weight": torch.zeros(3)}
    torch.save(state, tmp_path / "other.pth")
    before = {name: value.clone() for name, value in fresh_resnet18.state_dict().items()}
    with pytest.raises(WeightsError, match="do not fit a resnet18 backbone"):
        load_pretrained(fresh_resnet18, RESNET18, str(tmp_path / "other.pth"))
    assert all(torch.equal(value, before[name]) for name, value in fresh_resnet18.state_dict().items())


def test_weights_that_cannot_be_downloaded_give_one_sentence(
    fresh_network: CellRetinaNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_arguments: object, **_options: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", no_network)
    with pytest.raises(WeightsError, match="cannot be downloaded") as error:
        load_pretrained(fresh_network, RESNET18, "imagenet")
    assert "https://" in str(error.value)
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        load_pretrained(fresh_network, load_preset(Preset, "resnet50"), "coco")
    with pytest.raises(WeightsError, match="no ImageNet weights of resnet10-narrow"):
        load_pretrained(fresh_network, TINY, "imagenet")
    with pytest.raises(WeightsError, match="exist only for"):
        load_pretrained(fresh_network, TINY, "coco")


def test_a_record_tells_files_of_one_name_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.ckpt").write_bytes(name.encode())
    first, second = (describe_weights(str(tmp_path / name / "best.ckpt")) for name in ("a", "b"))
    assert first != second
    assert first.startswith("best.ckpt ")
    assert describe_weights("coco") == "coco"
