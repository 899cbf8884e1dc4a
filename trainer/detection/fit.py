"""Fitting: the Lightning module, the run folder, and going on after a stop."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging
from torchmetrics.detection import MeanAveragePrecision

from core.classes import RED_CELL
from core.text import gettext
from trainer.detection.data import cell_data
from trainer.detection.network import build_detector
from trainer.detection.pretrained import describe_weights, load_pretrained
from trainer.recipes.recipe import Preset
from trainer.training.loop import BEST, Rhythm, RunOptions, begin, check_loss, train_module
from trainer.training.record import RunError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from trainer.dataset.load import DataSet

MONITOR = "val_map50"


class CellDetector(lightning.LightningModule):
    """A detector with the optimizer and the schedule of its preset."""

    def __init__(
        self,
        preset: dict[str, Any],
        class_names: tuple[str, ...],
        weights: str | None = None,
        record: dict[str, Any] | None = None,
        red_cells: tuple[str, ...] = (RED_CELL,),
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.preset = Preset(**preset)
        self.model = build_detector(self.preset, len(class_names), frozen_norm=weights is not None)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.metric = MeanAveragePrecision(
            backend="faster_coco_eval", max_detection_thresholds=[1, 100, 10_000], class_metrics=True
        )
        self.metric.warn_on_many_detections = False

    def training_step(self, batch: tuple[list[Tensor], list[dict[str, Tensor]]], batch_idx: int) -> Tensor:
        """Return the sum of the detector's losses.

        Raises
        ------
        TrainingError
            If it is not a number.
        """
        losses: dict[str, Tensor] = self.model(*batch)
        total = torch.stack(list(losses.values())).sum()
        check_loss(self, total, batch_idx)
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
        """Return the optimizer, without decay of biases and norms, and its schedule."""
        preset = self.preset
        decay = [p for p in self.model.parameters() if p.requires_grad and p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [{"params": decay}, {"params": rest, "weight_decay": 0.0}]
        rate, weight_decay = preset.learning_rate, preset.weight_decay
        optimizer: torch.optim.Optimizer
        if preset.optimizer == "adamw":
            optimizer = torch.optim.AdamW(groups, rate, weight_decay=weight_decay)
        else:
            optimizer = torch.optim.SGD(groups, rate, momentum=preset.momentum, weight_decay=weight_decay)
        if preset.schedule == "one-cycle":
            steps = preset.epochs * preset.batches_per_epoch
            cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        factor = preset.step_factor if preset.schedule == "step" else 1.0
        steps_down = torch.optim.lr_scheduler.StepLR(optimizer, preset.step_epochs, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": steps_down, "interval": "epoch"}}


class Milestones(lightning.Callback):
    """Validates after the last epoch whatever the preset's rhythm, keeps chosen epochs, and reports progress."""

    def __init__(self, preset: Preset, folder: Path, report: Callable[[str], None]) -> None:
        self.validate_every, self.keep = preset.validate_every, preset.keep_epochs
        self.folder, self.report = folder, report

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Choose whether this epoch is validated."""
        is_last = trainer.current_epoch + 1 == trainer.max_epochs
        trainer.check_val_every_n_epoch = 1 if is_last else self.validate_every

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the checkpoint of a chosen epoch, such as the RN10 and RN30 of Entropy 2021."""
        if (epoch := trainer.current_epoch + 1) in self.keep:
            trainer.save_checkpoint(self.folder / f"epoch{epoch}.ckpt")

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report the figures of this epoch."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.report(
            gettext("Epoch {epoch} of {n}: loss {loss:.3f}, AP50 {ap50:.4f}, AP50:95 {ap:.4f} on val").format(
                epoch=trainer.current_epoch + 1,
                n=trainer.max_epochs,
                loss=values.get("loss", float("nan")),
                ap50=values.get(MONITOR, 0),
                ap=values.get("val_map", 0),
            )
        )


def _silent(_text: str) -> None:
    pass


def fit(
    train: DataSet,
    val: DataSet,
    preset: Preset,
    options: RunOptions,
    weights: str | None = None,
    report: Callable[[str], None] = _silent,
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
        None for random weights, else as in ``trainer.detection.pretrained``.
    report
        Called with sentences on the progress of the run.

    Returns
    -------
    The path of the best checkpoint.

    Raises
    ------
    RunError
        If the folder holds a run that was started with something else, the preset does not fit the data or
        the weights, or the hardware is not there.
    TrainingError
        If the loss is not a number, or a checkpoint cannot be written.
    """
    _check_fits(preset, train, weights)
    origin = None if weights is None else describe_weights(weights)
    start = begin(preset, train, val, options, report, origin)
    if start is None:
        return options.folder / BEST
    red_cells = tuple(sorted(train.red_cells))
    module = CellDetector(asdict(preset), train.classes, origin, start.record.as_dict(), red_cells)
    if weights is not None and start.checkpoint is None:
        load_pretrained(module.model, preset, weights)
    data = cell_data(train, val, preset, options.seed, options.workers)
    rhythm = Rhythm(MONITOR, preset.epochs, preset.batches_per_epoch, preset.gradient_clip, preset.validate_every)
    stop = EarlyStopping(MONITOR, mode="max", patience=preset.patience, check_on_train_epoch_end=False)
    callbacks: list[lightning.Callback] = [Milestones(preset, options.folder, report), stop]
    if preset.average_weights:
        callbacks.append(EMAWeightAveraging(decay=preset.average_weights))
    return train_module(module, data, options, rhythm, callbacks, start.checkpoint)


def _check_fits(preset: Preset, train: DataSet, weights: str | None) -> None:
    if preset.frozen_backbone and weights is None:
        raise RunError(
            gettext("{preset}: a frozen backbone learns nothing; give its weights with --weights.").format(
                preset=preset.name
            )
        )
    for name, parent in zip(train.classes, train.parents, strict=True):
        of = {name} if parent < 0 else {name, train.classes[parent]}
        if all(of <= field.incomplete for field in train.images):
            raise RunError(
                gettext(
                    "{data}: every training image is marked as incomplete for {name}, so nothing shows what is not "
                    "{name}; annotate all {name} in some images and remove the mark there."
                ).format(data=train.folder, name=name)
            )
    incomplete = next((field for field in train.images if field.incomplete), None)
    if preset.detector != "retinanet" and incomplete is not None:
        raise RunError(
            gettext(
                "{file}: not all of its {name} are annotated, which only RetinaNet presets can handle; choose one of "
                "them, or omit this source with --sources."
            ).format(file=incomplete.path.name, name=min(incomplete.incomplete))
        )
