"""Objects of QuPath, as GeoJSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.annotations.base import AnnotatedImage
from core.annotations.formats.qupath import write_geojson
from tests.core.annotations.annotation_builders import one, put

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.tool_builders import BOX, SQUARE, read


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
