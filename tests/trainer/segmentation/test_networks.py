"""Networks, the model files that say what torch says, and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from core.detection.loading import detector_for, open_model
from core.imaging.synthetic import CLASS_NAMES
from core.models.network import Model
from trainer.dataset.masks import UNKNOWN
from trainer.recipes.load import load_preset
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.export import (
    PieceGraph,
    TrainedSegmenter,
    example_pieces,
    export_segmenter,
    share_apart,
)
from trainer.segmentation.losses import MaskLoss, mask_measures
from trainer.segmentation.network import SegNet, build_network

if TYPE_CHECKING:
    from pathlib import Path


from tests.trainer.segmentation.tiny import TINY, TINY_SEGNET


def test_the_u_net_of_the_paper_sees_188_pixels_and_speaks_of_100():
    preset = load_preset(SegmentPreset, "do-unet")
    assert (preset.piece, preset.inside) == (188, 100)
    narrow = build_network(SegmentPreset("x", "unet", width=2), 3)
    masks, edge = narrow.eval()(torch.zeros(1, 3, 188, 188))
    assert masks.shape == (1, 3, 100, 100)
    assert edge.shape == (1, 1, 100, 100)


def test_segnet_has_the_thirteen_convolutions_of_vgg_16_on_each_side():
    network = build_network(TINY_SEGNET, 3)
    assert isinstance(network, SegNet)
    for side in (network.encoder, network.decoder):
        assert sum(isinstance(layer, torch.nn.Conv2d) for layer in side.modules()) == 13
    masks, edge = network.eval()(torch.zeros(1, 3, 64, 64))
    assert (masks.shape, edge.shape) == ((1, 3, 64, 64), (1, 1, 64, 64))


def test_pooling_for_export_keeps_the_same_places():
    """Flat parts, where all four are the same, too."""
    network = SegNet(1, 2)
    features = torch.randn(2, 3, 8, 8)
    features[:, :, :4] = features[:, :, :4].round()
    network.exporting = False
    kept, place = network._pool(features)
    expected = network._unpool(kept, place)
    network.exporting = True
    assert torch.equal(network._unpool(*network._pool(features)), expected)


@pytest.mark.parametrize("preset", [TINY, TINY_SEGNET], ids=lambda preset: preset.network)
def test_the_model_file_says_what_torch_says(preset: SegmentPreset, tmp_path: Path):
    torch.manual_seed(0)
    network = build_network(preset, 3)
    network.train()
    with torch.no_grad():  # norms that do something
        for _ in range(5):
            network(torch.from_numpy(example_pieces(preset, 4)).float() / 255)
    trained = TrainedSegmenter(network.eval(), preset, CLASS_NAMES, 1, None, ("RBC",))
    path = tmp_path / "model.onnx"
    card = export_segmenter(trained, path, "tiny")
    model = Model(path)
    assert model.card == card
    assert card.kind == "segmentation"
    assert set(card.counting) == set(CLASS_NAMES)
    for count in (1, 3):
        assert share_apart(network, model, example_pieces(preset, count)) < 1e-3
    found = detector_for(open_model(path)).detect(np.full((90, 130, 3), 200, np.uint8), diameter=16.0)
    assert found.detections.contours is not None


def test_the_graph_takes_pictures_as_they_are():
    graph = PieceGraph(build_network(TINY, 2).eval())
    with torch.no_grad():
        masks, edge = graph(torch.zeros(1, 3, 124, 124, dtype=torch.uint8))
    assert 0 <= float(masks.min()) <= float(masks.max()) <= 1
    assert edge.shape[1] == 1


def test_unknown_pixels_neither_cost_nor_count():
    loss = MaskLoss(0.3, 0.7)
    truth = torch.zeros(1, 1, 8, 8)
    truth[..., :4] = 1
    good = torch.where(truth > 0, 6.0, -6.0)
    wrong = good.clone()
    wrong[:, :, :2] *= -1
    assert loss(good, truth) < 0.02 < loss(wrong, truth)
    unknown = truth.clone()
    unknown[:, :, :2] = UNKNOWN
    assert loss(wrong, unknown) == pytest.approx(float(loss(good, unknown)), abs=1e-6)
    measures = mask_measures(0.3, 0.7, "")
    measures.update(wrong.sigmoid(), unknown.long())
    assert {name: float(value) for name, value in measures.compute().items()} == dict.fromkeys(
        ("iou", "dice", "tversky", "accuracy"), 1.0
    )


def test_missed_cells_weigh_more_than_false_ones():
    truth = torch.zeros(1, 1, 10, 10)
    truth[..., 3:7] = 1
    missed, false_found = truth.clone(), truth.clone()
    missed[..., 3] = 0
    false_found[..., 7] = 1
    values = []
    for said in (missed, false_found):
        measures = mask_measures(0.3, 0.7, "")
        measures.update(said, truth.long())
        values.append(float(measures.compute()["tversky"]))
    assert values == pytest.approx([30 / (30 + 7), 40 / (40 + 3)])
