"""Annotated cells to teach with: a table of cells, or a folder of images for each kind."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UserError
from core.imaging.reading import read_image
from core.text import gettext
from trainer.dataset.importing.single_cells import read_class_folders
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_BOX = ("cx", "cy", "w", "h")


class CellsError(UserError):
    """A table or folder that holds no cells to teach with; the message names it and the remedy."""


@dataclass(frozen=True)
class AnnotatedCell:
    """One cell: its image, its box ``cx cy w h`` in fractions of the image, its kind, and the sample it is from."""

    image: Path
    box: tuple[float, float, float, float]
    kind: str
    sample: str


def read_cells(source: Path, column: str = "type", split: str = "") -> list[AnnotatedCell]:
    """Read a table of cells (``cells.csv``, or the folder that has one), or a folder with a folder for each kind.

    A table has the columns ``file``, ``cx``, ``cy``, ``w``, ``h``, and that of the kinds, ``column``; ``sample`` and
    ``split`` may be there. Its images lie beside it or in ``images``.

    Parameters
    ----------
    split
        Only the cells of this split; "" for all.

    Raises
    ------
    CellsError
        If there are no such cells.
    """
    table = source / "cells.csv" if source.is_dir() else source
    if source.is_dir() and not table.exists():
        cells = list(_of_folders(source))
    else:
        cells = list(_of_table(table, column, split))
    if not cells:
        raise CellsError(
            gettext("{source}: there are no cells in it; give another table or folder.").format(source=source)
        )
    return cells


def _of_table(table: Path, column: str, split: str) -> Iterator[AnnotatedCell]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CellsError(
            gettext("{table}: the table cannot be read ({reason}); give another one.").format(table=table, reason=error)
        ) from error
    missing = [name for name in ("file", column, *_BOX) if rows and name not in rows[0]]
    if missing:
        raise CellsError(
            gettext("{table}: there is no column {column}; add it, or name another one with --column.").format(
                table=table, column=missing[0]
            )
        )
    folder = table.parent / "images" if (table.parent / "images").is_dir() else table.parent
    for number, row in enumerate(rows, 2):
        if split and row.get("split") != split:
            continue
        try:
            x, y, width, height = (float(row[name]) for name in _BOX)
        except ValueError as error:
            raise CellsError(
                gettext("{table}: line {number} has no box; correct it.").format(table=table, number=number)
            ) from error
        yield AnnotatedCell(folder / row["file"], (x, y, width, height), row[column], row.get("sample", ""))


def _of_folders(source: Path) -> Iterator[AnnotatedCell]:
    for field in read_class_folders(source).fields:
        for cell in field.cells:
            x1, y1, x2, y2 = cell.box
            box = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
            sides = field.width, field.height
            x, y, width, height = (value / sides[place % 2] for place, value in enumerate(box))
            yield AnnotatedCell(field.path, (x, y, width, height), cell.name, "")


def by_image(cells: list[AnnotatedCell]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], list[int]]]:
    """Yield each image, uint8 RGB (H, W, 3), the boxes of its cells, float32 (N, 4) in pixels, and their places."""
    images: dict[Path, list[int]] = {}
    for place, cell in enumerate(cells):
        images.setdefault(cell.image, []).append(place)
    for path, places in progress(list(images.items()), "Describing"):
        pixels = read_image(path).pixels
        height, width = pixels.shape[:2]
        boxes = [_in_pixels(cells[place].box, width, height) for place in places]
        yield pixels, np.array(boxes, np.float32), places


def _in_pixels(box: tuple[float, float, float, float], width: int, height: int) -> tuple[float, float, float, float]:
    x, y, w, h = box
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
