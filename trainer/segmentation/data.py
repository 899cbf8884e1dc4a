"""Pieces of fields with their masks, cut and augmented as the paper does, as pure functions of seed and place."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from core.imaging.illumination import divide_light, estimate_light
from core.imaging.synthetic import CLASS_NAMES, SmearStyle, render_smear
from trainer.dataset.load import prepare_all
from trainer.dataset.masks import UNKNOWN, TrueMasks, read_masks
from trainer.segmentation.masks import derive_masks, exact_masks
from trainer.training.data import RunData

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.dataset.load import DataSet, PreparedImage
    from trainer.recipes.segmentation_recipe import SegmentPreset

_ATTEMPTS = 8
_SIZES = (0.75, 1.35)
_COARSEST = 0.45  # of its size a piece is shrunk to at most, to lose sharpness
_VAL_SEED = 1_000_003

Sample = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class MaskedImage:
    """A field, uint8 RGB (H, W, 3) under even light, and its masks; ``diameter`` of a red cell in its pixels.

    ``boxes`` float32 (N, 4) and ``labels`` int64 (N,) are its cells.
    """

    image: NDArray[np.uint8]
    truth: TrueMasks
    diameter: float
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]


class MaskStore:
    """The fields of a split with their masks, read once and kept in memory.

    Masks come from files of the folder ``masks`` where there are some, else from the boxes.
    """

    def __init__(self, data: DataSet, preset: SegmentPreset, masks: Path | None = None) -> None:
        self.preset, self.classes = preset, data.classes
        self.images = [
            self._masked(prepared, masks and read_masks(masks, field.path.stem, data.classes))
            for field, prepared in zip(data.images, prepare_all(data, preset.red_cell_diameter), strict=True)
        ]
        self.renders = set(CLASS_NAMES) <= set(data.classes)

    def _masked(self, field: PreparedImage, known: TrueMasks | None) -> MaskedImage:
        height, width = field.image.shape[:2]
        if known is None:
            count = len(self.classes)
            known = derive_masks(field.image, field.boxes, field.labels, count, field.diameter)
        elif known.values.shape[1:] != (height, width):
            planes = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_NEAREST) for plane in known.values]
            known = TrueMasks(np.stack(planes).astype(np.int8))
        for label in field.incomplete:
            unsure = known.values[label] == 0
            known.values[label][unsure] = UNKNOWN
        return MaskedImage(field.image, known, field.diameter, field.boxes, field.labels)

    def draw(self, rng: Generator) -> tuple[MaskedImage, tuple[float, float] | None]:
        """Draw a field, and at times a place in it: that of a cell of a class that is drawn evenly.

        Without that, platelets would be in too few pieces to be learned.
        """
        preset = self.preset
        if self.renders and rng.random() < preset.rendered:
            return self.rendered(rng), None
        if self._cells and rng.random() < preset.sought:
            cells = self._cells[int(rng.integers(len(self._cells)))]
            number, x, y = cells[int(rng.integers(len(cells)))]
            return self.images[int(number)], (float(x), float(y))
        return self.images[int(rng.integers(len(self.images)))], None

    @cached_property
    def _cells(self) -> list[NDArray[np.float64]]:
        """Of each class that is there, the places of its cells, float64 (N, 3): number of the field, x, y."""
        found: defaultdict[int, list[tuple[float, float, float]]] = defaultdict(list)
        for number, field in enumerate(self.images):
            centres = (field.boxes[:, :2] + field.boxes[:, 2:]) / 2
            for label, (x, y) in zip(field.labels.tolist(), centres.tolist(), strict=True):
                found[label].append((number, x, y))
        return [np.array(cells) for _, cells in sorted(found.items())]

    def rendered(self, rng: Generator) -> MaskedImage:
        """Return a rendered field; its masks are exact."""
        diameter = self.preset.red_cell_diameter
        side = self.preset.piece + 16
        smear = render_smear(
            side,
            side,
            red_cells=int(rng.integers(4, 30)),
            white_cells=int(rng.random() < 0.4),
            platelets=int(rng.integers(0, 6)),
            diameter=diameter,
            style=SmearStyle.random(rng),
            rng=rng,
            max_overlap=0.2,
        )
        labels = np.array([self.classes.index(CLASS_NAMES[label]) for label in smear.labels], np.int64)
        image = divide_light(smear.image, estimate_light(smear.image))
        truth = exact_masks(smear.boxes, labels, smear.shapes, (side, side), len(self.classes), diameter)
        return MaskedImage(image, truth, diameter, smear.boxes, labels)


def training_piece(store: MaskStore, rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Cut and augment a piece: the eight steps of the paper.

    A random field; a random place; coarsened and brought back to its size; cut, mask and edge alike; another
    place if there is no cell in it; resized to the input; turned and mirrored; other light and saturation.

    Returns
    -------
    The piece uint8 RGB (S, S, 3) and its masks int8 (C + 1, I, I), of the size that the network gives.
    """
    for _ in range(_ATTEMPTS):
        field, place = store.draw(rng)
        piece, truth = cut_piece(field, store.preset, rng, float(rng.uniform(*_SIZES)), place)
        if (truth[:-1] > 0).any():
            break
    turns = int(rng.integers(4))
    piece, truth = np.rot90(piece, turns), np.rot90(truth, turns, (1, 2))
    if rng.random() < 0.5:
        piece, truth = piece[:, ::-1], truth[:, :, ::-1]
    return recoloured(np.ascontiguousarray(coarsened(piece, rng)), rng), np.ascontiguousarray(truth)


