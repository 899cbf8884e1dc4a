"""QuPath: a GeoJSON file for each image, a feature for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from core.annotations.documents import Entry, entries_of
from core.annotations.writing import boxes_inside, check_stems, file_stem, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

UNCLASSIFIED = "Unclassified"
"""The class of an object that QuPath gave none."""

_SUFFIX = ".geojson"


def is_geojson(document: object) -> bool:
    """Tell whether the content of a JSON file is a feature, a collection of features or a list of them."""
    if isinstance(document, list):
        items = cast("list[Any]", document)
        return bool(items) and all(_type(item) == "Feature" for item in items)
    return _type(document) in ("Feature", "FeatureCollection")


def _type(item: object) -> object:
    return cast("Entry", item).get("type") if isinstance(item, dict) else None


def read_geojson(reading: Reading, document: object) -> Iterator[AnnotatedImage]:
    """Yield the image of a GeoJSON file, named after the file: polygons in pixels, and points.

    What has no class is called ``Unclassified``; an object that QuPath calls by a name, and gives no class, is of
    the class of that name. The regions that cells were detected in are no cells, and are left out.
    """
    stem = reading.path.name.removesuffix(reading.path.suffix)
    image = reading.image(stem)
    if image is None:
        return
    features = document if isinstance(document, list) else [document]
    if _type(document) == "FeatureCollection":
        features = cast("Entry", document).get("features")
    objects = entries_of(features)
    with_cells = any(_kind(feature) in ("detection", "cell") for feature in objects)
    for count, feature in enumerate(objects, start=1):
        if with_cells and _kind(feature) == "annotation" and not _class_of(feature):
            continue
        _read_feature(image, gettext("object {count}").format(count=count), feature)
    if (annotated := image.finish()) is not None:
        yield annotated


def _properties(feature: Entry) -> Entry:
    properties = feature.get("properties")
    return cast("Entry", properties) if isinstance(properties, dict) else {}


def _kind(feature: Entry) -> object:
    properties = _properties(feature)
    return properties.get("objectType") or properties.get("object_type") or feature.get("id")


def _class_of(feature: Entry) -> str:
    """Return the class of an object: its name, or the names of a class and its subclasses; "" without one."""
    found = _properties(feature).get("classification")
    if isinstance(found, dict):
        entry = cast("Entry", found)
        names = entry.get("names")
        found = ": ".join(map(str, cast("list[Any]", names))) if isinstance(names, list) else entry.get("name")
    return found if isinstance(found, str) else ""


def _read_feature(image: ImageBoxes, place: str, feature: Entry) -> None:
    geometry, called = feature.get("geometry"), _properties(feature).get("name")
    name = _class_of(feature) or (called if isinstance(called, str) else "") or UNCLASSIFIED
    shape = cast("Entry", geometry) if isinstance(geometry, dict) else {}
    coordinates = shape.get("coordinates")
    match shape.get("type"):
        case "Polygon":
            image.add_outline(place, name, _rings([coordinates]))
        case "MultiPolygon":
            image.add_outline(place, name, _rings(coordinates))
        case "Point":
            _add_points(image, place, name, [coordinates])
        case "MultiPoint":
            _add_points(image, place, name, coordinates)
        case kind:
            text = gettext("is a {kind}, which is no cell; draw a polygon or delete it").format(kind=kind)
            image.refuse("geometry", place, text)


def _rings(polygons: object) -> list[list[object]]:
    """Return the outer ring of each polygon as ``x1 y1 x2 y2 ...``."""
    rings: list[list[object]] = []
    for polygon in cast("list[Any]", polygons) if isinstance(polygons, list) else []:
        if isinstance(polygon, list) and polygon:
            rings.append([value for point in _points(cast("list[Any]", polygon)[0]) for value in point])
    return rings


def _points(value: object) -> list[list[object]]:
    points = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("list[object]", point)[:2] if isinstance(point, list) else [None] for point in points]


def _add_points(image: ImageBoxes, place: str, name: str, coordinates: object) -> None:
    for point in _points(coordinates):
        x, y = point if len(point) == 2 else (None, None)
        image.add_point(place, name, x, y)


def geojson_files(images: Sequence[AnnotatedImage]) -> list[str]:
    """Return the names of the files that ``write_geojson`` writes."""
    return [f"{file_stem(image.file_name)}{_SUFFIX}" for image in images]


def write_geojson(folder: Path, images: Sequence[AnnotatedImage]) -> None:
    """Write one GeoJSON file for each image into a folder, named after the image, as QuPath opens it.

    Each cell is a detection with its class, in pixels to a hundredth: its contour where that is known, else its box.
    A score becomes the measurement ``Probability``.

    Raises
    ------
    AnnotationError
        If two images have the same stem or a box has no area, before anything is written; or if a file cannot be
        written.
    """
    check_stems(images)
    contents = [_to_geojson(image) for image in images]
    for name, data in zip(geojson_files(images), contents, strict=True):
        write_file(folder / name, data)


def _to_geojson(image: AnnotatedImage) -> bytes:
    features: list[Entry] = []
    for cell, (x1, y1, x2, y2) in enumerate(boxes_inside(image).round(2).tolist()):
        ring = [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
        if image.contours is not None and len(image.contours[cell]) > 2:
            ring = image.contours[cell].astype(float).round(2).tolist()
        properties: Entry = {"objectType": "detection", "classification": {"name": printable(image.names[cell])}}
        if image.scores is not None:
            properties["measurements"] = {"Probability": round(float(image.scores[cell]), 4)}
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return msgspec.json.encode({"type": "FeatureCollection", "features": features}) + b"\n"
