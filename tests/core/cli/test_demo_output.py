"""What other programs read of the command does not change: the demo smear gives the files that are stored here.

``data`` holds what ``smearcount-count demo_smear.png --json demo.json --csv demo.csv`` wrote in version 0.1.0, with 0
for the seconds; the files with ``options`` were made with the options below. Whoever changes the default model makes
them again.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.cli.run import main
from core.imaging.demo import demo_smear
from core.models.network import default_model_path

DATA = Path(__file__).with_name("data")
OPTIONS = [
    *("--threshold", "rbc=0.4", "--nms-iou", "0.3", "--diameter", "70"),
    *("--edge-rule", "top-left", "--region", "40,40,600,440", "--separator", ";", "--decimal-comma"),
]
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
NOISE = 0.02
"""Another processor may round the last digits of a network otherwise."""


def assert_same(found: str, expected: str) -> None:
    """Compare texts letter by letter, and their numbers up to the noise."""
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers, wanted = ([float(one.replace(",", ".")) for one in NUMBER.findall(text)] for text in (found, expected))
    assert numbers == pytest.approx(wanted, abs=NOISE)


@pytest.mark.parametrize(("name", "options"), [("demo", []), ("demo-options", OPTIONS)])
def test_the_files_of_the_demo_smear_stay_as_they_are(tmp_path: Path, name: str, options: list[str]) -> None:
    table, document = tmp_path / "counts.csv", tmp_path / "counts.json"
    demo, model = demo_smear(), ["--model", str(default_model_path())]
    assert main([str(demo), *model, "--quiet", "--json", str(document), "--csv", str(table), *options]) == 0
    text = document.read_text("utf-8").replace(str(demo), demo.name)
    assert_same(re.sub(r'("seconds": )[\d.]+', r"\g<1>0", text), (DATA / f"{name}.json").read_text("utf-8"))
    lines = table.read_bytes().decode("utf-8").replace(str(demo), demo.name)
    seconds = re.compile(r"(?<=[;,])\d+[.,]\d+(?=([;,])\1(?:All|Cells))")
    assert_same(seconds.sub("0", lines), (DATA / f"{name}.csv").read_bytes().decode("utf-8"))
