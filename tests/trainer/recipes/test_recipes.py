"""Recipes: both detectors, frozen backbones, optimizers, kept epochs, other classes, labels that are missing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from core.detection.detector import Detector
from core.imaging.synthetic import CLASS_NAMES, render_smear
from core.models.network import Model
from trainer.augmentation.crop import Crop
from trainer.augmentation.smear import Material
from trainer.cli.main import main
from trainer.dataset.load import DataSet
from trainer.detection.data import ImageStore, TrainingCrops, collate, to_sample
from trainer.detection.export import build_card, compare, export_exact
from trainer.detection.fit import fit
from trainer.detection.network import CellFasterRCNN, build_detector, build_retinanet
from trainer.detection.plain_crops import plain_crop
from trainer.detection.trained import load_trained
from trainer.recipes.load import PresetError, built_in_presets, load_preset
from trainer.recipes.recipe import Preset
from trainer.training.checkpoint import read_checkpoint
from trainer.training.loop import RunOptions
from trainer.training.record import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.dataset.load import PreparedImage

TINY = load_preset(Preset, "tiny")
TINY_FASTER = dataclasses.replace(
    TINY, name="tiny-faster", detector="faster_rcnn", anchor_sizes=((8,), (18,), (36,), (70,)), mosaic=0, rendered=0
)


def options(folder: Path) -> RunOptions:
    return RunOptions(folder, workers=0, accelerator="cpu", progress=False)


@pytest.mark.parametrize("name", built_in_presets(Preset))
def test_every_preset_builds_a_network_that_finds_boxes(name: str) -> None:
    preset = dataclasses.replace(load_preset(Preset, name), fpn_channels=16)
    network = build_detector(preset, 3, frozen_norm=preset.frozen_backbone).eval()
    with torch.no_grad():
        (found,) = network([torch.rand(3, 64, 64)])
    assert found.keys() == {"boxes", "scores", "labels"}
    learns = {name.split(".")[1] for name, value in network.named_parameters() if value.requires_grad}
    assert ("body" not in learns) == preset.frozen_backbone


def test_a_twin_differs_from_its_source_only_where_it_says_so() -> None:
    source, twin = load_preset(Preset, "unified-transfer"), load_preset(Preset, "unified-transfer-small")
    changed = {
        field.name for field in dataclasses.fields(Preset) if getattr(source, field.name) != getattr(twin, field.name)
    }
    assert changed == {"name", "backbone", "fpn_channels", "batches_per_epoch", "epochs", "step_epochs"}


def test_a_preset_may_lean_on_a_built_in_one_only(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('like = "tiny"\nepochs = 7\n', "utf-8")
    assert load_preset(Preset, str(file)) == dataclasses.replace(TINY, name="mine", epochs=7)
    file.write_text('like = "nothing"\n', "utf-8")
    with pytest.raises(PresetError, match=r"mine\.toml: like 'nothing'"):
        load_preset(Preset, str(file))


def test_only_retinanet_chooses_its_box_loss(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('like = "capstone-faster-rcnn"\nbox_loss = "giou"\n', "utf-8")
    with pytest.raises(PresetError, match=r"mine\.toml: box_loss 'giou' works only with RetinaNet"):
        load_preset(Preset, str(file))


@pytest.mark.slow
def test_the_loss_of_faster_rcnn_falls(train_set: DataSet) -> None:
    torch.manual_seed(0)
    crops = TrainingCrops(ImageStore(train_set, TINY_FASTER), seed=0)
    images, targets = collate([crops[index] for index in range(2)])
    network = build_detector(TINY_FASTER, 3).train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss = torch.stack(list(network(images, targets).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.slow
def test_faster_rcnn_becomes_a_model_file_like_any_other(tmp_path: Path, train_set: DataSet) -> None:
    best = fit(train_set, train_set, dataclasses.replace(TINY_FASTER, epochs=1), options(tmp_path))
    trained = load_trained(best)
    assert isinstance(trained.model, CellFasterRCNN)
    with torch.no_grad():  # one epoch is not enough to be sure of anything
        trained.model.get_parameter("roi_heads.box_predictor.cls_score.bias")[1:] += 3
    card = build_card(trained)
    assert card.architecture.startswith("Faster R-CNN, ResNet-10-narrow")
    export_exact(trained, card, tmp_path / "model.onnx")
    smear = render_smear(320, 192, red_cells=14, white_cells=1, platelets=3, diameter=32, rng=np.random.default_rng(3))
    model = Model(tmp_path / "model.onnx")
    agreement = compare(trained.model, model, smear.image)
    assert agreement.candidates > 20
    assert agreement.score < 1e-3
    # fewer pixels, as the tiles at the rim of an image have
    assert Detector(model).detect(smear.image[:100, :90]).detections.boxes.shape[1] == 4


@pytest.mark.slow
def test_a_frozen_backbone_keeps_its_weights(tmp_path: Path, train_set: DataSet, checkpoint: Path) -> None:
    preset = dataclasses.replace(TINY, frozen_backbone=True, optimizer="sgd", schedule="step", step_epochs=1)
    preset = dataclasses.replace(preset, epochs=2, keep_epochs=(1,))
    with pytest.raises(RunError, match="--weights"):
        fit(train_set, train_set, preset, options(tmp_path / "no"))
    fit(train_set, train_set, preset, options(tmp_path / "run"), str(checkpoint))
    before = load_trained(checkpoint).model.state_dict()
    after = load_trained(tmp_path / "run" / "last.ckpt").model.state_dict()
    body = [name for name in before if name.startswith("backbone.body") and not name.endswith("tracked")]
    assert all(torch.equal(before[name], after[name]) for name in body)
    learnt = "head.classification_head.cls_logits.weight"
    assert not torch.equal(before[learnt], after[learnt])
    halfway = load_trained(tmp_path / "run" / "epoch1.ckpt")
    assert halfway.epochs == 1
    assert not torch.equal(halfway.model.state_dict()[learnt], after[learnt])
    (schedule,) = read_checkpoint(tmp_path / "run" / "last.ckpt")["lr_schedulers"]
    assert schedule["_last_lr"][0] == pytest.approx(TINY.learning_rate * 0.01)


def class_gradients(target: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradient of the classification, (A, 3), and the centres of the anchors, (A, 2), of one network."""
    torch.manual_seed(0)
    network = build_retinanet(TINY, 3).train()
    batch, _ = network.transform([torch.rand(3, 96, 96)])
    features = list(network.backbone(batch.tensors).values())
    outputs = network.head(features)
    outputs["cls_logits"].retain_grad()
    anchors = network.anchor_generator(batch, features)
    network.compute_loss([target], outputs, anchors)["classification"].backward()
    return outputs["cls_logits"].grad[0], (anchors[0][:, :2] + anchors[0][:, 2:]) / 2


