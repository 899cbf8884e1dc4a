"""Merging manifests: classes, copies, overlapping fields, and groups that a split must not part."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from core.imaging.synthetic import SmearStyle, render_smear
from trainer.cli.main import main
from trainer.dataset.duplicates import Likeness, find_alike
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import (
    Annotation,
    Category,
    ImageEntry,
    Info,
    Manifest,
    Source,
    read_manifest,
    write_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def wide_field(seed: int) -> NDArray[np.uint8]:
    """Return a field that is larger than an image of it."""
    rng = np.random.default_rng(seed)
    return render_smear(760, 560, red_cells=90, white_cells=2, platelets=12, diameter=56, rng=rng).image


@pytest.fixture(scope="module")
def field() -> NDArray[np.uint8]:
    return wide_field(100)


def noisy(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def save(folder: Path, pictures: Mapping[str, Any]) -> list[Path]:
    for name, image in pictures.items():
        Image.fromarray(np.ascontiguousarray(image, np.uint8)).save(folder / name)
    return [folder / name for name in pictures]


def found(paths: list[Path]) -> dict[tuple[str, str], Likeness]:
    return {(paths[pair.one].name, paths[pair.other].name): pair.likeness for pair in find_alike(paths)}


def test_copies_of_one_photograph(tmp_path: Path, field: NDArray[np.uint8]) -> None:
    photograph = field[:400, :520]
    paths = save(
        tmp_path,
        {
            "first.png": photograph,
            "copy.bmp": photograph,
            "recompressed.jpg": photograph,
            "smaller.png": cv2.resize(photograph, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
            "mirrored.png": photograph[:, ::-1],
            "turned.png": np.rot90(photograph),
        },
    )
    pairs = found(paths)
    assert pairs.pop(("first.png", "copy.bmp")) == Likeness.EXACT
    for other in ("recompressed.jpg", "smaller.png", "mirrored.png", "turned.png"):
        assert pairs["first.png", other] == Likeness.NEAR


@pytest.mark.parametrize(("right", "down"), [(40, 0), (0, 110), (180, 60), (-150, 120)])
def test_shifted_photographs_of_one_field_overlap(
    tmp_path: Path, field: NDArray[np.uint8], right: int, down: int
) -> None:
    x, y = max(-right, 0), max(-down, 0)
    one = field[y : y + 400, x : x + 520]
    other = field[y + down : y + down + 400, x + right : x + right + 520]
    darker = np.clip(0.85 * noisy(other, 1), 0, 255).astype(np.uint8)
    paths = save(tmp_path, {"one.png": noisy(one, 2), "other.jpg": darker})
    assert found(paths) == {("one.png", "other.jpg"): Likeness.OVERLAP}


@pytest.mark.slow
def test_different_fields_are_not_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    style = SmearStyle.random(rng)
    fields = {
        f"{seed}.png": render_smear(
            400, 320, red_cells=20 + 4 * seed, white_cells=1, platelets=4, diameter=48, style=style, rng=rng
        ).image
        for seed in range(14)
    }
    blank = {
        "blank.png": np.full((320, 400, 3), 230, np.uint8),
        "noise.png": noisy(np.full((320, 400, 3), 225, np.uint8), 1),
    }
    assert found(save(tmp_path, {**fields, **blank})) == {}


def make(
    folder: Path,
    name: str,
    pictures: dict[str, NDArray[np.uint8]],
    *,
    classes: tuple[str, ...] = ("RBC", "WBC"),
    splits: tuple[str | None, ...] | None = None,
) -> Path:
    """Write images and a manifest in which each has one cell of each class."""
    (folder / name).mkdir(parents=True)
    save(folder / name, pictures)
    images, cells = [], []
    for number, (file, image) in enumerate(pictures.items(), start=1):
        height, width = image.shape[:2]
        split = None if splits is None else splits[number - 1]
        images.append(ImageEntry(number, f"{name}/{file}", width, height, "", name, split=split))
        for category in range(1, len(classes) + 1):
            cells.append(Annotation(len(cells) + 1, number, category, (10.0 * category, 10, 20, 20), 400))
    categories = [Category(number, text, "RBC") for number, text in enumerate(classes, start=1)]
    sources = [Source(name, "test", len(images), "ab")]
    write_manifest(folder / f"{name}.json", Manifest(Info(1, sources=sources), categories, images, cells))
    return folder / f"{name}.json"


def test_classes_are_mapped_and_unknown_ones_are_incomplete(tmp_path: Path) -> None:
    shapes = make(tmp_path, "shapes", {"a.png": wide_field(1)}, classes=("Normal", "Target"), splits=("train",))
    usual = make(tmp_path, "usual", {"b.png": wide_field(2)}, classes=("WBC", "RBC"), splits=("train",))
    out = tmp_path / "deeper" / "merged.json"
    assert run("data", "merge", shapes, usual, "--out", out, "--map", "Normal=RBC") == 0
    data = load_data_set(out, "train")
    assert data.classes == ("RBC", "WBC", "Target")
    assert data.red_cells == {"RBC", "Target"}
    by_source = {field.source: field for field in data.images}
    assert [data.classes[label] for label in by_source["shapes"].labels] == ["RBC", "Target"]
    assert [data.classes[label] for label in by_source["usual"].labels] == ["WBC", "RBC"]
    assert by_source["shapes"].incomplete == {"WBC"}
    assert by_source["usual"].incomplete == {"Target"}
    assert run("data", "merge", shapes, usual, "--out", out, "--map", "Nrmal=RBC") == 2
    plain = tmp_path / "deeper" / "plain.json"
    assert run("data", "merge", out, "--out", plain, "--map", "Target=RBC") == 0
    by_source = {field.source: field for field in load_data_set(plain, "train").images}
    assert by_source["usual"].incomplete == set()  # where all red cells are known it does not matter of which kind


def test_exact_copies_go_and_overlapping_fields_share_a_group(
    tmp_path: Path, field: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    one = make(tmp_path, "one", {"a.png": field[:400, :520], "b.png": wide_field(7)})
    two = make(tmp_path, "two", {"c.bmp": field[:400, :520], "d.png": field[100:500, 60:580], "e.png": wide_field(8)})
    out = tmp_path / "merged.json"
    assert run("data", "merge", one, two, "--out", out) == 0
    told = capsys.readouterr()
    assert "two/c.bmp: omitted, because it has the same pixels as one/a.png" in told.err
    assert "copies omitted: 1. Pairs grouped: 0 near duplicates, 1 overlapping fields." in told.out
    manifest = read_manifest(out)
    assert [picture.file_name for picture in manifest.images] == ["one/a.png", "one/b.png", "two/d.png", "two/e.png"]
    assert len({cell.id for cell in manifest.annotations}) == len(manifest.annotations) == 8
    a, b, d, e = (picture.group for picture in manifest.images)
    assert a == d == "one/a.png"
    assert b == e == ""
    assert {(source.name, source.images) for source in manifest.info.sources} == {("one", 2), ("two", 2)}


@pytest.mark.slow
def test_a_group_on_both_sides_of_a_split_is_refused_or_moved(
    tmp_path: Path, field: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    one = make(tmp_path, "one", {"a.png": field[:400, :520], "b.png": wide_field(7)}, splits=("train", "train"))
    two = make(tmp_path, "two", {"d.png": field[100:500, 60:580], "e.png": wide_field(8)}, splits=("test", "test"))
    out = tmp_path / "merged.json"
    assert run("data", "merge", one, two, "--out", out) == 2
    error = capsys.readouterr().err
    assert "one/a.png (train), two/d.png (test)" in error
    assert "--resplit" in error
    assert not out.exists()
    assert run("data", "merge", one, two, "--out", out, "--resplit") == 0
    assert [field.path.name for field in load_data_set(out, "train").images] == ["b.png"]
    assert [field.path.name for field in load_data_set(out, "test").images] == ["a.png", "d.png", "e.png"]


def test_two_sources_of_one_name_are_not_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = make(tmp_path, "one", {"a.png": wide_field(1)}), make(tmp_path, "two", {"b.png": wide_field(2)})
    manifest = read_manifest(two)
    manifest.info.sources[0].name, manifest.info.sources[0].sha256 = "one", "cd"
    write_manifest(two, manifest)
    assert run("data", "merge", one, two, "--out", tmp_path / "merged.json") == 2
    assert "another manifest also has a source named 'one'" in capsys.readouterr().err


def test_real_overlapping_fields_are_found(shared_data: Path) -> None:
    with (shared_data / "bccd" / "overlapping_fields.csv").open(encoding="utf-8") as stream:
        known = {tuple(sorted((row["img_a"], row["img_b"]))) for row in csv.DictReader(stream)}
    names = sorted({name for pair in known for name in pair})
    paths = [shared_data / "bccd" / "JPEGImages" / f"{name}.jpg" for name in names]
    alike = {(paths[pair.one].stem, paths[pair.other].stem) for pair in find_alike(paths)}
    assert len(alike & known) >= 30
    assert len(alike - known) <= 3  # two overlap, though the list lacks them
