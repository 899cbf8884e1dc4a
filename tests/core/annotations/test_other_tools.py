"""Annotations as other programs write them: their layouts by hand, and the cells that must come of them."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

from core.annotations.base import AnnotatedImage
from core.annotations.formats.qupath import write_geojson
from core.annotations.orientation import ImageInfo
from core.annotations.read import read_annotations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.annotations.orientation import Size
    from core.annotations.read import ImportedAnnotations

CLASSES = ("RBC", "WBC", "Platelets")
BOX = [10, 20, 110, 90]
SQUARE = [(10, 20), (110, 20), (110, 90), (10, 90)]
FLAT = [value for point in SQUARE for value in point]


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(*paths: Path, images: Sequence[str] = ("a.jpg", "a"), points: float | None = 20) -> ImportedAnnotations:
    def find(name: str, file: Path, stated: Size | None) -> list[ImageInfo]:
        del file, stated
        return [ImageInfo(640, 480, id=1)] if name in images else []

    return read_annotations(paths, find, CLASSES, point_diameter=points)


def one(found: ImportedAnnotations) -> AnnotatedImage:
    assert found.notices == ()
    (image,) = found.images
    return image


def assert_square(image: AnnotatedImage, name: str = "RBC") -> None:
    """Assert that the one cell has the square as its box and its contour."""
    assert image.names == (name,)
    np.testing.assert_allclose(image.boxes, [BOX], atol=0.01)
    assert image.contours is not None
    np.testing.assert_allclose(image.contours[0], SQUARE, atol=0.01)


# COCO, YOLO and VOC with outlines


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


# QuPath


def feature(**properties: Any) -> dict[str, Any]:
    ring = [[*map(float, point)] for point in (*SQUARE, SQUARE[0])]
    return {
        "type": "Feature",
        "id": "1c1b7f5d-7c4e-4b36-9d0b-8d0f0f3a2f11",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"objectType": "annotation", **properties},
    }


@pytest.mark.parametrize(
    "document",
    [
        {"type": "FeatureCollection", "features": [feature(classification={"name": "RBC", "color": [200, 0, 0]})]},
        [feature(classification={"name": "rbc", "colorRGB": -3670016}, isLocked=False, measurements=[])],
        feature(classification={"names": ["Red blood cell"], "color": [200, 0, 0]}),
        feature(name="RBC"),
        feature(objectType="detection", classification="RBC"),
    ],
)
@pytest.mark.parametrize("name", ["a.geojson", "a.jpg.geojson", "a.json"])
def test_qupath_objects_are_read(tmp_path: Path, document: object, name: str):
    image = one(read(put(tmp_path / name, json.dumps(document))))
    assert image.contours is not None
    (contour,) = image.contours
    assert image.names == ("RBC",)
    assert image.boxes.tolist() == [BOX]
    assert contour.tolist() == [list(point) for point in (*SQUARE, SQUARE[0])]


def test_the_region_that_qupath_looked_for_cells_in_is_no_cell(tmp_path: Path):
    whole = feature() | {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [640, 0], [640, 480], [0, 480]]]}}
    document = {
        "type": "FeatureCollection",
        "features": [whole, feature(objectType="detection"), feature(objectType="cell")],
    }
    assert one(read(put(tmp_path / "a.geojson", json.dumps(document)))).names == ("Unclassified",) * 2


def test_qupath_points_are_points(tmp_path: Path):
    points = feature(classification={"name": "WBC"}) | {
        "geometry": {"type": "MultiPoint", "coordinates": [[60, 55], [5, 5]]}
    }
    image = one(read(put(tmp_path / "a.geojson", json.dumps(points))))
    assert image.points
    assert image.boxes.tolist() == [[50, 45, 70, 65], [0, 0, 15, 15]]


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}, "is a LineString, which is no cell"),
        (None, "is a None, which is no cell"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [None, 4], [5, 6]]]}, "outline that is not pairs of numbers"),
        ({"type": "Polygon", "coordinates": []}, "outline without points"),
        ({"type": "Polygon", "coordinates": [[[5, 5], [5, 9], [5, 7]]]}, "without area"),
    ],
)
def test_qupath_objects_that_are_no_cells_are_told(tmp_path: Path, geometry: object, said: str):
    document = [feature(name="RBC"), feature(name="RBC") | {"geometry": geometry}]
    found = read(put(tmp_path / "a.geojson", json.dumps(document)))
    (notice,) = found.notices
    assert f"object 2 {'is' if said.startswith('is') else 'has'}" in notice
    assert said in notice
    assert found.images[0].refused == 1


def test_what_is_written_for_qupath_is_geojson_and_comes_back(tmp_path: Path):
    boxes = np.array([BOX, [200, 100, 260.5, 150.25]], np.float32)
    contours = (np.array(SQUARE, np.float32), np.zeros((0, 2), np.float32))
    scores = np.array([0.98, 0.5], np.float32)
    image = AnnotatedImage("a.jpg", 640, 480, boxes, ("RBC", "WBC"), scores, contours=contours)
    write_geojson(tmp_path, [image])
    document = json.loads((tmp_path / "a.geojson").read_bytes())
    first, second = document["features"]
    assert document["type"] == "FeatureCollection"
    assert [item["properties"]["classification"]["name"] for item in (first, second)] == ["RBC", "WBC"]
    assert first["properties"]["measurements"] == {"Probability": 0.98}
    assert first["properties"]["objectType"] == "detection"
    ring = second["geometry"]["coordinates"][0]
    assert ring == [[200, 100], [260.5, 100], [260.5, 150.25], [200, 150.25], [200, 100]]
    again = one(read(tmp_path / "a.geojson"))
    assert again.names == image.names
    np.testing.assert_allclose(again.boxes, image.boxes)


# labelme


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


# CVAT


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


# ImageJ


def test_markers_of_the_cell_counter_are_points(tmp_path: Path):
    text = """<?xml version="1.0" encoding="UTF-8"?>
