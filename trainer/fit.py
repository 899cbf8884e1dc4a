"""Fitting: the Lightning module, the run folder, and going on after a stop."""

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
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torchmetrics.detection import MeanAveragePrecision

from core.version import __version__
from trainer.checkpoint import read_checkpoint
from trainer.crops import CellData, single_threaded
from trainer.model import build_retinanet
from trainer.preset import Preset
from trainer.pretrained import describe_weights, load_pretrained
from trainer.record import RunError, RunRecord, open_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from trainer.data import DataSet

MONITOR = "val_map50"
_NO_NEWS = (
    "The '(train|val)_dataloader' does not have many workers",
    "Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
)
BEST, LAST = "best.ckpt", "last.ckpt"


class TrainingError(RuntimeError):
    """A training run that cannot go on; the message says why and what to do."""


class CellDetector(lightning.LightningModule):
    """RetinaNet with AdamW and a one-cycle schedule."""

    def __init__(
        self,
        preset: dict[str, Any],
        class_names: tuple[str, ...],
        weights: str | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.preset = Preset(**preset)
        self.model = build_retinanet(self.preset, len(class_names), frozen_norm=weights is not None)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.metric = MeanAveragePrecision(
            backend="faster_coco_eval", max_detection_thresholds=[1, 100, 10_000], class_metrics=True
        )
        self.metric.warn_on_many_detections = False

    def training_step(self, batch: tuple[list[Tensor], list[dict[str, Tensor]]], batch_idx: int) -> Tensor:
        """Return the sum of focal loss and box loss.

        Raises
        ------
        TrainingError
            If it is no number.
        """
        losses = self.model(*batch)
        total = losses["classification"] + losses["bbox_regression"]
        if not torch.isfinite(total):
            raise TrainingError(
                f"The loss is no number in epoch {self.current_epoch + 1}, batch {batch_idx + 1}; "
                "lower the preset's learning_rate and start a new run."
            )
        self.log("loss", total, prog_bar=True, batch_size=len(batch[0]), sync_dist=True)
        self.log_dict(losses, batch_size=len(batch[0]), sync_dist=True)
        return total

    def validation_step(self, batch: tuple[list[Tensor], list[dict[str, Tensor]]]) -> None:
        """Detect the cells of a field and keep them for the epoch's AP."""
        images, targets = batch
        outputs = [{k: v.float() if k != "labels" else v for k, v in out.items()} for out in self.model(images)]
        self.metric.update(outputs, targets)

    def on_validation_epoch_end(self) -> None:
        """Log mean AP at IoU 0.5 and at 0.50 to 0.95."""
        values = self.metric.compute()
        self.metric.reset()
        self.log(MONITOR, values["map_50"].to(self.device, torch.float32), prog_bar=True, sync_dist=True)
        self.log("val_map", values["map"].to(self.device, torch.float32), prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> dict[str, Any]:
        """Return AdamW, without decay of biases and norms, and a one-cycle schedule over all batches."""
        decay = [p for p in self.model.parameters() if p.requires_grad and p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [{"params": decay}, {"params": rest, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, self.preset.learning_rate, weight_decay=self.preset.weight_decay)
        steps = self.preset.epochs * self.preset.batches_per_epoch
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.preset.learning_rate, total_steps=steps, pct_start=0.15
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


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


class Milestones(lightning.Callback):
    """Validates after the last epoch whatever the preset's rhythm, and says how the run goes."""

    def __init__(self, validate_every: int, tell: Callable[[str], None]) -> None:
        self.validate_every, self.tell = validate_every, tell

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Choose whether this epoch is validated."""
        is_last = trainer.current_epoch + 1 == trainer.max_epochs
        trainer.check_val_every_n_epoch = 1 if is_last else self.validate_every

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say the figures of this epoch."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        epoch = f"Epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        figures = f"AP50 {values.get(MONITOR, 0):.4f}, AP50:95 {values.get('val_map', 0):.4f}"
        self.tell(f"{epoch}: loss {values.get('loss', float('nan')):.3f}, {figures} on val")


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


def _silent(_text: str) -> None:
    pass


def fit(
    train: DataSet,
    val: DataSet,
    preset: Preset,
    options: RunOptions,
    weights: str | None = None,
    tell: Callable[[str], None] = _silent,
) -> Path:
    """Train a model, going on from the run folder's last checkpoint if there is one.

    Crops are pure functions of the seed and their place, and checkpoints are written at the end of
    epochs: a run that was stopped and goes on ends, on the same processor, with the same weights to
    the last bit as one that was not.

    Parameters
    ----------
    train, val
        What to learn from, and what to choose the best epoch by (mean AP50).
    weights
        None for random weights, else as in ``trainer.pretrained``.
    tell
        Called with sentences on how the run goes.

    Returns
    -------
    The path of the best checkpoint.

    Raises
    ------
    RunError
        If the folder holds a run that was started with something else, or the hardware is not there.
    TrainingError
        If the loss is no number, or a checkpoint cannot be written.
    """
    single_threaded()
    origin = None if weights is None else describe_weights(weights)
    record = RunRecord(
        preset=asdict(preset),
        seed=options.seed,
        precision=options.precision,
        weights=origin,
        data=(train.provenance, val.provenance),
        trainer_version=__version__,
    )
    checkpoint = options.folder / LAST if open_run(options.folder, record) else None
    if checkpoint is not None and _is_finished(checkpoint, preset, tell):
        return options.folder / BEST
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    module = CellDetector(asdict(preset), train.classes, origin, record.as_dict())
    if weights is not None and checkpoint is None:
        load_pretrained(module.model, preset.backbone, weights)
    data = CellData(train, val, preset, options.seed, options.workers)
    trainer = _build_trainer(preset, options, tell)
    with warnings.catch_warnings():
        for message in _NO_NEWS:
            warnings.filterwarnings("ignore", message)
        trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
    return options.folder / BEST


def _is_finished(checkpoint: Path, preset: Preset, tell: Callable[[str], None]) -> bool:
    content = read_checkpoint(checkpoint)
    epochs = int(content["epoch"]) + 1
    callbacks = content["callbacks"].items()
    stopped = any(state.get("stopped_epoch") for key, state in callbacks if key.startswith("EarlyStopping"))
    if stopped or epochs >= preset.epochs:
        tell(f"This run is finished already, after {epochs} epochs; its best model is {BEST}.")
        return True
    tell(f"Going on from {checkpoint} after epoch {epochs} of {preset.epochs}.")
    return False


def _build_trainer(preset: Preset, options: RunOptions, tell: Callable[[str], None]) -> lightning.Trainer:
    folder = options.folder
    callbacks: list[lightning.Callback] = [
        Milestones(preset.validate_every, tell),
        ModelCheckpoint(
            folder,
            Path(BEST).stem,
            monitor=MONITOR,
            mode="max",
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        ),
        EarlyStopping(MONITOR, mode="max", patience=preset.patience, check_on_train_epoch_end=False),
        ModelCheckpoint(
            folder,
            Path(LAST).stem,
            every_n_epochs=1,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
        LearningRateMonitor("step"),
    ]
    if options.progress:
        callbacks.append(TQDMProgressBar(refresh_rate=10))
    try:
        return lightning.Trainer(
            accelerator=options.accelerator,
            devices=options.devices,
            precision=options.precision,  # type: ignore[arg-type]
            max_epochs=preset.epochs,
            check_val_every_n_epoch=preset.validate_every,
            gradient_clip_val=preset.gradient_clip,
            num_sanity_val_steps=0,
            log_every_n_steps=min(10, preset.batches_per_epoch),
            logger=CSVLogger(folder, name="log"),
            callbacks=callbacks,
            plugins=[WholeCheckpoints()],
            use_distributed_sampler=False,
            enable_progress_bar=options.progress,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError) as error:
        raise RunError(f"This computer cannot train so: {error}") from error
