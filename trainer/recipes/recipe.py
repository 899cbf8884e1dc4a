"""Presets of detectors: small readable TOML files that describe how a model is built and trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.text import gettext

LITE_BACKBONES = ("lite0", "lite1", "lite2")
NARROW_BACKBONE = "resnet10-narrow"
"""For trials: half as deep as ResNet-18 and a quarter as wide, so that little is to be learned, kept and loaded."""

BACKBONES = ("resnet18", "resnet34", "resnet50", *LITE_BACKBONES, NARROW_BACKBONE)
MOST_HEAD_CONVOLUTIONS = 4
PYRAMID_LEVELS = {"retinanet": 3, "faster_rcnn": 4}
"""Detectors and their levels: strides 8 to 32, and 4 to 32."""

_COUNTS = (
    "fpn_channels",
    "head_convolutions",
    "batch_size",
    "batches_per_epoch",
    "epochs",
    "validate_every",
    "step_epochs",
)


@dataclass(frozen=True)
class Preset:
    """Everything that decides a training run besides the data and the hardware.

    Network: ``anchor_sizes`` has one tuple for each pyramid level, in pixels; ``red_cell_diameter`` is the size
    in pixels that red cells are scaled to before they reach the network; a ``frozen_backbone`` keeps the
    weights that the run starts from; so do the first ``frozen_blocks`` of a Lite backbone, with what lies before
    them. ``head_convolutions`` is how deep RetinaNet's two heads are. ``box_loss`` is the distance that boxes learn
    by: of their offsets (``l1``) or their generalised overlap (``giou``, Rezatofighi et al. 2019); Faster R-CNN
    knows only its own.

    Schedule: ``one-cycle`` rises to ``learning_rate`` and falls over all batches, ``step`` multiplies by
    ``step_factor`` every ``step_epochs`` epochs, ``constant`` stays. A checkpoint is kept after each of
    ``keep_epochs``, beside the best and the last. ``average_weights`` is the share that the running mean of the
    weights keeps of itself at each step: the mean is what is validated, kept and exported; 0 takes the weights as
    they are.

    Crops: ``augmentation`` is ``smear`` (geometry, stain, light and camera), ``flip-and-colour``, ``sharpen``
    (contrast, brightness, unsharp mask) or ``none``; the entries below it are shares of crops, or of panes, and
    belong to ``smear``: among them red cells laid over others (``overlap``), white cells laid on top
    (``paste_white``), stain precipitate and smudged nuclei (``artefacts``), blue or grey red cells
    (``tinted_cells``), other lamps and lenses (``cameras``), the rim of an eyepiece (``eyepieces``). Cells of the
    classes in ``paste_classes`` are pasted into empty places. Fields with a
    class that fewer than the share ``repeat_threshold`` of the fields hold are drawn more often.
    """

    name: str
    detector: Literal["retinanet", "faster_rcnn"] = "retinanet"
    backbone: str = "resnet18"
    frozen_backbone: bool = False
    frozen_blocks: int = 0
    head_convolutions: int = 4
    fpn_channels: int = 128
    anchor_sizes: tuple[tuple[float, ...], ...] = ((16, 24, 36), (52, 72, 100), (140, 190, 260))
    box_loss: Literal["l1", "giou"] = "l1"
    red_cell_diameter: float = 64.0
    crop: int = 320
    batch_size: int = 8
    batches_per_epoch: int = 113
    epochs: int = 16
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 8e-4
    momentum: float = 0.9
    weight_decay: float = 0.02
    schedule: Literal["one-cycle", "step", "constant"] = "one-cycle"
    step_epochs: int = 10
    step_factor: float = 0.1
    gradient_clip: float = 1.0
    average_weights: float = 0.0
    patience: int = 10
    validate_every: int = 2
    keep_epochs: tuple[int, ...] = ()
    repeat_threshold: float = 0.75
    augmentation: Literal["smear", "flip-and-colour", "sharpen", "none"] = "smear"
    mosaic: float = 0.5
    rendered: float = 0.12
    paste: float = 0.6
    paste_classes: tuple[str, ...] = ("Platelets",)
    vary_pallor: float = 0.3
    ghosts: float = 0.25
    restain: float = 0.9
    overlap: float = 0.0
    paste_white: float = 0.0
    artefacts: float = 0.0
    tinted_cells: float = 0.0
    cameras: float = 0.0
    eyepieces: float = 0.0

    def problem(self) -> str | None:
        """Return what is wrong with the values, None if they go together."""
        low = [name for name in _COUNTS if getattr(self, name) < 1]
        low += [name for name in ("red_cell_diameter", "learning_rate") if getattr(self, name) <= 0]
        levels = PYRAMID_LEVELS[self.detector]
        if self.backbone not in BACKBONES:
            return gettext("backbone {backbone!r} is not one of {known}").format(
                backbone=self.backbone, known=", ".join(BACKBONES)
            )
        if len(self.anchor_sizes) != levels or not all(self.anchor_sizes):
            return gettext("anchor_sizes needs sizes for each of {n} pyramid levels").format(n=levels)
        if len({len(level) for level in self.anchor_sizes}) > 1:
            return gettext("anchor_sizes needs the same number of sizes on each pyramid level")
        if low:
            return gettext("{entry} is too small; it must be at least 1, a size or rate above 0").format(entry=low[0])
        if min(size for level in self.anchor_sizes for size in level) <= 0 or min(self.keep_epochs, default=1) < 1:
            return gettext("anchor_sizes must be above 0, and keep_epochs at least 1")
        if self.frozen_blocks and self.backbone not in LITE_BACKBONES:
            return gettext("frozen_blocks works only with {backbones}; use frozen_backbone").format(
                backbones=", ".join(LITE_BACKBONES)
            )
        if self.head_convolutions > MOST_HEAD_CONVOLUTIONS:
            return gettext("head_convolutions is above {n}").format(n=MOST_HEAD_CONVOLUTIONS)
        if self.detector != "retinanet" and self.box_loss != "l1":
            return gettext("box_loss {box_loss!r} works only with RetinaNet").format(box_loss=self.box_loss)
        if not 0 <= self.average_weights < 1:
            return gettext("average_weights {share} is not a share from 0 to below 1").format(
                share=self.average_weights
            )
        if self.crop < 64 or self.crop % 32:
            return gettext("crop {crop} is not a multiple of 32 from 64 on").format(crop=self.crop)
        return None
