"""Trained detectors: the network of a checkpoint, or the mean of several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from core.classes import RED_CELL
from core.text import gettext
from trainer.detection.network import build_detector
from trainer.recipes.recipe import Preset
from trainer.training.checkpoint import CheckpointError, read_checkpoint
from trainer.training.record import RunRecord, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.detection.network import Detector


@dataclass(frozen=True)
class TrainedModel:
    """A trained network and where it comes from.

    ``red_cells`` are the classes that are red cells; ``record`` is None if the run left none; ``note`` is what
    else belongs on the card.
    """

    model: Detector
    preset: Preset
    classes: tuple[str, ...]
    epochs: int
    record: RunRecord | None
    red_cells: tuple[str, ...] = (RED_CELL,)
    note: str = ""

    def at_scale(self, red_cells: float) -> TrainedModel:
        """Return the model to be used at another red cell diameter, in pixels, than it was trained at."""
        note = f"trained at red cells of {self.preset.red_cell_diameter:g} pixels"
        notes = "; ".join(part for part in (self.note, note) if part)
        return replace(self, preset=replace(self.preset, red_cell_diameter=float(red_cells)), note=notes)


def load_trained(path: Path) -> TrainedModel:
    """Build the network of a checkpoint and load its weights.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used, or is not one of this trainer.
    """
    content = read_checkpoint(path)
    try:
        made_with = content["hyper_parameters"]
        preset = Preset(**made_with["preset"])
        classes = tuple(made_with["class_names"])
        frozen = made_with.get("weights") is not None
        state = {name.removeprefix("model."): value for name, value in content["state_dict"].items()}
        model = build_detector(preset, len(classes), frozen_norm=frozen)
        model.load_state_dict(state)
        record = made_with.get("record")
        red_cells = tuple(made_with.get("red_cells", (RED_CELL,)))
        known = msgspec.convert(record, RunRecord) if record else read_record(path.parent)
    except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            gettext("{file}: made by another version of smearcount-train; use that version, or train again.").format(
                file=path
            )
        ) from error
    return TrainedModel(model.eval(), preset, classes, int(content.get("epoch", -1)) + 1, known, red_cells)


def load_average(paths: Sequence[Path], shares: Sequence[float]) -> TrainedModel:
    """Build the network whose weights are the weighted mean of those of several checkpoints.

    Checkpoints that one training led to often do better together on unseen images than each alone
    (Wortsman et al., "Model soups", ICML 2022). The card describes the last one.

    Raises
    ------
    CheckpointError
        If a checkpoint cannot be used, or is of another network than the last one.
    """
    if len(paths) == 1:
        return load_trained(paths[0])
    last = load_trained(paths[-1])
    average = {
        name: shares[-1] * value if value.is_floating_point() else value
        for name, value in last.model.state_dict().items()
    }
    for path, share in zip(paths[:-1], shares, strict=False):
        other = load_trained(path)
        state = other.model.state_dict()
        if other.classes != last.classes or {n: v.shape for n, v in state.items()} != {
            n: v.shape for n, v in average.items()
        }:
            raise CheckpointError(
                gettext("{file}: has a different network than {other}; average runs of one preset.").format(
                    file=path, other=paths[-1]
                )
            )
        for name, value in average.items():
            if value.is_floating_point():
                value += share * state[name]
    last.model.load_state_dict(average)
    parts = (
        f"{share:g} x {path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path, share in zip(paths, shares, strict=True)
    )
    return replace(last, note=f"mean of {' and '.join(parts)}")
