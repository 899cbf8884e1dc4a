"""Small segmentation presets, and exact masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.recipes.load import load_preset
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.masks import exact_masks

if TYPE_CHECKING:
    from core.imaging.synthetic import RenderedSmear

TINY = load_preset(SegmentPreset, "tiny-unet")
TINY_SEGNET = SegmentPreset("tiny-segnet", "segnet", width=2, piece=64, inside=48, red_cell_diameter=16)


def exact(smear: RenderedSmear, diameter: float) -> np.ndarray:
    size = smear.image.shape[:2]
    return exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, size, 3, diameter).values
