"""Masks without a network: Otsu's threshold, two stains told apart, and morphology.

The road of the earlier literature (Bhavnani et al. 2016, Otsu and morphology, then watershed or circle Hough
transform). It needs no training, so that it also counts where no model fits the stain; it does not know what a cell
is, and takes everything for one that has the right size and colour.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.detection.segmentation.masks import CellMasks
from core.imaging.illumination import WHITE
from core.imaging.scale import fill_holes, stained_area
from core.models.card import ModelCard
from core.models.method import CountingMethod, Method
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.errors import CancelFlag

CLASSICAL = "classical"
"""What is given in place of a model file to count without a model."""

_RBC, _WBC, _PLATELETS = range(3)
_AZURE = np.array([0.45, 0.87, 0.18], np.float32)
"""Optical density of nuclei and platelets in red, green and blue, of length 1: the mean of four laboratories."""

_LEAST_AZURE = 0.12  # optical density; below it is the noise of a pale stain
_AZURE_SHARE = 0.45  # of the density of red cells; below it is their own variation
_MOST_AZURE = 2.0  # times the least
_NUCLEUS_SHARE = 0.65  # of that level is enough for something as large as a nucleus
_LEAST_CERTAINTY = 0.31  # of what was taken for a cell: just above the threshold of the card
_STEEPNESS = 4.0  # how fast certainty grows with the distance from a threshold

# Lengths in red cell diameters
_CLOSING = 0.3  # bridges the lobes of a nucleus
_NUCLEUS = 0.72  # the smallest nucleus, as a circle of its area; smaller is a platelet
_SPECK = 0.14
_PLASMA = 0.14  # how far a white cell reaches beyond its nucleus
_RIM = 0.05  # how far a platelet reaches beyond its core

CARD = ModelCard(
    name="No model: classical",
    architecture=gettext("Otsu's threshold, separation of two stains, morphology"),
    kind="segmentation",
    classes=("RBC", "WBC", "Platelets"),
    thresholds={"RBC": 0.5, "WBC": 0.5, "Platelets": 0.5},
    score_floor=0.3,
    red_cell_diameter=40.0,
    counting={
        "RBC": CountingMethod(method=Method.HOUGH, threshold=0.3),
        "WBC": CountingMethod(method=Method.COMPONENTS, threshold=0.3, typical=1.8, smallest=0.8),
        "Platelets": CountingMethod(method=Method.COMPONENTS, threshold=0.3, typical=0.4, smallest=0.2),
    },
    notes=gettext("Nothing was learned. Cells are told apart by density, colour and size alone."),
)


class ClassicalModel:
    """Stands where a model file stands: it has a card and a hash, and makes masks of a field."""

    def __init__(self) -> None:
        self.path = Path(CLASSICAL)
        self.card = CARD
        self.sha256 = hashlib.sha256(CARD.to_json().encode()).hexdigest()
        self.original = self.sha256, self.card

    def masks(
        self,
        field: NDArray[np.uint8],
        diameter: float,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelFlag | None = None,
    ) -> CellMasks:
        """Make masks of a field, uint8 RGB (H, W, 3) under even light; ``diameter`` of a red cell in its pixels."""
        masks = CellMasks(_probabilities(field, diameter), None, diameter)
        if progress is not None:
            progress(1, 1)
        return masks


def _probabilities(field: NDArray[np.uint8], diameter: float) -> NDArray[np.float32]:
    """Return how certainly a pixel belongs to a red cell, a white cell and a platelet, float32 (3, H, W)."""
    height, width = field.shape[:2]
    result = np.zeros((3, height, width), np.float32)
    stained = stained_area(field)
    if stained is None or not stained.any():
        return result
    density = -np.log(np.maximum(field, 1).astype(np.float32) / np.float32(WHITE))
    smooth = np.asarray(cv2.GaussianBlur(density, (0, 0), max(0.02 * diameter, 0.5)), np.float32)
    red, azure = _separate(smooth, stained)
    level = _azure_level(azure, red, stained)
    nuclei, _ = _large_and_small(azure > _NUCLEUS_SHARE * level, diameter)
    _, platelets = _large_and_small(azure > level, diameter)
    white = _grown(nuclei, _PLASMA * diameter)
    platelets = _grown(platelets, _RIM * diameter) & ~white & 1
    others = stained & ~white & ~platelets & 1
    rim = float(np.median(red[others > 0])) if others.any() else 1.0
    for label, mask, certainty in (
        (_RBC, others, _certainty(red + np.maximum(azure, 0), rim / 2)),
        (_WBC, white, _certainty(azure, level)),
        (_PLATELETS, platelets, _certainty(azure, level)),
    ):
        result[label] = np.where(mask > 0, np.maximum(certainty, _LEAST_CERTAINTY), 0)
    return result


def _separate(
    density: NDArray[np.float32], stained: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Separate density (H, W, 3) into that of red cells and that of nuclei and platelets, each (H, W).

    Colour deconvolution (Ruifrok and Johnston 2001) into two stains, of which that of the red cells is taken from
    the field itself: most of what is stained are red cells.
    """
    colour = np.median(density[stained > 0], axis=0).astype(np.float32)
    colour /= max(float(np.linalg.norm(colour)), 1e-6)
    stains = np.stack([colour, _AZURE])
    weights = np.linalg.pinv(stains).astype(np.float32)  # (3, 2)
    amounts = density.reshape(-1, 3) @ weights
    red, azure = amounts.reshape(*density.shape[:2], 2).transpose(2, 0, 1)
    return red, azure


def _azure_level(azure: NDArray[np.float32], red: NDArray[np.float32], stained: NDArray[np.uint8]) -> float:
    """Return the amount above which a pixel is nucleus or platelet.

    Otsu's threshold where it finds two groups; never within the variation of the red cells.
    """
    amounts = azure[stained > 0]
    least = max(_LEAST_AZURE, _AZURE_SHARE * float(np.median(red[stained > 0])))
    scaled = np.clip(amounts * 100, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(np.clip(otsu / 100, least, _MOST_AZURE * least))


def _large_and_small(azure: NDArray[np.bool_], diameter: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Sort what is azure into nuclei and platelets by size; masks of 0 and 1. The lobes of a nucleus are one."""
    closed = np.asarray(cv2.morphologyEx(azure.astype(np.uint8), cv2.MORPH_CLOSE, _disc(_CLOSING * diameter)), np.uint8)
    fill_holes(closed, (0.5 * diameter) ** 2)
    found = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_32S)
    components, stats = np.asarray(found[1], np.int32), found[2]
    area = stats[:, cv2.CC_STAT_AREA]
    large = area >= math.pi / 4 * (_NUCLEUS * diameter) ** 2
    small = ~large & (area >= math.pi / 4 * (_SPECK * diameter) ** 2)
    large[0] = small[0] = False
    return large.astype(np.uint8)[components], small.astype(np.uint8)[components]


def _grown(mask: NDArray[np.uint8], reach: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.dilate(mask, _disc(2 * reach)), np.uint8)


def _disc(diameter: float) -> NDArray[np.uint8]:
    side = max(int(diameter) | 1, 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _certainty(amount: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Return 0.5 at the level, towards 0 below and 1 above it."""
    return (1 / (1 + np.exp(-_STEEPNESS * np.clip(amount / level - 1, -10, 10)))).astype(np.float32)
