"""Opening checkpoints, without ever running what is inside."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from core.classes import RED_CELL
from trainer.detection.network import build_detector
from trainer.recipes.recipe import Preset
from trainer.training.record import RunRecord, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.detection.network import Detector


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class TrainedModel:
    """A trained network and where it comes from.

    ``red_cells`` are the classes that are red cells; ``record`` is None if the run left none; ``note`` is what
    else the card should say.
    """

    model: Detector
    preset: Preset
    classes: tuple[str, ...]
    epochs: int
    record: RunRecord | None
    red_cells: tuple[str, ...] = (RED_CELL,)
    note: str = ""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint's tensors and plain values; anything else in it is refused, not run.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whatever is odd about the file, the answer is below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: refused, because it is damaged or holds more than weights; use a checkpoint that you trust."
        ) from error
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no such checkpoint; give the best.ckpt of a run folder.") from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise CheckpointError(
            f"{path}: the checkpoint is damaged or none; give the best.ckpt of a run folder."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: this is not a checkpoint of a run; give the best.ckpt of a run folder.")
    return content


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
            f"{path}: it was not made by this version of smearcount-train; train again or use that version."
        ) from error
    return TrainedModel(model.eval(), preset, classes, int(content.get("epoch", -1)) + 1, known, red_cells)


def load_average(paths: Sequence[Path], shares: Sequence[float]) -> TrainedModel:
    """Build the network whose weights are the weighted mean of those of several checkpoints.

    Checkpoints that one training led to often do better together on unseen pictures than each alone
    (Wortsman et al., "Model soups", ICML 2022). What the card says comes from the last one.

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
            raise CheckpointError(f"{path}: it is of another network than {paths[-1]}; average runs of one preset.")
        for name, value in average.items():
            if value.is_floating_point():
                value += share * state[name]
    last.model.load_state_dict(average)
    parts = (
        f"{share:g} x {path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path, share in zip(paths, shares, strict=True)
    )
    return replace(last, note=f"mean of {' and '.join(parts)}")
