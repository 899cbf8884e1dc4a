"""Tables and annotated images."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from core.classes import PAPER
from core.imaging.reading import read_image
from tests.core.cli.command import CLASSES, Bench


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


def test_the_table_can_be_written_for_another_country(bench: Bench):
    assert bench.count(bench.picture(), "--csv", "-", "--separator", ";", "--decimal-comma") == 0
    [row] = csv.DictReader(io.StringIO(bench.out.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert (row["RBC"], row["RBC mean score"]) == ("2", "0,8500")
