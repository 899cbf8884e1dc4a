"""Presets: small readable TOML files that say how a model is built and trained."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

BACKBONES = ("resnet18", "resnet34", "resnet50")
PYRAMID_LEVELS = 3


@dataclass(frozen=True)
class Preset:
    """Everything that decides a training run besides the data and the hardware.

    Lengths are in pixels. ``anchor_sizes`` has one tuple for each pyramid level (strides 8, 16, 32).
    ``red_cell_diameter`` is the size that red cells are scaled to before they reach the network.
    """

    name: str
    backbone: str = "resnet18"
    fpn_channels: int = 128
    anchor_sizes: tuple[tuple[float, ...], ...] = ((16, 24, 36), (52, 72, 100), (140, 190, 260))
    red_cell_diameter: float = 64.0
    crop: int = 320
    batch_size: int = 8
    batches_per_epoch: int = 113
    epochs: int = 16
    learning_rate: float = 8e-4
    weight_decay: float = 0.02
    gradient_clip: float = 1.0
    patience: int = 10
    validate_every: int = 2
    mosaic: float = 0.5
    rendered: float = 0.12
    paste_platelets: float = 0.6
    vary_pallor: float = 0.3
    ghosts: float = 0.25


class PresetError(ValueError):
    """A preset that cannot be read; the message names the file and the remedy."""


def built_in_presets() -> list[str]:
    """Return the names of the presets that ship with the program."""
    folder = resources.files("trainer") / "presets"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


def load_preset(name_or_path: str) -> Preset:
    """Read a built-in preset by name, or a preset file by path.

    Raises
    ------
    PresetError
        If there is no such preset, or it holds an unknown or unreadable entry.
    """
    if name_or_path in built_in_presets():
        text = (resources.files("trainer") / "presets" / f"{name_or_path}.toml").read_text("utf-8")
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_text("utf-8")
    else:
        known = ", ".join(built_in_presets())
        raise PresetError(f"{name_or_path}: no such preset; choose one of {known}, or give a .toml file.")
    try:
        entries: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"{name_or_path}: not a readable preset ({error}).") from error
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


def _check(preset: Preset, origin: str) -> None:
    counts = (preset.fpn_channels, preset.batch_size, preset.batches_per_epoch, preset.epochs, preset.validate_every)
    lengths = (
        preset.red_cell_diameter,
        preset.learning_rate,
        *(size for level in preset.anchor_sizes for size in level),
    )
    problem = None
    if preset.backbone not in BACKBONES:
        problem = f"backbone {preset.backbone!r} is none of {', '.join(BACKBONES)}"
    elif len(preset.anchor_sizes) != PYRAMID_LEVELS or not all(preset.anchor_sizes):
        problem = f"anchor_sizes needs sizes for each of {PYRAMID_LEVELS} pyramid levels"
    elif len({len(level) for level in preset.anchor_sizes}) > 1:
        problem = "anchor_sizes needs as many sizes on each pyramid level"
    elif min(counts) < 1 or min(lengths) <= 0:
        problem = "counts must be at least 1, and sizes and learning_rate above 0"
    elif preset.crop < 64 or preset.crop % 32:
        problem = f"crop {preset.crop} is not a multiple of 32 from 64 on"
    if problem is not None:
        raise PresetError(f"{origin}: {problem}.")
