"""A data set that the trainer reads."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from core.annotations.base import AnnotatedImage, AnnotationError
from core.annotations.formats.yolo import write_yolo
from core.annotations.training_set import export_training_set

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


from tests.core.annotations.annotation_builders import CLASSES, annotated_images, image_of, load, put, read


def pictures(folder: Path, count: int, names: Sequence[str] = ()) -> list[tuple[Path, AnnotatedImage]]:
    """Return small images of different content with their annotations."""
    items: list[tuple[Path, AnnotatedImage]] = []
    for number in range(count):
        path = folder / (names[number] if names else f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((24, 32, 3), 5 * number, np.uint8)
        Image.fromarray(pixels).save(path)
        items.append((path, image_of(((1, 2, 9.5, 12), (20, 4, 32, 24)), ("rbc", "WBC"), path.name, size=(32, 24))))
    return items


def test_the_trainer_reads_an_exported_set(tmp_path: Path):
    items = pictures(tmp_path / "in", 40)
    export_training_set(tmp_path / "out", items, ["WBC", "RBC", "Platelets"], source="Ward 3")
    train, val = load(tmp_path / "out", "train"), load(tmp_path / "out", "val")
    assert len(train.images) + len(val.images) == 40
    assert 2 <= len(val.images) <= 12
    assert not list((tmp_path / "out").rglob("*.part"))
    for field in (*train.images, *val.images):
        assert field.source == "Ward 3"
        assert field.path.read_bytes() == (tmp_path / "in" / field.path.name).read_bytes()
        assert field.labels.tolist() == [0, 1]
        np.testing.assert_allclose(field.pixel_boxes(32, 24), items[0][1].boxes, atol=1e-4)


@pytest.mark.slow
@settings(max_examples=10)
@given(images=annotated_images())
def test_the_trainer_reads_yolo_labels_beside_the_pictures(images: list[AnnotatedImage]):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_yolo(folder, images, CLASSES)
        for image in images:
            file = io.BytesIO()
            Image.new("1", (image.width, image.height)).save(file, "PNG")
            put(folder / "images" / image.file_name, file.getvalue())
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([["file", "split", "source"], *[[i.file_name, "train", "x"] for i in images]])
        fields = load(folder, "train").images
    for image, field in zip(images, fields, strict=True):
        assert [CLASSES[label] for label in field.labels] == list(image.names)
        limit = 2e-6 * max(image.width, image.height) + 1e-3
        np.testing.assert_allclose(field.pixel_boxes(image.width, image.height), image.boxes, rtol=0, atol=limit)


def test_an_exported_set_is_imported_again(tmp_path: Path):
    items = pictures(tmp_path / "in", 3)
    export_training_set(tmp_path / "out", items, CLASSES)
    found = read(tmp_path / "out" / "labels", sizes=lambda name: (32, 24))
    assert found.notices == ()
    assert [image.names for image in found.images] == [("RBC", "WBC")] * 3


def split_of(folder: Path) -> dict[str, str]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return {row["file"]: row["split"] for row in csv.DictReader(stream)}


def test_a_picture_stays_in_its_split_when_others_join(tmp_path: Path):
    items = pictures(tmp_path / "in", 50)
    export_training_set(tmp_path / "some", items[:30], CLASSES)
    export_training_set(tmp_path / "all", items[::-1], CLASSES)
    some, all_of_them = split_of(tmp_path / "some"), split_of(tmp_path / "all")
    assert {name: all_of_them[name] for name in some} == some


@pytest.mark.parametrize("count", [1, 2, 3])
def test_even_a_few_pictures_are_split(tmp_path: Path, count: int):
    for start in range(0, 30, count):
        items = pictures(tmp_path / "in", 30)[start : start + count]
        export_training_set(tmp_path / str(start), items, CLASSES)
        splits = set(split_of(tmp_path / str(start)).values())
        assert splits == ({"train"} if count == 1 else {"train", "val"})


def test_copies_of_a_picture_share_a_split(tmp_path: Path):
    items = pictures(tmp_path / "in", 20)
    copies: list[tuple[Path, AnnotatedImage]] = []
    for path, image in items:
        copy = tmp_path / "copies" / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        copies.append((copy, image))
    export_training_set(tmp_path / "out", [*items, *copies, *items], CLASSES)
    splits = split_of(tmp_path / "out")
    assert len(splits) == 60
    for path, _ in items:
        assert len({split for name, split in splits.items() if name.split("-")[0].split(".")[0] == path.stem}) == 1
    export_training_set(tmp_path / "same", [items[0], copies[0]], CLASSES)
    assert set(split_of(tmp_path / "same").values()) == {"train"}


def test_pictures_of_one_name_keep_their_own_labels(tmp_path: Path):
    names = ["one/血 1.png", "two/血 1.PNG", "two/血 1.bmp", "three/a.v1.png", "three/a.v2.png", "three/A.v1.tif"]
    items = pictures(tmp_path / "in", len(names), names)
    boxes = [((n, n, n + 4, n + 5),) for n in range(len(names))]
    items = [
        (path, image_of(box, ["RBC"], path.name, size=(32, 24))) for (path, _), box in zip(items, boxes, strict=True)
    ]
    export_training_set(tmp_path / "out", items, CLASSES)
    fields = [*load(tmp_path / "out", "train").images, *load(tmp_path / "out", "val").images]
    assert len({field.path.stem.casefold() for field in fields}) == len(names)
    by_content = {path.read_bytes(): image for path, image in items}
    assert len(by_content) == len(names)
    for field in fields:
        expected = by_content[field.path.read_bytes()].boxes
        np.testing.assert_allclose(field.pixel_boxes(32, 24), expected, atol=1e-4)


def test_a_set_that_is_there_is_left_alone(tmp_path: Path):
    items = pictures(tmp_path / "in", 2)
    put(tmp_path / "out" / "Thumbs.db", "x")
    export_training_set(tmp_path / "out", items, CLASSES)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(AnnotationError, match="already 'images' here; choose an empty folder"):
        export_training_set(tmp_path / "out", items[:1], CLASSES)
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda items: [*items, (Path("no such.png"), items[0][1])], "no such.png: the image cannot be read"),
        (lambda items: [*items, (items[0][0], image_of([(1, 1, 1, 2)], ["RBC"]))], "no area"),
        (lambda items: [*items, (items[0][0], image_of([(1, 1, 9, 9)], ["Blast"]))], "'Blast' is not among"),
        (lambda items: [], "no reviewed images"),
    ],
)
def test_a_set_with_a_fault_is_not_begun(tmp_path: Path, change: Callable[..., Any], said: str):
    with pytest.raises(AnnotationError, match=said):
        export_training_set(tmp_path / "out", change(pictures(tmp_path / "in", 2)), CLASSES)
    assert not (tmp_path / "out").exists()


def test_class_names_that_the_trainer_would_split_are_refused(tmp_path: Path):
    with pytest.raises(AnnotationError, match="'Sickle cell'"):
        export_training_set(tmp_path / "out", pictures(tmp_path / "in", 2), ["RBC", "WBC", "Sickle cell"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has another limit")
def test_half_a_set_is_removed(tmp_path: Path):
    items = pictures(tmp_path / "in", 2, ["a.png", f"{'b' * 250}.png"])
    items.append((tmp_path / "in" / items[1][0].name, items[1][1]))  # with a part of its hash, the name is too long
    put(tmp_path / "out" / "kept", "x")
    with pytest.raises(AnnotationError, match="cannot be written"):
        export_training_set(tmp_path / "out", items, CLASSES)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]
