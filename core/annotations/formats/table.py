"""Tables of boxes: one CSV file, a line for each cell."""

from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING

from core.annotations.notices import NotAnnotationsError
from core.annotations.parsing import decode_text, number, pixel_size
from core.annotations.writing import boxes_inside, check_names, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

HEADER = ("filename", "cell_type", "xmin", "ymin", "xmax", "ymax")
_CORNERS = HEADER[2:]
_HEAD = 1000
_WITHOUT_HEADER = ["filename", *_CORNERS, "cell_type"]  # as the tools for RetinaNet write it
_OTHER_NAMES = {
    **dict.fromkeys(("file", "image", "image_path", "path", "image_name", "file_name"), "filename"),
    **dict.fromkeys(("class", "label", "class_name", "category"), "cell_type"),
    **{"x_min": "xmin", "y_min": "ymin", "x_max": "xmax", "y_max": "ymax"},
    **{"x1": "xmin", "y1": "ymin", "x2": "xmax", "y2": "ymax"},
    **{"image_width": "width", "image_height": "height"},
}


def read_table(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    """Yield the images of a CSV file with the columns of ``HEADER`` in any order.

    Other programs' names of the columns are known, such as ``image_path`` and ``label`` of DeepForest, and so is a
    table without a first line of names, ``path,x1,y1,x2,y2,class``. ``score``, ``width`` and ``height`` (of the image)
    are optional, other columns are ignored. A row with a file name alone stands for an image without cells. Columns
    are divided by commas, semicolons or tabs; beside semicolons and tabs, numbers may have a decimal comma, as Excel
    writes them in many countries.

    Raises
    ------
    NotAnnotationsError
        If the header lacks a column.
    """
    text = decode_text(data)
    delimiter = max(",;\t", key=text[:_HEAD].partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        first = next(rows, [])
    except csv.Error as error:
        text = gettext("this is no table ({reason}); save it as CSV again").format(reason=error)
        raise NotAnnotationsError(text) from error
    header = [_column(name) for name in first]
    body = ((rows.line_num, values) for values in rows)
    if _is_row(first, delimiter):
        header, body = _WITHOUT_HEADER, itertools.chain([(1, first)], body)
    if missing := [name for name in HEADER if name not in header]:
        text = gettext("there is no column {missing} in the first line; name them {expected}")
        raise NotAnnotationsError(text.format(missing=", ".join(missing), expected=",".join(HEADER)))
    images: dict[str, ImageBoxes | None] = {}
    try:
        for line, values in body:
            if any(value.strip() for value in values):
                row = {name: value.strip() for name, value in zip(header, values, strict=False)}
                _read_row(reading, images, row, gettext("line {line}").format(line=line), delimiter)
    except csv.Error as error:
        text = gettext("ends the reading ({reason}); save the table as CSV again").format(reason=error)
        reading.refuse("csv", gettext("line {line}").format(line=rows.line_num), text)
    for image in images.values():
        if image is not None and (annotated := image.finish()) is not None:
            yield annotated


def _column(name: str) -> str:
    name = name.strip().lower().replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _is_row(values: list[str], delimiter: str) -> bool:
    """Tell whether the first line of a table is a box, or an image without one, and not the names of columns."""
    if len(values) != len(_WITHOUT_HEADER) or not values[0].strip():
        return False
    corners = [number(_decimal(value.strip(), delimiter)) for value in values[1:5]]
    return None not in corners or not any(value.strip() for value in values[1:])


def _decimal(value: str, delimiter: str) -> str:
    return value if delimiter == "," else value.replace(",", ".")


def _read_row(
    reading: Reading, images: dict[str, ImageBoxes | None], row: dict[str, str], place: str, delimiter: str
) -> None:
    name = row.get("filename", "")
    if not name:
        reading.refuse("filename", place, gettext("has no file name; write the image's"))
        return
    if name not in images:
        images[name] = reading.image(name, pixel_size(row.get("width"), row.get("height")))
    image = images[name]
    if image is None or not any(row.get(column) for column in HEADER[1:]):
        return
    values = [_decimal(row.get(column, ""), delimiter) for column in (*_CORNERS, "score")]
    image.add(place, row.get("cell_type", ""), values[:4], values[4])


def write_csv(file: Path, images: Sequence[AnnotatedImage]) -> None:
    """Write one table for all images, coordinates to a hundredth of a pixel.

    UTF-8 with a mark, so that Excel reads it right. There is a column ``score`` if any image has scores.
    An image without cells gets a row with its name alone.

    Raises
    ------
    AnnotationError
        If two images have the same name or a box has no area; or if the file cannot be written.
    """
    check_names(images)
    scored = any(image.scores is not None for image in images)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*HEADER, "score"] if scored else HEADER)
    for image in images:
        name = printable(image.file_name)
        if not len(image):
            writer.writerow([name, *[""] * (len(HEADER) - 1 + scored)])
        for cell, box in enumerate(boxes_inside(image).tolist()):
            row = [name, printable(image.names[cell]), *(f"{value:.2f}" for value in box)]
            if scored:
                row.append("" if image.scores is None else f"{image.scores[cell]:.4f}")
            writer.writerow(row)
    write_file(file, b"\xef\xbb\xbf" + text.getvalue().encode("utf-8"))