ONE_CELL = Crop(np.zeros((96, 96, 3), np.uint8), np.array([[10, 10, 40, 40]], np.float32), np.array([0]))
LEFT = (0, 0, 48, 96)


def test_cells_that_are_not_annotated_are_neither_rewarded_nor_punished() -> None:
    whole, centres = class_gradients(to_sample(ONE_CELL)[1])
    crop = dataclasses.replace(ONE_CELL, incomplete=[(LEFT, frozenset({0, 1}))])
    partly, _ = class_gradients(to_sample(crop, (-1, -1, -1))[1])
    background = (whole > 0).all(dim=1)  # pushed down for all three classes
    unknown = background & (centres[:, 0] < 48)
    assert unknown.any()
    assert (partly[unknown][:, :2] == 0).all()
    assert torch.equal(partly[unknown][:, 2], whole[unknown][:, 2])
    assert torch.equal(partly[~unknown], whole[~unknown])


def test_a_red_cell_of_unknown_kind_does_not_teach_that_it_is_of_none() -> None:
    parents = (-1, -1, 0)  # the third class is a kind of the first
    whole, _ = class_gradients(to_sample(ONE_CELL)[1])
    cell = whole[:, 0] < 0  # rewarded for being of the first class
    assert cell.any()
    unsorted = dataclasses.replace(ONE_CELL, incomplete=[((0, 0, 96, 96), frozenset({2}))])
    partly, _ = class_gradients(to_sample(unsorted, parents)[1])
    assert (partly[cell][:, 2] == 0).all()
    assert torch.equal(partly[cell][:, :2], whole[cell][:, :2])
    assert torch.equal(partly[~cell], whole[~cell])  # where there is no red cell, there is none of that kind
    neither = dataclasses.replace(ONE_CELL, incomplete=[((0, 0, 96, 96), frozenset({0, 2}))])
    open_to_both, _ = class_gradients(to_sample(neither, parents)[1])
    background = (whole > 0).all(dim=1)
    assert (open_to_both[background][:, [0, 2]] == 0).all()
    sorted_cell = dataclasses.replace(unsorted, labels=np.array([2]))
    kind, _ = class_gradients(to_sample(sorted_cell, parents)[1])
    assert (kind[cell][:, 2] < 0).all()
    assert (kind[cell][:, 0] > 0).all()


