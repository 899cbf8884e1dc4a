"""Annotation formats: what is written comes back, and what is broken gets one sentence."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import string
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.annotations.base import AnnotatedImage, AnnotationError
from core.annotations.formats.coco import write_coco
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc
from core.annotations.formats.yolo import write_yolo, yaml_names
from core.annotations.orientation import ImageInfo
from core.annotations.read import read_annotations
from core.annotations.training_set import export_training_set
from core.annotations.writing import same_on_every_disk
from core.classes import canonical_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.annotations.orientation import Size
    from core.annotations.parsing import ImageFinder
    from core.annotations.read import ImportedAnnotations

CLASSES = ("RBC", "WBC", "Platelets")
WIDTH, HEIGHT = 640, 480
VOC = "<annotation><filename>{name}</filename><size><width>640</width><height>480</height></size>{objects}</annotation>"
OBJECT = (
    """<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"""
)
CELL = OBJECT.format("RBC", 10, 20, 110, 90)
HEADER = "filename,cell_type,xmin,ymin,xmax,ymax\n"


def image_of(
    boxes: Sequence[Sequence[float]] = ((10, 20, 110, 90), (200, 100, 260.5, 150.25), (30, 400, 40, 408)),
    names: Sequence[str] = CLASSES,
    file_name: str = "a.jpg",
    scores: Sequence[float] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> AnnotatedImage:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return AnnotatedImage(
        file_name, *size, array, tuple(names), None if scores is None else np.array(scores, np.float32)
    )


def sizes_of(*images: AnnotatedImage) -> Callable[[str], tuple[int, int] | None]:
    """Return the sizes of open images by name and by stem."""
    names = {image.file_name: (image.width, image.height) for image in images}
    return (names | {name.rpartition(".")[0]: size for name, size in names.items() if "." in name}).get


def any_size(name: str) -> tuple[int, int] | None:
    return WIDTH, HEIGHT


def no_size(name: str) -> None:
    return None


def read(
    *paths: Path, sizes: Callable[[str], tuple[int, int] | None] = any_size, **options: Any
) -> ImportedAnnotations:
    return read_annotations(paths, finder(sizes), CLASSES, **options)


def finder(sizes: Callable[[str], tuple[int, int] | None]) -> ImageFinder:
    """Return what finds images of the sizes by their whole names."""

    def find(name: str, _file: Path, _stated: Size | None) -> list[ImageInfo]:
        size = sizes(name)
        return [] if size is None else [ImageInfo(*size)]

    return find


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(found: ImportedAnnotations) -> AnnotatedImage:
    assert found.notices == ()
    (image,) = found.images
    return image


def assert_same(found: AnnotatedImage, expected: AnnotatedImage, atol: float) -> None:
    assert (found.width, found.height) == (expected.width, expected.height)
    assert found.names == expected.names
    assert found.boxes.dtype == np.float32
    np.testing.assert_allclose(found.boxes, expected.boxes, rtol=0, atol=atol)


# Round trips


@st.composite
def annotated_images(draw: st.DrawFn) -> list[AnnotatedImage]:
    letters = st.characters(categories=["L", "N"], exclude_characters="İ") | st.sampled_from("._- ")
    # A folder's hidden files are passed over
    stems = st.text(letters, min_size=1, max_size=12).map(lambda text: text.strip(". ")).filter(bool)
    names = draw(st.lists(stems, min_size=1, max_size=4, unique_by=same_on_every_disk))
    images: list[AnnotatedImage] = []
    for name in names:
        width, height = draw(st.integers(1, 20_000)), draw(st.integers(1, 20_000))
        boxes: list[tuple[float, float, float, float]] = []
        for _ in range(draw(st.integers(0, 5))):
            x1, y1 = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
            boxes.append((x1, y1, draw(st.floats(x1 + 1, width)), draw(st.floats(y1 + 1, height))))
        classes = draw(st.lists(st.sampled_from(CLASSES), min_size=len(boxes), max_size=len(boxes)))
        scores = draw(st.none() | st.lists(st.floats(0, 1), min_size=len(boxes), max_size=len(boxes)))
        images.append(image_of(boxes, classes, f"{name}.png", scores or None, (width, height)))
    return images


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


# The formats as others know them


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


# YOLO and its class lists


@pytest.mark.parametrize("above", ["", "..", "../.."])
def test_the_class_list_may_lie_beside_or_above(tmp_path: Path, above: str):
    labels = tmp_path / "set" / "labels" / "train"
    put(labels / "a.txt", "1 0.5 0.5 0.25 0.5\r\n\r\n0 0.5 0.5 0.1 0.1 0.75\r\n")
    put(labels / above / "classes.txt", "\ufeffleukocyte\r\nMy class\r\n\r\n")
    image = one(read(labels / "a.txt"))
    assert image.names == ("My class", "WBC")
    np.testing.assert_allclose(image.boxes, [[240, 120, 400, 360], [288, 216, 352, 264]], atol=1e-3)
    assert image.scores is not None
    np.testing.assert_allclose(image.scores, [1, 0.75])


@pytest.mark.parametrize(
    "text",
    [
        "names: [WBC, 'My class', \"RBC\"]\n",
        "nc: 3\r\nnames:  # three\r\n  - WBC\r\n  - 'My class'  # mine\r\n\r\n  - RBC\r\ntrain: images\r\n",
        "names:\n- WBC\n# mine\n- My class\n- RBC\n",
        "path: .\nnames:\n  0: WBC\n  1: My class\n  2: 'RBC'\nother:\n  3: x\n",
        "names: {0: WBC, 1: 'My class', 2: RBC}",
    ],
)
def test_plain_yaml_names_the_classes(tmp_path: Path, text: str):
    assert yaml_names(text.replace("\r", "")) == ["WBC", "My class", "RBC"]
    put(tmp_path / "data.yaml", text)
    assert one(read(put(tmp_path / "a.txt", "1 0.5 0.5 0.25 0.5"))).names == ("My class",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("nc: 3", []),
        ("names: &x\n  - a", ["a"]),
        ("names: [a,\n  b]", ["a", "b"]),
        ("names: ['a, b', NO, 1]", ["a, b", "NO", "1"]),
        ("names: [RBC, WBC]\ntrain: !!python/object/apply:os.abort []", ["RBC", "WBC"]),
    ],
)
def test_yaml_names_classes_as_they_are_written(text: str, names: list[str]):
    assert yaml_names(text) == names


@pytest.mark.parametrize(
    "text",
    ["names: []", "names: RBC", "names:\n  1: a", "names:\n  - a\n  - [b]", "names:\n  - a\n  c: d", "[" * 5000, "\t"],
)
def test_yaml_without_a_list_of_names_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        yaml_names(text)


def test_without_a_class_list_numbers_stand_for_the_known_classes_and_this_is_said(tmp_path: Path):
    put(tmp_path / "a.txt", "2 0.5 0.5 0.25 0.5")
    put(tmp_path / "b.txt", "0 0.5 0.5 0.25 0.5\n3 0.5 0.5 0.25 0.5")
    found = read(tmp_path)
    assert [image.names for image in found.images] == [("Platelets",), ("RBC",)]
    default, unknown = found.notices
    assert "0 RBC, 1 WBC, 2 Platelets" in default
    assert unknown.startswith(f"{tmp_path / 'b.txt'}: line 2 has the class number 3")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("classes.txt", b"\xff\xfe\xff", "cannot be read"), ("data.yaml", b"names: *classes\n", "not a plain list")],
)
def test_a_class_list_that_cannot_be_used_is_not_replaced_by_a_guess(
    tmp_path: Path, name: str, content: bytes, said: str
):
    put(tmp_path / name, content)
    found = read(put(tmp_path / "a.txt", "2 0.5 0.5 0.25 0.5"))
    assert found.images == ()
    about_list, about_line = found.notices
    assert about_list.startswith(f"{tmp_path / name}: the class names")
    assert said in about_list
    assert f"line 1 has the class number 2, which {tmp_path / name} does not name" in about_line


def test_labels_of_pictures_that_are_not_open_are_skipped_in_one_sentence(tmp_path: Path):
    for name in "abcdefgh":
        put(tmp_path / f"{name}.txt", "0 0.5 0.5 0.25 0.5")
    put(tmp_path / "classes.txt", "RBC")
    found = read(tmp_path, sizes=sizes_of(image_of(file_name="c.jpg")))
    assert [image.file_name for image in found.images] == ["c"]
    assert found.notices == (
        f"{tmp_path / 'a.txt'}: the image a is missing or cannot be read; open it first, or name its folder "
        "(also b.txt, d.txt, e.txt and 3 more).",
    )


# Points


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


# Names of classes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rbc", "RBC"),
        (" Red-Blood_cells ", "RBC"),
        ("ERYTHROCYTE", "RBC"),
        ("White blood cell", "WBC"),
        ("leukocyte", "WBC"),
        ("plt", "Platelets"),
        ("platelet", "Platelets"),
        ("Thrombocytes", "Platelets"),
        ("sickle cell", "Sickle_Cell"),
        ("neutrophil", None),
        ("", None),
    ],
)
def test_class_names_are_matched(name: str, expected: str | None):
    assert canonical_class(name, (*CLASSES, "Sickle_Cell")) == expected


def test_an_equal_class_name_goes_before_a_synonym():
    known = ("Erythrocyte", "cell", "Cell", "rbc")
    assert [canonical_class(name, known) for name in ("RBC", "Cell", "CELL", "red cell")] == [
        "rbc",
        "Cell",
        "cell",
        "Erythrocyte",
    ]
    assert canonical_class("platelet", known) is None


# What is broken


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


# What cannot be written


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


# A data set for the trainer


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


def load(folder: Path, split: str) -> Any:
    return pytest.importorskip("trainer.dataset.load").load_data_set(folder, split)


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


# Real annotations


@pytest.fixture(scope="module")
def shared_data() -> Path:
    beside_the_repository = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("SMEARCOUNT_DATA") or beside_the_repository)
    if not folder.is_dir():
        pytest.skip("the real smear data is not on this machine (SMEARCOUNT_DATA says where it is)")
    return folder


def test_bccd_is_read(shared_data: Path):
    found = read(shared_data / "bccd" / "Annotations", sizes=no_size)
    names = [name for image in found.images for name in image.names]
    assert len(found.images) == 364
    assert [names.count(name) for name in CLASSES] == pytest.approx([4155, 372, 361], abs=2)
    assert len(names) + 2 >= 4155 + 372 + 361
    assert len(found.notices) <= 4


def test_txl_pbc_is_read_as_the_trainer_reads_it(shared_data: Path):
    found = read(shared_data / "txl-pbc" / "labels")
    assert found.notices == ()
    images = {image.file_name: image for image in found.images}
    assert len(images) == 1260
    for field in load(shared_data / "txl-pbc", "test").images:
        image = images[field.path.stem]
        assert [CLASSES[label] for label in field.labels] == list(image.names)
        np.testing.assert_allclose(image.boxes, field.pixel_boxes(WIDTH, HEIGHT), atol=1e-3)


def test_chula_points_are_read(shared_data: Path):
    found = read(shared_data / "chula-rbc-12" / "labels", point_diameter=70)
    assert len(found.images) == 621
