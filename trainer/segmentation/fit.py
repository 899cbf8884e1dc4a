"""Training a segmentation network: masks first, then edges."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import lightning
import torch
from torch import nn

from core.classes import RED_CELL
from core.text import gettext
from trainer.dataset.masks import EDGE
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.data import mask_data
from trainer.segmentation.losses import MaskLoss, mask_measures
from trainer.segmentation.network import build_network
from trainer.training.loop import BEST, Rhythm, RunOptions, begin, check_loss, train_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor
    from torchmetrics import MetricCollection

    from trainer.dataset.load import DataSet
    from trainer.segmentation.data import Sample

MONITOR = "val_score"
_GRADIENT_CLIP = 1.0


class CellSegmenter(lightning.LightningModule):
    """A segmentation network with the optimizer and the two phases of its preset.

    In the first phase both heads learn the masks (the edge head that of any cell), in the second the mask head is
    frozen and the edge head learns the edges: "train the outputs on the large data set, which will output two
    identical masks; continue with masks and edges, and freeze the mask output" (Gharbi et al.).
    """

    def __init__(
        self,
        segment_preset: dict[str, Any],
        class_names: tuple[str, ...],
        record: dict[str, Any] | None = None,
        red_cells: tuple[str, ...] = (RED_CELL,),
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.preset = SegmentPreset(**segment_preset)
        self.class_names = class_names
        self.model = build_network(self.preset, len(class_names))
        weights = self.preset.false_found, self.preset.missed
        self.loss = MaskLoss(*weights)
        self.measures = nn.ModuleDict({name: mask_measures(*weights, f"val_{name}_") for name in (*class_names, EDGE)})

    @property
    def learns_edges(self) -> bool:
        """Whether the second phase has begun."""
        return self.current_epoch >= self.preset.mask_epochs

    def on_train_epoch_start(self) -> None:
        """Freeze the mask head as the second phase begins."""
        self.model.mask_head.requires_grad_(not self.learns_edges)

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of both heads.

        Raises
        ------
        TrainingError
            If it is no number.
        """
        pieces, truth = batch
        masks, edge = self.model(pieces.float() / 255)
        wanted = truth[:, -1:] if self.learns_edges else truth[:, :-1].amax(dim=1, keepdim=True)
        losses = {"loss_mask": self.loss(masks, truth[:, :-1]), "loss_edge": self.loss(edge, wanted)}
        total = torch.stack(list(losses.values())).sum()
        check_loss(self, total, batch_idx)
        self.log("loss", total, prog_bar=True, batch_size=len(pieces), sync_dist=True)
        self.log_dict(losses, batch_size=len(pieces), sync_dist=True)
        return total

    def validation_step(self, batch: Sample) -> None:
        """Measure the masks of some pieces."""
        pieces, truth = batch
        predicted = torch.cat(self.model(pieces.float() / 255), dim=1).sigmoid()
        for place, (_, measure) in enumerate(self._collections()):
            measure.update(predicted[:, place], truth[:, place].long())

    def _collections(self) -> list[tuple[str, MetricCollection]]:
        return [(name, cast("MetricCollection", measure)) for name, measure in self.measures.items()]

    def on_validation_epoch_end(self) -> None:
        """Log the measures of each class and of the edges; the mean Dice of all of them chooses the best epoch."""
        dice = []
        for name, measure in self._collections():
            values = measure.compute()
            measure.reset()
            self.log_dict(values, sync_dist=True)
            dice.append(values[f"val_{name}_dice"])
        self.log(MONITOR, torch.stack(dice).mean(), prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> dict[str, Any]:
        """Return AdamW with a rate that rises and falls once over the whole run."""
        preset = self.preset
        optimizer = torch.optim.AdamW(self.model.parameters(), preset.learning_rate, weight_decay=preset.weight_decay)
        steps = preset.epochs * preset.batches_per_epoch
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, preset.learning_rate, total_steps=steps, pct_start=0.2)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


class ProgressReport(lightning.Callback):
    """Reports each epoch, and at the end the classes that were never found."""

    def __init__(self, report: Callable[[str], None], names: tuple[str, ...]) -> None:
        self.report, self.names = report, names
        self._found: set[str] = set()

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say the loss and the Dice of each mask."""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        dice = ", ".join(f"{name} {values.get(f'val_{name}_dice', 0):.3f}" for name in (*self.names, EDGE))
        self._found |= {name for name in self.names if values.get(f"val_{name}_dice", 0) > 0}
        self.report(
            gettext("Epoch {epoch} of {n}: loss {loss:.3f}, Dice on val: {dice}").format(
                epoch=trainer.current_epoch + 1,
                n=trainer.max_epochs,
                loss=values.get("loss", float("nan")),
                dice=dice,
            )
        )

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report the classes that were not found in any epoch."""
        for name in self.names:
            if name not in self._found:
                self.report(
                    gettext(
                        "{name}: nothing was found on val, so the model will count none; train for more epochs "
                        "(--epochs), and check that train and val contain such cells (smearcount-train data explore)."
                    ).format(name=name)
                )


def fit_segmenter(
    train: DataSet,
    val: DataSet,
    preset: SegmentPreset,
    options: RunOptions,
    report: Callable[[str], None] = lambda _text: None,
    masks: Path | None = None,
) -> Path:
    """Train a segmentation network, going on from the run folder's last checkpoint if there is one.

    Parameters
    ----------
    train, val
        What to learn from, and what to choose the best epoch by (mean Dice of masks and edges).
    masks
        Folder of mask files; fields without any, and all if it is None, get masks from their boxes.

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
    start = begin(preset, train, val, options, report)
    if start is None:
        return options.folder / BEST
    module = CellSegmenter(asdict(preset), train.classes, start.record.as_dict(), tuple(sorted(train.red_cells)))
    data = mask_data(train, val, preset, options.seed, options.workers, masks)
    rhythm = Rhythm(MONITOR, preset.epochs, preset.batches_per_epoch, _GRADIENT_CLIP)
    return train_module(module, data, options, rhythm, [ProgressReport(report, train.classes)], start.checkpoint)
