"""Choosing how the cells of a mask are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.detection.loading import detector_for, open_model
from core.detection.segmentation.detector import SegmentationDetector
from core.imaging.reading import read_image
from core.imaging.synthetic import CLASS_NAMES
from core.models.method import Method
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.evaluation.tune_counting import best_methods, best_of_each_method, judge_methods, known_images, try_methods
from trainer.segmentation.export import (
    TrainedSegmenter,
    export_segmenter,
)
from trainer.segmentation.network import build_network

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.dataset.load import DataSet
    from trainer.evaluation.tune_counting import Trial

from tests.trainer.segmentation.tiny import TINY


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def counter() -> SegmentationDetector:
    counter = detector_for(open_model("classical"))
    assert isinstance(counter, SegmentationDetector)
    return counter


@pytest.fixture(scope="module")
def trials(train_set: DataSet, counter: SegmentationDetector) -> list[Trial]:
    """Return what every way of counting makes of two fields."""
    return try_methods(known_images(load_data_set(train_set.folder, "val"), counter.card.classes), counter)


@pytest.mark.slow
def test_another_split_is_judged_in_the_ways_that_were_best_before(
    train_set: DataSet, counter: SegmentationDetector, trials: list[Trial]
):
    ways = best_of_each_method(trials)
    assert len({(way.class_name, way.how.method) for way in ways}) == len(ways) == 9
    judged = judge_methods(known_images(train_set, counter.card.classes), counter, ways)
    assert [way.how for way in judged] == [way.how for way in ways]
    red = sum(int((field.labels == train_set.classes.index("RBC")).sum()) for field in train_set.images)
    assert judged[0].score.truth == red


@pytest.mark.slow
def test_the_best_way_is_the_one_that_counts_single_fields_best(trials: list[Trial]):
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
