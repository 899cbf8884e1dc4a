"""What every training run has, whatever it trains: its options, its checkpoints, going on after a stop."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger

from trainer.training.checkpoint import read_checkpoint
from trainer.training.record import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

_NO_NEWS = (
    "The '(train|val)_dataloader' does not have many workers",
    "Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
)
BEST, LAST = "best.ckpt", "last.ckpt"


class TrainingError(RuntimeError):
    """A training run that cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class RunOptions:
    """Where and on what a run happens."""

    folder: Path
    seed: int = 0
    workers: int = 2
    precision: str = "32-true"
    accelerator: str = "auto"
    devices: str = "auto"
    progress: bool = True


@dataclass(frozen=True)
class Rhythm:
    """What a run does how often, and what it chooses the best epoch by: the highest value of ``monitor``."""

    monitor: str
    epochs: int
    batches_per_epoch: int
    gradient_clip: float
    validate_every: int = 1


def check_loss(module: lightning.LightningModule, loss: Tensor, batch_idx: int) -> None:
    """Stop a run whose loss is no number.

    Raises
    ------
    TrainingError
        If it is none.
    """
    if not torch.isfinite(loss):
        raise TrainingError(
            f"The loss is no number in epoch {module.current_epoch + 1}, batch {batch_idx + 1}; "
            "lower the preset's learning_rate and start a new run."
        )


def is_finished(checkpoint: Path, epochs: int, tell: Callable[[str], None]) -> bool:
    """Tell whether a run is finished that left this checkpoint, and say so or from where it goes on."""
    content = read_checkpoint(checkpoint)
    done = int(content["epoch"]) + 1
    callbacks = content["callbacks"].items()
    stopped = any(state.get("stopped_epoch") for key, state in callbacks if key.startswith("EarlyStopping"))
    if stopped or done >= epochs:
        tell(f"This run is finished already, after {done} epochs; its best model is {BEST}.")
        return True
    tell(f"Going on from {checkpoint} after epoch {done} of {epochs}.")
    return False


def train_module(
    module: lightning.LightningModule,
    data: lightning.LightningDataModule,
    options: RunOptions,
    rhythm: Rhythm,
    callbacks: Sequence[lightning.Callback],
    checkpoint: Path | None,
) -> Path:
    """Train, from a checkpoint on if there is one; return the path of the best checkpoint.

    Raises
    ------
    RunError
        If the hardware is not there.
    TrainingError
        If the loss is no number, or a checkpoint cannot be written.
    """
    trainer = _build_trainer(options, rhythm, callbacks)
    with warnings.catch_warnings():
        for message in _NO_NEWS:
            warnings.filterwarnings("ignore", message)
        trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
    return options.folder / BEST


def _build_trainer(options: RunOptions, rhythm: Rhythm, callbacks: Sequence[lightning.Callback]) -> lightning.Trainer:
    folder = options.folder
    best = ModelCheckpoint(
        folder,
        Path(BEST).stem,
        monitor=rhythm.monitor,
        mode="max",
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        folder, Path(LAST).stem, every_n_epochs=1, save_on_train_epoch_end=True, enable_version_counter=False
    )
    progress = [TQDMProgressBar(refresh_rate=10)] if options.progress else []
    try:
        return lightning.Trainer(
            accelerator=options.accelerator,
            devices=options.devices,
            precision=options.precision,  # type: ignore[arg-type]
            max_epochs=rhythm.epochs,
            check_val_every_n_epoch=rhythm.validate_every,
            gradient_clip_val=rhythm.gradient_clip,
            num_sanity_val_steps=0,
            log_every_n_steps=min(10, rhythm.batches_per_epoch),
            logger=CSVLogger(folder, name="log"),
            callbacks=[*callbacks, best, last, LearningRateMonitor("step"), *progress],
            plugins=[WholeCheckpoints()],
            use_distributed_sampler=False,
            sync_batchnorm=torch.cuda.is_available(),  # torch has none for processors
            enable_progress_bar=options.progress,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError) as error:
        raise RunError(f"This computer cannot train so: {error}") from error


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside the old one and then takes its place: a kill never leaves half of one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint.

        Raises
        ------
        TrainingError
            If it cannot be written, for instance because the disk is full.
        """
        partial = Path(f"{path}.partial")
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            torch.save(checkpoint, partial)
            os.replace(partial, path)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            partial.unlink(missing_ok=True)
            raise TrainingError(
                f"{path}: the checkpoint cannot be written ({error}); free some space and start again: "
                "the run goes on from the checkpoint before."
            ) from error
