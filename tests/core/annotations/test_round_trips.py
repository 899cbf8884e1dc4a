"""What is written comes back, in every format."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from core.annotations.formats.coco import write_coco
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc
from core.annotations.formats.yolo import write_yolo

if TYPE_CHECKING:
    from core.annotations.base import AnnotatedImage

from tests.core.annotations.annotation_builders import (
    CLASSES,
    annotated_images,
    assert_same,
    image_of,
    no_size,
    one,
    read,
    sizes_of,
)


@settings(max_examples=30)
@given(images=annotated_images())
@pytest.mark.parametrize("kind", ["voc", "yolo", "coco", "csv"])
def test_what_is_written_comes_back(kind: str, images: list[AnnotatedImage]):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        match kind:
            case "voc":
                write_voc(folder, images)
            case "yolo":
                write_yolo(folder, images, CLASSES)
            case "coco":
                write_coco(folder / "set.json", images, CLASSES)
            case _:
                write_csv(folder / "set.csv", images)
        assert not [path for path in folder.rglob("*") if path.suffix == ".part"]
        found = read(folder, sizes=sizes_of(*images))
    assert found.notices == ()
    by_name = {image.file_name if kind != "yolo" else f"{image.file_name}.png": image for image in found.images}
    assert by_name.keys() == {image.file_name for image in images}
    for image in images:
        longest = max(image.width, image.height)
        # float32 itself is as coarse as a thousandth of a pixel at 20,000
        tolerance = {"voc": 1.01, "yolo": 2e-6 * longest + 1e-3, "coco": 0.013, "csv": 0.007}[kind]
        again = by_name[image.file_name]
        assert_same(again, image, tolerance)
        if kind in ("coco", "csv") and image.scores is not None:
            assert again.scores is not None
            np.testing.assert_allclose(again.scores, image.scores, atol=1e-4)
        else:
            assert again.scores is None


@pytest.mark.parametrize("kind", ["voc", "coco"])
def test_formats_that_hold_the_size_need_no_open_picture(tmp_path: Path, kind: str):
    image = image_of()
    if kind == "voc":
        write_voc(tmp_path, [image])
    else:
        write_coco(tmp_path / "set.json", [image], CLASSES)
    assert_same(one(read(tmp_path, sizes=no_size)), image, atol=0.6)


@pytest.mark.parametrize("name", ["血液 № 1.JPG", "a<&>\"'.png", "ñandú, ö.v2.tif", " a;b.png "[1:-1], "\x01.png"])
def test_any_name_of_a_picture_and_a_class_can_be_written(tmp_path: Path, name: str):
    images = [image_of(names=("Zelle, ä <&>", '"𝄞"', "RBC"), file_name=name)]
    write_csv(tmp_path / "set.csv", images)
    write_coco(tmp_path / "set.json", images, images[0].names)
    for file in ("set.csv", "set.json"):
        found = one(read(tmp_path / file))
        assert (found.file_name, found.names) == (name, images[0].names)
    write_voc(tmp_path / "voc", images)
    found = one(read(tmp_path / "voc", sizes=no_size))
    assert (found.file_name, found.names) == (name.replace("\x01", "\ufffd"), images[0].names)
    write_yolo(tmp_path / "yolo", images, images[0].names)
    found = one(read(tmp_path / "yolo"))
    assert (found.file_name, found.names) == (Path(name).stem, images[0].names)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no file names that are not Unicode")
def test_a_name_that_is_no_text_is_written_as_far_as_it_is(tmp_path: Path):
    images = [image_of(file_name="a\udcff.jpg")]
    write_csv(tmp_path / "set.csv", images)
    write_coco(tmp_path / "set.json", images, CLASSES)
    write_voc(tmp_path / "voc", images)
    write_yolo(tmp_path / "yolo", images, CLASSES)
    for path in (tmp_path / "set.csv", tmp_path / "set.json", tmp_path / "voc"):
        assert one(read(path)).file_name == "a?.jpg"
    assert one(read(tmp_path / "yolo")).file_name == "a?"


def test_a_picture_without_cells_stays_one(tmp_path: Path):
    images = [image_of((), (), "empty.png"), image_of(scores=(0.5, 0.25, 1))]
    write_voc(tmp_path / "voc", images)
    write_yolo(tmp_path / "yolo", images, CLASSES)
    write_coco(tmp_path / "set.json", images, CLASSES)
    write_csv(tmp_path / "set.csv", images)
    for path in ("voc", "yolo", "set.json", "set.csv"):
        found = read(tmp_path / path)
        assert found.notices == ()
        assert sorted(len(image) for image in found.images) == [0, 3]
