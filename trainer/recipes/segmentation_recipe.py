"""Presets of segmentation networks: small readable TOML files, like those of the detectors."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from trainer.recipes.recipe import PresetError


@dataclass(frozen=True)
class SegmentPreset:
    """Everything that decides the training of a segmentation network besides the data and the hardware.

    ``width``: channels of the first level (64 in the papers). ``piece``: side of what it looks at, ``inside`` of what
    it speaks of, in pixels at a red cell diameter of ``red_cell_diameter``. The first ``mask_epochs`` teach the mask
    head (and the edge head the same); then the mask head is frozen and the edges are learned, for ``edge_epochs``.
    ``false_found`` and ``missed``: what the two kinds of mistakes weigh in Tversky's index. ``rendered``: the share of
    pieces that come from rendered smears, whose masks are exact; ``sought``: of the others, the share that is cut
    round a cell of a class that is drawn evenly.
    """

    name: str
    network: Literal["unet", "segnet"]
    width: int = 64
    piece: int = 188
    inside: int = 100
    red_cell_diameter: float = 32.0
    batch_size: int = 16
    batches_per_epoch: int = 100
    mask_epochs: int = 8
    edge_epochs: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    false_found: float = 0.3
    missed: float = 0.7
    rendered: float = 0.15
    sought: float = 0.5
    val_pieces: int = 128

    @property
    def output(self) -> int:
        """Side of the masks in pixels: SegNet gives them for the whole piece, a U-Net for its inside."""
        return self.inside if self.network == "unet" else self.piece

    @property
    def epochs(self) -> int:
        """All epochs."""
        return self.mask_epochs + self.edge_epochs


def built_in_segment_presets() -> list[str]:
    """Return the names of the presets that ship with the program."""
    folder = resources.files("trainer") / "recipes" / "segmentation"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


def is_segment_preset(name_or_path: str) -> bool:
    """Tell a preset of a segmentation network from one of a detector."""
    if name_or_path in built_in_segment_presets():
        return True
    try:
        return "network" in tomllib.loads(Path(name_or_path).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def load_segment_preset(name_or_path: str) -> SegmentPreset:
    """Read a built-in preset by name, or a preset file by path.

    Raises
    ------
    PresetError
        If it holds an unknown or unreadable entry, or sizes that do not go together.
    """
    if name_or_path in built_in_segment_presets():
        text = (resources.files("trainer") / "recipes" / "segmentation" / f"{name_or_path}.toml").read_text("utf-8")
    else:
        text = Path(name_or_path).read_text("utf-8")
    entries = tomllib.loads(text)
    known = {item.name for item in fields(SegmentPreset)} - {"name"}
    if unknown := sorted(entries.keys() - known):
        raise PresetError(f"{name_or_path}: unknown entry {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    try:
        preset = msgspec.convert({**entries, "name": Path(name_or_path).stem}, SegmentPreset)
    except msgspec.ValidationError as error:
        raise PresetError(f"{name_or_path}: an entry has the wrong kind of value ({error}).") from error
    return _checked(preset, name_or_path)


def _checked(preset: SegmentPreset, origin: str) -> SegmentPreset:
    problem = None
    numbers = (preset.width, preset.batch_size, preset.batches_per_epoch, preset.mask_epochs, preset.val_pieces)
    if min(numbers) < 1 or preset.edge_epochs < 0 or preset.red_cell_diameter < 4 or preset.learning_rate <= 0:
        problem = "a number that must be above 0 is not"
    elif preset.network == "unet" and (preset.piece - preset.inside != 88 or (preset.piece - 60) % 8 != 0):
        problem = "a U-Net needs a piece that is 88 pixels larger than its inside, such as 188 and 100, or 116 and 28"
    elif preset.network == "segnet" and (preset.piece % 32 or not 0 < preset.inside <= preset.piece):
        problem = "SegNet needs a piece of a multiple of 32 pixels, and an inside that is no larger"
    elif (preset.piece - preset.inside) % 2 or not (0 <= preset.rendered <= 1 and 0 <= preset.sought <= 1):
        problem = "the inside must lie in the middle of the piece, and shares between 0 and 1"
    if problem:
        raise PresetError(f"{origin}: {problem}.")
    return preset
