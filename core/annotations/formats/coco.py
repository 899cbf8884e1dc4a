"""COCO: one JSON file for a set of images, boxes as ``x y w h``, contours as polygons or masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import cv2
import msgspec
import numpy as np

from core.annotations.masks import Outline, coco_runs, outline_of_runs, swapped_axes
from core.annotations.parsing import number, pixel_size
from core.annotations.writing import boxes_inside, check_class_names, check_names, class_numbers, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.annotations.base import AnnotatedImage
    from core.annotations.documents import Entry
    from core.annotations.parsing import ImageBoxes, Reading

_LEAST_AREA = 0.01  # square pixels, to which areas are rounded


def read_coco(reading: Reading, document: Entry) -> Iterator[AnnotatedImage]:
    """Yield the images of a JSON object with ``images``, ``annotations`` and ``categories``.

    A box may have a ``score``, as in results. Where there is no box, the polygon or the mask gives it. A crowd, many
    cells in one outline, is left out by itself: nothing says how many they are.
    """
    images = _images(reading, _entries(reading, document, "images"))
    categories = {
        key: name
        for entry in _entries(reading, document, "categories")
        if (key := _key(entry.get("id"))) is not None and isinstance(name := entry.get("name"), str)
    }
    for count, entry in enumerate(_entries(reading, document, "annotations"), start=1):
        key = _key(entry.get("id"))
        place = gettext("annotation {number}").format(number=count if key is None else key)
        _read_annotation(reading, images, categories, entry, place)
    for image in images.values():
        if image is not None and (annotated := image.finish()) is not None:
            yield annotated


def _entries(reading: Reading, document: Entry, part: str) -> list[Entry]:
    entries = document.get(part)
    if not isinstance(entries, list):
        text = gettext("it has no list of {part}; export it again").format(part=part)
        reading.notices.about_file(reading.path, text, part)
        return []
    whole: list[Entry] = []
    for count, entry in enumerate(cast("list[Any]", entries), start=1):
        if isinstance(entry, dict):
            whole.append(cast("Entry", entry))
        else:
            place = gettext("number {count} of the {part}").format(count=count, part=part)
            reading.refuse(f"{part} entry", place, gettext("is no entry; export it again"))
    return whole


def _key(value: object) -> int | str | None:
    """Return an id; 7, 7.0 and "7" are one, as tools mix them."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    as_number = number(value)
    if as_number is not None and as_number.is_integer():
        return int(as_number)
    return value if isinstance(value, str) else None


def _images(reading: Reading, entries: list[Entry]) -> dict[int | str, ImageBoxes | None]:
    images: dict[int | str, ImageBoxes | None] = {}
    for count, entry in enumerate(entries, start=1):
        key, name = _key(entry.get("id")), entry.get("file_name")
        if key is None or key in images or not isinstance(name, str) or not name.strip():
            text = gettext("lacks a file name or an id of its own; export it again")
            reading.refuse("image", gettext("number {count} of the images").format(count=count), text)
        else:
            size = pixel_size(entry.get("width"), entry.get("height"))
            images[key] = reading.image(name.strip(), size)
    return images


def _read_annotation(
    reading: Reading,
    images: dict[int | str, ImageBoxes | None],
    categories: dict[int | str, str],
    entry: Entry,
    place: str,
) -> None:
    key, category = _key(entry.get("image_id")), _key(entry.get("category_id"))
    if key is None or key not in images:
        reading.refuse("image_id", place, gettext("belongs to no image of the file; export it again"))
        return
    image = images[key]
    if image is None:
        return
    if category is None or category not in categories:
        text = gettext("has a category that is not listed; add it to the categories")
        image.refuse("category_id", place, text)
    elif entry.get("iscrowd") == 1:
        image.leave_out_crowd(place, categories[category])
    else:
        _add(image, place, categories[category], entry)


def _add(image: ImageBoxes, place: str, name: str, entry: Entry) -> None:
    corners, score, segmentation = _corners(entry.get("bbox")), entry.get("score"), entry.get("segmentation")
    parts = cast("list[Any]", segmentation) if isinstance(segmentation, list) else []
    polygons = [cast("list[Any]", part) for part in parts if isinstance(part, list) and part]
    mask = _mask(image, cast("Entry", segmentation)) if isinstance(segmentation, dict) else None
    if mask is not None:
        box, contour = mask
        image.add_outline(place, name, [contour], score, box=_with_area(corners) or box)
    elif polygons and (_are_outlines(polygons) or not corners):
        image.add_outline(place, name, polygons, score, box=_with_area(corners))
    elif corners:
        image.add(place, name, corners, score)
    elif isinstance(segmentation, dict):
        text = gettext("has a mask that is empty, damaged or of another size than the image; export it as polygons")
        image.refuse("mask", place, text)
    else:
        text = gettext("has no box of four numbers x, y, width, height, and no outline; export boxes, or delete it")
        image.refuse("bbox", place, text)


