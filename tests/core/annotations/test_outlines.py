"""Outlines and masks in COCO, YOLO and VOC files are boxes and contours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.core.annotations.annotation_builders import one, put

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


from tests.core.annotations.tool_builders import BOX, FLAT, SQUARE, assert_square, read


def coco(**cell: Any) -> str:
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
        "annotations": [{"id": 7, "image_id": 1, "category_id": 1, **cell}],
        "categories": [{"id": 1, "name": "RBC"}],
    }
    return json.dumps(document)


def packed(runs: Sequence[int]) -> str:
    """Return runs as the COCO tools pack them into text (rleToString of their maskApi.c)."""
    text = ""
    for place, run in enumerate(runs):
        value = run - (runs[place - 2] if place > 2 else 0)
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr(48 + (bits | 0x20 if more else bits))
    return text


def runs_of(mask: np.ndarray[Any, Any]) -> list[int]:
    """Return the runs of a mask column by column, beginning outside."""
    flat = np.concatenate([[0], mask.ravel(order="F"), [0]])
    changes = np.flatnonzero(np.diff(flat))
    ends = [0, *changes.tolist(), mask.size]
    return np.diff(ends).tolist() if changes[-1:].tolist() != [mask.size] else np.diff(ends[:-1]).tolist()


@pytest.mark.parametrize("cell", [{"segmentation": [FLAT]}, {"segmentation": [FLAT], "bbox": [10, 20, 100, 70]}])
@pytest.mark.parametrize("more", [{}, {"area": 7000, "iscrowd": 0}])
def test_coco_polygons_are_boxes_and_contours(tmp_path: Path, cell: dict[str, Any], more: dict[str, Any]):
    assert_square(one(read(put(tmp_path / "a.json", coco(**cell, **more)))))


@pytest.mark.parametrize("segmentation", [[], [[]], [[1, 2, "x", 4, 5, 6]], {"size": [1, 1], "counts": "?"}])
def test_a_coco_box_is_enough_where_the_outline_is_of_no_use(tmp_path: Path, segmentation: object):
    found = one(read(put(tmp_path / "a.json", coco(bbox=[10, 20, 100, 70], segmentation=segmentation))))
    assert found.boxes.tolist() == [BOX]
    assert found.contours is None


def test_coco_cells_of_several_pieces_are_one_box(tmp_path: Path):
    pieces = [FLAT, [200, 300, 210, 300, 210, 310]]
    found = read(put(tmp_path / "a.json", coco(segmentation=pieces, bbox=[0, 0, 0, 0])))
    (image,) = found.images
    assert image.boxes.tolist() == [[10, 20, 210, 310]]
    assert "2 outlines far apart, taken as one cell" in found.notices[0]
    assert found.remarks == found.notices
    beside = [FLAT, [115, 30, 125, 30, 125, 40]]  # another cell lies over the middle of it
    assert one(read(put(tmp_path / "b.json", coco(segmentation=beside)))).boxes.tolist() == [[10, 20, 125, 90]]
    assert image.contours is not None
    assert image.contours[0].tolist() == [list(point) for point in SQUARE]


@pytest.mark.parametrize("form", [list, packed])
@pytest.mark.parametrize("box", [{}, {"bbox": [100, 50, 60, 40]}])
def test_coco_masks_are_boxes_and_contours(tmp_path: Path, form: Any, box: dict[str, Any]):
    mask = np.zeros((480, 640), np.uint8)
    cv2.ellipse(mask, (129, 69), (29, 19), 0, 0, 360, 1, -1)
    oval = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (60, 40)), np.uint8)
    mask[50:90, 100:160] |= oval
    segmentation = {"size": [480, 640], "counts": form(runs_of(mask))}
    image = one(read(put(tmp_path / "a.json", coco(segmentation=segmentation, iscrowd=0, **box))))
    assert image.boxes.tolist() == [[100, 50, 160, 90]]
    assert image.contours is not None
    drawn = np.zeros_like(mask)
    cv2.fillPoly(drawn, [np.round(image.contours[0] - 0.5).astype(np.int32)], 1)
    assert (drawn == mask).mean() > 0.9999


def test_the_tools_pack_runs_as_we_unpack_them(tmp_path: Path):
    tools = pytest.importorskip("faster_coco_eval.core.mask")
    mask = np.zeros((480, 640), np.uint8)
    mask[33:71, 400:523] = 1
    counts = tools.encode(np.asfortranarray(mask))["counts"]
    text = counts.decode() if isinstance(counts, bytes) else counts
    image = one(read(put(tmp_path / "a.json", coco(segmentation={"size": [480, 640], "counts": text}))))
    assert image.boxes.tolist() == [[400, 33, 523, 71]]


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [480, 640], "counts": [307200]},
        {"size": [480, 640], "counts": [0, 400_000]},
        {"size": [640, 480], "counts": [0, 500]},
        {"size": [10**9, 10**9], "counts": [0, 10**17]},
        {"size": [480, 640], "counts": [-5, 20]},
        {"size": [480, 640], "counts": "\x00"},
        {"size": [480, 640], "counts": "oooooooooooooooooooooooooo"},
        {"size": "large"},
        {},
    ],
)
def test_masks_that_cannot_be_are_refused(tmp_path: Path, segmentation: object):
    found = read(put(tmp_path / "a.json", coco(segmentation=segmentation)))
    assert found.images == ()
    (notice,) = found.notices
    assert "mask that is empty, damaged or of another size" in notice


@pytest.mark.parametrize("score", ["", " 0.75"])
def test_yolo_outlines_are_boxes_and_contours(tmp_path: Path, score: str):
    put(tmp_path / "data.yaml", "path: ../set\nnames:\n  0: WBC\n  1: RBC\n")
    fractions = " ".join(f"{x / 640:.6f} {y / 480:.6f}" for x, y in SQUARE)
    image = one(read(put(tmp_path / "a.txt", f"1 {fractions}{score}\n")))
    assert_square(image)
    assert (image.scores is None) == (score == "")


@pytest.mark.parametrize(
    "outline",
    [
        "<polygon>" + "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(SQUARE, 1)) + "</polygon>",
        "<polygon>" + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in SQUARE) + "</polygon>",
    ],
)
@pytest.mark.parametrize("box", ["", "<bndbox><xmin>10</xmin><xmax>110</xmax><ymin>20</ymin><ymax>90</ymax></bndbox>"])
def test_voc_polygons_are_boxes_and_contours(tmp_path: Path, outline: str, box: str):
    text = f"<annotation><filename>a.jpg</filename><object><name>RBC</name>{box}{outline}</object></annotation>"
    assert_square(one(read(put(tmp_path / "a.xml", text))))


def test_turned_boxes_of_rolabelimg_are_read(tmp_path: Path):
    box = "<robndbox><cx>60</cx><cy>55</cy><w>70</w><h>100</h><angle>1.5707963268</angle></robndbox>"
    text = f"<annotation><filename>a.jpg</filename><object><name>RBC</name>{box}</object></annotation>"
    np.testing.assert_allclose(one(read(put(tmp_path / "a.xml", text))).boxes, [BOX], atol=0.01)


def test_a_crowd_of_coco_is_left_out_by_itself(tmp_path: Path):
    """COCO's own form of a crowd is a run-length mask, plain or packed."""
    mask = np.zeros((480, 640), np.uint8)
    mask[100:200, 300:400] = 1
    document = json.loads(coco(bbox=[10, 20, 100, 70]))
    for form in (list, packed):
        crowd = {"size": [480, 640], "counts": form(runs_of(mask))}
        entry = {"id": 8, "image_id": document["annotations"][0]["image_id"], "category_id": 1, "iscrowd": 1}
        cells = [*document["annotations"], {**entry, "bbox": [300, 100, 100, 100], "segmentation": crowd}]
        found = read(put(tmp_path / "a.json", json.dumps({**document, "annotations": cells})))
        (image,) = found.images
        assert image.boxes.tolist() == [BOX]
        assert image.refused == 1
        assert len(found.notices) == 1
        assert "annotation 8 marks a crowd of cells (iscrowd), whose number is not known" in found.notices[0]


