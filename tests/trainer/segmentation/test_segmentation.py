"""Training segmentation networks: masks, two phases, and model files that say what torch says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from core.detection.loading import detector_for, open_model
from core.detection.segmentation.detector import SegmentationDetector
from core.detection.segmentation.instances import count_masks
from core.detection.segmentation.masks import CellMasks
from core.imaging.reading import read_image
from core.imaging.synthetic import CLASS_NAMES, render_smear
from core.models.method import Method, usual_method
from core.models.network import Model
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import DataError, read_manifest
from trainer.dataset.masks import UNKNOWN, read_masks, write_masks
from trainer.evaluation.tune_counting import best_methods, best_of_each_method, judge_methods, known_images, try_methods
from trainer.recipes.load import PresetError, built_in_presets, load_preset, preset_kind
from trainer.recipes.recipe import Preset
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.data import MaskStore, cut_piece, training_piece
from trainer.segmentation.export import (
    PieceGraph,
    TrainedSegmenter,
    example_pieces,
    export_segmenter,
    load_segmenter,
    share_apart,
)
from trainer.segmentation.losses import MaskLoss, mask_measures
from trainer.segmentation.masks import derive_masks, exact_masks
from trainer.segmentation.measure import derived_quality
from trainer.segmentation.network import SegNet, build_network

if TYPE_CHECKING:
    from pathlib import Path

    from core.imaging.synthetic import RenderedSmear
    from trainer.dataset.load import DataSet

TINY = load_preset(SegmentPreset, "tiny-unet")
TINY_SEGNET = SegmentPreset("tiny-segnet", "segnet", width=2, piece=64, inside=48, red_cell_diameter=16)


def exact(smear: RenderedSmear, diameter: float) -> np.ndarray:
    size = smear.image.shape[:2]
    return exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, size, 3, diameter).values


# -- masks ---------------------------------------------------------------------------------------


def test_exact_masks_count_to_the_truth():
    smear = render_smear(
        300, 240, red_cells=16, white_cells=1, platelets=3, diameter=40, rng=np.random.default_rng(2), max_overlap=0.1
    )
    values = exact(smear, 40)
    masks = CellMasks(np.clip(values[:-1], 0, 1).astype(np.float32), (values[-1] > 0).astype(np.float32), 40.0)
    found = count_masks(masks, CLASS_NAMES, {name: usual_method(name) for name in CLASS_NAMES})
    for label in range(3):
        assert abs(int((found.labels == label).sum()) - int((smear.labels == label).sum())) <= (label == 0)


def test_edges_lie_where_cells_touch_and_nowhere_else():
    boxes = np.array([[10, 10, 40, 40], [38, 10, 68, 40], [100, 10, 130, 40]], np.float32)
    image = np.full((60, 150, 3), 235, np.uint8)
    y, x = np.mgrid[:60, :150]
    for x1, y1, x2, y2 in boxes:
        inside = np.hypot(x + 0.5 - (x1 + x2) / 2, y + 0.5 - (y1 + y2) / 2) < 15
        image[inside] = (200, 130, 150)
    truth = derive_masks(image, boxes, np.zeros(3, np.int64), 1, 30)
    assert truth.edge[:, 34:44].any()
    assert not truth.edge[:, :30].any()
    assert not truth.edge[:, 50:].any()
    assert truth.masks[0].sum() == pytest.approx(3 * np.pi * 15**2, rel=0.08)


def test_masks_derived_from_boxes_are_near_the_exact_ones():
    quality = derived_quality(6, seed=0)
    iou = {name: values[0] for name, values in quality.items()}
    assert iou["RBC"] > 0.85
    assert iou["WBC"] > 0.8
    assert iou["Platelets"] > 0.6


def test_a_stained_place_at_the_border_without_a_box_is_unknown():
    image = np.full((80, 80, 3), 235, np.uint8)
    image[30:50, :12] = (200, 130, 150)
    truth = derive_masks(image, np.zeros((0, 4), np.float32), np.zeros(0, np.int64), 1, 30)
    assert (truth.values[:, 32:48, 2:8] == UNKNOWN).all()
    assert (truth.values[:, :, 40:] == 0).all()


def test_mask_files_come_back_as_they_were_written(tmp_path: Path):
    smear = render_smear(120, 90, red_cells=6, white_cells=1, diameter=30, rng=np.random.default_rng(0))
    truth = exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, (90, 120), 3, 30)
    truth.values[:, :5] = UNKNOWN
    write_masks(tmp_path, "field 1", truth, CLASS_NAMES)
    back = read_masks(tmp_path, "field 1", CLASS_NAMES)
    assert back is not None
    assert (back.values == truth.values).all()
    assert read_masks(tmp_path, "field 2", CLASS_NAMES) is None


def test_masks_of_other_sizes_are_refused(tmp_path: Path):
    for name, side in (("RBC", 20), ("WBC", 30)):
        (tmp_path / name).mkdir()
        write_picture(np.zeros((side, side, 3), np.uint8), tmp_path / name / "a.png")
    with pytest.raises(DataError, match="differ in size"):
        read_masks(tmp_path, "a", ("RBC", "WBC"))


def test_masks_that_somebody_drew_become_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    smear = render_smear(200, 160, red_cells=9, platelets=2, diameter=34, rng=np.random.default_rng(4), max_overlap=0)
    (tmp_path / "photographs").mkdir()
    write_picture(smear.image, tmp_path / "photographs" / "a.png")
    truth = exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, (160, 200), 3, 34)
    write_masks(tmp_path / "masks", "a", truth, CLASS_NAMES)
    out = tmp_path / "drawn.json"
    arguments = ["data", "import", "masks", str(tmp_path / "masks"), "--images", str(tmp_path / "photographs")]
    assert main([*arguments, "--split", "train", "--out", str(out)]) == 0
    manifest = read_manifest(out)
    assert len(manifest.annotations) == len(smear.boxes)
    data = load_data_set(out, "train")
    store = MaskStore(data, TINY, tmp_path / "masks")
    assert (store.images[0].truth.values > 0).any()
    assert main([*arguments[:4], "--out", str(out)]) == 2
    assert "--images" in capsys.readouterr().err


# -- pieces --------------------------------------------------------------------------------------


def test_a_piece_and_its_masks_show_the_same_place(train_set: DataSet):
    """A network that answered with what is stained would be nearly right."""
    store = MaskStore(train_set, TINY)
    for seed in range(4):
        piece, truth = cut_piece(store.images[seed], TINY, np.random.default_rng(seed))
        lost = (TINY.piece - TINY.inside) // 2
        middle = piece[lost : lost + TINY.inside, lost : lost + TINY.inside, 1].astype(float)
        cells = (truth[:-1] > 0).any(axis=0)
        if 50 < cells.sum() < cells.size - 50:
            assert middle[cells].mean() < middle[truth[:-1].max(axis=0) == 0].mean() - 15


def test_pieces_are_functions_of_their_seed_and_have_cells(train_set: DataSet):
    store = MaskStore(train_set, TINY)
    one, other = (training_piece(store, np.random.default_rng((0, 5))) for _ in range(2))
    assert (one[0] == other[0]).all()
    assert (one[1] == other[1]).all()
    assert one[0].shape == (124, 124, 3)
    assert one[1].shape == (4, 36, 36)
    having = [(training_piece(store, np.random.default_rng((1, n)))[1][:-1] > 0).any() for n in range(12)]
    assert sum(having) >= 11


def test_rare_classes_are_in_many_pieces(train_set: DataSet):
    """One cell of sixteen is white."""
    store = MaskStore(train_set, SegmentPreset(**{**TINY.__dict__, "sought": 1.0, "rendered": 0.0}))
    seen = np.array([(training_piece(store, np.random.default_rng((2, n)))[1][:-1] > 0).any((1, 2)) for n in range(30)])
    assert (seen.mean(axis=0) > 0.25).all()


# -- networks ------------------------------------------------------------------------------------


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


# -- losses and measures ---------------------------------------------------------------------------


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


# -- presets and training ----------------------------------------------------------------------------


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


# -- choosing the way of counting ----------------------------------------------------------------------


def test_all_ways_of_counting_are_tried_and_the_best_goes_to_the_card(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    trained = TrainedSegmenter(build_network(TINY, 3).eval(), TINY, CLASS_NAMES, 1, None, ("RBC",))
    path = tmp_path / "model.onnx"
    export_segmenter(trained, path)
    assert main(["tune-counting", "--model", str(path), "--data", str(data_folder)]) == 0
    assert "hough" in capsys.readouterr().out
    classical = ["tune-counting", "--model", "classical", "--data", str(data_folder), "--dry-run"]
    assert main([*classical, "--judge", "train", "--dense", "60"]) == 0
    tables = capsys.readouterr().out.split("with the methods that scored best on val")
    assert len(tables) == 3
    assert all(method in table for method in Method for table in tables)
    assert all(table.count(" * ") == 3 for table in tables)


def test_a_class_of_which_nothing_is_found_is_named(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for number in range(8):  # blank images with their boxes
        blank = np.full(read_image(data_folder / "images" / f"{number}.png").pixels.shape, 255, np.uint8)
        write_picture(blank, data_folder / "images" / f"{number}.png")
    assert main(["tune-counting", "--model", "classical", "--data", str(data_folder), "--dry-run"]) == 0
    told = capsys.readouterr().out
    for name in CLASS_NAMES:
        assert told.count(f"{name}: no counting method found a single cell") == 1
    for file in (data_folder / "labels").iterdir():  # no image has a white cell
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("0 ")]
        file.write_text("\n".join(lines), "utf-8")
    arguments = ["fit", "--data", str(data_folder), "--preset", "tiny-unet", "--workers", "0", "--accelerator", "cpu"]
    assert main([*arguments, "--run", str(tmp_path / "run"), "--epochs", "1"]) == 0
    assert "WBC: nothing was found on val" in capsys.readouterr().out


def test_another_split_is_judged_in_the_ways_that_were_best_before(data_folder: Path):
    counter = detector_for(open_model("classical"))
    assert isinstance(counter, SegmentationDetector)
    classes = counter.card.classes
    ways = best_of_each_method(try_methods(known_images(load_data_set(data_folder, "val"), classes), counter))
    assert len({(way.class_name, way.how.method) for way in ways}) == len(ways) == 9
    train = load_data_set(data_folder, "train")
    judged = judge_methods(known_images(train, classes), counter, ways)
    assert [way.how for way in judged] == [way.how for way in ways]
    red = sum(int((field.labels == train.classes.index("RBC")).sum()) for field in train.images)
    assert judged[0].score.truth == red


def test_the_best_way_is_the_one_that_counts_single_fields_best(data_folder: Path):
    counter = detector_for(open_model("classical"))
    assert isinstance(counter, SegmentationDetector)
    trials = try_methods(known_images(load_data_set(data_folder, "train"), counter.card.classes), counter)
    best = best_methods(trials)
    red = [trial for trial in trials if trial.class_name == "RBC"]
    assert {trial.score.truth for trial in red} == {red[0].score.truth}
    chosen = next(trial for trial in red if trial.how == best["RBC"])
    assert chosen.worth == max(trial.worth for trial in red)
    assert chosen.accuracy > 0.7


def test_figures_of_another_way_of_counting_do_not_go_to_the_card(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    model = tmp_path / "model.onnx"
    export_segmenter(TrainedSegmenter(build_network(TINY, 3).eval(), TINY, CLASS_NAMES, 1, None, ("RBC",)), model)
    before = model.read_bytes()
    arguments = ["--model", str(model), "--data", str(data_folder), "--count-by", "RBC=hough", "--write-card", "x"]
    assert main(["evaluate", *arguments]) == 2
    assert "omit --count-by" in capsys.readouterr().err
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [
        ["tune", "--data", "DATA"],
        ["tune-counting", "--data", "DATA"],
        ["evaluate", "--data", "DATA", "--write-card", "x"],
        ["evaluate-points", "--images", "DATA", "--points", "DATA", "--write-card", "x"],
    ],
)
def test_no_card_can_be_written_where_there_is_no_model(
    command: list[str], data_folder: Path, capsys: pytest.CaptureFixture[str]
):
    given = [str(data_folder) if text == "DATA" else text for text in command]
    assert main([*given, "--model", "classical"]) == 2
    assert "no model file" in capsys.readouterr().err
