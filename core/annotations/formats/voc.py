"""Pascal VOC: an XML file for each image, as LabelImg writes it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from core.annotations.base import base_name
from core.annotations.parsing import number, pixel_size
from core.annotations.writing import boxes_inside, check_stems, file_stem, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_ROTATED = ("cx", "cy", "w", "h", "angle")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_voc(reading: Reading, root: ElementTree.Element) -> Iterator[AnnotatedImage]:
    """Yield the image of an XML file whose root is ``annotation``.

    Coordinates are taken as they are, since LabelImg and its kind do not count pixels from 1, even though
    the original Pascal VOC does. Of a ``polygon`` beside a box (Roboflow) or without (LabelMe), the contour is taken.
    """
    stated = pixel_size(root.findtext("size/width"), root.findtext("size/height"))
    stem, name = reading.path.stem, (root.findtext("filename") or "").strip()
    if file_stem(name) != stem and reading.context.find(stem, reading.path, stated):
        name = stem  # an image that was renamed keeps its old name inside, but not outside
    image = reading.image(name or stem, stated, others=(stem,))
    if image is None:
        return
    for count, cell in enumerate(root.findall("object"), start=1):
        if (cell.findtext("deleted") or "").strip() != "1":  # as LabelMe marks what was deleted
            place = gettext("object {count}").format(count=count)
            _read_object(image, place, (cell.findtext("name") or ""), cell)
    if (annotated := image.finish()) is not None:
        yield annotated


def _read_object(image: ImageBoxes, place: str, name: str, cell: ElementTree.Element) -> None:
    box, polygon, rotated = cell.find("bndbox"), cell.find("polygon"), cell.find("robndbox")
    corners = [] if box is None else [box.findtext(side) for side in _SIDES]
    if polygon is not None and (outline := _outline(polygon)):
        image.add_outline(place, name, [outline], box=corners)
    elif rotated is not None:
        image.add_outline(place, name, [_corners_of([rotated.findtext(value) for value in _ROTATED])])
    else:
        image.add(place, name, corners or [None] * 4)


def _outline(polygon: ElementTree.Element) -> list[str | None]:
    """Return ``x1 y1 x2 y2 ...`` of a polygon of LabelMe, with points ``pt``, or of Roboflow, with ``x1 y1 x2 y2``."""
    if points := polygon.findall("pt"):
        return [point.findtext(axis) for point in points for axis in "xy"]
    count = sum(1 for item in polygon if re.fullmatch(r"x\d+", item.tag))
    return [polygon.findtext(f"{axis}{place}") for place in range(1, count + 1) for axis in "xy"]


def _corners_of(rotated: list[str | None]) -> list[float | None]:
    """Return the corners of a box that is turned around its centre by an angle in radians, as roLabelImg has it."""
    cx, cy, w, h, angle = (number(value) for value in rotated)
    if cx is None or cy is None or w is None or h is None or angle is None:
        return [None, None]
    cos, sin = math.cos(angle) / 2, math.sin(angle) / 2
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [value for x, y in signs for value in (cx + x * w * cos - y * h * sin, cy + x * w * sin + y * h * cos)]


def write_voc(folder: Path, images: Sequence[AnnotatedImage]) -> None:
    """Write one XML file for each image into a folder, named after the image.

    Coordinates are whole pixels, and 1 at the left and upper border, as LabelImg writes them. Scores
    have no place in this format.

    Raises
    ------
    AnnotationError
        If two images have the same stem or a box has no area, before anything is written; or if a
        file cannot be written.
    """
    check_stems(images)
    files = {f"{file_stem(image.file_name)}.xml": _to_xml(image) for image in images}
    for name, data in files.items():
        write_file(folder / name, data)


def _to_xml(image: AnnotatedImage) -> bytes:
    root = ElementTree.Element("annotation")
    path = Path(*re.split(r"[/\\]", image.file_name))
    _put(root, "folder", path.parent.name)
    _put(root, "filename", base_name(image.file_name))
    _put(_put(root, "source"), "database", "SmearCount")
    size = _put(root, "size")
    for tag, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        _put(size, tag, str(value))
    _put(root, "segmented", "0")
    for name, (x1, y1, x2, y2) in zip(image.names, boxes_inside(image).tolist(), strict=True):
        x1, x2 = _whole_pixels(x1, x2, image.width)
        y1, y2 = _whole_pixels(y1, y2, image.height)
        cell = _put(root, "object")
        at_border = x1 <= 1 or y1 <= 1 or x2 == image.width or y2 == image.height
        _put(cell, "name", name)
        _put(cell, "pose", "Unspecified")
        _put(cell, "truncated", str(int(at_border)))
        _put(cell, "difficult", "0")
        box = _put(cell, "bndbox")
        for side, value in zip(_SIDES, (x1, y1, x2, y2), strict=True):
            _put(box, side, str(value))
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def _whole_pixels(low: float, high: float, length: int) -> tuple[int, int]:
    """Round so that at least one pixel is left; like LabelImg, avoid 0, which some trainers subtract 1 from."""
    start = max(min(max(round(low), 1), length - 1), 0)
    return start, min(max(round(high), start + 1), length)


def _put(parent: ElementTree.Element, tag: str, text: str = "") -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = _NOT_IN_XML.sub("\ufffd", printable(text)) or None
    return child
