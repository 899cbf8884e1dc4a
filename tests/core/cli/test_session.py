"""The headless command on a session: what the window counted is handed in, and nothing is counted again."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import openpyxl
import pypdfium2
import pytest
from PIL import Image

from core.annotations.read import read_annotations
from core.cli.run import main
from core.counting.count import CountSettings
from core.exchange.match_images import ImageIndex, ListedImage
from core.kinds.tree import white_cell_kinds
from core.report.gather import gather
from core.report.sign_off import sign
from core.session.session import Session
from core.session.storage.snapshot import snapshot
from core.session.tables.settings import KINDS
from core.session.values import Edit, SessionBusyError, Subject, ValueChange, kind_key

if TYPE_CHECKING:
    from collections.abc import Callable


EDITOR = Path(__file__).parents[1] / "session" / "session_editor.py"


class Bench:
    """A session in a folder, and the command."""

    def __init__(self, session: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.session, self._capsys = session, capsys
        self.out = self.err = ""

    def run(self, *arguments: str | Path) -> int:
        """Run the command on the session; keep what it prints."""
        try:
            return main([str(self.session), *map(str, arguments)])
        except SystemExit as end:
            assert isinstance(end.code, int)
            return end.code
        finally:
            self.out, self.err = self._capsys.readouterr()
            assert "Traceback" not in self.err

    def refuse(self, *arguments: str | Path) -> str:
        """Run the command with arguments that it refuses; return its last line."""
        assert self.run(*arguments) == 2
        assert self.out == ""
        return self.err.splitlines()[-1]


@pytest.fixture
def bench(
    make_session: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(make_session(), capsys)


def test_a_session_is_a_table_without_a_model(bench: Bench):
    assert bench.run() == 0
    rows = [line.replace("│", " ").split() for line in bench.out.splitlines()]
    assert ["Total", "of", "2", "4", "2", "2"] in rows
    assert "All cells count." in bench.out


def test_everything_can_be_written_at_once(bench: Bench, tmp_path: Path):
    before = bench.session.read_bytes()
    files = ["--report", "r.pdf", "--xlsx", "r.xlsx", "--csv", "r.csv", "--json", "r.json", "--annotated", "out"]
    assert bench.run(*files, "--quiet") == 0
    assert bench.out == bench.err == ""
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["field 1_counted.png", "field 2_counted.png"]
    with Image.open(tmp_path / "out" / "field 1_counted.png") as picture:
        assert picture.size == (200, 120)
    with pypdfium2.PdfDocument(tmp_path / "r.pdf") as document:
        assert "Blood smear count" in document[0].get_textpage().get_text_bounded()
    assert openpyxl.load_workbook(tmp_path / "r.xlsx")["totals"]["B2"].value == 4
    assert json.loads((tmp_path / "r.json").read_bytes())["totals"] == {"RBC": 4, "WBC": 2, "Platelets": 2}
    assert bench.session.read_bytes() == before


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("voc", ["field 1.xml", "field 2.xml"]),
        ("yolo", ["classes.txt", "labels"]),
        ("coco", ["cells.json"]),
        ("csv", ["cells.csv"]),
        ("geojson", ["field 1.geojson", "field 2.geojson"]),
    ],
)
def test_counted_cells_are_exported_as_annotations(bench: Bench, tmp_path: Path, form: str, files: list[str]):
    bench.session = bench.session.rename(tmp_path / f"cells{bench.session.suffix}")
    assert bench.run("--export", form, "--export-to", "out", "--quiet") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    index = ImageIndex([ListedImage(path, path) for path in tmp_path.glob("*.png")])
    found = read_annotations([tmp_path / "out"], index, ("RBC", "WBC", "Platelets"))
    assert found.notices == ()
    names = [name for image in found.images for name in image.names]
    assert {name: names.count(name) for name in set(names)} == {"RBC": 4, "WBC": 2, "Platelets": 2}


@pytest.mark.parametrize("form", ["voc", "yolo", "coco", "csv", "geojson"])
def test_cells_are_exported_under_the_kinds_that_users_gave_them(bench: Bench, tmp_path: Path, form: str):
    with Session.open(bench.session) as session:
        tree = ValueChange(Subject.SETTING, None, msgspec.to_builtins(white_cell_kinds()), KINDS)
        session.edits.record(Edit(None, "Kinds", values=(tree,)), "Ada")
        [white] = [cell for cell, name in counted_cells(session, 1) if name == "WBC"]
        kind = ValueChange(Subject.KIND, 1, "eosinophil", kind_key(white))
        session.edits.record(Edit(1, "Kind", values=(kind,)), "Ada")
    bench.session = bench.session.rename(tmp_path / f"cells{bench.session.suffix}")
    index = ImageIndex([ListedImage(path, path) for path in tmp_path.glob("*.png")])
    for arguments, expected in (
        (["--kinds-as-classes"], {"RBC": 4, "WBC": 1, "eosinophil": 1, "Platelets": 2}),
        ([], {"RBC": 4, "WBC": 2, "Platelets": 2}),
    ):
        folder = "kinds" if arguments else "classes"
        assert bench.run("--export", form, "--export-to", folder, "--quiet", *arguments) == 0
        found = read_annotations([tmp_path / folder], index, ("RBC", "WBC", "Platelets", "eosinophil"))
        names = [name for image in found.images for name in image.names]
        assert {name: names.count(name) for name in set(names)} == expected
        if form == "coco":
            categories = json.loads((tmp_path / folder / "cells.json").read_bytes())["categories"]
            above = {one["name"]: one.get("supercategory") for one in categories}
            assert above["WBC"] is None
            assert above.get("eosinophil") == ("WBC" if arguments else None)


def counted_cells(session: Session, image: int) -> list[tuple[int, str]]:
    """Return the ids and classes of the cells of an image that count."""
    [found] = [one.counted for one in gather(session).images if one.id == image]
    assert found is not None
    cells = found.found.detections
    chosen = np.flatnonzero(found.result.counted)
    return [(int(cells.ids[row]), ("RBC", "WBC", "Platelets")[cells.labels[row]]) for row in chosen]


def test_an_export_that_cannot_be_is_one_sentence(bench: Bench, tmp_path: Path):
    assert "give both, the format and the folder" in bench.refuse("--export", "coco")
    (tmp_path / "out" / "cells.json").mkdir(parents=True)
    bench.session = bench.session.rename(tmp_path / f"cells{bench.session.suffix}")
    assert bench.run("--export", "coco", "--export-to", "out") == 1
    assert "cells.json: the file cannot be written" in bench.err


def test_the_settings_are_those_of_the_session(bench: Bench, tmp_path: Path):
    with Session.open(bench.session) as session:
        thresholds = {"RBC": 0.85, "WBC": 0.2, "Platelets": 0.2}
        session.settings.set_counting(CountSettings(thresholds, 0.4), ("RBC", "WBC", "Platelets"))
    assert bench.run("--json", "r.json") == 0
    document = json.loads((tmp_path / "r.json").read_bytes())
    assert document["totals"] == {"RBC": 2, "WBC": 2, "Platelets": 2}
    assert document["settings"]["thresholds"]["RBC"] == 0.85
    assert document["model"] == {"name": "three cells", "sha256": "ab" * 32, "classes": ["RBC", "WBC", "Platelets"]}


def test_all_detections_has_what_is_below_the_thresholds(bench: Bench, tmp_path: Path):
    assert bench.run("--json", "r.json", "--all-detections") == 0
    [first, _] = json.loads((tmp_path / "r.json").read_bytes())["images"]
    assert [cell["counted"] for cell in first["detections"]] == [True, True, True, True, False]


def test_a_dash_is_standard_output(bench: Bench):
    assert bench.run("--json", "-") == 0
    assert json.loads(bench.out)["totals"]["RBC"] == 4
    assert bench.run("--csv", "-", "--separator", ";", "--decimal-comma") == 0
    [first, _] = csv.DictReader(io.StringIO(bench.out.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert (first["RBC"], first["RBC mean score"]) == ("2", "0,8500")
    assert "only one result" in bench.refuse("--json", "-", "--csv", "-")


def test_a_missing_picture_is_one_sentence_and_its_counts_stay(bench: Bench, tmp_path: Path):
    (tmp_path / "field 1.png").unlink()
    assert bench.run("--report", "r.pdf", "--annotated", "out", "--json", "r.json") == 1
    assert bench.err.count("the image is no longer there") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["field 2_counted.png"]
    assert (tmp_path / "r.pdf").exists()
    assert json.loads((tmp_path / "r.json").read_bytes())["totals"]["RBC"] == 4


def test_pictures_are_not_missed_where_none_are_wanted(bench: Bench, tmp_path: Path):
    (tmp_path / "field 1.png").unlink()
    assert bench.run("--csv", "r.csv", "--xlsx", "r.xlsx") == 0
    assert bench.err == ""


def test_uncounted_pictures_are_failures(bench: Bench, tmp_path: Path):
    with Session.open(bench.session) as session:
        session.images.add([tmp_path / "new.png"])
    assert bench.run("--json", "r.json") == 1
    assert f"{tmp_path / 'new.png'}: It is not counted yet." in bench.err
    [error] = json.loads((tmp_path / "r.json").read_bytes())["errors"]
    assert error["error"] == "It is not counted yet."


def test_a_superseded_sign_off_is_said(bench: Bench):
    with Session.open(bench.session) as session:
        sign(session, gather(session), "Ada", datetime(2026, 11, 21, tzinfo=UTC))
    assert bench.run() == 0
    assert bench.err == ""
    with Session.open(bench.session) as session:
        session.edits.record(Edit(2, "Remove", values=(ValueChange(Subject.LISTED, 2, False),)), "Ada")
    assert bench.run() == 0
    assert "the sign-off of Ada is superseded" in bench.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "RBC=0.3"], "--threshold: a session has its own"),
        (["--count-by", "RBC=hough"], "--count-by: a session has its own"),
        (["--edge-rule", "all"], "--edge-rule: a session has its own"),
        (["--model", "m.onnx"], "--model: a session has its own"),
        (["field 1.png"], "one session at a time"),
        (["--report", "no/r.pdf"], "there is no folder no"),
        (["--csv", "r.csv", "--decimal-comma"], "--decimal-comma: decimal commas need another separator"),
        (["--separator", "x"], "invalid choice"),
    ],
)
def test_what_does_not_go_together_is_refused(bench: Bench, arguments: list[str], said: str):
    assert said in bench.refuse(*arguments)


def test_a_report_needs_a_session(bench: Bench, tmp_path: Path):
    bench.session = tmp_path / "field 1.png"
    assert "--report is about a session" in bench.refuse("--report", "r.pdf")


def test_a_session_that_cannot_be_read_is_one_sentence(bench: Bench, tmp_path: Path):
    bench.session = tmp_path / "none.smearcount"
    assert bench.refuse().endswith("there is no such file; put it back.")
    bench.session.write_bytes(b"nothing of ours")
    assert "this is not a session of SmearCount" in bench.refuse()


def test_what_cannot_be_written_is_one_sentence(bench: Bench, tmp_path: Path):
    (tmp_path / "r.pdf").mkdir()
    assert "r.pdf: the result cannot be written (Is a directory)" in bench.refuse("--report", "r.pdf", "--csv", "r.csv")
    assert not (tmp_path / "r.csv").exists()


def test_a_session_that_is_open_in_a_window_is_read_as_it_is(bench: Bench):
    assert bench.run("--csv", "closed.csv") == 0
    arguments = [sys.executable, str(EDITOR), "hold", str(bench.session)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdin is not None
        assert window.stdout is not None
        assert window.stdout.readline().strip() == "open"
        assert bench.run("--csv", "open.csv", "--json", "open.json") == 0
        assert "it is open in a window; this is what it holds now." in " ".join(bench.err.split())
        with pytest.raises(SessionBusyError):  # the window still holds it
            Session.open(bench.session)
        window.stdin.close()
    assert Path("open.csv").read_bytes() == Path("closed.csv").read_bytes()
    assert str(bench.session) in Path("open.json").read_text()


def test_no_snapshot_is_taken_in_the_middle_of_a_step(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.session.storage.snapshot._PAUSE_S", 0)
    journal = bench.session.with_name(bench.session.name + "-journal")
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
    with pytest.raises(SessionBusyError):
        snapshot(bench.session, tmp_path)
    journal.write_bytes(bytes(8))
    folder = tmp_path / "copies"
    folder.mkdir()
    assert snapshot(bench.session, folder).read_bytes() == bench.session.read_bytes()
