"""Splitting, checking and exploring a data set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import (
    Annotation,
    Category,
    DataError,
    ImageEntry,
    Info,
    Manifest,
    groups_on_both_sides,
    read_manifest,
    write_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def many(folder: Path, excluded: int = 0) -> Path:
    """Write a manifest of 200 images (which are empty files) in groups of 1 to 5 and four sources."""
    images = []
    for number in range(200):
        (folder / f"{number}.png").touch()
        group = f"slide {number % 57}" if number % 3 else ""
        split = "excluded" if number < excluded else None
        images.append(ImageEntry(number + 1, f"{number}.png", 100, 80, "", "ABCD"[number % 4], group, split))
    cells = [Annotation(number, number, 1, (10, 10, 20, 20), 400) for number in range(1, 201)]
    write_manifest(folder / "all.json", Manifest(Info(1), [Category(1, "RBC", "RBC")], images, cells))
    return folder / "all.json"


def test_shares_are_met_and_groups_stay_together(tmp_path: Path) -> None:
    source, out = many(tmp_path, excluded=10), tmp_path / "elsewhere" / "split.json"
    shares = ("train=0.7", "val=0.15", "test=0.15")
    assert run("data", "split", source, "--out", out, "--shares", *shares, "--seed", 3) == 0
    manifest = read_manifest(out)
    assert not groups_on_both_sides(manifest)
    counts = {split: len(load_data_set(out, split).images) for split in ("train", "val", "test", "excluded")}
    assert counts["excluded"] == 10
    assert counts["train"] == pytest.approx(133, abs=5)
    assert counts["val"] == pytest.approx(28.5, abs=5)
    assert manifest.info.split_seed == 3
    first = out.read_bytes()
    assert run("data", "split", source, "--out", out, "--shares", *shares, "--seed", 3) == 0
    assert [p.split for p in read_manifest(out).images] == [p.split for p in manifest.images]
    assert run("data", "split", source, "--out", out, "--shares", *shares, "--seed", 4) == 0
    assert out.read_bytes() != first


def test_each_split_gets_its_share_of_every_source_and_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = many(tmp_path), tmp_path / "split.json"
    manifest = read_manifest(source)
    names = ("RBC", "WBC", "Sickle", "Burr")
    manifest.categories = [Category(number, name, "RBC") for number, name in enumerate(names, start=1)]
    for cell in manifest.annotations:  # 100 with white cells, 20 with sickle cells, one with burr cells
        cell.category_id = 4 if cell.id == 7 else 3 if cell.id % 10 == 0 else 1 + cell.id % 2
    for picture in manifest.images:
        picture.source = "rare" if picture.id % 13 == 0 else "usual"
    write_manifest(source, manifest)
    assert run("data", "split", source, "--out", out, "--shares", "train=0.6", "val=0.2", "test=0.2", "--seed", 1) == 0
    told = capsys.readouterr().err
    assert "No image of val contains Burr" in told
    assert "No image of test contains Burr" in told
    assert "Sickle" not in told
    for split, share in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
        fields = load_data_set(out, split).images
        assert sum(field.source == "rare" for field in fields) == pytest.approx(15 * share, abs=2)
        assert sum(2 in field.labels for field in fields) == pytest.approx(20 * share, abs=2)
        assert len(fields) == pytest.approx(200 * share, abs=6)


def test_folds_share_out_everything_but_the_test_set(tmp_path: Path) -> None:
    source, out = many(tmp_path), tmp_path / "split.json"
    assert run("data", "split", source, "--out", out, "--shares", "train=0.8", "test=0.2", "--folds", 5) == 0
    assert not groups_on_both_sides(read_manifest(out))
    test = {field.path for field in load_data_set(out, "test").images}
    seen = []
    for fold in range(1, 6):
        inside = {field.path for field in load_data_set(out, f"fold{fold}").images}
        outside = {field.path for field in load_data_set(out, f"not-fold{fold}").images}
        assert not inside & outside
        assert not (inside | outside) & test
        assert len(inside) + len(outside) + len(test) == 200
        seen += sorted(inside)
    assert len(seen) == len(set(seen)) == 200 - len(test)
    with pytest.raises(DataError, match="no image is in split 'fold6'"):
        load_data_set(out, "fold6")


def test_no_split_stays_empty_and_folds_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = many(tmp_path), tmp_path / "split.json"
    manifest = read_manifest(source)
    for picture in manifest.images:
        picture.group, picture.source = "", "AAAAAAABBC"[picture.id % 10]
    write_manifest(source, manifest)
    shares = ("train=0.7", "val=0.15", "test=0.15")
    for seed in range(5):
        assert run("data", "split", source, "--out", out, "--shares", *shares, "--by", "source", "--seed", seed) == 0
        of_split = {split: {f.source for f in load_data_set(out, split).images} for split in ("train", "val", "test")}
        assert sorted(len(sources) for sources in of_split.values()) == [1, 1, 1]
    assert run("data", "split", source, "--out", out, "--shares", "train=0.5", "train=0.5") == 2
    assert "a split is named twice" in capsys.readouterr().err
    assert run("data", "split", source, "--out", out, "--folds", 2) == 0
    assert "fold2" in capsys.readouterr().out


def test_whole_sources_one_in_each_fold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = many(tmp_path), tmp_path / "split.json"
    assert run("data", "split", source, "--out", out, "--folds", 4, "--by", "source") == 2
    assert "4 folds cannot be made of 1 source" in capsys.readouterr().err, "slides are in several sources"
    manifest = read_manifest(source)
    for picture in manifest.images:
        picture.group = ""
    write_manifest(source, manifest)
    assert run("data", "split", source, "--out", out, "--folds", 4, "--by", "source") == 0
    for fold in range(1, 5):
        assert len({field.source for field in load_data_set(out, f"fold{fold}").images}) == 1


BAD_SPLITS = {
    "nothing": ([], "Give --shares train=0.7"),
    "sum": (["--shares", "train=0.7", "test=0.2"], "add up to 1"),
    "negative": (["--shares", "train=1.5", "test=-0.5"], "add up to 1"),
    "too many folds": (["--folds", "9", "--by", "source"], "cannot be made of"),
    "one fold": (["--folds", "1"], "cannot be made of"),
}


@pytest.mark.parametrize("name", BAD_SPLITS)
def test_bad_splits_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    arguments, expected = BAD_SPLITS[name]
    assert run("data", "split", many(tmp_path), "--out", tmp_path / "o.json", *arguments) == 2
    assert expected in capsys.readouterr().err


@pytest.fixture
def checked(tmp_path: Path, data_folder: Path) -> Path:
    """Return a manifest without a fault, of images that this test may break."""
    out = tmp_path / "cells.json"
    assert run("data", "import", "yolo", data_folder, "--out", out) == 0
    assert run("data", "check", out) == 0
    return out


def edit(change: Callable[[dict], object]) -> Callable[[Path, Path], None]:
    def broken(manifest: Path, _: Path) -> None:
        document = json.loads(manifest.read_bytes())
        change(document)
        manifest.write_text(json.dumps(document), "utf-8")

    return broken


def group_on_both_sides(document: dict) -> None:
    for picture in document["images"][3:5]:
        picture["group"] = "slide 7"


FAULTS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "missing image": (lambda _, folder: (folder / "3.png").unlink(), "3.png: this image is missing"),
    "no image": (lambda _, folder: (folder / "3.png").write_bytes(b"text"), "3.png: "),
    "changed image": (
        lambda _, folder: (folder / "3.png").write_bytes((folder / "2.png").read_bytes()),
        "3.png: the image has changed since it was imported",
    ),
    "other size": (edit(lambda d: d["images"][3].update(width=99)), "has 200 × 160 pixels, but 99"),
    "box outside": (edit(lambda d: d["annotations"][0].update(bbox=[190, 5, 30, 10])), "extends beyond the image"),
    "degenerate box": (edit(lambda d: d["annotations"][0].update(bbox=[5, 5, 0, 10])), "a box without area"),
    "unknown category": (edit(lambda d: d["annotations"][0].update(category_id=7)), "the unknown category 7"),
    "no such image": (edit(lambda d: d["annotations"][0].update(image_id=99)), "belongs to no image"),
    "id twice": (edit(lambda d: d["images"][1].update(id=1)), "1 occurs twice among the images"),
    "incomplete": (edit(lambda d: d["images"][1].update(incomplete=["Blast"])), "is incomplete for the class 'Blast'"),
    "group": (edit(group_on_both_sides), "group slide 7 is divided between splits (train and val)"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_check_finds_what_is_broken(
    checked: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    breaking, expected = FAULTS[name]
    breaking(checked, data_folder / "images")
    capsys.readouterr()
    assert run("data", "check", checked) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert "cells" in error


def test_a_faulty_manifest_is_not_trained_on(checked: Path, data_folder: Path) -> None:
    edit(lambda d: d["annotations"][0].update(category_id=7))(checked, data_folder)
    with pytest.raises(DataError, match="unknown category 7"):
        load_data_set(checked, "train")


def test_the_report_shows_what_stands_out(checked: Path, tmp_path: Path, data_folder: Path) -> None:
    document = json.loads(checked.read_bytes())
    picture = document["images"][0]["id"]
    label = next(item["id"] for item in document["categories"] if item["name"] == "RBC")
    for number, box in enumerate(([5, 5, 0, 30], [5, 5, 190, 150])):
        document["annotations"].append(
            {"id": 9000 + number, "image_id": picture, "category_id": label, "bbox": box, "area": 1, "origin": "box"}
        )
    document["annotations"][-3].update(origin="point", quality=0.3)
    document["annotations"] = [
        item for item in document["annotations"] if item["image_id"] != document["images"][1]["id"]
    ]
    checked.write_text(json.dumps(document), "utf-8")
    assert run("data", "explore", checked, "--out", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    for text in (
        "Boxes without area or beyond their image: 1.",
        "1 of 8 images have no cells",
        "images/1.png",
        "150.0",
        "low quality",
    ):
        assert text in page
    assert f"data import yolo {data_folder}" in page
    assert page.count("<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
