"""What every training run has, whatever it trains: its options, its checkpoints, going on after a stop."""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger

from core.text import gettext
from core.version import __version__
from trainer.errors import FailedError
from trainer.training.checkpoint import read_checkpoint
from trainer.training.data import single_threaded
from trainer.training.record import RunError, RunRecord, open_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from trainer.dataset.load import DataSet

_NO_NEWS = (
    "The '(train|val)_dataloader' does not have many workers",
    "Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
)
BEST, LAST = "best.ckpt", "last.ckpt"


class TrainingError(FailedError):
    """A training run that cannot continue; the message gives the reason and the remedy."""


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
    """Stop a run whose loss is not a number.

    Raises
    ------
    TrainingError
        If it is not a number.
    """
    if not torch.isfinite(loss):
        raise TrainingError(
            gettext(
                "The loss is not a number in epoch {epoch}, batch {batch}; lower the preset's learning_rate and start "
                "a new run."
            ).format(epoch=module.current_epoch + 1, batch=batch_idx + 1)
        )


@dataclass(frozen=True)
class Start:
    """The start of a run: its record, and the checkpoint to resume from, None for a new run."""

    record: RunRecord
    checkpoint: Path | None


def begin(
    preset: Any,
    train: DataSet,
    val: DataSet,
    options: RunOptions,
    report: Callable[[str], None],
    weights: str | None = None,
) -> Start | None:
    """Claim the run folder and seed the random numbers; return None if its run has already finished.

    Parameters
    ----------
    preset
        The preset, a dataclass with a ``name`` and the number of ``epochs``.
    report
        Receives a sentence where a run is resumed, or has finished.
    weights
        What the network starts from, as ``describe_weights`` returns it; None for random weights.

    Raises
    ------
    RunError
        If the folder holds a run that was started differently.
    """
    single_threaded()
    record = RunRecord(
        preset=asdict(preset),
        seed=options.seed,
        precision=options.precision,
        weights=weights,
        data=(train.provenance, val.provenance),
        trainer_version=__version__,
    )
    checkpoint = options.folder / LAST if open_run(options.folder, record) else None
    if checkpoint is not None and _is_finished(checkpoint, preset.epochs, report):
        return None
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    return Start(record, checkpoint)


def _is_finished(checkpoint: Path, epochs: int, report: Callable[[str], None]) -> bool:
    content = read_checkpoint(checkpoint)
    done = int(content["epoch"]) + 1
    callbacks = content["callbacks"].items()
    stopped = any(state.get("stopped_epoch") for key, state in callbacks if key.startswith("EarlyStopping"))
    if stopped or done >= epochs:
        report(
            gettext("This run has already finished, after {n:,} epochs; its best model is {file}.").format(
                n=done, file=BEST
            )
        )
        return True
    report(gettext("Resuming from {file} after epoch {done} of {n}.").format(file=checkpoint, done=done, n=epochs))
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
        If the loss is not a number, or a checkpoint cannot be written.
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
        raise RunError(
            gettext("This computer cannot train with these options: {reason}").format(reason=error)
        ) from error


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
                gettext(
                    "{file}: the checkpoint cannot be written ({reason}); free some space and start again: the run "
                    "will resume from the previous checkpoint."
                ).format(file=path, reason=error)
            ) from error
