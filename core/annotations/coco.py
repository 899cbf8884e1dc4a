"""COCO: one JSON file for a set of pictures, boxes as ``x y w h``, contours as polygons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import cv2
import msgspec
import numpy as np

from core.annotations.collecting import NotAnnotationsError, UnreadableError, decode_text, number, pixel_size
from core.annotations.writing import boxes_inside, check_class_names, check_names, class_numbers, write_whole
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import PictureBoxes, Reading

Entry = dict[str, Any]
_LEAST_AREA = 0.01  # square pixels, to which areas are rounded
_NO_COCO = "this is no COCO annotation; choose a JSON file with images, annotations and categories"


def read_coco(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    """Yield the pictures of a JSON file; a box may have a ``score``, as in results.

    Raises
    ------
    UnreadableError
        If it is no JSON.
    NotAnnotationsError
        If it is JSON of something else.
    """
    document = _parse(data)
    if not isinstance(document, dict) or not {"images", "annotations"} <= document.keys():
        raise NotAnnotationsError(_NO_COCO)
    pictures = _pictures(reading, _entries(reading, document, "images"))
    categories = {
        key: name
        for entry in _entries(reading, document, "categories")
        if (key := _key(entry.get("id"))) is not None and isinstance(name := entry.get("name"), str)
    }
    for count, entry in enumerate(_entries(reading, document, "annotations"), start=1):
        key = _key(entry.get("id"))
        _read_annotation(reading, pictures, categories, entry, f"annotation {count if key is None else key}")
    for picture in pictures.values():
        if picture is not None and (image := picture.finish()) is not None:
            yield image


def _parse(data: bytes) -> Any:
    text = decode_text(data)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Python's own parser is slower, but takes the NaN that its writer writes, and names the line of a fault
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"the JSON is damaged at line {error.lineno} ({error.msg}); export it again") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the JSON is damaged; export it again") from error


def _entries(reading: Reading, document: Entry, part: str) -> list[Entry]:
    entries = document.get(part)
    if not isinstance(entries, list):
        reading.notices.about_file(reading.path, f"it has no list of {part}; export it again", f"no {part}")
        return []
    whole: list[Entry] = []
    for count, entry in enumerate(cast("list[Any]", entries), start=1):
        if isinstance(entry, dict):
            whole.append(cast("Entry", entry))
        else:
            reading.refuse(f"{part} entry", f"number {count} of the {part}", "is no entry; export it again")
    return whole


def _key(value: object) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _pictures(reading: Reading, entries: list[Entry]) -> dict[int | str, PictureBoxes | None]:
    pictures: dict[int | str, PictureBoxes | None] = {}
    for count, entry in enumerate(entries, start=1):
        key, name = _key(entry.get("id")), entry.get("file_name")
        if key is None or key in pictures or not isinstance(name, str) or not name.strip():
            text = "lacks a file name or an id of its own; export it again"
            reading.refuse("image", f"number {count} of the images", text)
        else:
            size = pixel_size(entry.get("width"), entry.get("height"))
            pictures[key] = reading.picture(name.strip(), size)
    return pictures


def _read_annotation(
    reading: Reading,
    pictures: dict[int | str, PictureBoxes | None],
    categories: dict[int | str, str],
    entry: Entry,
    place: str,
) -> None:
    key, category = _key(entry.get("image_id")), _key(entry.get("category_id"))
    if key is None or key not in pictures:
        reading.refuse("image_id", place, "belongs to none of the images; export it again")
        return
    picture = pictures[key]
    if picture is None:
        return
    if category is None or category not in categories:
        picture.refuse("category_id", place, "has a category that is not listed; add it to the categories")
        return
    if entry.get("iscrowd") == 1:
        picture.refuse("crowd", place, "marks a crowd of cells; box each cell")
        return
    box = entry.get("bbox")
    sides = [number(value) for value in cast("list[Any]", box)] if isinstance(box, list) else []
    match sides:
        case [float(x), float(y), float(w), float(h)]:
            picture.add(place, categories[category], (x, y, x + w, y + h), entry.get("score"))
        case _:
            text = "has no box of four numbers x, y, width, height; export boxes, or delete it"
            picture.refuse("bbox", place, text)


def write_coco(file: Path, images: Sequence[AnnotatedImage], classes: Sequence[str]) -> None:
    """Write one JSON file for all pictures, coordinates to a hundredth of a pixel, with scores if there are any.

    A cell whose contour is known has it as the one polygon of its ``segmentation``, and the area of that.
    Category ids count from 1 in the order of the classes, image and annotation ids from 1.

    Raises
    ------
    AnnotationError
        If two pictures have the same name, a class is not among the classes or a box has no area; or if
        the file cannot be written.
    """
    check_class_names(classes)
    check_names(images)
    pictures: list[Entry] = []
    annotations: list[Entry] = []
    for image_id, image in enumerate(images, start=1):
        name = printable(image.file_name)
        pictures.append({"id": image_id, "file_name": name, "width": image.width, "height": image.height})
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
        "images": pictures,
        "annotations": annotations,
        "categories": [{"id": place, "name": name} for place, name in enumerate(classes, start=1)],
    }
    write_whole(file, msgspec.json.encode(document) + b"\n")


def _polygon(image: AnnotatedImage, cell: int) -> tuple[list[float], float]:
    """Return the contour of a cell, cut at the border, as ``x1 y1 x2 y2 ...``, and its area; ``[], 0`` if it has none.

    What has no area, such as a line one pixel wide, is no polygon to COCO's readers.
    """
    if image.contours is None or not len(image.contours[cell]):
        return [], 0.0
    inside: NDArray[np.float32] = np.clip(image.contours[cell], 0, [image.width, image.height]).astype(np.float32)
    area = float(cv2.contourArea(inside))
    return (inside.astype(float).round(2).ravel().tolist(), area) if area >= _LEAST_AREA else ([], 0.0)