def _corners(box: object) -> list[float]:
    """Return the corners of a box ``x y w h``; nothing if it is none."""
    match [number(value) for value in cast("list[Any]", box)] if isinstance(box, list) else []:
        case [float(x), float(y), float(w), float(h)]:
            return [x, y, x + w, y + h]
        case _:
            return []


def _with_area(corners: list[float]) -> list[float]:
    """Return corners that can be those of a box around an outline; nothing if they cannot."""
    return corners if corners and corners[2] > corners[0] and corners[3] > corners[1] else []


def _are_outlines(polygons: Sequence[Sequence[object]]) -> bool:
    """Tell whether polygons can be a contour; if not, the box is enough."""
    values = [[number(value) for value in polygon] for polygon in polygons]
    return all(len(polygon) >= 6 and len(polygon) % 2 == 0 and None not in polygon for polygon in values)


def _mask(image: ImageBoxes, segmentation: Entry) -> Outline | None:
    found = coco_runs(segmentation)
    if found is None or found[1] != (image.width, image.height):
        return None
    runs, (_, height) = found
    outline = outline_of_runs(runs, height)
    return None if outline is None else swapped_axes(outline)


def write_coco(
    file: Path, images: Sequence[AnnotatedImage], classes: Sequence[str], above: Mapping[str, str] | None = None
) -> None:
    """Write one JSON file for all images, coordinates to a hundredth of a pixel, with scores if there are any.

    A cell whose contour is known has it as the one polygon of its ``segmentation``, and the area of that.
    Category ids count from 1 in the order of the classes, image and annotation ids from 1. ``above``: class -> its
    supercategory, for those that have one.

    Raises
    ------
    AnnotationError
        If two images have the same name, a class is not among the classes or a box has no area; or if
        the file cannot be written.
    """
    check_class_names(classes)
    check_names(images)
    entries: list[Entry] = []
    annotations: list[Entry] = []
    for image_id, image in enumerate(images, start=1):
        name = printable(image.file_name)
        entries.append({"id": image_id, "file_name": name, "width": image.width, "height": image.height})
        boxes = boxes_inside(image).round(2).tolist()
        for cell, (label, (x1, y1, x2, y2)) in enumerate(zip(class_numbers(image, classes), boxes, strict=True)):
            polygon, area = _polygon(image, cell)
            entry: Entry = {
                "id": len(annotations) + 1,
                "image_id": image_id,
                "category_id": label + 1,
                "bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
                "area": round(area or (x2 - x1) * (y2 - y1), 2),
                "segmentation": [polygon] if polygon else [],
                "iscrowd": 0,
            }
            if image.scores is not None:
                entry["score"] = round(float(image.scores[cell]), 4)
            annotations.append(entry)
    document = {
        "info": {"description": "Blood cells, exported by SmearCount"},
        "licenses": [],
        "images": entries,
        "annotations": annotations,
        "categories": [_category(place, name, above or {}) for place, name in enumerate(classes, start=1)],
    }
    write_file(file, msgspec.json.encode(document) + b"\n")


def _category(place: int, name: str, above: Mapping[str, str]) -> Entry:
    category: Entry = {"id": place, "name": name}
    return {**category, "supercategory": above[name]} if name in above else category


def _polygon(image: AnnotatedImage, cell: int) -> tuple[list[float], float]:
    """Return the contour of a cell, cut at the border, as ``x1 y1 x2 y2 ...``, and its area; ``[], 0`` if it has none.

    What has no area, such as a line one pixel wide, is no polygon to COCO's readers.
    """
    if image.contours is None or not len(image.contours[cell]):
        return [], 0.0
    inside: NDArray[np.float32] = np.clip(image.contours[cell], 0, [image.width, image.height]).astype(np.float32)
    area = float(cv2.contourArea(inside))
    return (inside.astype(float).round(2).ravel().tolist(), area) if area >= _LEAST_AREA else ([], 0.0)
