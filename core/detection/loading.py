"""Whatever finds cells: a detection model, a segmentation model, or no model at all."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from core.detection.detector import Detector
from core.detection.segmentation.classical import CLASSICAL, ClassicalModel
from core.detection.segmentation.detector import SegmentCounter
from core.detection.segmentation.network import MaskNetwork
from core.models.network import Model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.models.card import ModelCard
    from core.models.method import Method

AnyModel: TypeAlias = Model | MaskNetwork | ClassicalModel
CellFinder: TypeAlias = Detector | SegmentCounter


def open_model(path: str | Path, like: ModelCard | None = None) -> AnyModel:
    """Open a model file; ``classical`` stands for no model.

    Parameters
    ----------
    like
        The card that it had when it was in use before: its masks are counted as they were then, if only that was
        changed since; the card of another model means nothing.

    Raises
    ------
    ModelError
        If the file is missing, no model, damaged, or not made for this program.
    """
    model = _open(path)
    if like is None or not like.methods or like.methods.keys() != model.card.methods.keys():
        return model
    changed = counted_by(model, like.methods)
    return changed if changed.card == like else model


def finder_of(model: AnyModel) -> CellFinder:
    """Return what finds cells with a model."""
    return Detector(model) if isinstance(model, Model) else SegmentCounter(model)


def _open(path: str | Path) -> AnyModel:
    if str(path) == CLASSICAL:
        return ClassicalModel()
    model = Model(path)
    return MaskNetwork(model) if model.card.kind == "segmentation" else model


def counted_by(model: AnyModel, methods: Mapping[str, Method]) -> AnyModel:
    """Return a segmentation model whose masks are counted in another way.

    The network is the same one. To a session it is another model, with a name and a hash of its own, so that a count
    says how it came about; with the methods of its file it is again the model of the file.

    Parameters
    ----------
    methods
        Class names and the methods for them; the other classes stay as they are.

    Raises
    ------
    ValueError
        If it makes no masks, or does not know a class.
    """
    if model.card.kind != "segmentation":
        raise ValueError(f"{model.card.name} finds boxes and no masks; how cells are counted cannot be chosen")
    if unknown := sorted(methods.keys() - set(model.card.classes)):
        raise ValueError(f"{unknown[0]}: the model's classes are {', '.join(model.card.classes)}")
    sha256, card = model.as_made
    counting = {
        name: msgspec.structs.replace(how, method=methods.get(name, how.method))
        for name, how in model.card.counting.items()
    }
    changed = copy.copy(model)
    if counting == card.counting:
        changed.sha256, changed.card = sha256, card
        return changed
    others = [f"{name} by {how.method}" for name, how in counting.items() if how != card.counting[name]]
    changed.card = msgspec.structs.replace(card, counting=counting, name=f"{card.name} ({', '.join(others)})")
    changed.sha256 = hashlib.sha256(sha256.encode() + msgspec.json.encode(counting)).hexdigest()
    return changed
