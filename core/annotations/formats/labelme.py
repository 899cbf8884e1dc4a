"""labelme: a JSON file for each image, with shapes."""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from core.annotations.documents import Entry, entries_of
from core.annotations.masks import outline_of_mask
from core.annotations.parsing import number, pixel_size
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

Points = list[list[object]]

_CORNERS_OF_A_CIRCLE = 32
_PNG = b"\x89PNG\r\n\x1a\n"
_SIDES = slice(16, 24)  # where a PNG states its width and height


def read_labelme(reading: Reading, document: Entry) -> Iterator[AnnotatedImage]:
    """Yield the image of a JSON object with ``shapes``: rectangles, polygons, circles, masks and points."""
    stem, name = reading.path.stem, document.get("imagePath")
    stated = pixel_size(document.get("imageWidth"), document.get("imageHeight"))
    image = reading.image(name if isinstance(name, str) and name else stem, stated, others=(stem,))
    if image is None:
        return
    for count, shape in enumerate(entries_of(document.get("shapes")), start=1):
        _read_shape(image, gettext("shape {count}").format(count=count), shape)
    if (annotated := image.finish()) is not None:
        yield annotated


def _read_shape(image: ImageBoxes, place: str, shape: Entry) -> None:
    label = shape.get("label")
    name = label if isinstance(label, str) else ""
    points = _points(shape.get("points"))
    outline = [value for point in points for value in point]
    match shape.get("shape_type", "polygon"), points:
        case "rectangle", [first, second]:
            image.add(place, name, [*first, *second], any_direction=True)
        case "polygon" | "rectangle" | "oriented_rectangle", [_, _, _, *_]:
            image.add_outline(place, name, [outline])
        case "circle", [centre, edge]:
            image.add_outline(place, name, [_circle(centre, edge)])
        case "mask", [first, _]:
            _add_mask(image, place, name, shape.get("mask"), first)
        case "point" | "points", _:
            for x, y in points:
                image.add_point(place, name, x, y)
        case kind, _:
            text = gettext("is a {kind} with {count} points, which is no cell; draw a polygon or delete it")
            image.refuse("shape", place, text.format(kind=kind, count=len(points)))


def _points(value: object) -> Points:
    points = cast("list[Any]", value) if isinstance(value, list) else []
    pairs = [cast("list[object]", point) for point in points if isinstance(point, list)]
    return [pair for pair in pairs if len(pair) == 2]


def _circle(centre: list[object], edge: list[object]) -> list[float | None]:
    cx, cy, x, y = (number(value) for value in (*centre, *edge))
    if cx is None or cy is None or x is None or y is None:
        return [None, None]
    radius = math.hypot(x - cx, y - cy)
    angles = [2 * math.pi * step / _CORNERS_OF_A_CIRCLE for step in range(_CORNERS_OF_A_CIRCLE)]
    return [value for a in angles for value in (cx + radius * math.cos(a), cy + radius * math.sin(a))]


def _add_mask(image: ImageBoxes, place: str, name: str, packed: object, corner: list[object]) -> None:
    left, top = (number(value) for value in corner)
    mask = _unpacked(packed, image.width, image.height)
    outline = None if mask is None or left is None or top is None else outline_of_mask(mask, left, top)
    if outline is None:
        image.refuse("mask", place, gettext("has an empty or damaged mask; draw it again or delete it"))
    else:
        box, contour = outline
        image.add_outline(place, name, [contour], box=box)


def _unpacked(packed: object, width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]] | None:
    """Return a mask in a PNG in base64, uint8 (H, W); None if it is none, or larger than the image."""
    if not isinstance(packed, str):
        return None
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    sides = data[_SIDES]
    if not data.startswith(_PNG) or len(sides) < 8:
        return None
    # before it is decoded: a small file can hold an enormous image
    if int.from_bytes(sides[:4], "big") > width + 1 or int.from_bytes(sides[4:], "big") > height + 1:
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    return None if decoded is None else np.asarray(decoded, np.uint8)
