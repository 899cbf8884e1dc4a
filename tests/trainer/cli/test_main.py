"""The command on good and bad input: what it writes, what it says, how it exits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from core.imaging.synthetic import RBC
from core.models.network import Model, default_model_path
from trainer.cli.main import main
from trainer.evaluation.points import points_inside
from trainer.recipes.load import PresetError, built_in_presets, load_preset
from trainer.recipes.recipe import Preset
from trainer.training.card import write_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.imaging.synthetic import RenderedSmear


def break_label(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "labels" / "0.txt").write_text(text, "utf-8")


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text("utf-8").replace(old, new), "utf-8")


BROKEN_DATA = {
    "four numbers": (break_label("0 0.5 0.5 0.1"), "labels/0.txt: each line needs five numbers"),
    "ragged lines": (break_label("0 0.5 0.5 0.1 0.1\n0 0.5"), "labels/0.txt: the labels cannot be read"),
    "words": (break_label("RBC 0.5 0.5 0.1 0.1"), "labels/0.txt: the labels cannot be read"),
    "unknown class number": (break_label("7 0.5 0.5 0.1 0.1"), "labels/0.txt: a class number is not in"),
    "half a class": (break_label("0.5 0.5 0.5 0.1 0.1"), "labels/0.txt: a class number is not in"),
    "pixels for fractions": (break_label("0 120 80 30 30"), "labels/0.txt: a box is empty or outside the image"),
    "no number": (break_label("0 nan 0.5 0.1 0.1"), "labels/0.txt: a box is empty or outside the image"),
    "empty box": (break_label("0 0.5 0.5 0 0.1"), "labels/0.txt: a box is empty or outside the image"),
    "no labels": (lambda folder: (folder / "labels" / "0.txt").unlink(), "labels/0.txt: the labels cannot"),
    "no image": (
        lambda folder: (folder / "images" / "0.png").unlink(),
        "images/0.png: this image is listed in manifest.csv but missing",
    ),
    "no manifest": (
        lambda folder: (folder / "manifest.csv").unlink(),
        "not a data set folder, there is no manifest.csv",
    ),
    "no classes": (lambda folder: (folder / "classes.txt").unlink(), "not a data set folder, there is no classes.txt"),
    "class twice": (edit("classes.txt", "WBC", "RBC"), "classes.txt: write one class per line"),
    "no source": (edit("manifest.csv", "0.png,train,A", "0.png,train,"), "line 2 has no 'source'"),
    "no val split": (edit("manifest.csv", ",val,", ",test,"), "no image is in split 'val'"),
    "damaged image": (
        lambda folder: (folder / "images" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing"),
        "images/0.png",
    ),
}


@pytest.mark.parametrize("name", BROKEN_DATA)
def test_broken_data_gives_one_sentence(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    damage, message = BROKEN_DATA[name]
    damage(data_folder)
    run = ["--run", str(tmp_path / "run"), "--preset", "tiny", "--accelerator", "cpu", "--workers", "0"]
    assert main(["fit", "--data", str(data_folder), *run]) == 2
    error = capsys.readouterr().err.replace("\\", "/")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sources", "A,C"], "there is no source 'C'; the sources are A, B"),
        (["--preset", "huge"], "huge: no such preset; choose one of"),
        (["--weights", "coco"], "COCO weights exist only for resnet50"),
        (["--weights", "missing.pth"], "missing.pth: the weights cannot be read"),
        (["--weights", str(default_model_path())], "default.onnx: training cannot start from a model file"),
        (["--data", "nowhere"], "nowhere: not a data set folder, there is no such folder or manifest"),
        (["--accelerator", "abacus"], "This computer cannot train with these options"),
    ],
)
def test_bad_choices_give_one_sentence(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    common = ["fit", "--data", str(data_folder), "--run", str(tmp_path / "run"), "--workers", "0"]
    assert main([*common, "--preset", "tiny", "--accelerator", "cpu", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["evaluate"],
        ["train"],
        ["evaluate", "--data", "x", "--resize", "0"],
        ["evaluate", "--data", "x", "--dense", "0"],
    ],
)
def test_bad_arguments_exit_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crops = 320", "unknown entry 'crops'"),
        ("epochs = 'many'", "wrong kind of value"),
        ("epochs = ", "not a readable preset"),
        ("backbone = 'vgg16'", "backbone 'vgg16' is not one of"),
        ("anchor_sizes = [[16], [32]]", "each of 3 pyramid levels"),
        ("anchor_sizes = [[16], [32], [64, 80]]", "the same number of sizes"),
        ("batch_size = 0", "batch_size is too small; it must be at least 1"),
        ("learning_rate = -1", "learning_rate is too small"),
        ("keep_epochs = [0]", "keep_epochs at least 1"),
        ("like = 'tinny'", "like 'tinny' is not the name of another built-in preset; choose one of bccd-raw"),
        ("crop = 300", "not a multiple of 32"),
    ],
)
def test_a_bad_preset_gives_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(PresetError, match=message):
        load_preset(Preset, str(path))


def test_presets_that_ship_can_be_read(tmp_path: Path) -> None:
    assert {"resnet18", "resnet50", "tiny"} <= set(built_in_presets(Preset))
    for name in built_in_presets(Preset):
        assert load_preset(Preset, name).name == name
    (tmp_path / "mine.toml").write_text("epochs = 3", "utf-8")
    assert load_preset(Preset, str(tmp_path / "mine.toml")) == Preset(name="mine", epochs=3)


@pytest.fixture
def model_file(tmp_path: Path, model_path: Path) -> Path:
    """Return a copy of the model whose card may be changed."""
    return Path(shutil.copy(model_path, tmp_path / "model.onnx"))


@pytest.mark.slow
def test_evaluate_measures_and_writes_the_card(tmp_path: Path, data_folder: Path, model_file: Path) -> None:
    out = tmp_path / "figures.json"
    common = ["evaluate", "--model", str(model_file), "--data", str(data_folder), "--split", "train"]
    assert main([*common, "--resize", "0.5", "--json", str(out), "--write-card", "rendered train"]) == 0
    figures = json.loads(out.read_text("utf-8"))
    assert figures["data"] == {**figures["data"], "name": "cells", "images": 4, "sources": ["A", "B"]}
    overall = figures["overall"]
    assert overall["images"] == 4
    by_source = [group["classes"]["RBC"]["truth"] for group in figures["by_source"]]
    assert sum(by_source) == overall["classes"]["RBC"]["truth"] > 20
    assert overall["classes"]["RBC"]["f1"] > 0.5
    assert [item["factor"] for item in figures["resized"]] == [0.5]
    assert figures["seconds_per_image"] > 0
    measured = {item.figure: item for item in Model(model_file).card.measured if item.test_set == "rendered train"}
    assert measured["AP50 RBC"].value == pytest.approx(overall["classes"]["RBC"]["ap50"], abs=1e-4)
    assert "mean AP50:95" in measured

    assert main([*common, "--sources", "B", "--json", str(out)]) == 0
    figures = json.loads(out.read_text("utf-8"))
    assert figures["data"]["sources"] == ["B"]
    assert figures["overall"]["images"] == 2


@pytest.mark.slow
def test_tune_writes_the_card(data_folder: Path, model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["tune", "--model", str(model_file), "--data", str(data_folder)]
    before = Model(model_file)
    assert main([*common, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "Before and after, on cells val" in shown
    assert all(row in shown for row in ("nothing filtered", "before", "tuned"))
    assert Model(model_file).sha256 == before.sha256
    assert main(common) == 0
    after = Model(model_file).card
    assert set(after.thresholds) == set(before.card.thresholds)
    assert after.thresholds != before.card.thresholds
    assert (after.name, after.trained_on) == (before.card.name, before.card.trained_on)


@pytest.mark.slow
def test_the_model_that_ships_keeps_its_card(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Model(default_model_path()).sha256
    for command in ("tune", "tune-counting"):
        assert main([command, "--data", str(data_folder)]) == 2
        assert "the bundled model cannot be changed; give a copy of it" in capsys.readouterr().err
    assert main(["evaluate", "--data", str(data_folder), "--write-card", "mine"]) == 2
    assert Model(default_model_path()).sha256 == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_place_that_cannot_be_written_is_named_before_the_work(
    tmp_path: Path, data_folder: Path, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    common = ["evaluate", "--model", str(model_file), "--data", str(data_folder), "--split", "test"]
    assert main([*common, "--report", str(closed / "report")]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{closed / 'report'}: Permission denied; choose another place" in shown.err


def test_a_file_in_the_place_of_a_folder_is_named(
    tmp_path: Path, data_folder: Path, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").write_text("mine", "utf-8")
    common = ["evaluate", "--model", str(model_file), "--data", str(data_folder), "--split", "test"]
    assert main([*common, "--report", str(tmp_path / "report")]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{tmp_path / 'report'}: File exists; choose another place" in shown.err


@pytest.fixture
def points_folder(tmp_path: Path, data_folder: Path, smears: list[RenderedSmear]) -> Path:
    """Return a folder of point files for the data set's images, the last with a point in nothing."""
    folder = tmp_path / "points"
    folder.mkdir()
    for number, smear in enumerate(smears):
        red = smear.boxes[smear.labels == RBC]
        centres = (red[:, :2] + red[:, 2:]) / 2
        (folder / f"{number}.txt").write_text("\n".join(f"{x:.0f} {y:.0f} 0" for x, y in centres), "utf-8")
    return folder


