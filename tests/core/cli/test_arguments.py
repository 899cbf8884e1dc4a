"""What the command understands, and what it refuses."""

from __future__ import annotations

import pytest

from core.cli.run import main
from core.version import __version__
from tests.core.cli.command import Bench, rows_of


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
