"""An archive counted in parts gives what one run over all of it gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.cli.run import main
from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[3]
COUNT_ARCHIVE = ROOT / "packaging" / "count_archive.py"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for number in range(5):
        smear = render_smear(160, 120, red_cells=3 + number, diameter=34, rng=np.random.default_rng(number))
        place = folder / f"slide {number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        write_picture(smear.image, place / f"{number}.png")
    (folder / "slide 0" / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    return folder


def count(paths: Sequence[Path], target: Path, *options: str) -> dict[str, Any]:
    main([*map(str, paths), "--quiet", "--json", str(target), *options])
    return json.loads(target.read_text("utf-8"))


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "images": [{**image, "seconds": 0} for image in document["images"]]}


@pytest.mark.slow
def test_parts_put_together_are_the_whole(archive: Path, tmp_path: Path) -> None:
    paths = [archive, tmp_path / "not there"]
    whole = count(paths, tmp_path / "whole.json", "--recursive")
    assert len(whole["images"]) == 5
    assert len(whole["errors"]) == 2
    parts = []
    for number in range(1, 4):
        parts.append(tmp_path / f"part{number}.json")
        shard = count(paths, parts[-1], "--recursive", "--shard", f"{number}/3")["shard"]
        assert (shard["number"], shard["of"]) == (number, 3)
    merged = count([parts[2], parts[0], parts[1]], tmp_path / "merged.json")
    assert without_times(merged) == without_times(whole)


def test_more_parts_than_pictures(archive: Path, tmp_path: Path) -> None:
    parts = [tmp_path / f"{number}.json" for number in range(1, 5)]
    counted = [
        len(count([archive / "slide 1"], part, "--shard", f"{number}/4")["images"])
        for number, part in enumerate(parts, 1)
    ]
    assert sum(counted) == 2
    assert max(counted) == 1
    assert len(count(parts, tmp_path / "merged.json")["images"]) == 2


@pytest.fixture(scope="module")
def two_parts(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the two parts of an archive, 1.json and 2.json."""
    folder = tmp_path_factory.mktemp("parts")
    for number in (1, 2):
        count([archive / "slide 1"], folder / f"{number}.json", "--shard", f"{number}/2")
    return folder


@pytest.mark.parametrize("wrong", ["missing", "twice", "settings", "whole", "damaged", "no file"])
def test_what_is_no_whole_is_refused(
    archive: Path, two_parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    parts = [Path(shutil.copy(two_parts / name, tmp_path / name)) for name in ("1.json", "2.json")]
    said = {
        "missing": "part 2 of 2 is missing",
        "twice": "part 2 of 2 is there twice",
        "settings": "2.json: it was counted with another threshold or rule",
        "whole": "2.json: it is not the result of a part",
        "damaged": "2.json: it is damaged",
        "no file": "3.json: it cannot be read",
    }[wrong]
    if wrong == "missing":
        parts.pop()
    elif wrong == "twice":
        parts.append(parts[1])
    elif wrong == "settings":
        count([archive / "slide 1"], parts[1], "--shard", "2/2", "--threshold", "RBC=0.9")
    elif wrong == "whole":
        count([archive / "slide 1"], parts[1])
    elif wrong == "damaged":
        parts[1].write_bytes(parts[1].read_bytes()[:100])
    else:
        parts.append(tmp_path / "3.json")
    with pytest.raises(SystemExit) as caught:
        count(parts, tmp_path / "merged.json")
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "merged.json").exists()


@pytest.fixture
def folder(archive: Path, tmp_path: Path) -> Path:
    """Return a folder of two images that tests may change."""
    return Path(shutil.copytree(archive / "slide 1", tmp_path / "slide"))


def refused(parts: Sequence[Path], target: Path, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        count(parts, target)
    assert caught.value.code == 2
    assert not target.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("change", ["added", "deleted", "changed", "other folder"])
def test_parts_of_different_images_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    """An image would be there twice, or missing, and nobody would know."""
    parts = [tmp_path / "1.json", tmp_path / "2.json"]
    count([folder], parts[0], "--shard", "1/2")
    first, last = sorted(folder.iterdir())
    if change == "added":
        shutil.copyfile(first, folder / "0 new.png")
    elif change == "deleted":
        first.unlink()
    elif change == "changed":
        last.write_bytes(last.read_bytes() + b"more")
    else:
        folder = Path(shutil.copytree(folder, tmp_path / "other"))
        first, last = sorted(folder.iterdir())
        last.rename(folder / "z.png")
    count([folder], parts[1], "--shard", "2/2")
    assert "2.json: its folder held other images than that of the first part; count all parts" in refused(
        parts, tmp_path / "merged.json", capsys
    )


@pytest.mark.parametrize(("option", "value"), [("region", "0,0,300,300"), ("diameter", "30")])
def test_parts_of_which_one_was_counted_otherwise_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    parts = [tmp_path / "1.json", tmp_path / "2.json"]
    count([folder], parts[0], "--shard", "1/2")
    count([folder], parts[1], "--shard", "2/2", f"--{option}", value)
    text = f"2.json: it was counted with another --{option} than the first part"
    assert text in refused(parts, tmp_path / "merged.json", capsys)


def test_copies_in_different_parts_are_told_as_in_the_whole(folder: Path, tmp_path: Path) -> None:
    first, last = sorted(folder.iterdir())
    shutil.copyfile(first, last)
    parts = [tmp_path / "1.json", tmp_path / "2.json"]
    for number, part in enumerate(parts, 1):
        count([folder], part, "--shard", f"{number}/2")
    whole = count([folder], tmp_path / "whole.json")
    assert f"It is a copy of {first}; its cells are counted twice." in whole["images"][1]["notices"]
    assert without_times(count(parts, tmp_path / "merged.json")) == without_times(whole)


def test_parts_of_an_earlier_version_merge_with_a_word(
    two_parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [tmp_path / "1.json", tmp_path / "2.json"]
    for part in parts:
        document = json.loads((two_parts / part.name).read_text("utf-8"))
        document["shard"] = {name: document["shard"][name] for name in ("number", "of")}
        part.write_text(json.dumps(document), "utf-8")
    merged = count(parts, tmp_path / "merged.json")
    assert len(merged["images"]) == 2
    assert "An earlier version counted these parts" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_a_part_that_cannot_be_is_refused(archive: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit):
        main([str(archive), "--shard", text])
    assert f"'{text}' is no part such as 2/8" in capsys.readouterr().err


@pytest.mark.slow
def test_a_cluster_counts_what_one_computer_counts(archive: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    whole = count([archive], tmp_path / "whole.json", "--recursive")
    run = subprocess.run(
        [sys.executable, COUNT_ARCHIVE, archive, "--json", tmp_path / "result.json", "--parts", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 1, run.stderr  # one image is torn
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert without_times(result) == without_times(whole)
