"""Tables of boxes: one CSV file, a line for each cell."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from core.annotations.collecting import NotAnnotationsError, decode_text, pixel_size
from core.annotations.writing import boxes_inside, check_names, write_whole
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import PictureBoxes, Reading

HEADER = ("filename", "cell_type", "xmin", "ymin", "xmax", "ymax")
_CORNERS = HEADER[2:]
_HEAD = 1000
_OTHER_NAMES = {"file": "filename", "image": "filename", "class": "cell_type", "label": "cell_type"}


def read_table(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    """Yield the pictures of a CSV file with the columns of ``HEADER`` in any order.

    ``score``, ``width`` and ``height`` (of the picture) are optional, other columns are passed over. A row
    with a file name alone stands for a picture without cells. Columns are divided by commas,
    semicolons or tabs; beside semicolons and tabs, numbers may have a decimal comma, as Excel
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
        header = [_column(name) for name in next(rows, [])]
    except csv.Error as error:
        raise NotAnnotationsError(f"this is no table ({error}); save it as CSV again") from error
    if missing := [name for name in HEADER if name not in header]:
        expected = ",".join(HEADER)
        raise NotAnnotationsError(f"there is no column {', '.join(missing)} in the first line; name them {expected}")
    pictures: dict[str, PictureBoxes | None] = {}
    try:
        for values in rows:
            if any(value.strip() for value in values):
                row = {name: value.strip() for name, value in zip(header, values, strict=False)}
                _read_row(reading, pictures, row, f"line {rows.line_num}", delimiter)
    except csv.Error as error:
        reading.refuse("csv", f"line {rows.line_num}", f"ends the reading ({error}); save the table as CSV again")
    for picture in pictures.values():
        if picture is not None and (image := picture.finish()) is not None:
            yield image


def _column(name: str) -> str:
    name = name.strip().lower().replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _read_row(
    reading: Reading, pictures: dict[str, PictureBoxes | None], row: dict[str, str], place: str, delimiter: str
) -> None:
    name = row.get("filename", "")
    if not name:
        reading.refuse("filename", place, "has no file name; write the picture's")
        return
    if name not in pictures:
        pictures[name] = reading.picture(name, pixel_size(row.get("width"), row.get("height")))
    picture = pictures[name]
    if picture is None or not any(row.get(column) for column in HEADER[1:]):
        return
    values = [row.get(column, "") for column in (*_CORNERS, "score")]
    if delimiter != ",":
        values = [value.replace(",", ".") for value in values]
    picture.add(place, row.get("cell_type", ""), values[:4], values[4])


def write_csv(file: Path, images: Sequence[AnnotatedImage]) -> None:
    """Write one table for all pictures, coordinates to a hundredth of a pixel.

    UTF-8 with a mark, so that Excel reads it right. There is a column ``score`` if any picture has scores.
    A picture without cells gets a row with its name alone.

    Raises
    ------
    AnnotationError
        If two pictures have the same name or a box has no area; or if the file cannot be written.
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
    write_whole(file, b"\xef\xbb\xbf" + text.getvalue().encode("utf-8"))