@pytest.mark.slow
def test_evaluate_points(tmp_path: Path, data_folder: Path, points_folder: Path, model_file: Path) -> None:
    out, coverage = tmp_path / "figures.json", tmp_path / "coverage.csv"
    rows = ["image,points,isolated_cells,isolated_cells_without_point", "0.png,12,10,1", "1.png,12,10,2"]
    coverage.write_text("\n".join([*rows, "2.png,12,0,0"]), "utf-8")
    common = ["evaluate-points", "--model", str(model_file), "--images", str(data_folder / "images")]
    common += ["--points", str(points_folder), "--json", str(out)]
    assert main([*common, "--only", str(coverage), "--write-card", "points"]) == 0
    figures = json.loads(out.read_text("utf-8"))
    assert [item["file"] for item in figures["files"]] == ["0.png", "2.png"]
    assert figures["unmarked"] == 1
    assert figures["red_cells"] == sum(item["counts"]["RBC"] for item in figures["files"])
    assert figures["points"] == sum(item["points"] for item in figures["files"]) > 10
    assert figures["points_inside_share"] > 0.5
    assert "points" in {item.test_set for item in Model(model_file).card.measured}

    names = tmp_path / "names.txt"
    names.write_text("3.png\n", "utf-8")
    assert main([*common, "--only", str(names)]) == 0
    assert [item["file"] for item in json.loads(out.read_text("utf-8"))["files"]] == ["3.png"]


