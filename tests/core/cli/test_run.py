"""The headless command, from real arguments to what a script or a person gets back."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from core.classes import PAPER
from core.cli.run import main
from core.imaging.reading import read_image
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

CLASSES = ["RBC", "WBC", "Platelets"]
TOO_BRIGHT = "Too bright: even the darkest cells are nearly white."


class Bench:
    """A folder with a model that finds the same cells in every image, and the command."""

    def __init__(self, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.model, self._capsys = folder, model, capsys
        self.out = self.err = ""

    def picture(self, name: str = "field.png", side: tuple[int, int] = (200, 120), **options: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", side, (250, 240, 245)).save(path, **options)
        return path

    def count(self, *arguments: str | Path) -> int:
        """Run the command at a known scale; keep what it prints."""
        code = main(["--model", str(self.model), "--diameter", "64", *map(str, arguments)])
        self.out, self.err = self._capsys.readouterr()
        return code

    def printed(self) -> str:
        """Return what was printed on standard output since the last run."""
        return self._capsys.readouterr().out

    def refuse(self, *arguments: str | Path) -> str:
        """Run the command with arguments that it refuses; return its last line."""
        with pytest.raises(SystemExit) as caught:
            main([*map(str, arguments)])
        assert caught.value.code == 2
        self.out, self.err = self._capsys.readouterr()
        assert self.out == ""
        assert "Traceback" not in self.err
        return self.err.splitlines()[-1]

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        """Run the command and return the JSON that it writes."""
        path = self.folder / "result.json"
        self.count(*arguments, "--json", path)
        return json.loads(path.read_text("utf-8"))

    def csv(self, *arguments: str | Path) -> list[dict[str, str]]:
        """Run the command and return the rows that it writes."""
        path = self.folder / "result.csv"
        self.count(*arguments, "--csv", path)
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


@pytest.fixture
def bench(
    tmp_path: Path,
    make_model: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path, make_model(), capsys)


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


def test_quiet_prints_nothing(bench: Bench):
    assert bench.count("--quiet", bench.picture()) == 0
    assert bench.out == bench.err == ""


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


def test_bad_files_are_listed_and_the_rest_is_counted(bench: Bench):
    good = bench.picture("good.png")
    bad = bench.folder / "bad.jpg"
    bad.write_text("not an image")
    gone = bench.folder / "gone.png"
    document = bench.json(bad, good, gone)
    assert bench.count(bad, good, gone) == 1
    assert [image["path"] for image in document["images"]] == [str(good)]
    assert [error["path"] for error in document["errors"]] == [str(bad), str(gone)]
    assert document["totals"]["RBC"] == 2
    for error in document["errors"]:
        assert set(error) == {"path", "error"}
        assert error["error"] in bench.err
        assert error["error"].endswith(".")


def test_errors_are_told_even_when_quiet(bench: Bench):
    assert bench.count("--quiet", bench.folder / "gone.png") == 1
    assert bench.out == ""
    assert len(bench.err.splitlines()) == 1


def test_folders_and_folders_in_folders(bench: Bench):
    slides = bench.folder / "slides"
    for name in ("b.png", "a.jpg", "old/c.png"):
        bench.picture(f"slides/{name}")
    (slides / "notes.txt").touch()

    def names(*options: str) -> list[str]:
        return [Path(image["path"]).name for image in bench.json(slides, *options)["images"]]

    assert names() == ["a.jpg", "b.png"]
    assert names("--recursive") == ["a.jpg", "b.png", "c.png"]


def test_an_empty_folder_is_an_error(bench: Bench):
    empty = bench.folder / "empty"
    empty.mkdir()
    assert bench.count(empty) == 1
    assert str(empty) in bench.err


def test_an_unreadable_folder_is_an_error(bench: Bench, ordinary_user: Callable[[], AbstractContextManager[None]]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        bench.model = Path(shutil.copy(bench.model, folder))
        closed = folder / "closed"
        closed.mkdir(mode=0)
        with ordinary_user():
            assert bench.count(closed) == 1
    assert str(closed) in bench.err
    assert "cannot be opened" in bench.err


def test_a_picture_named_twice_counts_once(bench: Bench):
    path = bench.picture("slides/a.png")
    assert bench.json(path, path, path.parent)["totals"]["RBC"] == 2


def test_several_pages_are_told(bench: Bench):
    path = bench.folder / "a.tif"
    Image.new("RGB", (200, 120)).save(path, save_all=True, append_images=[Image.new("RGB", (9, 9))])
    [image] = bench.json(path)["images"]
    assert any("2 pages" in notice for notice in image["notices"])
    assert "a.tif" in bench.err
    assert "2 pages" in bench.err


def test_csv_opens_in_a_spreadsheet(bench: Bench):
    good = bench.picture("Ausstrich, № 1 “血”.png")
    bad = bench.folder / "bad;file.jpg"
    bad.touch()
    first, second = bench.csv(good, bad)
    assert (bench.folder / "result.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert first["image"] == str(good)
    assert [first[name] for name in CLASSES] == ["2", "1", "0"]
    assert (first["width"], first["height"], first["error"]) == ("200", "120", "")
    assert float(first["WBC mean score"]) == pytest.approx(0.7)
    assert first["Platelets mean score"] == ""
    assert second["image"] == str(bad)
    assert second["RBC"] == ""
    assert "empty" in second["error"]


def test_names_are_printed_as_they_are(bench: Bench):
    there, gone = "[bold]there[] :smile: [red].png", "[red]gone[] :smile:.png"
    bench.picture(there)
    assert bench.count(there, gone) == 1
    assert there in bench.out
    assert gone in bench.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text(bench: Bench):
    path = bench.folder / "a\udcff.png"
    bench.picture("a.png").rename(path)
    document = bench.json(path, bench.folder / "gone\udcfe.png")
    assert document["totals"]["RBC"] == 2
    assert len(document["errors"]) == 1
    assert len(bench.csv(path)) == 1


def test_annotated_pictures_have_the_cells_boxed(bench: Bench):
    path = bench.picture()
    before = read_image(path).pixels
    assert bench.count(path, "--annotated", bench.folder / "new" / "marked") == 0
    after = read_image(bench.folder / "new" / "marked" / "field_counted.png").pixels
    assert after.shape == before.shape
    red_cell, white_cell = PAPER.fixed["RBC"], PAPER.fixed["WBC"]
    assert (after[60, 20:50] == red_cell).all()  # the lower edge of the first box
    assert (after[110, 150:180] == white_cell).all()
    assert (after[95:110, 20:50] == before[95:110, 20:50]).all()  # below its threshold: not boxed
    assert (read_image(path).pixels == before).all()


def test_annotated_pictures_of_one_name_do_not_replace_each_other(bench: Bench):
    pictures = [bench.picture("one/a.png"), bench.picture("two/a.png", side=(210, 120))]
    marked = bench.folder / "marked"
    assert bench.count(*pictures, "--annotated", marked) == 0
    assert {read_image(path).width for path in marked.iterdir()} == {200, 210}


def test_annotated_pictures_of_the_longest_names(bench: Bench):
    path = bench.picture("血" * 83 + ".png")
    marked = bench.folder / "marked"
    assert bench.count(path, "--annotated", marked) == 0
    assert len(list(marked.iterdir())) == 1


@pytest.mark.parametrize("option", ["--json", "--csv", "--annotated"])
def test_a_place_that_cannot_be_written_is_told_before_counting(bench: Bench, option: str):
    taken = bench.folder / "taken"
    if option == "--annotated":
        taken.touch()
    else:
        taken.mkdir()
    before = sorted(bench.folder.iterdir())
    line = bench.refuse("--model", bench.folder / "none.onnx", bench.picture(), option, taken)
    assert f"{taken}: the result cannot be written" in line
    assert sorted(bench.folder.iterdir()) == sorted([*before, bench.picture()])


def test_a_drive_that_is_full_at_the_end_is_an_error_and_the_count_is_printed(bench: Bench):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no drive that is always full here")
    path = bench.picture()
    assert bench.count(path.name, "--json", full, "--csv", full) == 1
    assert bench.err.count("cannot be written") == 2
    assert path.name in bench.out


def test_capital_letters_of_a_class_do_not_matter(bench: Bench):
    document = bench.json(bench.picture(), "--threshold", "rbc=0.85", "--threshold", "PLATELETS=0.4")
    assert document["settings"]["thresholds"] == {"RBC": 0.85, "WBC": 0.5, "Platelets": 0.4}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--threshold", "Nonsense=0.5"], "RBC, WBC, Platelets"),
        (["--threshold", "RBC"], "--threshold RBC: give CLASS=VALUE, such as RBC=0.5"),
        (["--threshold", "RBC=high"], "'high'"),
        (["--threshold", "RBC=1.5"], "'1.5'"),
        (["--threshold", "RBC=nan"], "'nan'"),
        (["--nms-iou", "0"], "'0'"),
        (["--nms-iou", "much"], "'much'"),
        (["--diameter", "1"], "'1'"),
        (["--edge-rule", "left"], "'left'"),
        (["--region", "1,2,3"], "X1,Y1,X2,Y2"),
        (["--region", "1,2,3,four"], "'1,2,3,four'"),
        (["--region", "10,10,10,90"], "40,40,600,440"),
        (["--region", "0,0,nan,9"], "'0,0,nan,9'"),
        (["--colour"], "--colour"),
        (["--json", "no/such/folder/a.json"], "no/such/folder"),
        (["--csv", "no/such/folder/a.csv"], "no/such/folder"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(bench: Bench, arguments: list[str], told: str):
    line = bench.refuse("--model", bench.model, bench.picture(), *arguments)
    assert told in line
    assert "_number" not in line


def test_no_picture_is_a_bad_argument(bench: Bench):
    assert "PATH" in bench.refuse()


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_bad_model_is_refused_in_one_line(bench: Bench, content: bytes | None):
    model = bench.folder / "bad.onnx"
    if content is not None:
        model.write_bytes(content)
    assert str(model) in bench.refuse("--model", model, bench.picture())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == f"SmearCount {__version__}"


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


def test_the_table_can_be_written_for_another_country(bench: Bench):
    assert bench.count(bench.picture(), "--csv", "-", "--separator", ";", "--decimal-comma") == 0
    [row] = csv.DictReader(io.StringIO(bench.out.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert (row["RBC"], row["RBC mean score"]) == ("2", "0,8500")


# -- subcommands ----------------------------------------------------------------------------------


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table without the time that the count took."""
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    return [{**row, "seconds": ""} for row in rows]


def test_the_subcommand_counts_as_the_plain_form_does(bench: Bench):
    picture = bench.picture()
    plain, named = bench.folder / "plain.csv", bench.folder / "named.csv"
    assert bench.count(picture, "--csv", plain) == 0
    printed = bench.out
    options = ["--model", str(bench.model), "--diameter", "64", "--csv", str(named)]
    assert main(["run", str(picture), *options]) == 0
    assert bench.printed() == printed
    assert rows_of(plain) == rows_of(named)


def test_a_subcommand_knows_its_own_options_only(bench: Bench):
    assert "unrecognized arguments: --report" in bench.refuse("run", bench.picture(), "--report", "r.pdf")
    assert "unrecognized arguments: --threshold" in bench.refuse("session", "a.smearcount", "--threshold", "RBC=0.5")
    assert "required: --json" in bench.refuse("merge", "a.json")


def test_a_folder_with_the_name_of_a_subcommand_is_a_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.picture("run/field.png")
    monkeypatch.chdir(bench.folder)
    assert main(["run", "--model", str(bench.model), "--diameter", "64", "--csv", "r.csv"]) == 0
    assert len(rows_of(bench.folder / "r.csv")) == 1
