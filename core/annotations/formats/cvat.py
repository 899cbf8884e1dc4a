"""CVAT: one XML file for a set of images ("CVAT for images 1.1")."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.annotations.masks import outline_of_runs
from core.annotations.notices import NotAnnotationsError
from core.annotations.parsing import number, pixel_size
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_CORNERS_OF_A_CIRCLE = 32


def read_cvat(reading: Reading, root: Element) -> Iterator[AnnotatedImage]:
    """Yield the images of an XML file whose root is ``annotations``: boxes, polygons, ellipses, masks and points.

    Raises
    ------
    NotAnnotationsError
        If it holds no images, such as the tracks of a video.
    """
    images = root.findall("image")
    if not images:
        text = gettext("there are no images in it; export it from CVAT as 'CVAT for images 1.1'")
        raise NotAnnotationsError(text)
    for count, entry in enumerate(images, start=1):
        name = (entry.get("name") or "").strip()
        if not name:
            place = gettext("image {count}").format(count=count)
            reading.refuse("image", place, gettext("has no name; export it again"))
            continue
        image = reading.image(name, pixel_size(entry.get("width"), entry.get("height")))
        if image is None:
            continue
        for number_, shape in enumerate(entry, start=1):
            place = gettext("shape {count} of {name}").format(count=number_, name=name)
            _read_shape(image, place, shape.get("label") or "", shape)
        if (annotated := image.finish()) is not None:
            yield annotated


def _read_shape(image: ImageBoxes, place: str, name: str, shape: Element) -> None:
    match shape.tag:
        case "box" if number(shape.get("rotation")):
            image.add_outline(place, name, [_rotated_box(shape)])
        case "box":
            image.add(place, name, [shape.get(side) for side in _CORNERS])
        case "polygon":
            image.add_outline(place, name, [_pairs(shape)])
        case "ellipse":
            image.add_outline(place, name, [_ellipse(shape)])
        case "mask":
            _add_mask(image, place, name, shape)
        case "points":
            pairs = _pairs(shape)
            for x, y in zip(pairs[::2], pairs[1::2], strict=False):
                image.add_point(place, name, x, y)
        case "tag" | "attribute":
            pass
        case _:
            text = gettext("is a {kind}, which is no cell; draw a box or delete it").format(kind=shape.tag)
            image.refuse("shape", place, text)


def _pairs(shape: Element) -> list[str]:
    return [value for pair in (shape.get("points") or "").split(";") for value in pair.split(",")]


def _rotated_box(shape: Element) -> list[float | None]:
    x1, y1, x2, y2 = (number(shape.get(side)) for side in _CORNERS)
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return [None, None]
    corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    return _turned(corners, (x1 + x2) / 2, (y1 + y2) / 2, shape)


def _ellipse(shape: Element) -> list[float | None]:
    cx, cy, rx, ry = (number(shape.get(name)) for name in ("cx", "cy", "rx", "ry"))
    if cx is None or cy is None or rx is None or ry is None:
        return [None, None]
    angles = [2 * math.pi * step / _CORNERS_OF_A_CIRCLE for step in range(_CORNERS_OF_A_CIRCLE)]
    return _turned([(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles], cx, cy, shape)


def _turned(
    points: list[tuple[float, float]] | tuple[tuple[float, float], ...], cx: float, cy: float, shape: Element
) -> list[float | None]:
    """Return points turned clockwise around a centre by the rotation of a shape in degrees."""
    angle = math.radians(number(shape.get("rotation")) or 0.0)
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        value
        for x, y in points
        for value in (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos)
    ]


def _add_mask(image: ImageBoxes, place: str, name: str, shape: Element) -> None:
    """Add a mask: its place, and the runs of its rows, the first of them outside."""
    sides = [number(shape.get(side)) for side in ("left", "top", "width", "height")]
    counts = [number(value) for value in (shape.get("rle") or "").split(",")]
    runs = [int(value) for value in counts if value is not None and value >= 0 and value.is_integer()]
    match sides:
        case [float(left), float(top), float(width), float(height)] if (
            len(runs) == len(counts)
            and 1 <= width <= image.width
            and 1 <= height <= image.height
            and sum(runs) <= int(width) * int(height)
        ):
            outline = outline_of_runs(runs, int(width), left=int(left), top=int(top))
        case _:
            outline = None
    if outline is None:
        image.refuse("mask", place, gettext("has an empty or damaged mask; export it again as polygons"))
    else:
        corners, contour = outline
        image.add_outline(place, name, [contour], box=corners)
