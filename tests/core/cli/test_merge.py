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
        assert count(paths, parts[-1], "--recursive", "--shard", f"{number}/3")["shard"] == {"number": number, "of": 3}
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
