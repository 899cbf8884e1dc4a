"""What the gallery shows: the cells of a pile in the order of their tiles. The piles are the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData

from core.text import gettext
from gui.widgets.tiles.crops import EXTENT, scaled_region

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gui.panels.gallery.columns import CellColumns
    from gui.widgets.tiles.crops import Region
    from gui.workspace.selection import CellOf

_TALLER_THAN_ANY = 1e7  # pixels, image
_CELLS_MIME = "application/x-smearcount-cells"


class Order(Enum):
    """In which order cells are shown."""

    UNCERTAIN = gettext("Least certain first")
    CERTAIN = gettext("Most certain first")
    LARGEST = gettext("Largest first")
    SMALLEST = gettext("Smallest first")
    DARKEST = gettext("Darkest first")
    IMAGE = gettext("By image")


@dataclass(frozen=True, eq=False)
class Tiles:
    """The counted cells of one pile in the order of their tiles.

    ``images`` int64 (N,): the images they are in; ``ids`` int64 (N,), ``boxes`` float32 (N, 4) in pixels of the
    image, ``scores`` float32 (N,), ``by_hand`` bool (N,): put or confirmed by a person, or imported;
    ``diameters`` float32 (N,): of a red cell in the image, in pixels.
    """

    images: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    by_hand: NDArray[np.bool_]
    diameters: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tiles:
        """Return no tiles."""
        none, numbers = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(none, none, np.zeros((0, 4), np.float32), numbers, np.zeros(0, bool), numbers)

    def region(self, row: int) -> Region:
        """Return the square of its image that a tile shows."""
        return scaled_region(self.boxes[row].tolist(), EXTENT * float(self.diameters[row]))

    def cells(self) -> list[CellOf]:
        """Return the cells and their images."""
        return list(zip(self.images.tolist(), self.ids.tolist(), strict=True))

    def row_of(self, number: int) -> int | None:
        """Return the row of a cell by its id; None if it has no tile."""
        rows = np.flatnonzero(self.ids == number)
        return int(rows[0]) if len(rows) else None

    def same_as(self, other: Tiles) -> bool:
        """Tell whether nothing of the other tiles looks different."""
        return all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.ids, other.ids),
                (self.boxes, other.boxes),
                (self.scores, other.scores),
                (self.by_hand, other.by_hand),
            )
        )


def sort_into_piles(
    table: CellColumns,
    classes: Sequence[str],
    order: Order,
    darkness: Mapping[int, NDArray[np.float32]] | None = None,
) -> dict[str, Tiles]:
    """Sort what counts in images into its classes.

    Parameters
    ----------
    table
        Their cells.
    classes
        Names in the order of the labels.
    order
        Of the cells of each class.
    darkness
        Of each of an image's cells, by the image's id, float32 (N,); cells of other images come last. Only
        ``Order.DARKEST`` needs it.
    """
    images, counted = table.images, table.counted
    if not images:
        return dict.fromkeys(classes, Tiles.none())
    boxes, scores, ids, labels = (
        table.boxes[counted],
        table.scores[counted],
        table.ids[counted],
        table.labels[counted],
    )
    by_hand, place = table.by_hand[counted], table.places[counted]
    numbers = table.of_images(lambda one: one.image, np.int64)[place]
    diameters = table.of_images(lambda one: one.diameter, np.float32)[place]
    dark = None
    if order is Order.DARKEST:
        known = darkness or {}
        missing = [np.full(len(one.counted), -np.inf, np.float32) for one in images]
        dark = np.concatenate([known.get(one.image, none) for one, none in zip(images, missing, strict=True)])[counted]
    piles: dict[str, Tiles] = {}
    for label, name in enumerate(classes):
        mine = np.flatnonzero(labels == label)
        key = _key(order, boxes[mine], scores[mine], by_hand[mine], diameters[mine], place[mine])
        rows = mine[np.argsort(key if dark is None else -dark[mine], kind="stable")]
        piles[name] = Tiles(numbers[rows], ids[rows], boxes[rows], scores[rows], by_hand[rows], diameters[rows])
    return piles


def _key(
    order: Order,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    by_hand: NDArray[np.bool_],
    diameters: NDArray[np.float32],
    place: NDArray[np.int64],
) -> NDArray[np.float32] | NDArray[np.float64]:
    """Return what cells are sorted by; what a person decided is surest."""
    if order is Order.IMAGE:
        return place * _TALLER_THAN_ANY + boxes[:, 1]
    if order in (Order.LARGEST, Order.SMALLEST):
        size = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])) / np.maximum(diameters, 1)
        return -size if order is Order.LARGEST else size
    sure = np.where(by_hand, np.float32(2.0), scores)
    return -sure if order is Order.CERTAIN else sure


def packed(cells: Sequence[CellOf], session: Path) -> QMimeData:
    """Return cells of a session as what a drag carries."""
    mime = QMimeData()
    mime.setData(_CELLS_MIME, json.dumps({"session": str(session), "cells": cells}).encode())
    return mime


def unpacked(mime: QMimeData, session: Path) -> list[CellOf]:
    """Return the cells that a drag carries, if it began in this session."""
    if not mime.hasFormat(_CELLS_MIME):
        return []
    content = json.loads(bytes(mime.data(_CELLS_MIME).data()))
    cells = [(image, number) for image, number in content["cells"]]
    return cells if content["session"] == str(session) else []
