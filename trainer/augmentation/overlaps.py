"""Cells pasted over others: red cells whose absorptions multiply, and white cells that lie on top.

Fields have their illumination divided out (``core.illumination``), so that ``value / WHITE`` is a transmittance.
Where two red cells overlap, light passes both: transmittances multiply, and the boxes of both are known exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from core.imaging.illumination import WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.augmentation.crop import Crop
    from trainer.dataset.load import PreparedImage

_MARGIN = 0.12
"""How far a cut cell reaches beyond its box, as a share of the box's side."""

_COVERED = 0.5
"""A cell of which a white cell hides more than this loses its box."""

_PER_FIELD = 6


class CutCell(NamedTuple):
    """A cell with a margin around its box, at the preset's red cell diameter.

    ``transmittance`` float32 (h, w, 3), 1 where the cell ends; ``shape`` float32 (h, w), 1 in the cell and 0 outside;
    ``box`` x1 y1 x2 y2 in its pixels; ``label`` its class.
    """

    transmittance: NDArray[np.float32]
    shape: NDArray[np.float32]
    box: tuple[float, float, float, float]
    label: int

    def turned(self, grow: float, rng: Generator) -> CutCell:
        """Return the cell at another size, mirrored and turned by quarters at random."""
        height, width = (max(round(side * grow), 4) for side in self.shape.shape)
        scale_x, scale_y = width / self.shape.shape[1], height / self.shape.shape[0]
        through = np.asarray(cv2.resize(self.transmittance, (width, height)), np.float32)
        shape = np.asarray(cv2.resize(self.shape, (width, height)), np.float32)
        x1, y1, x2, y2 = self.box[0] * scale_x, self.box[1] * scale_y, self.box[2] * scale_x, self.box[3] * scale_y
        if rng.random() < 0.5:
            through, shape, x1, x2 = through[:, ::-1], shape[:, ::-1], width - x2, width - x1
        for _ in range(int(rng.integers(4))):
            x1, y1, x2, y2 = y1, shape.shape[1] - x2, y2, shape.shape[1] - x1
            through, shape = np.rot90(through), np.rot90(shape)
        return CutCell(np.ascontiguousarray(through), np.ascontiguousarray(shape), (x1, y1, x2, y2), self.label)


def cut_lone_cells(source: PreparedImage, label: int, diameter: float) -> list[CutCell]:
    """Cut cells of a class that lie whole, round and free in a field, a few of them, at the given red cell diameter.

    Cells that may lie close to others, such as large ones, are better cut by ``cut_covering_cells``.
    """
    return _cut_cells(source, label, diameter, 0.0)


def cut_covering_cells(source: PreparedImage, label: int, diameter: float) -> list[CutCell]:
    """Cut cells of a class that lie whole and round in a field, tightly, whatever lies beside them."""
    return _cut_cells(source, label, diameter, 0.1)


def _cut_cells(source: PreparedImage, label: int, diameter: float, shared: float) -> list[CutCell]:
    """Cut cells of which others cover at most the share ``shared``; of 0, nothing may lie within the margin either."""
    height, width = source.image.shape[:2]
    scale = diameter / source.diameter
    cells = []
    for place in np.flatnonzero(source.labels == label):
        x1, y1, x2, y2 = source.boxes[place]
        margin_x, margin_y = _MARGIN * (x2 - x1), _MARGIN * (y2 - y1)
        left, top = int(x1 - margin_x), int(y1 - margin_y)
        right, bottom = int(np.ceil(x2 + margin_x)), int(np.ceil(y2 + margin_y))
        inside = min(left, top) >= 0 and right <= width and bottom <= height
        if not inside or max((x2 - x1) / (y2 - y1), (y2 - y1) / (x2 - x1)) > 1.35:
            continue
        around = (left, top, right, bottom) if shared == 0 else (x1, y1, x2, y2)
        sides = np.minimum(source.boxes[:, 2:], around[2:]) - np.maximum(source.boxes[:, :2], around[:2])
        covered = np.prod(np.maximum(sides, 0), axis=1)
        covered[place] = 0
        if covered.sum() > shared * (x2 - x1) * (y2 - y1):
            continue
        piece, box = source.image[top:bottom, left:right], (x1 - left, y1 - top, x2 - left, y2 - top)
        cut = _cut(piece, box, scale, label, alone=shared == 0)
        if cut is not None:
            cells.append(cut)
        if len(cells) == _PER_FIELD:
            break
    return cells


def _cut(
    piece: NDArray[np.uint8], box: tuple[float, float, float, float], scale: float, label: int, *, alone: bool
) -> CutCell | None:
    size = (max(round(piece.shape[1] * scale), 8), max(round(piece.shape[0] * scale), 8))
    scale_x, scale_y = size[0] / piece.shape[1], size[1] / piece.shape[0]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels = np.asarray(cv2.resize(piece, size, interpolation=how), np.float32)
    x1, y1, x2, y2 = box[0] * scale_x, box[1] * scale_y, box[2] * scale_x, box[3] * scale_y
    v = (np.arange(size[1], dtype=np.float32)[:, None] + 0.5 - (y1 + y2) / 2) / ((y2 - y1) / 2)
    u = (np.arange(size[0], dtype=np.float32)[None] + 0.5 - (x1 + x2) / 2) / ((x2 - x1) / 2)
    distance = np.hypot(u, v)
    around = pixels[distance > 1.1]
    if len(around) < 20:
        return None
    background = np.median(around, axis=0) if alone else np.full(3, WHITE, np.float32)
    if alone and (background.min() < 0.8 * WHITE or around.std(axis=0).max() > 0.08 * WHITE):
        return None  # something else lies there
    end = 1.12 if alone else 1.06
    shape = np.clip((end - distance) / 0.12, 0, 1)
    through = np.clip(pixels / background, 0.02, 1.05)
    through = 1 + (through - 1) * shape[..., None]
    return CutCell(through.astype(np.float32), shape.astype(np.float32), (x1, y1, x2, y2), label)


