"""What the gallery shows: the cells of a class in the order of their tiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData

from core.cells import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.cells import Detections
    from gui.workspace.selection import CellOf


_CELLS_MIME = "application/x-smearcount-cells"


@dataclass(frozen=True, eq=False)
class Tiles:
    """The counted cells of one class in the order of their tiles.

    ``images`` int64 (N,): the images they are in; ``ids`` int64 (N,), ``boxes`` float32 (N, 4) in pixels of the
    image, ``scores`` float32 (N,), ``by_hand`` bool (N,): put or confirmed by a person, or imported.
    """

    images: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    by_hand: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tiles:
        """Return no tiles."""
        none = np.zeros(0, np.int64)
        return cls(none, none, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, bool))

    @classmethod
    def by_class(
        cls, pictures: Sequence[tuple[int, Detections]], classes: Sequence[str], *, doubtful_first: bool
    ) -> dict[str, Tiles]:
        """Sort the counted cells of images, by the images' ids, into classes; what a person decided is surest."""
        if not pictures:
            return dict.fromkeys(classes, cls.none())
        cells = [mine for _, mine in pictures]
        images = np.repeat(
            np.array([image for image, _ in pictures], np.int64), np.array([len(mine) for mine in cells], np.int64)
        )
        ids = np.concatenate([mine.ids for mine in cells])
        boxes = np.concatenate([mine.boxes for mine in cells])
        scores = np.concatenate([mine.scores for mine in cells])
        labels = np.concatenate([mine.labels for mine in cells])
        by_hand = np.concatenate([mine.origin for mine in cells]) != Origin.MODEL
        sure = np.where(by_hand, np.float32(2.0), scores)
        tiles: dict[str, Tiles] = {}
        for label, name in enumerate(classes):
            mine = np.flatnonzero(labels == label)
            rows = mine[np.lexsort((ids[mine], sure[mine] if doubtful_first else -sure[mine]))]
            tiles[name] = cls(images[rows], ids[rows], boxes[rows], scores[rows], by_hand[rows])
        return tiles

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