def cut_piece(
    field: MaskedImage,
    preset: SegmentPreset,
    rng: Generator,
    size: float = 1.0,
    place: tuple[float, float] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Cut a piece at a random place, red cells ``size`` times the usual; beyond its border the field is mirrored.

    With a ``place`` (x, y) in pixels of the field, that is somewhere in the inside of the piece.
    """
    scale = size * preset.red_cell_diameter / field.diameter
    side = max(math.ceil(preset.piece / scale), 8)
    height, width = field.image.shape[:2]
    reach = side // 3
    x = int(rng.integers(-reach, max(width - side + reach, -reach + 1)))
    y = int(rng.integers(-reach, max(height - side + reach, -reach + 1)))
    if place is not None:
        slack = 0.4 * preset.inside / scale
        x, y = (int(middle - side / 2 + rng.uniform(-slack, slack)) for middle in place)
    rows = _mirrored(np.arange(y, y + side), height)
    columns = _mirrored(np.arange(x, x + side), width)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    target = (preset.piece, preset.piece)
    piece = cv2.resize(field.image[rows][:, columns], target, interpolation=how)
    planes = field.truth.values[:, rows][:, :, columns].transpose(1, 2, 0)
    lost = (preset.piece - preset.output) // 2
    truth = cv2.resize(np.ascontiguousarray(planes), target, interpolation=cv2.INTER_NEAREST)
    middle = truth.transpose(2, 0, 1)[:, lost : lost + preset.output, lost : lost + preset.output]
    return np.asarray(piece, np.uint8), np.asarray(middle, np.int8)


def _mirrored(places: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return places beyond 0 and ``length`` as a mirror at the border shows them."""
    period = max(2 * (length - 1), 1)
    folded = np.abs(places) % period
    return np.minimum(folded, period - folded).clip(0, length - 1)


def coarsened(piece: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Shrink a piece and bring it back to its size, which takes away sharpness."""
    side = piece.shape[0]
    small = max(int(side * rng.uniform(_COARSEST, 1.0)), 2)
    shrunk = cv2.resize(np.ascontiguousarray(piece), (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def recoloured(piece: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Change light and saturation, and a little the balance of the colours."""
    values = piece.astype(np.float32)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * rng.uniform(0.5, 1.6)
    values = values * rng.uniform(0.85, 1.12) * rng.uniform(0.95, 1.05, 3).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)


class TrainingPieces(Dataset[Sample]):
    """The pieces of all epochs in a row."""

    def __init__(self, store: MaskStore, seed: int) -> None:
        self.store, self.seed = store, seed

    def __getitem__(self, index: int) -> Sample:
        return _sample(*training_piece(self.store, np.random.default_rng((self.seed, index))))


class ValidationPieces(Dataset[Sample]):
    """The same pieces in each epoch, as they are, taken from the fields in turn."""

    def __init__(self, store: MaskStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return self.store.preset.val_pieces

    def __getitem__(self, index: int) -> Sample:
        field = self.store.images[index % len(self.store.images)]
        return _sample(*cut_piece(field, self.store.preset, np.random.default_rng((_VAL_SEED, index))))


def _sample(piece: NDArray[np.uint8], truth: NDArray[np.int8]) -> Sample:
    return torch.from_numpy(piece.transpose(2, 0, 1).copy()), torch.from_numpy(truth.copy())


def mask_data(
    train: DataSet, val: DataSet, preset: SegmentPreset, seed: int, workers: int, masks: Path | None = None
) -> RunData:
    """Return training and validation pieces."""

    def read() -> tuple[TrainingPieces, ValidationPieces]:
        return (
            TrainingPieces(MaskStore(train, preset, masks), seed),
            ValidationPieces(MaskStore(val, preset, masks)),
        )

    return RunData(read, preset.batch_size, preset.batches_per_epoch, workers, val_batch=preset.batch_size)