def overlap_cells(crop: Crop, cells: Sequence[CutCell], label: int, rng: Generator) -> None:
    """Lay red cells partly over those of a crop, in place: pairs, and now and then a row like a stack of coins."""
    for _ in range(int(rng.integers(1, 4))):
        places = np.flatnonzero(crop.labels == label)
        if not len(places):
            return
        x1, y1, x2, y2 = crop.boxes[int(rng.choice(places))]
        at, way = np.array([(x1 + x2) / 2, (y1 + y2) / 2]), float(rng.uniform(0, 2 * np.pi))
        side = float(np.sqrt((x2 - x1) * (y2 - y1)))
        for _ in range(int(rng.integers(2, 5)) if rng.random() < 0.2 else 1):
            cell = cells[int(rng.integers(len(cells)))]
            own = float(np.sqrt((cell.box[2] - cell.box[0]) * (cell.box[3] - cell.box[1])))
            cell = cell.turned(float(np.clip(side / own * rng.uniform(0.85, 1.15), 0.5, 2)), rng)
            # the share of its diameter that lies over the other
            at = at + side * (1 - rng.uniform(0.12, 0.65)) * np.array([np.cos(way), np.sin(way)])
            way += float(rng.normal(0, 0.25))
            _lay(crop, cell, (float(at[0]), float(at[1])), 1.0)


def paste_white_cells(crop: Crop, cells: Sequence[CutCell], rng: Generator) -> None:
    """Lay one or two white cells anywhere on a crop, in place; what they hide is no cell any more."""
    for _ in range(1 + int(rng.random() < 0.3)):
        cell = cells[int(rng.integers(len(cells)))].turned(float(rng.uniform(0.75, 1.3)), rng)
        x, y = (float(value) for value in rng.uniform(0, crop.image.shape[0], 2))
        half_x, half_y = (cell.box[2] - cell.box[0]) / 2, (cell.box[3] - cell.box[1]) / 2
        box = np.array([x - half_x, y - half_y, x + half_x, y + half_y], np.float32)
        shared = np.minimum(crop.boxes[:, 2:], box[2:]) - np.maximum(crop.boxes[:, :2], box[:2])
        hidden = np.prod(np.maximum(shared, 0), axis=1)
        areas = np.prod(crop.boxes[:, 2:] - crop.boxes[:, :2], axis=1)
        kept = hidden <= _COVERED * areas
        if (hidden > 0.9 * np.prod(box[2:] - box[:2])).any():
            continue  # it would lie within another cell
        if not _on_the_field(crop.image, (x, y), (half_x, half_y)):
            continue
        crop.boxes, crop.labels = crop.boxes[kept], crop.labels[kept]
        _lay(crop, cell, (x, y), 0.0)


def _on_the_field(image: NDArray[np.uint8], centre: tuple[float, float], half: tuple[float, float]) -> bool:
    """Tell whether a cell would lie on a field, and not on what surrounds it or on something dark."""
    (x, y), (half_x, half_y) = centre, half
    target = image[max(int(y - half_y), 0) : int(y + half_y) + 1, max(int(x - half_x), 0) : int(x + half_x) + 1]
    return target.size > 0 and float(np.quantile(target[..., 1], 0.3)) > 0.55 * WHITE


def _lay(crop: Crop, cell: CutCell, centre: tuple[float, float], through: float) -> None:
    """Lay a cell with the middle of its box at a point; ``through`` is how much of what lies below shines through."""
    size = crop.image.shape[0]
    left = round(centre[0] - (cell.box[0] + cell.box[2]) / 2)
    top = round(centre[1] - (cell.box[1] + cell.box[3]) / 2)
    height, width = cell.shape.shape
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + width, size), min(top + height, size)
    if x2 <= x1 or y2 <= y1:
        return
    whole = np.array(cell.box, np.float32) + np.array([left, top, left, top], np.float32)
    box = np.clip(whole, 0, size)
    if np.prod(box[2:] - box[:2]) < 0.5 * np.prod(whole[2:] - whole[:2]):
        return
    part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    below = crop.image[y1:y2, x1:x2].astype(np.float32)
    shape = cell.shape[part][..., None] * (1 - through)
    below = below * (1 - shape) + WHITE * shape
    crop.image[y1:y2, x1:x2] = np.clip(below * cell.transmittance[part] + 0.5, 0, 255).astype(np.uint8)
    crop.boxes = np.vstack([crop.boxes, box[None]]).astype(np.float32)
    crop.labels = np.append(crop.labels, cell.label)
