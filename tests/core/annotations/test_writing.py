"""What cannot be written is refused before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.annotations.base import AnnotationError
from core.annotations.formats.coco import write_coco
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc
from core.annotations.formats.yolo import write_yolo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


from tests.core.annotations.annotation_builders import CLASSES, image_of, put, read, sizes_of


def test_arrays_must_describe_the_same_cells():
    with pytest.raises(ValueError, match="same cells"):
        image_of(names=("RBC",))
    with pytest.raises(ValueError, match="same cells"):
        image_of(scores=(1,))
    with pytest.raises(ValueError, match="read-only"):
        image_of().boxes[0, 0] = 1


@pytest.mark.parametrize("other", ["other/A.png", "other\\a.jpg", "a"])
def test_two_pictures_of_one_name_are_refused_before_anything_is_written(tmp_path: Path, other: str):
    images = [image_of(), image_of(file_name=other)]
    for write in (lambda: write_voc(tmp_path / "out", images), lambda: write_yolo(tmp_path / "out", images, CLASSES)):
        with pytest.raises(AnnotationError, match=r"a.jpg and "):
            write()
    assert not (tmp_path / "out").exists()
    write_coco(tmp_path / "set.json", images, CLASSES)
    write_csv(tmp_path / "set.csv", images)
    assert {image.file_name for image in read(tmp_path / "set.csv", sizes=sizes_of(*images)).images} >= {"a.jpg"}


def test_in_one_file_names_must_differ(tmp_path: Path):
    images = [image_of(), image_of()]
    with pytest.raises(AnnotationError, match=r"'a.jpg' does not name exactly one image"):
        write_csv(tmp_path / "set.csv", images)
    with pytest.raises(AnnotationError, match=r"'a.jpg' does not name exactly one image"):
        write_coco(tmp_path / "set.json", images, CLASSES)


@pytest.mark.parametrize("box", [(5, 5, 5.2, 90), (650, 5, 700, 90), (5, 90, 90, 5), (5, 5, np.nan, 90)])
def test_a_box_that_nobody_could_read_is_not_written(tmp_path: Path, box: tuple[float, ...]):
    images = [image_of(file_name="fine.jpg"), image_of([box], ["WBC"])]
    for write in (
        lambda: write_voc(tmp_path, images),
        lambda: write_yolo(tmp_path, images, CLASSES),
        lambda: write_coco(tmp_path / "a.json", images, CLASSES),
        lambda: write_csv(tmp_path / "a.csv", images),
    ):
        with pytest.raises(AnnotationError, match=r"a.jpg: the WBC box at .* no area"):
            write()
    assert not list(tmp_path.iterdir())


def test_a_class_that_is_not_listed_is_not_written(tmp_path: Path):
    for write in (write_yolo, write_coco):
        with pytest.raises(AnnotationError, match=r"a.jpg: the class 'Platelets' is not among RBC, WBC"):
            write(tmp_path / "out", [image_of()], ["RBC", "WBC"])
    for classes in (["RBC", "RBC"], ["RBC", ""], ["R\nBC"]):
        with pytest.raises(AnnotationError, match="rename the class"):
            write_yolo(tmp_path / "out", [], classes)
    assert not (tmp_path / "out").exists()


def test_labels_of_another_class_list_keep_their_classes(tmp_path: Path):
    write_yolo(tmp_path, [image_of()], CLASSES)
    write_yolo(tmp_path, [image_of(file_name="b.jpg")], CLASSES)
    with pytest.raises(AnnotationError, match="other classes"):
        write_yolo(tmp_path, [image_of(file_name="c.jpg")], CLASSES[::-1])
    assert len(read(tmp_path).images) == 2


@pytest.mark.parametrize("write", [write_voc, write_csv])
def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path, write: Callable[..., None]):
    """A folder in the place of the file stands for whatever keeps a finished file from its place."""
    in_the_way = tmp_path / "a.xml"
    put(in_the_way / "kept", "x")
    with pytest.raises(AnnotationError, match=r"a.xml: the file cannot be written \(.*\); "):
        write(tmp_path if write is write_voc else in_the_way, [image_of()])
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]
    assert [path.name for path in in_the_way.iterdir()] == ["kept"]