@pytest.mark.slow
def test_red_cells_of_every_kind_are_held_against_the_points(
    tmp_path: Path, data_folder: Path, points_folder: Path, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = Model(model_file).card
    limits = dict(zip(("round cell", "leucocyte", "oval cell"), card.thresholds.values(), strict=True))
    write_card(model_file, msgspec.structs.replace(card, classes=tuple(limits), thresholds=limits))
    out = tmp_path / "figures.json"
    (tmp_path / "names.txt").write_text("1.png", "utf-8")
    arguments = ["evaluate-points", "--model", str(model_file), "--images", str(data_folder / "images")]
    arguments += ["--points", str(points_folder), "--only", str(tmp_path / "names.txt"), "--json", str(out)]
    assert main(arguments) == 2
    assert "none of its classes are red cells" in capsys.readouterr().err
    write_card(
        model_file,
        msgspec.structs.replace(card, classes=tuple(limits), thresholds=limits, red_cells=("round cell", "oval cell")),
    )
    assert main(arguments) == 0
    figures = json.loads(out.read_text("utf-8"))
    (counts,) = (item["counts"] for item in figures["files"])
    assert figures["red_cells"] == counts["round cell"] + counts["oval cell"]


def test_broken_points_give_one_sentence(
    tmp_path: Path, data_folder: Path, points_folder: Path, model_file: Path, capsys: Any
) -> None:
    common = ["evaluate-points", "--model", str(model_file), "--points", str(points_folder)]
    (points_folder / "3.txt").write_text("12\n", "utf-8")
    assert main([*common, "--images", str(data_folder / "images")]) == 2
    assert "3.txt: the points cannot be read" in capsys.readouterr().err
    assert main([*common, "--images", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err


def test_a_point_is_inside_a_box_or_not() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 5, 20, 20]], np.float32)
    points = np.array([[2, 2], [7, 7], [15, 2], [20, 20], [21, 20]], float)
    assert points_inside(points, boxes).tolist() == [True, True, False, True, False]
    assert not points_inside(points, boxes[:0]).any()


@pytest.mark.parametrize("command", ["evaluate", "tune"])
def test_a_model_that_is_none_gives_one_sentence(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    assert main([command, "--model", str(path), "--data", str(data_folder)]) == 2
    error = capsys.readouterr().err
    assert "model.onnx: this is not an ONNX model" in error
    assert error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "package", "extra"), [("fit", "lightning", "train"), ("evaluate", "faster_coco_eval", "measure")]
)
def test_without_its_packages_a_command_says_what_to_install(
    tmp_path: Path, data_folder: Path, command: str, package: str, extra: str
) -> None:
    arguments = [command, "--data", str(data_folder), *(["--run", str(tmp_path / "run")] if command == "fit" else [])]
    without = f"import sys; sys.modules[{package!r}] = None"
    code = f"{without}; from trainer.cli.main import main; sys.exit(main({arguments}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"smearcount-train {command} needs a package that is not installed here ({package})" in done.stderr
    assert f'pip install -c constraints.txt -e ".[{extra}]"' in done.stderr
    assert done.stderr.count("\n") == 1
