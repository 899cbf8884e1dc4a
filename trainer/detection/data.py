"""What the network is fed: training crops as pure functions of seed and place, and validation fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from core.classes import RED_CELL, WHITE_CELL
from core.imaging.synthetic import CLASS_NAMES
from trainer.augmentation.crop import Crop
from trainer.augmentation.overlaps import cut_covering_cells, cut_lone_cells
from trainer.augmentation.smear import Material, cut_cells, training_crop
from trainer.dataset.load import DataSet, LabelledImage, PreparedImage, prepare_all
from trainer.detection.plain_crops import plain_crop
from trainer.training.data import RunData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.augmentation.overlaps import CutCell
    from trainer.recipes.recipe import Preset

Sample = tuple[Tensor, dict[str, Tensor]]


class ImageStore:
    """Prepared fields of a split, read once and kept in memory.

    Where data workers are forked they share this memory; where they are spawned, each gets a copy once,
    since they live as long as the run.
    """

    def __init__(self, data: DataSet, preset: Preset) -> None:
        self.preset = preset
        self.images = list(prepare_all(data, preset.red_cell_diameter))
        self.parents = data.parents
        self.weights = _drawing_weights(data.images, preset.repeat_threshold)
        pasted = frozenset(data.classes.index(name) for name in preset.paste_classes if name in data.classes)
        red, white = (data.classes.index(name) if name in data.classes else None for name in (RED_CELL, WHITE_CELL))
        self.material = Material(
            preset,
            self.draw,
            [patch for field in self.images for patch in cut_cells(field, pasted, preset.red_cell_diameter)],
            red,
            _rendered_labels(data.classes),
            frozenset(label for label, parent in enumerate(data.parents) if parent >= 0),
            self._cut(cut_lone_cells, red) if preset.overlap else (),
            self._cut(cut_covering_cells, white) if preset.paste_white else (),
        )

    def _cut(self, cut: Callable[[PreparedImage, int, float], list[CutCell]], label: int | None) -> list[CutCell]:
        diameter = self.preset.red_cell_diameter
        return [] if label is None else [cell for field in self.images for cell in cut(field, label, diameter)]

    def draw(self, rng: Generator) -> PreparedImage:
        """Draw a field; those of small sources and those with rare classes come more often."""
        return self.images[int(rng.choice(len(self.images), p=self.weights))]


def _rendered_labels(classes: tuple[str, ...]) -> tuple[int, int, int] | None:
    if not set(CLASS_NAMES) <= set(classes):
        return None
    red, white, platelet = (classes.index(name) for name in CLASS_NAMES)
    return red, white, platelet


def _drawing_weights(fields: Sequence[LabelledImage], repeat_threshold: float) -> NDArray[np.float64]:
    """Return how likely each field is drawn, float64 (F,).

    A source counts by the root of its size. A field counts by its rarest class, as in repeat factor sampling
    (Gupta, Dollar and Girshick, "LVIS", CVPR 2019): the root of ``repeat_threshold`` over the share of fields that
    hold the class, where that is above 1.
    """
    sources = [field.source for field in fields]
    weights = np.array([sources.count(source) ** -0.5 for source in sources])
    held = [frozenset(field.labels.tolist()) for field in fields]
    shares = {label: sum(label in labels for labels in held) / len(held) for labels in held for label in labels}
    weights *= [max((1.0, *(float(np.sqrt(repeat_threshold / shares[label])) for label in labels))) for labels in held]
    return np.asarray(weights / weights.sum())


class TrainingCrops(Dataset[Sample]):
    """The crops of all epochs in a row, each a pure function of the seed and its place."""

    def __init__(self, store: ImageStore, seed: int) -> None:
        self.store, self.seed = store, seed

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, index))
        material = self.store.material
        make = training_crop if material.preset.augmentation == "smear" else plain_crop
        return to_sample(make(material, rng), self.store.parents)


class WholeImages(Dataset[Sample]):
    """Whole validation fields, scaled to the model's red cell diameter."""

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store.images)

    def __getitem__(self, index: int) -> Sample:
        field = self.store.images[index]
        scale = self.store.preset.red_cell_diameter / field.diameter
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        image = cv2.resize(field.image, None, fx=scale, fy=scale, interpolation=how)
        return to_sample(Crop(np.asarray(image, np.uint8), field.boxes * np.float32(scale), field.labels))


def to_sample(crop: Crop, parents: tuple[int, ...] = ()) -> Sample:
    """Return the image as float32 (3, H, W) in 0 to 1, and its target, as the detectors take them.

    Where not all cells of a class are annotated, the target has ``regions`` float32 (R, 4), ``incomplete`` bool
    (R, C) and ``unsorted`` bool (N, C), see ``CellRetinaNet``. Where all red cells are annotated, none of any kind is
    left; but a cell that is only called a red cell may be of any kind that is not all annotated.
    """
    image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1))).float() / 255
    target = {"boxes": torch.from_numpy(crop.boxes).float(), "labels": torch.from_numpy(crop.labels)}
    if crop.incomplete:
        target["regions"] = torch.tensor([region for region, _ in crop.incomplete], dtype=torch.float32)
        target["incomplete"], target["unsorted"] = _unknown_classes(crop, parents)
    return image, target


def _unknown_classes(crop: Crop, parents: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return the classes that may have cells elsewhere, bool (R, C), and those that each cell may also be, (N, C)."""
    incomplete = np.zeros((len(crop.incomplete), len(parents)), bool)
    unsorted = np.zeros((len(crop.boxes), len(parents)), bool)
    centres = (crop.boxes[:, :2] + crop.boxes[:, 2:]) / 2
    for row, ((x1, y1, x2, y2), labels) in enumerate(crop.incomplete):
        inside = ((centres >= (x1, y1)) & (centres < (x2, y2))).all(axis=1)
        for label in labels:
            parent = parents[label]
            incomplete[row, label] = parent < 0 or parent in labels
            unsorted[inside & (crop.labels == parent), label] = True
    return torch.from_numpy(incomplete), torch.from_numpy(unsorted)


def collate(samples: list[Sample]) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    """Return the images and the targets of a batch as two lists, since fields differ in size."""
    return [image for image, _ in samples], [target for _, target in samples]


def cell_data(train: DataSet, val: DataSet, preset: Preset, seed: int, workers: int) -> RunData:
    """Return training crops and whole validation fields."""

    def read() -> tuple[TrainingCrops, WholeImages]:
        return TrainingCrops(ImageStore(train, preset), seed), WholeImages(ImageStore(val, preset))

    return RunData(read, preset.batch_size, preset.batches_per_epoch, workers, collate=collate)