def test_kinds_of_red_cells_are_open_in_rendered_smears(train_set: DataSet) -> None:
    data = dataclasses.replace(train_set, classes=(*train_set.classes, "Target"), parents=(-1, -1, -1, 0))
    store = ImageStore(data, dataclasses.replace(TINY, mosaic=0.0, rendered=1.0))
    _, target = TrainingCrops(store, seed=0)[0]
    assert store.material.unsorted_red == 0
    assert len(target["labels"]) > 0
    assert target["unsorted"].tolist() == [[False, False, False, label == 0] for label in target["labels"].tolist()]
    assert not target["incomplete"].any()


def test_a_crop_knows_which_of_its_parts_lack_annotations(train_set: DataSet) -> None:
    fields = train_set.images
    data = dataclasses.replace(
        train_set, images=(dataclasses.replace(fields[0], incomplete=frozenset({"WBC"})), *fields[1:])
    )
    preset = dataclasses.replace(TINY, mosaic=1.0, rendered=0.0)
    crops = TrainingCrops(ImageStore(data, preset), seed=0)
    targets = [crops[index][1] for index in range(12)]
    parts = [target for target in targets if "regions" in target]
    assert 0 < len(parts) < len(targets)
    for target in parts:
        areas = (target["regions"][:, 2:] - target["regions"][:, :2]).prod(dim=1)
        assert areas.sum() <= TINY.crop**2
        assert target["incomplete"].tolist() == [[False, True, False]] * len(areas)


def test_faster_rcnn_refuses_pictures_with_missing_annotations(tmp_path: Path, train_set: DataSet) -> None:
    first = dataclasses.replace(train_set.images[0], incomplete=frozenset({"RBC"}))
    data = dataclasses.replace(train_set, images=(first, *train_set.images[1:]))
    with pytest.raises(RunError, match=rf"{first.path.name}: not all of its RBC"):
        fit(data, train_set, TINY_FASTER, options(tmp_path))


