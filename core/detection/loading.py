"""Opening models: one that detects boxes, one that segments, or the classical method without a model."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from core.detection.detector import Detector
from core.detection.segmentation.classical import CLASSICAL, ClassicalModel
from core.detection.segmentation.detector import SegmentationDetector
from core.detection.segmentation.network import MaskNetwork
from core.errors import UserError
from core.models.network import Model
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.models.card import ModelCard
    from core.models.method import Method


class MethodError(UserError):
    """Counting methods that a model does not have; the message names them."""


AnyModel: TypeAlias = Model | MaskNetwork | ClassicalModel
CellDetector: TypeAlias = Detector | SegmentationDetector


def open_model(path: str | Path, methods_of: ModelCard | None = None) -> AnyModel:
    """Open a model file; ``classical`` stands for no model.

    Parameters
    ----------
    methods_of
        The card of an earlier use: the model gets its counting methods back if nothing else in its card has changed;
        the card of another model is ignored.

    Raises
    ------
    ModelError
        If the file is missing, no model, damaged, or not made for this program.
    """
    model = _open(path)
    if methods_of is None or not methods_of.methods or methods_of.methods.keys() != model.card.methods.keys():
        return model
    changed = with_methods(model, methods_of.methods)
    return changed if changed.card == methods_of else model


def detector_for(model: AnyModel) -> CellDetector:
    """Return the detector of a model."""
    return Detector(model) if isinstance(model, Model) else SegmentationDetector(model)


def _open(path: str | Path) -> AnyModel:
    if str(path) == CLASSICAL:
        return ClassicalModel()
    model = Model(path)
    return MaskNetwork(model) if model.card.kind == "segmentation" else model


def with_methods(model: AnyModel, methods: Mapping[str, Method]) -> AnyModel:
    """Return a segmentation model with other counting methods.

    The network is the same. To a session it is another model, with a name and a hash of its own, so that each count
    states its method; with the methods of its file it is again the model of the file.

    Parameters
    ----------
    methods
        Class names and the methods for them; the other classes stay as they are.

    Raises
    ------
    MethodError
        If it makes no masks, or a class is unknown to it.
    """
    if model.card.kind != "segmentation":
        raise MethodError(
            gettext("{card} finds boxes and no masks; how cells are counted cannot be chosen").format(
                card=model.card.name
            )
        )
    if unknown := sorted(methods.keys() - set(model.card.classes)):
        text = gettext("{name}: the model's classes are {classes}")
        raise MethodError(text.format(name=unknown[0], classes=", ".join(model.card.classes)))
    sha256, card = model.original
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