<CellCounter_Marker_File>
 <Image_Properties><Image_Filename>a.jpg</Image_Filename>
   <X_Calibration>1.0</X_Calibration><Y_Calibration>1.0</Y_Calibration><Calibration_Unit>pixel</Calibration_Unit>
 </Image_Properties>
 <Marker_Data>
   <Current_Type>2</Current_Type>
   <Marker_Type><Type>1</Type><Name>RBC</Name>
     <Marker><MarkerX>60</MarkerX><MarkerY>55</MarkerY><MarkerZ>1</MarkerZ></Marker>
     <Marker><MarkerX>300</MarkerX><MarkerY>x</MarkerY><MarkerZ>1</MarkerZ></Marker></Marker_Type>
   <Marker_Type><Type>2</Type>
     <Marker><MarkerX>100</MarkerX><MarkerY>200</MarkerY><MarkerZ>1</MarkerZ></Marker></Marker_Type>
   <Marker_Type><Type>3</Type></Marker_Type>
 </Marker_Data>
</CellCounter_Marker_File>"""
    found = read(put(tmp_path / "CellCounter_a.xml", text))
    (image,) = found.images
    assert image.points
    assert image.names == ("RBC", "Type 2")
    assert image.boxes.tolist() == [[50, 45, 70, 65], [90, 190, 110, 210]]
    (notice,) = found.notices
    assert "marker 2 of RBC has a coordinate that is not a number" in notice
    nameless = text.replace("<Image_Filename>a.jpg</Image_Filename>", "")
    assert read(put(tmp_path / "CellCounter_a.xml", nameless)).images[0].file_name == "a"


def roi(kind: ROI_TYPE, name: str, **more: Any) -> ImagejRoi:
    values: dict[str, Any] = {"left": 10, "top": 20, "right": 110, "bottom": 90}
    return ImagejRoi(roitype=kind, name=name, **values, **more)


def rois(path: Path, *regions: ImagejRoi) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for place, region in enumerate(regions):
            archive.writestr(f"{place:04}-{region.name}.roi", region.tobytes())
    return put(path, stream.getvalue())


def outlined(name: str) -> ImagejRoi:
    region = ImagejRoi.frompoints(np.array(SQUARE, np.float32))
    region.roitype, region.name = ROI_TYPE.POLYGON, name
    return region


@pytest.mark.parametrize("name", ["RoiSet_a.zip", "a_RoiSet.zip", "a.zip", "a.jpg.zip"])
def test_regions_of_imagej_are_read(tmp_path: Path, name: str):
    regions = [
        roi(ROI_TYPE.RECT, "RBC"),
        roi(ROI_TYPE.OVAL, "WBC-2"),
        outlined("rbc_0003"),
        roi(ROI_TYPE.OVAL, "0123-0456", group=2),
        outlined("0123-0456"),
    ]
    image = one(read(rois(tmp_path / name, *regions)))
    assert image.names == ("RBC", "WBC", "RBC", "group 2", "ROI")
    np.testing.assert_allclose(image.boxes, [BOX] * 5)
    assert image.contours is not None
    assert [len(contour) for contour in image.contours] == [0, 0, 4, 0, 4]
    assert one(read(put(tmp_path / "a.roi", regions[0].tobytes()))).boxes.tolist() == [BOX]


def test_multi_point_regions_are_points(tmp_path: Path):
    region = ImagejRoi.frompoints(np.array([(60, 55), (100, 200)], np.float32))
    region.roitype, region.name = ROI_TYPE.POINT, "RBC"
    image = one(read(rois(tmp_path / "a.zip", region)))
    assert image.points
    assert image.boxes.tolist() == [[50, 45, 70, 65], [90, 190, 110, 210]]


def test_regions_between_pixels_keep_their_fractions(tmp_path: Path):
    region = roi(ROI_TYPE.OVAL, "RBC", options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION, version=227)
    region.xd, region.yd, region.widthd, region.heightd = 10.25, 20.5, 99.5, 69.25
    np.testing.assert_allclose(one(read(rois(tmp_path / "a.zip", region))).boxes, [[10.25, 20.5, 109.75, 89.75]])


def test_what_is_no_region_is_told(tmp_path: Path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.roi", roi(ROI_TYPE.RECT, "RBC").tobytes())
        archive.writestr("b.roi", roi(ROI_TYPE.RECT, "RBC").tobytes()[:40])
        archive.writestr("c.roi", b"Iout" + bytes(range(256)))
        archive.writestr("d.roi", roi(ROI_TYPE.LINE, "RBC").tobytes())
    found = read(put(tmp_path / "a.zip", stream.getvalue()))
    assert found.images[0].boxes.tolist() == [BOX]
    assert found.images[0].refused == 3
    assert any("region b is damaged" in notice for notice in found.notices)
    assert any("region d is a line, which is no cell" in notice for notice in found.notices)


def test_archives_that_are_none_are_told(tmp_path: Path):
    whole = rois(tmp_path / "a.zip", *[roi(ROI_TYPE.RECT, "RBC")] * 3).read_bytes()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.roi", b"Iout" + bytes(30 * 2**20))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("annotations.xml", "<annotations/>")
    for data, said in (
        (whole[: len(whole) // 2], "the archive is damaged"),
        (stream.getvalue(), "larger than cells can be"),
        (other.getvalue(), "no regions of ImageJ in it; unpack it"),
        (b"PK\x03\x04" + bytes(100), "the archive is damaged"),
    ):
        (notice,) = read(put(tmp_path / "a.zip", data)).notices
        assert said in notice


# Tables


@pytest.mark.parametrize(
    "text",
    [
        "image_path,xmin,ymin,xmax,ymax,label\nimages/a.jpg,10,20,110,90,RBC\n",
        ",image_path,xmin,ymin,xmax,ymax,label\n0,a.jpg,10,20,110,90,RBC\n",
        "path,x1,y1,x2,y2,class_name\n/data/a.jpg,10,20,110,90,RBC\n",
        "/data/a.jpg,10,20,110,90,RBC\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,640,480,RBC,10,20,110,90\n",
    ],
)
def test_tables_of_deepforest_torchvision_and_roboflow_are_read(tmp_path: Path, text: str):
    image = one(read(put(tmp_path / "a.csv", text)))
    assert image.names == ("RBC",)
    assert image.boxes.tolist() == [BOX]


def test_a_table_without_a_header_may_have_images_without_cells(tmp_path: Path):
    found = read(put(tmp_path / "a.csv", "b.jpg,,,,,\na.jpg,10,20,110,90,RBC\n"), images=("a.jpg", "b.jpg"))
    assert sorted(len(image) for image in found.images) == [0, 1]


# What could do harm


def test_entity_bombs_are_refused_in_every_xml(tmp_path: Path):
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for root in ("annotation", "annotations", "CellCounter_Marker_File"):
        text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><{root}>&l9;</{root}>'
        (notice,) = read(put(tmp_path / "a.xml", text)).notices
        assert "declares a document type or entities" in notice


def test_yaml_bombs_are_no_class_list(tmp_path: Path):
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{after}: &{after} [{', '.join([f'*{name}'] * 9)}]" for name, after in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    put(tmp_path / "data.yaml", "\n".join([*rows, "names: *i"]))
    found = read(put(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1\n"))
    assert found.images == ()
    assert "the class names are not a plain list" in found.notices[0]


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


@pytest.mark.parametrize(
    "text",
    [
        "image_path,xmin,ymin,xmax,ymax,label\na.jpg,0.1,0.2,0.25,0.4,RBC\n",
        "filename;cell_type;xmin;ymin;xmax;ymax\na.jpg;RBC;0,1;0,2;0,25;0,4\n",
    ],
)
def test_fractions_in_a_table_of_pixels_are_called_so(tmp_path: Path, text: str):
    found = read(put(tmp_path / "a.csv", text))
    assert "line 2 has its corners in fractions of the image's size; export them in pixels" in found.notices[0]


def test_swapped_corners_are_a_remark_and_what_is_left_out_is_not(tmp_path: Path):
    rows = "a.jpg,110,90,10,20,RBC\na.jpg,5,5,x,9,RBC\n"
    found = read(put(tmp_path / "a.csv", f"image_path,xmin,ymin,xmax,ymax,label\n{rows}"))
    assert found.images[0].boxes.tolist() == [BOX]
    assert ["corners swapped" in text for text in found.notices] == [True, False]
    assert found.remarks == found.notices[:1]
