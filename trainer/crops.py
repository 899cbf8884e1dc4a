"""What the network is fed: training crops as pure functions of seed and place, and validation fields."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import cv2
import lightning
import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from trainer.augment import Crop, cut_platelets, training_crop
from trainer.data import DataError, DataSet, PreparedField, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.preset import Preset

LARGEST_OVER_MODEL = 1.5
"""Fields are kept at up to this many times the model's red cell diameter."""

Sample = tuple[Tensor, dict[str, Tensor]]


class FieldStore:
    """Prepared fields of a split, read once and kept in memory.

    Where data workers are forked they share this memory; where they are spawned, each gets a copy once,
    since they live as long as the run.
    """

    def __init__(self, data: DataSet, preset: Preset) -> None:
        self.preset = preset
        largest = LARGEST_OVER_MODEL * preset.red_cell_diameter
        console = Console(stderr=True)
        fields = track(
            data.fields,
            f"Reading {data.split}",
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.fields = [prepare(field, largest, data.red_labels) for field in fields]
        sources = [field.source for field in data.fields]
        sizes = {source: sources.count(source) for source in set(sources)}
        weights = np.array([sizes[source] ** -0.5 for source in sources])
        weights *= [1.5 if (field.labels == 2).any() else 1.0 for field in data.fields]
        self.weights: NDArray[np.float64] = weights / weights.sum()
        self.platelet_bank = [
            patch for field in self.fields for patch in cut_platelets(field, preset.red_cell_diameter)
        ]

    def draw(self, rng: Generator) -> PreparedField:
        """Draw a field; small sources and fields with platelets come more often."""
        return self.fields[int(rng.choice(len(self.fields), p=self.weights))]


class TrainingCrops(Dataset[Sample]):
    """The crops of all epochs in a row, each a pure function of the seed and its place."""

    def __init__(self, store: FieldStore, seed: int) -> None:
        self.store, self.seed = store, seed

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, index))
        return to_sample(training_crop(self.store.draw, self.store.platelet_bank, self.store.preset, rng))


class EpochSampler(Sampler[int]):
    """The places of one epoch's crops, dealt out in turn to the processes of a distributed run.

    The epoch travels in the places, not in the data set, so that data workers need not start anew; and
    every process count sees the same crops in the same global batch.
    """

    def __init__(self, length: int, epoch: int, rank: int = 0, processes: int = 1) -> None:
        self.length, self.epoch, self.rank, self.processes = length, epoch, rank, processes

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch; Lightning calls this before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length // self.processes

    def __iter__(self) -> Iterator[int]:
        start = self.epoch * self.length
        return iter(range(start + self.rank, start + self.length, self.processes))


class WholeFields(Dataset[Sample]):
    """Whole validation fields, scaled to the model's red cell diameter."""

    def __init__(self, store: FieldStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store.fields)

    def __getitem__(self, index: int) -> Sample:
        field = self.store.fields[index]
        scale = self.store.preset.red_cell_diameter / field.diameter
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        image = cv2.resize(field.image, None, fx=scale, fy=scale, interpolation=how)
        return to_sample(Crop(np.asarray(image, np.uint8), field.boxes * np.float32(scale), field.labels))


def to_sample(crop: Crop) -> Sample:
    """Return the image as float32 (3, H, W) in 0 to 1, and its target."""
    image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1))).float() / 255
    return image, {"boxes": torch.from_numpy(crop.boxes).float(), "labels": torch.from_numpy(crop.labels)}


def collate(samples: list[Sample]) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    """Return the images and the targets of a batch as two lists, since fields differ in size."""
    return [image for image, _ in samples], [target for _, target in samples]


def single_threaded(_worker: int = 0) -> None:
    """Keep OpenCV to one thread: its pool hangs in forked workers, and workers are the parallelism."""
    cv2.setNumThreads(0)


class CellData(lightning.LightningDataModule):
    """Training crops and validation fields."""

    def __init__(self, train: DataSet, val: DataSet, preset: Preset, seed: int, workers: int) -> None:
        super().__init__()
        self.train, self.val, self.preset, self.seed, self.workers = train, val, preset, seed, workers
        self.train_store: FieldStore | None = None
        self.val_store: FieldStore | None = None

    def setup(self, stage: str) -> None:
        """Read all fields into memory, once."""
        if self.train_store is None:
            self.train_store = FieldStore(self.train, self.preset)
            self.val_store = FieldStore(self.val, self.preset)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return the loader of the training crops; ``batch_size`` is that of all processes together."""
        assert self.train_store is not None
        assert self.trainer is not None
        processes, batch = self.trainer.world_size, self.preset.batch_size
        if batch % processes:
            raise DataError(f"A batch of {batch} cannot be dealt out to {processes} devices; use a divisor of it.")
        # the loader may run ahead before Lightning sets its epoch, and right after a restart
        # ``current_epoch`` is still that of the checkpoint
        progress = self.trainer.fit_loop.epoch_progress.current
        epoch: int = progress.processed  # pyright: ignore[reportAttributeAccessIssue]
        sampler = EpochSampler(
            batch * self.preset.batches_per_epoch,
            epoch,
            self.trainer.global_rank,
            processes,
        )
        return DataLoader(
            TrainingCrops(self.train_store, self.seed),
            batch // processes,
            sampler=sampler,
            num_workers=self.workers,
            collate_fn=collate,
            worker_init_fn=single_threaded,
            multiprocessing_context="fork" if self.workers and sys.platform == "linux" else None,
            persistent_workers=self.workers > 0,
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the loader of this process's share of the validation fields."""
        assert self.val_store is not None
        assert self.trainer is not None
        fields = WholeFields(self.val_store)
        mine = range(self.trainer.global_rank, len(fields), self.trainer.world_size)
        return DataLoader(Subset(fields, mine), 1, collate_fn=collate)
