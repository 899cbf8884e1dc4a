"""What counts, and what the table and the JSON document say of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.classes import PAPER
from core.cli.run import main
from core.imaging.reading import read_image

if TYPE_CHECKING:
    from pathlib import Path

    pass

from tests.core.cli.command import CLASSES, TOO_BRIGHT, Bench


def test_a_table_shows_each_picture_and_the_total(bench: Bench):
    for name in ("a.png", "b.png"):
        bench.picture(name)
    assert bench.count("a.png", "b.png") == 0
    rows = [re.findall(r"[\w.]+", line) for line in bench.out.splitlines()]
    assert ["Image", *CLASSES, "Red", "cell", "size"] in rows
    assert ["a.png", "2", "1", "0", "64", "px"] in rows
    assert ["b.png", "2", "1", "0", "64", "px"] in rows
    assert ["Total", "of", "2", "4", "2", "0"] in rows
    assert bench.out.splitlines()[-1].strip() == "All cells count."


def test_quiet_prints_nothing_but_what_speaks_against_a_count(bench: Bench):
    assert bench.count("--quiet", bench.picture()) == 0
    assert bench.out == ""
    few, bright = "Too few cells to say much: 2 red cells.", "Too bright: even the darkest cells are nearly white."
    assert bench.err.splitlines() == [f"field.png: {bright}", f"field.png: {few}"]


def test_json_has_the_documented_shape(bench: Bench):
    path = bench.picture()
    document = bench.json(path)
    assert set(document) == {"schema", "model", "settings", "images", "errors", "totals"}
    assert document["schema"] == 1
    assert document["model"] == {
        "name": "three cells",
        "sha256": document["model"]["sha256"],
        "classes": CLASSES,
    }
    assert re.fullmatch(r"[0-9a-f]{64}", document["model"]["sha256"])
    [image] = document["images"]
    documented = {"path", "width", "height", "counts", "mean_score", "scale", "seconds", "detections"}
    assert set(image) == documented | {"notices", "region", "excluded", "quality"}
    assert image["path"] == str(path)
    assert (image["width"], image["height"]) == (200, 120)
    assert image["scale"] == 1
    assert image["seconds"] > 0
    assert image["counts"] == document["totals"] == {"RBC": 2, "WBC": 1, "Platelets": 0}
    assert image["mean_score"] == {"RBC": 0.85, "WBC": 0.7, "Platelets": None}
    assert document["errors"] == []
    assert image["region"] is None
    assert image["excluded"] == {"RBC": 0, "WBC": 0, "Platelets": 0}
    assert image["quality"] == {"light": "bad", "reasons": [TOO_BRIGHT, "Too few cells to say much: 2 red cells."]}
    assert [set(cell) for cell in image["detections"]] == [{"class", "score", "box"}] * 3
    assert image["detections"][0] == {"class": "RBC", "score": 0.9, "box": [10, 10, 60, 60]}


def test_settings_are_written_down_so_that_a_count_can_be_repeated(bench: Bench):
    document = bench.json(bench.picture(), "--threshold", "RBC=0.85", "--nms-iou", "0.4")
    assert document["settings"] == {
        "thresholds": {"RBC": 0.85, "WBC": 0.5, "Platelets": 0.5},
        "nms_iou": 0.4,
        "edge_rule": "all",
    }


def test_all_detections_adds_what_is_not_counted(bench: Bench):
    cells = bench.json(bench.picture(), "--all-detections")["images"][0]["detections"]
    assert [(cell["class"], cell["counted"]) for cell in cells] == [
        ("RBC", True),
        ("RBC", True),
        ("WBC", True),
        ("RBC", False),
        ("RBC", False),
    ]
    scores = [cell["score"] for cell in cells]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("options", "red", "white"),
    [
        (["--threshold", "RBC=0.25"], 3, 1),
        (["--threshold", "RBC=0.85", "--threshold", "WBC=0.8"], 1, 0),
        (["--threshold", "RBC=0.9"], 1, 1),
        (["--threshold", "RBC=0", "--threshold", "RBC=1"], 0, 1),
        (["--nms-iou", "0.7"], 3, 1),
    ],
)
def test_thresholds_and_overlap_decide_what_counts(bench: Bench, options: list[str], red: int, white: int):
    counts = bench.json(bench.picture(), *options)["totals"]
    assert (counts["RBC"], counts["WBC"]) == (red, white)


# The model finds red cells at 10 to 60 and 80 to 130 pixels across, a white cell at 140 to 190, all upwards of 10 down.
@pytest.mark.parametrize(
    ("options", "red", "white", "excluded"),
    [
        ([], 2, 1, 0),
        (["--edge-rule", "all"], 2, 1, 0),
        (["--edge-rule", "top-left"], 2, 1, 0),
        (["--region", "70,0,200,120"], 1, 1, 1),
        (["--region", "200,120,70,0"], 1, 1, 1),
        (["--region", "30,0,150,120", "--edge-rule", "top-left"], 1, 1, 1),
        (["--region", "30,0,150,120", "--edge-rule", "bottom-right"], 2, 0, 1),
        (["--region", "30,0,150,15", "--edge-rule", "bottom-left"], 0, 0, 3),
    ],
)
def test_the_rule_and_the_region_decide_what_counts(
    bench: Bench, options: list[str], red: int, white: int, excluded: int
):
    document = bench.json(bench.picture(), *options)
    [image] = document["images"]
    assert (document["totals"]["RBC"], document["totals"]["WBC"]) == (red, white)
    assert sum(image["excluded"].values()) == excluded
    assert len(image["detections"]) == red + white
    [row] = bench.csv(bench.picture(), *options)
    assert (row["RBC"], row["WBC"], row["excluded"]) == (str(red), str(white), str(excluded))


def test_the_rule_is_told_in_every_result(bench: Bench):
    options = ["--region", "70,0,190,120", "--edge-rule", "bottom-right"]
    rule = "Cells in the rectangle from (70, 0) to (190, 120) count, except those that touch its bottom or right side."
    document = bench.json(bench.picture(), *options)
    assert rule in bench.out.replace("\n", " ")
    assert document["settings"]["edge_rule"] == "bottom-right"
    assert document["images"][0]["region"] == [[70, 0], [190, 0], [190, 120], [70, 120]]
    [row] = bench.csv(bench.picture(), *options)
    assert row["counting rule"] == rule


def test_all_detections_tells_what_the_frame_left_out(bench: Bench):
    [image] = bench.json(bench.picture(), "--region", "70,0,200,120", "--all-detections")["images"]
    told = {(cell["class"], cell["score"]): (cell["counted"], cell["excluded"]) for cell in image["detections"]}
    assert told == {
        ("RBC", 0.9): (False, True),
        ("RBC", 0.8): (True, False),
        ("WBC", 0.7): (True, False),
        ("RBC", 0.6): (False, False),
        ("RBC", 0.3): (False, False),
    }


def test_a_region_beside_the_picture_is_told(bench: Bench):
    [image] = bench.json(bench.picture(), "--region", "500,500,600,600")["images"]
    assert image["counts"] == dict.fromkeys(CLASSES, 0)
    assert "outside this image" in image["notices"][0]
    assert "outside this image" in bench.err


def test_what_speaks_against_a_field_is_told(bench: Bench):
    [row] = bench.csv(bench.picture())
    assert "field.png: Too few cells to say much: 2 red cells." in bench.err
    assert row["field quality"] == f"bad {TOO_BRIGHT} Too few cells to say much: 2 red cells."


def test_the_frame_is_drawn_and_what_it_leaves_out_is_dashed(bench: Bench):
    path = bench.picture()
    before = read_image(path).pixels
    options = ["--region", "70,5,195,115", "--edge-rule", "top-left"]
    assert bench.count(path, *options, "--annotated", bench.folder) == 0
    after = read_image(bench.folder / "field_counted.png").pixels
    changed = (after != before).any(axis=2)
    assert (after[60, 10:60] == PAPER.fixed["RBC"]).all(axis=1).mean() == pytest.approx(0.5, abs=0.2)
    assert not changed[15:55, 15:55].any()  # a cell that does not count has no name
    assert (after[114:117, 80:130] == after[115, 80]).any(axis=2).any(axis=0).all()  # allowed: solid
    reds = (after[10:110, 70, 0].astype(int) - after[10:110, 70, 1]) > 100
    assert 0.3 < reds.mean() < 0.7  # forbidden: dashed


def test_boxes_are_pixels_of_the_upright_picture(bench: Bench):
    exif = Image.Exif()
    exif[0x0112] = 6
    [image] = bench.json(bench.picture("a.jpg", side=(120, 200), exif=exif))["images"]
    assert (image["width"], image["height"]) == (200, 120)


@pytest.mark.slow
def test_a_blank_picture_has_no_count_but_is_no_error(bench: Bench, model_path: Path):
    for value in (0, 255):
        path = bench.folder / f"{value}.png"
        Image.fromarray(np.full((200, 300, 3), value, np.uint8)).save(path)
        result = bench.folder / "result.json"
        assert main(["--model", str(model_path), "--quiet", str(path), "--json", str(result)]) == 0
        assert sum(json.loads(result.read_text("utf-8"))["totals"].values()) <= 1


def test_a_dash_is_standard_output(bench: Bench):
    assert bench.count(bench.picture(), "--json", "-") == 0
    assert json.loads(bench.out)["totals"] == {"RBC": 2, "WBC": 1, "Platelets": 0}
    assert not (bench.folder / "-").exists()