def test_a_class_of_which_no_picture_is_complete_cannot_be_learned(tmp_path: Path, train_set: DataSet) -> None:
    fields = tuple(dataclasses.replace(field, incomplete=frozenset({"Platelets"})) for field in train_set.images)
    with pytest.raises(RunError, match=r"every training image is marked as incomplete for Platelets"):
        fit(dataclasses.replace(train_set, images=fields), train_set, TINY, options(tmp_path))
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_a_kind_of_red_cell_can_be_learned_where_red_cells_are_complete(tmp_path: Path, train_set: DataSet) -> None:
    fields = tuple(dataclasses.replace(field, incomplete=frozenset({"Target"})) for field in train_set.images)
    data = dataclasses.replace(
        train_set, images=fields, classes=(*train_set.classes, "Target"), parents=(-1, -1, -1, 0)
    )
    assert fit(data, data, dataclasses.replace(TINY, epochs=1, keep_epochs=()), options(tmp_path)).is_file()


def test_fields_with_a_rare_class_come_more_often(train_set: DataSet) -> None:
    plain = [
        dataclasses.replace(
            field, source="A", boxes=field.boxes[field.labels == 0], labels=field.labels[field.labels == 0]
        )
        for field in train_set.images
    ]
    rare = dataclasses.replace(train_set.images[0], source="A")
    data = dataclasses.replace(train_set, images=(rare, *plain[1:], *plain[1:], *plain[1:]))
    share = 1 / len(data.images)
    weights = ImageStore(data, dataclasses.replace(TINY, repeat_threshold=0.5)).weights
    assert weights[0] / weights[1] == pytest.approx((0.5 / share) ** 0.5)
    even = ImageStore(data, dataclasses.replace(TINY, repeat_threshold=0.0)).weights
    assert even == pytest.approx(np.full(len(even), share))


def test_cells_of_chosen_classes_are_pasted(train_set: DataSet) -> None:
    preset = dataclasses.replace(TINY, paste_classes=("WBC", "Platelets"))
    labels = {patch.label for patch in ImageStore(train_set, preset).material.patches}
    assert labels == {1, 2}
    assert not ImageStore(train_set, dataclasses.replace(TINY, paste_classes=())).material.patches


@pytest.mark.parametrize("augmentation", ["none", "flip-and-colour", "sharpen"])
def test_plain_crops_keep_boxes_on_their_cells(train_set: DataSet, augmentation: str) -> None:
    store = ImageStore(train_set, dataclasses.replace(TINY, augmentation=augmentation, crop=160))
    field = next(field for field in store.images if 1 in field.labels)

    def draw(_rng: np.random.Generator) -> PreparedImage:
        return field

    material = Material(store.preset, draw)
    darker = []
    for seed in range(8):
        crop = plain_crop(material, np.random.default_rng(seed))
        for box in crop.boxes[crop.labels == CLASS_NAMES.index("WBC")]:
            x1, y1, x2, y2 = np.round(box).astype(int)
            darker.append(crop.image.mean() - crop.image[y1:y2, x1:x2].mean())
    assert len(darker) >= 3
    assert min(darker) > 5  # a white cell is darker than the rest of its field
    first, again = (plain_crop(material, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)


@pytest.mark.slow
def test_classes_are_data(tmp_path: Path, train_set: DataSet, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = tuple(f"shape {number}" for number in range(1, 13))
    fields = []
    for field in train_set.images:
        red = field.labels == 0
        labels = np.where(red, np.arange(len(red)) % 12, field.labels + 11)
        fields.append(dataclasses.replace(field, labels=labels))
    classes = (*shapes, "WBC", "Platelets")
    data = DataSet(
        train_set.folder, "train", tuple(fields), classes=classes, red_cells=frozenset(shapes), parents=(-1,) * 14
    )
    assert ImageStore(data, TINY).material.unsorted_red is None
    best = fit(data, data, dataclasses.replace(TINY, epochs=1, keep_epochs=()), options(tmp_path))
    card = build_card(load_trained(best))
    assert card.classes == classes
    assert card.red_labels == tuple(range(12))
    assert main(["export", "--checkpoint", str(best), "--out", str(tmp_path / "m.onnx")]) == 0
    capsys.readouterr()
    model = Model(tmp_path / "m.onnx")
    assert model.card.classes == classes
    assert model.card.red_cells == card.red_cells
