"""Fitting: a Lightning module, its data and the run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import cv2
import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchmetrics.detection import MeanAveragePrecision

from trainer.augment import Crop, cut_platelets, training_crop
from trainer.data import CANONICAL_CLASSES, DataSet, PreparedField, prepare
from trainer.model import build_retinanet
from trainer.preset import Preset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

MONITOR = "val_map50"
LARGEST_OVER_MODEL = 1.5
"""Fields are kept at up to this many times the model's red cell diameter."""

Sample = tuple[Tensor, dict[str, Tensor]]


class FieldStore:
    """Prepared fields of a split, read once and kept in memory.

    With ``fork`` the data workers share this memory, so it is filled before the first epoch.
    """

    def __init__(self, data: DataSet, preset: Preset) -> None:
        self.preset = preset
        self.fields = [prepare(field, LARGEST_OVER_MODEL * preset.red_cell_diameter) for field in data.fields]
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
    """The crops of one epoch, each a pure function of seed, epoch and index."""

    def __init__(self, store: FieldStore, seed: int, epoch: int) -> None:
        self.store, self.seed, self.epoch = store, seed, epoch

    def __len__(self) -> int:
        return self.store.preset.batch_size * self.store.preset.batches_per_epoch

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        return to_sample(training_crop(self.store.draw, self.store.platelet_bank, self.store.preset, rng))


class WholeFields(Dataset[Sample]):
    """Whole validation fields, scaled to the model's red cell diameter."""

    def __init__(self, store: FieldStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store.fields)

    def __getitem__(self, index: int) -> Sample:
        field = self.store.fields[index]
        scale = self.store.preset.red_cell_diameter / field.diameter
        image = cv2.resize(field.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return to_sample(Crop(image, field.boxes * scale, field.labels))


def to_sample(crop: Crop) -> Sample:
    """Return the image as float32 (3, H, W) in 0 to 1, and its target."""
    image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1))).float() / 255
    return image, {"boxes": torch.from_numpy(crop.boxes).float(), "labels": torch.from_numpy(crop.labels)}


def collate(samples: list[Sample]) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    return [image for image, _ in samples], [target for _, target in samples]


class CellData(lightning.LightningDataModule):
    """Training crops and validation fields."""

    def __init__(self, train: DataSet, val: DataSet, preset: Preset, seed: int, workers: int) -> None:
        super().__init__()
        self.train, self.val, self.preset, self.seed, self.workers = train, val, preset, seed, workers
        self.train_store: FieldStore | None = None
        self.val_store: FieldStore | None = None

    def setup(self, stage: str) -> None:
        if self.train_store is None:
            self.train_store = FieldStore(self.train, self.preset)
            self.val_store = FieldStore(self.val, self.preset)

    def train_dataloader(self) -> DataLoader[Sample]:
        assert self.train_store is not None and self.trainer is not None
        crops = TrainingCrops(self.train_store, self.seed, self.trainer.current_epoch)
        return DataLoader(
            crops,
            self.preset.batch_size,
            num_workers=self.workers,
            collate_fn=collate,
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        assert self.val_store is not None
        return DataLoader(WholeFields(self.val_store), 1, collate_fn=collate)


class CellDetector(lightning.LightningModule):
    """RetinaNet with AdamW and a one-cycle schedule."""

    def __init__(self, preset: dict[str, Any], class_names: tuple[str, ...], weights: str | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.preset = Preset(**preset)
        self.model = build_retinanet(self.preset, len(class_names), weights)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.metric = MeanAveragePrecision(
            backend="faster_coco_eval", max_detection_thresholds=[1, 100, 10_000], class_metrics=True
        )
        self.metric.warn_on_many_detections = False

    def training_step(self, batch: tuple[list[Tensor], list[dict[str, Tensor]]]) -> Tensor:
        losses = self.model(*batch)
        total = losses["classification"] + losses["bbox_regression"]
        self.log("loss", total, prog_bar=True, batch_size=len(batch[0]))
        self.log_dict(losses, batch_size=len(batch[0]))
        return total

    def validation_step(self, batch: tuple[list[Tensor], list[dict[str, Tensor]]]) -> None:
        images, targets = batch
        outputs = [{k: v.float() if k != "labels" else v for k, v in out.items()} for out in self.model(images)]
        self.metric.update(outputs, targets)

    def on_validation_epoch_end(self) -> None:
        values = self.metric.compute()
        self.metric.reset()
        self.log(MONITOR, values["map_50"].to(self.device, torch.float32), prog_bar=True)
        self.log("val_map", values["map"].to(self.device, torch.float32), prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        decay = [p for p in self.model.parameters() if p.requires_grad and p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [{"params": decay}, {"params": rest, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, self.preset.learning_rate, weight_decay=self.preset.weight_decay)
        steps = self.preset.epochs * self.preset.batches_per_epoch
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.preset.learning_rate, total_steps=steps, pct_start=0.15
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


@dataclass(frozen=True)
class RunOptions:
    """Where and on what a run happens; nothing here changes the model that comes out."""

    folder: Path
    seed: int = 0
    workers: int = 2
    precision: str = "32-true"
    accelerator: str = "auto"
    devices: str = "auto"
    progress: bool = True


def fit(train: DataSet, val: DataSet, preset: Preset, options: RunOptions, weights: str | None = None) -> Path:
    """Train a model, resuming from the run folder's last checkpoint if there is one.

    Returns the path of the best checkpoint by mean AP50 on ``val``.
    """
    cv2.setNumThreads(0)  # OpenCV's thread pool does not survive the fork of the data workers
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    module = CellDetector(asdict(preset), CANONICAL_CLASSES, weights)
    data = CellData(train, val, preset, options.seed, options.workers)
    best = ModelCheckpoint(
        options.folder, "best", monitor=MONITOR, mode="max", enable_version_counter=False
    )
    last = ModelCheckpoint(
        options.folder, "last", every_n_epochs=1, save_on_train_epoch_end=True, enable_version_counter=False
    )
    callbacks: list[lightning.Callback] = [
        best,
        last,
        EarlyStopping(MONITOR, mode="max", patience=preset.patience, check_on_train_epoch_end=False),
        LearningRateMonitor("step"),
    ]
    if options.progress:
        callbacks.append(TQDMProgressBar(refresh_rate=10))
    trainer = lightning.Trainer(
        accelerator=options.accelerator,
        devices=options.devices,
        precision=options.precision,  # type: ignore[arg-type]
        max_epochs=preset.epochs,
        check_val_every_n_epoch=preset.validate_every,
        gradient_clip_val=preset.gradient_clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        logger=CSVLogger(options.folder, name=None, version="log"),
        callbacks=callbacks,
        enable_progress_bar=options.progress,
        enable_model_summary=False,
    )
    checkpoint = options.folder / "last.ckpt"
    trainer.fit(module, data, ckpt_path=checkpoint if checkpoint.exists() else None, weights_only=True)
    return options.folder / "best.ckpt"
