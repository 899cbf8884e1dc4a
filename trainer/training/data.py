"""How samples reach a training run: each process's share of an epoch, loaded by single-threaded workers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import cv2
import lightning
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from core.text import gettext
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class EpochSampler(Sampler[int]):
    """The places of one epoch's crops, dealt out in turn to the processes of a distributed run.

    The epoch travels in the places, not in the data set, so that data workers need not restart; and
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


def single_threaded(_worker: int = 0) -> None:
    """Keep OpenCV to one thread: its pool hangs in forked workers, and workers are the parallelism."""
    cv2.setNumThreads(0)


def training_loader(
    data: Dataset[Any],
    trainer: lightning.Trainer,
    batch: int,
    batches_per_epoch: int,
    workers: int,
    collate_fn: Callable[[list[Any]], Any] | None = None,
) -> DataLoader[Any]:
    """Return the loader of what a run learns from, by ``EpochSampler``; ``batch`` is that of all processes together.

    Raises
    ------
    DataError
        If a batch cannot be dealt out evenly to the processes.
    """
    processes = trainer.world_size
    if batch % processes:
        raise DataError(
            gettext("A batch of {batch} cannot be shared evenly by {n} devices; use a number that divides it.").format(
                batch=batch, n=processes
            )
        )
    # the loader may run ahead before Lightning sets its epoch, and right after a restart
    # ``current_epoch`` is still that of the checkpoint
    progress = trainer.fit_loop.epoch_progress.current
    epoch: int = progress.processed  # pyright: ignore[reportAttributeAccessIssue]
    return DataLoader(
        data,
        batch // processes,
        sampler=EpochSampler(batch * batches_per_epoch, epoch, trainer.global_rank, processes),
        num_workers=workers,
        collate_fn=collate_fn,
        worker_init_fn=single_threaded,
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        persistent_workers=workers > 0,
    )


class RunData(lightning.LightningDataModule):
    """What a run learns from and is validated on, read into memory once, before the first epoch.

    Parameters
    ----------
    read
        Returns the training samples, by their place in the run, and the validation samples.
    batch, val_batch
        Samples in a batch: of training in all processes together, of validation in one.
    collate
        Makes a batch of samples; torch's own by default.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Dataset[Any], Dataset[Any]]],
        batch: int,
        batches_per_epoch: int,
        workers: int,
        *,
        val_batch: int = 1,
        collate: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        super().__init__()
        self.read, self.batch, self.batches_per_epoch, self.workers = read, batch, batches_per_epoch, workers
        self.val_batch, self.collate = val_batch, collate
        self.samples: tuple[Dataset[Any], Dataset[Any]] | None = None

    def setup(self, stage: str) -> None:
        """Read the fields, once."""
        if self.samples is None:
            self.samples = self.read()

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the loader of the training samples."""
        assert self.samples is not None
        assert self.trainer is not None
        train, _ = self.samples
        return training_loader(train, self.trainer, self.batch, self.batches_per_epoch, self.workers, self.collate)

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the loader of this process's share of the validation samples."""
        assert self.samples is not None
        assert self.trainer is not None
        _, val = self.samples
        share = range(self.trainer.global_rank, len(val), self.trainer.world_size)  # type: ignore[arg-type]
        return DataLoader(Subset(val, share), self.val_batch, collate_fn=self.collate)
