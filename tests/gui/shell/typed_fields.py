"""Fields whose white cells are of known kinds: rendered, or put together from real images of single cells."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

KINDS = {
    "segmented neutrophil": "segmented-neutrophil",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "eosinophil": "eosinophil",
    "basophil": "basophil",
}
"""The usual kinds of a differential, by what the table of the real cells calls them."""

_ACROSS, _DOWN, _SIDE = 4, 3, 360


@dataclass(frozen=True)
class TypedFields:
    """Images, and of each the kind of the white cell at every place of a grid, from the left and then down."""

    paths: tuple[Path, ...]
    kinds: tuple[tuple[str, ...], ...]
    across: int
    side: int

    def kind_at(self, path: Path, box: Sequence[float]) -> str:
        """Return the true kind of the cell in a box of an image."""
        column = int((box[0] + box[2]) / 2 // self.side)
        row = int((box[1] + box[3]) / 2 // self.side)
        return self.kinds[self.paths.index(path)][row * self.across + column]


def rendered_fields(folder: Path) -> TypedFields:
    """Write two rendered fields: the white cells of the one are lymphocytes, those of the other, blurred, monocytes."""
    paths: list[Path] = []
    for seed, name in enumerate(("sharp.png", "soft.png")):
        smear = render_smear(
            1500, 1100, red_cells=30, white_cells=24, platelets=0, diameter=56, rng=np.random.default_rng(seed)
        )
        image = smear.image if seed == 0 else np.asarray(cv2.GaussianBlur(smear.image, (0, 0), 3.0), np.uint8)
        paths.append(folder / name)
        write_picture(image, paths[-1])
    return TypedFields(tuple(paths), (("lymphocyte",), ("monocyte",)), 1, 10_000)


def real_fields(data: Path, folder: Path, numbers: dict[str, int], split: str, seed: int) -> TypedFields:
    """Write fields of twelve real white cells each, so many of each type, in a random order."""
    with (data / "cells.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    rng = np.random.default_rng(seed)
    chosen: list[tuple[str, str]] = []
    for name, number in numbers.items():
        files = [row["file"] for row in rows if row["type"] == name]
        chosen += [(str(file), KINDS[name]) for file in rng.choice(files, number, replace=number > len(files))]
    chosen = [chosen[place] for place in rng.permutation(len(chosen))]
    paths: list[Path] = []
    kinds: list[tuple[str, ...]] = []
    for number in range(0, len(chosen), _ACROSS * _DOWN):
        part = chosen[number : number + _ACROSS * _DOWN]
        paths.append(folder / f"field {number // (_ACROSS * _DOWN) + 1:02}.png")
        write_picture(_field([_cell(data, file) for file, _ in part]), paths[-1])
        kinds.append(tuple(kind for _, kind in part))
    return TypedFields(tuple(paths), tuple(kinds), _ACROSS, _SIDE)


def _cell(data: Path, file: str) -> NDArray[np.uint8]:
    path = next(one for one in (data / file, data / "images" / file) if one.exists())
    image = cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.resize(image, (_SIDE, _SIDE)), np.uint8)


def _field(cells: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    field = np.full((_DOWN * _SIDE, _ACROSS * _SIDE, 3), 236, np.uint8)
    for place, cell in enumerate(cells):
        row, column = divmod(place, _ACROSS)
        field[row * _SIDE : (row + 1) * _SIDE, column * _SIDE : (column + 1) * _SIDE] = cell
    return field
