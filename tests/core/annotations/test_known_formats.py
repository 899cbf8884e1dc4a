"""The formats are what other programs write and read."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.annotations.formats.coco import write_coco
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.annotation_builders import (
    CELL,
    CLASSES,
    HEIGHT,
    VOC,
    WIDTH,
    assert_same,
    image_of,
    no_size,
    one,
    put,
    read,
    sizes_of,
)


def test_coco_is_what_the_coco_tools_read(tmp_path: Path):
    tools = pytest.importorskip("faster_coco_eval")
    images = [image_of(file_name="血.png"), image_of((), (), "b.png"), image_of(file_name="c.png")]
    write_coco(tmp_path / "set.json", images, CLASSES)
    coco = tools.COCO(str(tmp_path / "set.json"))
    assert [coco.cats[key]["name"] for key in sorted(coco.cats)] == list(CLASSES)
    for key, image in enumerate(images, start=1):
        assert coco.loadImgs(key)[0]["file_name"] == image.file_name
        cells = coco.loadAnns(coco.getAnnIds(imgIds=key))
        assert [coco.cats[cell["category_id"]]["name"] for cell in cells] == list(image.names)
        corners = np.array([cell["bbox"] for cell in cells]).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        np.testing.assert_allclose(corners, image.boxes, atol=0.011)


def test_coco_has_the_contours_of_the_cells_that_have_one(tmp_path: Path):
    tools = pytest.importorskip("faster_coco_eval")
    octagon = [(-3, 10), (5, 2), (15, 2), (23, 10), (23, 20), (15, 28), (5, 28), (-3, 20)]  # reaches over the border
    contours = (np.array(octagon, np.float32), np.zeros((0, 2), np.float32), np.array([(30, 5), (40, 5)], np.float32))
    boxes = ((0, 2, 23, 28), (200, 100, 260, 150), (30, 5, 40, 6))
    image = replace(image_of(boxes, ("RBC", "WBC", "RBC")), contours=contours)
    write_coco(tmp_path / "set.json", [image], CLASSES)
    coco = tools.COCO(str(tmp_path / "set.json"))
    with_contour, by_hand, line = coco.loadAnns(coco.getAnnIds())
    assert with_contour["segmentation"] == [[0, 10, 5, 2, 15, 2, 23, 10, 23, 20, 15, 28, 5, 28, 0, 20]]
    assert coco.annToMask(with_contour).sum() == pytest.approx(with_contour["area"], rel=0.05)
    assert with_contour["area"] == 23 * 26 - 8 * 8 - 5 * 8
    for cell in (by_hand, line):
        assert cell["segmentation"] == []
        assert cell["area"] == cell["bbox"][2] * cell["bbox"][3]
    assert_same(one(read(tmp_path / "set.json", sizes=no_size)), image, atol=0.01)


def test_voc_is_what_labelimg_writes(tmp_path: Path):
    write_voc(tmp_path, [image_of(((0, 0.4, 640, 480), (5.2, 5.6, 6.1, 6.2), (639.4, 10, 640, 10.6)))])
    text = (tmp_path / "a.xml").read_text("utf-8")
    assert "<filename>a.jpg</filename>" in text
    for values in ((1, 1, 640, 480), (5, 6, 6, 7), (639, 10, 640, 11)):
        inner = "".join(
            f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), values, strict=True)
        )
        assert f"<bndbox>{inner}</bndbox>" in "".join(text.split())
    assert text.count("<truncated>1</truncated>") == 2


def test_a_table_opens_in_excel(tmp_path: Path):
    write_csv(tmp_path / "set.csv", [image_of(file_name="血.png"), image_of((), (), "b.png")])
    data = (tmp_path / "set.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbffilename,cell_type,xmin,ymin,xmax,ymax\r\n")
    assert "血.png,WBC,200.00,100.00,260.50,150.25\r\n" in data.decode()
    assert data.endswith(b"b.png,,,,,\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "ymax,xmax,ymin,xmin,Cell Type,filename,more\n90,110,20,10,rbc,a.jpg,7\n",
        "\ufefffilename,cell_type,xmin,ymin,xmax,ymax\r\na.jpg,RBC,10,20,110,90\r\n",
        "filename;cell_type;xmin;ymin;xmax;ymax\n\na.jpg;Red Blood Cell;10,0;20,0;110,0;90,0\n",
        "filename\tlabel\txmin\tymin\txmax\tymax\na.jpg\tRBC\t10\t20\t110\t90",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,640,480,RBC,10,20,110,90\n",
        'filename,cell_type,xmin,ymin,xmax,ymax,score\n"a.jpg",RBC,1e1,20,110,90,\n',
    ],
)
def test_tables_of_other_programs_are_read(tmp_path: Path, text: str):
    image = one(read(put(tmp_path / "set.csv", text)))
    assert image.names == ("RBC",)
    assert image.boxes.tolist() == [[10, 20, 110, 90]]
    assert image.scores is None
    assert one(read(put(tmp_path / "u16.csv", text.strip("\ufeff").encode("utf-16")))).names == ("RBC",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "iso-8859-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_xml_of_any_encoding_is_read(tmp_path: Path, encoding: str, newline: str):
    name = "b.jpg" if encoding == "iso-8859-1" else "血.jpg"
    declared = encoding.removesuffix("-sig")
    text = f"<?xml version='1.0' encoding='{declared}'?>\n" + VOC.format(name=name, objects=f"\n{CELL}\n")
    image = one(read(put(tmp_path / "a.xml", text.replace("\n", newline).encode(encoding)), sizes=no_size))
    assert (image.file_name, image.names, image.boxes.tolist()) == (name, ("RBC",), [[10, 20, 110, 90]])


def test_voc_pictures_are_found_by_name_and_by_the_name_of_the_file(tmp_path: Path):
    file = put(tmp_path / "new.xml", VOC.format(name="old.jpg", objects=CELL))
    assert one(read(file, sizes=no_size)).file_name == "old.jpg"
    assert one(read(file, sizes={"old.jpg": (WIDTH, HEIGHT)}.get)).file_name == "old.jpg"
    assert one(read(file, sizes={"new": (WIDTH, HEIGHT), "old.jpg": (WIDTH, HEIGHT)}.get)).file_name == "new"
    nameless = put(tmp_path / "b.xml", VOC.format(name="", objects=CELL))
    assert one(read(nameless, sizes=no_size)).file_name == "b"


def test_folders_in_a_file_name_do_not_hide_the_picture(tmp_path: Path):
    for name in ("train/a.jpg", "C:\\images\\a.jpg"):
        write_coco(tmp_path / "set.json", [image_of(file_name=name)], CLASSES)
        assert one(read(tmp_path, sizes=sizes_of(image_of()))).file_name == "a.jpg"
        assert one(read(tmp_path, sizes=no_size)).file_name == name


def test_points_become_squares_of_the_given_size(tmp_path: Path):
    file = put(tmp_path / "labels" / "7.txt", "456 310 11\n2 470 0\n700 10 1\n100 x 1\n1 2\n")
    found = read(file, point_diameter=40)
    assert found.images[0].names == ("type 11", "type 0")
    assert found.images[0].boxes.tolist() == [[436, 290, 476, 330], [0, 450, 22, 480]]
    assert [notice.split(": ")[1].split(" has")[0] for notice in found.notices] == ["line 3", "line 4", "line 5"]
    put(tmp_path / "classes.txt", "".join(f"{letter}\n" for letter in string.ascii_lowercase[:11]))
    found = read(file, point_diameter=40)
    assert found.images[0].names == ("a",)
    assert "line 1 has a class '11'" in found.notices[0]


def test_points_without_a_size_are_no_boxes(tmp_path: Path):
    found = read(put(tmp_path / "7.txt", "456 310 11\n"), put(tmp_path / "8.txt", "4 3 1\n"))
    assert found.images == ()
    (notice,) = found.notices
    assert "points" in notice
    assert notice.endswith("(also 8.txt).")
