"""Whatever finds cells: a detection model, a segmentation model, or no model at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from core.detector import Detector
from core.model import Model
from core.segcount.classical import CLASSICAL, ClassicalModel
from core.segcount.counter import SegmentCounter
from core.segcount.network import MaskNetwork

if TYPE_CHECKING:
    from pathlib import Path

AnyModel: TypeAlias = Model | ClassicalModel
CellFinder: TypeAlias = Detector | SegmentCounter


def open_model(path: str | Path) -> AnyModel:
    """Open a model file; ``classical`` stands for no model.

    Raises
    ------
    ModelError
        If the file is missing, no model, damaged, or not made for this program.
    """
    return ClassicalModel() if str(path) == CLASSICAL else Model(path)


def finder_of(model: AnyModel) -> CellFinder:
    """Return what finds cells with a model."""
    if isinstance(model, ClassicalModel):
        return SegmentCounter(model)
    return SegmentCounter(MaskNetwork(model)) if model.card.kind == "segmentation" else Detector(model)