@pytest.mark.parametrize("image_id", ["1", 1.0])
def test_ids_of_coco_may_be_texts_in_one_place_and_numbers_in_another(tmp_path: Path, image_id: object):
    """The image came out without cells."""
    document = json.loads(coco(bbox=[10, 20, 100, 70]))
    document["images"][0]["id"] = 1
    document["annotations"][0]["image_id"] = image_id
    assert one(read(put(tmp_path / "a.json", json.dumps(document)))).boxes.tolist() == [BOX]


POSES = {
    "2 points": "0.05 0.06 0.45 0.55",
    "1 point": "0.05 0.06",
    "2 points with how well they are seen": "0.05 0.06 2 0.45 0.55 1",
}


def pose_line(box: tuple[float, float, float, float], points: str) -> str:
    """Return a line of a box and key points, which are given in fractions of the box."""
    x, y, w, h = box
    numbers = [float(word) for word in points.split()]
    of_one = 3 if len(numbers) % 3 == 0 else 2
    placed = [
        number if at % of_one == 2 else (x - w / 2 + number * w if at % of_one == 0 else y - h / 2 + number * h)
        for at, number in enumerate(numbers)
    ]
    return f"0 {' '.join(f'{number:.6g}' for number in (*box, *placed))}"


@pytest.mark.parametrize("points", POSES.values(), ids=POSES)
def test_yolo_key_points_are_no_outline(tmp_path: Path, points: str):
    boxes = [(0.5, 0.5, 0.1, 0.125), (0.7, 0.6, 0.1, 0.125), (0.2, 0.8, 0.1, 0.125)]
    put(tmp_path / "classes.txt", "RBC")
    found = read(put(tmp_path / "a.txt", "\n".join(pose_line(box, points) for box in boxes)))
    (image,) = found.images
    np.testing.assert_allclose(image.boxes[0], [288, 210, 352, 270], atol=0.01)
    assert image.contours is None
    assert "has key points beside its box, which are left out" in found.notices[0]


def test_a_data_yaml_says_how_many_key_points_there_are(tmp_path: Path):
    """Of one cell whose width and height happen to be near its place nothing else tells."""
    put(tmp_path / "data.yaml", "names: [RBC]\nkpt_shape: [2, 2]\n")
    found = read(put(tmp_path / "a.txt", "0 0.5 0.5 0.5 0.5 0.4 0.4 0.6 0.6"))
    (image,) = found.images
    assert image.boxes.tolist() == [[160, 120, 480, 360]]
    assert image.contours is None


def test_four_corners_are_an_outline(tmp_path: Path):
    """Turned boxes have as many numbers as a box with two key points."""
    put(tmp_path / "classes.txt", "RBC")
    text = "\n".join(f"0 {x} {y} {x + 0.1} {y} {x + 0.1} {y + 0.1} {x} {y + 0.1}" for x, y in ((0.5, 0.5), (0.1, 0.2)))
    found = read(put(tmp_path / "a.txt", text))
    (image,) = found.images
    np.testing.assert_allclose(image.boxes, [[320, 240, 384, 288], [64, 96, 128, 144]], atol=0.01)
    assert found.notices == ()
