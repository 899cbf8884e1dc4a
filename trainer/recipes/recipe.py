"""Presets: small readable TOML files that say how a model is built and trained."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

LITE_BACKBONES = ("lite0", "lite1", "lite2")
BACKBONES = ("resnet18", "resnet34", "resnet50", *LITE_BACKBONES)
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
    ``keep_epochs``, beside the best and the last.

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


class PresetError(ValueError):
    """A preset that cannot be read; the message names the file and the remedy."""


def built_in_presets() -> list[str]:
    """Return the names of the presets that ship with the program."""
    folder = resources.files("trainer") / "recipes" / "detection"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


def load_preset(name_or_path: str) -> Preset:
    """Read a built-in preset by name, or a preset file by path.

    The entry ``like`` names a built-in preset whose entries hold wherever the file says nothing else.

    Raises
    ------
    PresetError
        If there is no such preset, or it holds an unknown or unreadable entry.
    """
    entries = _read_entries(name_or_path)
    known_entries = {item.name for item in dataclasses.fields(Preset)} - {"name"}
    if unknown := sorted(entries.keys() - known_entries):
        raise PresetError(
            f"{name_or_path}: unknown entry {unknown[0]!r}; known are {', '.join(sorted(known_entries))}."
        )
    try:
        preset = msgspec.convert({**entries, "name": Path(name_or_path).stem}, Preset)
    except msgspec.ValidationError as error:
        raise PresetError(f"{name_or_path}: an entry has the wrong kind of value ({error}).") from error
    _check(preset, name_or_path)
    return preset


def _read_entries(name_or_path: str) -> dict[str, Any]:
    if name_or_path in built_in_presets():
        text = (resources.files("trainer") / "recipes" / "detection" / f"{name_or_path}.toml").read_text("utf-8")
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_text("utf-8")
    else:
        known = ", ".join(built_in_presets())
        raise PresetError(f"{name_or_path}: no such preset; choose one of {known}, or give a .toml file.")
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"{name_or_path}: not a readable preset ({error}).") from error
    if (base := entries.pop("like", None)) is None:
        return entries
    if base == name_or_path or base not in built_in_presets():
        known = ", ".join(name for name in built_in_presets() if name != name_or_path)
        raise PresetError(f"{name_or_path}: like {base!r} names no other built-in preset; choose one of {known}.")
    return {**_read_entries(base), **entries}


def _check(preset: Preset, origin: str) -> None:
    low = [name for name in _COUNTS if getattr(preset, name) < 1]
    low += [name for name in ("red_cell_diameter", "learning_rate") if getattr(preset, name) <= 0]
    levels = PYRAMID_LEVELS[preset.detector]
    problem = None
    if preset.backbone not in BACKBONES:
        problem = f"backbone {preset.backbone!r} is none of {', '.join(BACKBONES)}"
    elif len(preset.anchor_sizes) != levels or not all(preset.anchor_sizes):
        problem = f"anchor_sizes needs sizes for each of {levels} pyramid levels"
    elif len({len(level) for level in preset.anchor_sizes}) > 1:
        problem = "anchor_sizes needs as many sizes on each pyramid level"
    elif low:
        problem = f"{low[0]} is too small; it must be at least 1, a size or rate above 0"
    elif min(size for level in preset.anchor_sizes for size in level) <= 0 or min(preset.keep_epochs, default=1) < 1:
        problem = "anchor_sizes must be above 0, and keep_epochs at least 1"
    elif preset.frozen_blocks and preset.backbone not in LITE_BACKBONES:
        problem = f"frozen_blocks is for the backbones {', '.join(LITE_BACKBONES)}; use frozen_backbone"
    elif preset.head_convolutions > 4:
        problem = "head_convolutions is more than 4"
    elif preset.detector != "retinanet" and preset.box_loss != "l1":
        problem = f"box_loss {preset.box_loss!r} is one of RetinaNet's"
    elif preset.crop < 64 or preset.crop % 32:
        problem = f"crop {preset.crop} is not a multiple of 32 from 64 on"
    if problem is not None:
        raise PresetError(f"{origin}: {problem}.")
