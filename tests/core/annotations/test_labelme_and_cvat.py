"""Shapes of labelme and of CVAT."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.core.annotations.annotation_builders import one, put

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.tool_builders import BOX, SQUARE, assert_square, read


def labelme(*shapes: dict[str, Any], **more: Any) -> str:
    document = {
        "version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "..\\images\\a.jpg", "imageData": None,
        "imageHeight": 480, "imageWidth": 640,
    }  # fmt: skip
    return json.dumps(document | more)


def shape(kind: str, points: object, **more: Any) -> dict[str, Any]:
    return {
        "label": "RBC",
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        **more,
    }


@pytest.mark.parametrize("points", [[[10, 20], [110, 90]], [[110, 90], [10, 20]], [[10, 90], [110, 20]]])
def test_labelme_rectangles_are_boxes_whichever_corner_came_first(tmp_path: Path, points: object):
    found = read(put(tmp_path / "b.json", labelme(shape("rectangle", points))))
    assert found.images[0].boxes.tolist() == [BOX]


def test_labelme_outlines_are_boxes_and_contours(tmp_path: Path):
    assert_square(one(read(put(tmp_path / "b.json", labelme(shape("polygon", SQUARE))))))
    circle = one(read(put(tmp_path / "c.json", labelme(shape("circle", [[60, 55], [60, 90]])))))
    np.testing.assert_allclose(circle.boxes, [[25, 20, 95, 90]], atol=0.01)
    _, png = cv2.imencode(".png", np.ones((70, 100), np.uint8))
    mask = shape("mask", [[10, 20], [109, 89]], mask=base64.b64encode(png.tobytes()).decode())
    assert one(read(put(tmp_path / "d.json", labelme(mask)))).boxes.tolist() == [BOX]


def test_labelme_points_are_points_but_not_among_boxes(tmp_path: Path):
    points = [shape("point", [[60, 55]]), shape("point", [[300, 300]])]
    image = one(read(put(tmp_path / "b.json", labelme(*points))))
    assert image.points
    assert image.boxes.tolist() == [[50, 45, 70, 65], [290, 290, 310, 310]]
    found = read(put(tmp_path / "c.json", labelme(*points, shape("rectangle", [[10, 20], [110, 90]]))))
    assert found.images[0].boxes.tolist() == [BOX]
    assert found.images[0].refused == 2
    (notice,) = found.notices
    assert "marks some cells of a.jpg with points, which are left out" in notice


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (shape("line", [[1, 2], [3, 4]]), "is a line with 2 points"),
        (shape("polygon", [[1, 2]]), "is a polygon with 1 points"),
        (shape("rectangle", [[1, 2], [float("nan"), 4]]), "not a number"),
        (shape("mask", [[1, 2], [3, 4]], mask="////"), "empty or damaged mask"),
        (shape("mask", [[1, 2], [3, 4]], mask=None), "empty or damaged mask"),
        (shape("rectangle", [[1, 2], [30, 40]], label=None), "has no class name"),
        (shape("rectangle", "everything"), "is a rectangle with 0 points"),
    ],
)
def test_broken_labelme_shapes_are_told(tmp_path: Path, broken: dict[str, Any], said: str):
    found = read(put(tmp_path / "b.json", labelme(shape("rectangle", [[10, 20], [110, 90]]), broken)))
    (notice,) = found.notices
    assert said in notice
    assert found.images[0].names == ("RBC",)


def test_a_labelme_mask_is_not_unpacked_if_it_is_larger_than_the_image(tmp_path: Path):
    _, png = cv2.imencode(".png", np.zeros((5000, 5000), np.uint8))
    mask = shape("mask", [[0, 0], [1, 1]], mask=base64.b64encode(png.tobytes()).decode())
    (notice,) = read(put(tmp_path / "b.json", labelme(mask))).notices
    assert "empty or damaged mask" in notice


def cvat(*shapes: str, size: str = 'width="640" height="480"') -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta><task/></meta>'
        f'<image id="0" name="slides/a.jpg" {size}>{"".join(shapes)}</image>'
        '<image id="1" name="b.jpg" width="640" height="480"></image></annotations>'
    )


@pytest.mark.parametrize(
    "drawn",
    [
        '<box label="RBC" occluded="0" xtl="10.00" ytl="20.00" xbr="110.00" ybr="90.00" z_order="0"></box>',
        '<box label="RBC" xtl="25" ytl="5" xbr="95" ybr="105" rotation="90.0"></box>',
        '<polygon label="RBC" points="10.00,20.00;110.00,20.00;110.00,90.00;10.00,90.00" z_order="0"></polygon>',
        '<ellipse label="RBC" cx="60" cy="55" rx="50" ry="35" z_order="0"></ellipse>',
        '<ellipse label="RBC" cx="60" cy="55" rx="35" ry="50" rotation="90"></ellipse>',
        f'<mask label="RBC" rle="0, {70 * 100}" left="10" top="20" width="100" height="70"></mask>',
        f'<mask label="RBC" rle="0, {"100, 5, " * 69}100" left="10" top="20" width="105" height="70"></mask>',
    ],
)
def test_cvat_shapes_are_read(tmp_path: Path, drawn: str):
    first, second = read(put(tmp_path / "annotations.xml", cvat(drawn, '<tag label="good"/>'))).images
    assert first.names == ("RBC",)
    np.testing.assert_allclose(first.boxes, [BOX], atol=0.3)
    assert (second.file_name, len(second)) == ("b.jpg", 0)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('<box label="RBC" xtl="x" ytl="20" xbr="110" ybr="90"/>', "not a number"),
        ('<box label="" xtl="10" ytl="20" xbr="110" ybr="90"/>', "no class name"),
        ('<polyline label="RBC" points="1,2;3,4"/>', "is a polyline, which is no cell"),
        ('<polygon label="RBC" points="1,2;3"/>', "not pairs of numbers"),
        ('<polygon label="RBC"/>', "not pairs of numbers"),
        ('<mask label="RBC" rle="0, 999999999999" left="1" top="1" width="9" height="9"/>', "empty or damaged mask"),
        ('<mask label="RBC" rle="81" left="1" top="1" width="9" height="9"/>', "empty or damaged mask"),
        ('<ellipse label="RBC" cx="60" cy="55" rx="nan" ry="35"/>', "not pairs of numbers"),
    ],
)
def test_broken_cvat_shapes_are_told(tmp_path: Path, broken: str, said: str):
    good = '<box label="RBC" xtl="10" ytl="20" xbr="110" ybr="90"/>'
    found = read(put(tmp_path / "annotations.xml", cvat(good, broken)))
    (notice,) = found.notices
    assert "shape 2 of slides/a.jpg" in notice
    assert said in notice
    assert found.images[0].names == ("RBC",)


def test_tracks_of_a_video_are_no_images(tmp_path: Path):
    text = '<annotations><version>1.1</version><track id="0" label="RBC"><box frame="0" xtl="1"/></track></annotations>'
    (notice,) = read(put(tmp_path / "annotations.xml", text)).notices
    assert "export it from CVAT as 'CVAT for images 1.1'" in notice
