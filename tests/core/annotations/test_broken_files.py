"""What is broken gets one sentence, and the rest is read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.annotations.annotation_builders import CELL, HEADER, HEIGHT, OBJECT, VOC, WIDTH, no_size, one, put, read


def coco(**parts: Any) -> str:
    document: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
        "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "bbox": [10, 20, 100, 70]}],
        "categories": [{"id": 1, "name": "RBC"}],
    }
    return json.dumps(document | parts)


GOOD_CELL = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 100, 70]}


def coco_with(change: dict[str, Any]) -> str:
    """Return a good cell, and another after the change."""
    return coco(annotations=[GOOD_CELL, GOOD_CELL | change])


BROKEN_CELLS = {  # name and content of a file with one good cell, and what is said of the other
    "VOC text": ("a.xml", VOC.format(name="a.jpg", objects=CELL + OBJECT.format("RBC", 1, 2, "x", 9)), "object 2"),
    "VOC nan": ("a.xml", VOC.format(name="a.jpg", objects=CELL + OBJECT.format("RBC", 1, 2, "nan", 9)), "not a number"),
    "VOC no box": ("a.xml", VOC.format(name="a.jpg", objects=CELL + "<object><name>RBC</name></object>"), "object 2"),
    "VOC no name": ("a.xml", VOC.format(name="a.jpg", objects=CELL + OBJECT.format(" ", 1, 2, 9, 9)), "no class name"),
    "VOC empty": ("a.xml", VOC.format(name="a.jpg", objects=CELL + OBJECT.format("RBC", 9, 2, 9, 9)), "without area"),
    "VOC outside": ("a.xml", VOC.format(name="a.jpg", objects=CELL + OBJECT.format("RBC", 640, 2, 700, 9)), "outside"),
    "YOLO few": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2\n", "line 2 has 4 values"),
    "YOLO outline": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 .1 .1 .2 x .2 .2\n", "line 2 has an outline that is not pairs"),
    "YOLO nan": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 nan 0.5 0.2 0.2\n", "line 2 has a coordinate"),
    "YOLO text": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 a 0.5 0.2 0.2\n", "line 2 has a coordinate"),
    "YOLO name": ("a.txt", "RBC 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2\n", "line 1 has the class number RBC"),
    "YOLO negative": ("a.txt", "0 0.5 0.5 0.2 0.2\n-1 0.5 0.5 0.2 0.2\n", "line 2 has the class number -1"),
    "YOLO part": ("a.txt", "0 0.5 0.5 0.2 0.2\n0.5 0.5 0.5 0.2 0.2\n", "line 2 has the class number 0.5"),
    "YOLO pixels": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 100 100 50 50\n", "line 2 is not in fractions"),
    "YOLO empty": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0 0.2\n", "without area"),
    "YOLO outside": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n", "outside the image a"),
    "YOLO score": ("a.txt", "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2 1.5\n", "line 2 has a score"),
    "CSV few": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\na.jpg,RBC,10,20,110\n", "line 3 has a coordinate"),
    "CSV 1_0": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\na.jpg,RBC,1_0,20,110,90\n", "line 3 has a coordinate"),
    "CSV inf": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\na.jpg,RBC,10,20,inf,90\n", "line 3 has a coordinate"),
    "CSV class": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\na.jpg,,10,20,110,90\n", "line 3 has no class name"),
    "CSV file": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\n,RBC,10,20,110,90\n", "line 3 has no file name"),
    "CSV score": ("a.csv", "score," + HEADER + ",a.jpg,RBC,10,20,110,90\nx,a.jpg,RBC,1,2,9,9\n", "line 3 has a score"),
    "CSV endless": ("a.csv", HEADER + "a.jpg,RBC,10,20,110,90\n" + "x" * 200_000, "ends the reading"),
    "COCO short": ("a.json", coco_with({"id": 9, "bbox": [1, 2, 3]}), "annotation 9 has no box"),
    "COCO bool": ("a.json", coco_with({"id": 9, "bbox": [1, 2, 3, True]}), "annotation 9 has no box"),
    "COCO nan": ("a.json", coco_with({"bbox": [1, 2, 3, float("nan")]}), "annotation 1 has no box"),
    "COCO huge": ("a.json", coco_with({"bbox": [1, 2, 3, 10**400]}), "annotation 1 has no box"),
    "COCO box": ("a.json", coco_with({"id": None, "bbox": None}), "annotation 2 has no box"),
    "COCO class": ("a.json", coco_with({"category_id": 4}), "category that is not listed"),
    "COCO image": ("a.json", coco_with({"image_id": [4]}), "belongs to no image of the file"),
    "COCO crowd": ("a.json", coco_with({"iscrowd": 1}), "crowd"),
    "COCO score": ("a.json", coco_with({"score": "high"}), "a score"),
    "COCO entry": ("a.json", coco(annotations=[GOOD_CELL, 5]), "number 2 of the annotations is no entry"),
    "COCO nameless": ("a.json", coco(images=[{"id": 1, "file_name": "a.jpg"}, {"id": 2}]), "number 2 of the images"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), BROKEN_CELLS.values(), ids=BROKEN_CELLS)
def test_a_broken_cell_is_told_and_the_others_are_read(tmp_path: Path, name: str, content: str, said: str):
    put(tmp_path / "classes.txt", "RBC\n")
    found = read(put(tmp_path / name, content))
    (notice,) = found.notices
    assert notice.startswith(f"{tmp_path / name}: ")
    assert said in notice
    assert "; " in notice
    assert notice.endswith(".")
    (image,) = found.images
    assert image.names == ("RBC",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", VOC.format(name="a.jpg", objects=OBJECT.format("RBC", 110, 20, 10, 90))),
        ("a.csv", HEADER + "a.jpg,RBC,110,90,10,20\n"),
        ("a.json", coco(annotations=[GOOD_CELL | {"bbox": [110, 90, -100, -70]}])),
        ("a.txt", "0 0.09375 0.11458333 -0.15625 0.14583333\n"),
    ],
)
def test_swapped_corners_are_sorted_and_this_is_said(tmp_path: Path, name: str, content: str):
    put(tmp_path / "classes.txt", "RBC\n")
    found = read(put(tmp_path / name, content))
    np.testing.assert_allclose(found.images[0].boxes, [[10, 20, 110, 90]], atol=1e-3)
    (notice,) = found.notices
    assert "corners swapped, which were sorted" in notice


BROKEN_FILES = {
    "no XML": ("a.xml", "<annotation><object></annotation>", "damaged at line 1"),
    "cut XML": ("a.xml", "<annotation>\n<object>\n", "damaged at line 3"),
    "XML of something else": ("a.xml", "<svg/>", "no Pascal VOC annotation"),
    "DTD": ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "document type"),
    "hidden DTD": ("a.xml", '\ufeff<!DOCTYPE a [<!ENTITY b "c">]><annotation/>'.encode("utf-16-le"), "document type"),
    "DTD in UTF-7": (
        "a.xml",
        b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE a+AD4APA-annotation/+AD4-",
        "document type",
    ),
    "XML in no encoding": ("a.xml", b"<?xml version='1.0' encoding='klingon'?><annotation/>", "not klingon"),
    "XML in another encoding": ("a.xml", "<?xml version='1.0' encoding='utf-8'?><ä/>".encode("latin-1"), "not utf-8"),
    "XML with zeros": ("a.xml", b"\x00" * 100, "damaged"),
    "deep XML": ("a.xml", "<annotation>" + "<a>" * 50_000, "damaged"),
    "no JSON": ("a.json", '{\n"images": [}', "damaged at line 2"),
    "deep JSON": ("a.json", "[" * 200_000, "damaged"),
    "JSON list": ("a.json", "[1, 2]", "no COCO annotation"),
    "JSON of something else": ("a.json", '{"annotations": []}', "no COCO annotation"),
    "JSON without a list": ("a.json", coco(annotations={}), "no list of annotations"),
    "empty JSON": ("a.json", "", "damaged at line 1"),
    "table without a column": ("a.csv", "filename,cell_type,xmin,ymin,xmax\n", "no column ymax"),
    "empty table": ("a.csv", "", "no column filename"),
    "endless header": ("a.csv", "x" * 200_000, "no table"),
    "table in Latin 1": ("a.csv", (HEADER + "ä.jpg,RBC,1,2,9,9").encode("latin-1"), "save it as UTF-8"),
    "prose": ("a.txt", "Read me\n1 thing\n", "no annotation"),
    "binary": ("a.txt", bytes(range(256)), "save it as UTF-8"),
    "picture": ("a.png", b"\x89PNG\r\n\x1a\n\xff", "save it as UTF-8"),
}


@pytest.mark.parametrize(("name", "content", "said"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_broken_file_is_told_and_the_others_are_read(tmp_path: Path, name: str, content: str | bytes, said: str):
    good = put(tmp_path / "good" / "b.xml", VOC.format(name="b.jpg", objects=CELL))
    file = put(tmp_path / name, content)
    found = read(file, good)
    (notice,) = found.notices
    assert notice.startswith(f"{file}: ")
    assert said in notice
    assert "; " in notice
    assert "b.jpg" in {image.file_name for image in found.images}
    assert not any(len(image) for image in found.images[:-1])


def test_a_picture_whose_cells_are_all_broken_is_not_a_picture_without_cells(tmp_path: Path):
    put(tmp_path / "classes.txt", "RBC\n")
    put(tmp_path / "a.xml", VOC.format(name="a.jpg", objects=OBJECT.format("RBC", 9, 9, 2, 9)))
    put(tmp_path / "b.txt", "0 0.5 0.5 0 0\n")
    put(tmp_path / "c.csv", HEADER + "c.jpg,RBC,10,20,10,x\n")
    put(tmp_path / "d.json", coco(annotations=[GOOD_CELL | {"bbox": []}]).replace("a.jpg", "d.jpg"))
    found = read(tmp_path)
    assert found.images == ()
    assert len(found.notices) == 4


def test_faults_of_one_kind_become_one_sentence(tmp_path: Path):
    put(tmp_path / "classes.txt", "RBC\n")
    found = read(put(tmp_path / "a.txt", "0 0.5 0.5 0.2 0.2\n" + "0 0.5 0.5 0 0\n" * 9 + "0 x 0.5 0.5 0.5\n"))
    areas, numbers = found.notices
    assert "line 2 has" in areas
    assert areas.endswith("(also line 3, line 4, line 5 and 5 more).")
    assert "line 11 has" in numbers


@pytest.mark.parametrize(
    ("box", "expected", "said"),
    [
        ((-0.8, 20, 110, 480.9), (0, 20, 110, 480), False),
        ((-5, 20, 110, 90), (0, 20, 110, 90), True),
        ((600, 20, 1e30, 90), (600, 20, 640, 90), True),
    ],
)
def test_a_box_is_cut_at_the_border(tmp_path: Path, box: tuple[float, ...], expected: tuple[float, ...], said: bool):
    found = read(put(tmp_path / "a.xml", VOC.format(name="a.jpg", objects=OBJECT.format("RBC", *box))))
    assert found.images[0].boxes.tolist() == [list(expected)]
    assert ["cut at the border" in notice for notice in found.notices] == [True] * said


def test_boxes_of_a_picture_of_another_size_are_not_used(tmp_path: Path):
    put(tmp_path / "a.xml", VOC.format(name="a.jpg", objects=CELL))
    put(tmp_path / "a.json", coco())
    put(tmp_path / "a.csv", "width,height," + HEADER + "640,480,a.jpg,RBC,10,20,110,90\n")
    for name in ("a.xml", "a.json", "a.csv"):
        found = read(tmp_path / name, sizes={"a.jpg": (320, 240)}.get)
        assert found.images == ()
        (notice,) = found.notices
        assert "640 × 480" in notice
        assert "320 × 240" in notice


def test_a_stated_size_of_nothing_is_no_size(tmp_path: Path):
    text = VOC.format(name="a.jpg", objects=CELL).replace("640", "0").replace("480", "0")
    assert one(read(put(tmp_path / "a.xml", text))).width == WIDTH
    (notice,) = read(tmp_path / "a.xml", sizes=no_size).notices
    assert "the image a.jpg is missing or cannot be read" in notice


def test_a_picture_that_is_annotated_twice_is_read_once(tmp_path: Path):
    put(tmp_path / "classes.txt", "RBC")
    put(tmp_path / "a.txt", "0 0.5 0.5 0.25 0.5")
    put(tmp_path / "a.xml", VOC.format(name="a.jpg", objects=CELL))
    put(tmp_path / "b.csv", HEADER + "A.JPG,RBC,1,2,30,40\na.png,RBC,1,2,30,40\nb.jpg,RBC,1,2,30,40\n")
    found = read(tmp_path / "a.xml", tmp_path, tmp_path / "b.csv")
    assert [image.file_name for image in found.images] == ["a.jpg", "a.png", "b.jpg"]
    (notice,) = found.notices
    assert notice.startswith(f"{tmp_path / 'a.txt'}: a is annotated in {tmp_path / 'a.xml'} too")
    assert "b.csv" in notice


def test_a_folder_may_hold_other_files(tmp_path: Path):
    put(tmp_path / "Annotations" / "a.XML", VOC.format(name="a.jpg", objects=CELL))
    for name in ("README.txt", "ImageSets/train.txt", "manifest.csv", "session.json", "z.xml"):
        put(tmp_path / name, {".json": "{}", ".xml": "<x/>"}.get(Path(name).suffix, "Some, words\nand more\n"))
    put(tmp_path / "a.jpg", b"\xff\xd8\xff")
    put(tmp_path / ".hidden.txt", "x")
    put(tmp_path / "classes.txt", "RBC")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["a.jpg"]
    (notice,) = found.notices
    assert notice.startswith(f"{tmp_path}: ignored what is no annotation (ImageSets")
    assert "and 2 more" in notice


def test_nothing_to_read_is_told(tmp_path: Path):
    put(tmp_path / "only" / "a.jpg", b"\xff\xd8\xff")
    empty, missing = read(tmp_path, tmp_path / "missing.xml").notices
    assert "there are no annotations here" in empty
    assert "no such file" in missing


@pytest.mark.parametrize(
    "content", [VOC.format(name="a.jpg", objects=CELL), coco(), HEADER + "a.jpg,RBC,10,20,110,90\n"]
)
def test_a_file_without_a_suffix_is_told_by_its_content(tmp_path: Path, content: str):
    assert one(read(put(tmp_path / "annotations", f"\ufeff{content}"))).names == ("RBC",)


@settings(max_examples=150)
@given(
    name=st.sampled_from(["a.xml", "a.txt", "a.json", "a.csv"]),
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_damaged_bytes_give_boxes_or_sentences(name: str, places: list[tuple[float, int]]):
    contents = {
        "a.xml": VOC.format(name="a.jpg", objects=CELL * 2),
        "a.txt": "0 0.5 0.5 0.2 0.2\n1 0.4 0.4 0.1 0.1 0.9\n",
        "a.json": coco(annotations=[GOOD_CELL, GOOD_CELL]),
        "a.csv": HEADER + "a.jpg,RBC,10,20,110,90\nb.jpg,RBC,10,20,110,90\n",
    }
    data = bytearray(contents[name].encode())
    for where, value in places:
        data[int(where * len(data))] = value
    with tempfile.TemporaryDirectory() as folder:
        found = read(put(Path(folder) / name, bytes(data)))
    for image in found.images:
        assert (image.boxes[:, 2:] > image.boxes[:, :2]).all()
        assert (image.boxes >= 0).all()
        assert (image.boxes <= (WIDTH, HEIGHT, WIDTH, HEIGHT)).all()
        assert len(image.boxes) == len(image.names)
    assert found.images or found.notices
