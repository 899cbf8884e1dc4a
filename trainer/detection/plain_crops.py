"""The plain crops of published recipes: one piece of one field at its own scale, little changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torchvision.transforms.v2 import functional

from trainer.augmentation.smear import cut_piece

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

    from trainer.augmentation.crop import Crop
    from trainer.augmentation.smear import Material


def plain_crop(material: Material, rng: Generator) -> Crop:
    """Cut one crop and change it by the preset's ``augmentation``: ``none``, or one of the two below.

    Notes
    -----
    ``flip-and-colour`` mirrors half of the crops and varies brightness, contrast and saturation by up to a
    fifth and hue by up to 0.02; ``sharpen`` varies brightness and contrast and sharpens. "Generalizable Blood Cell
    Detection via Unified Dataset and Faster R-CNN" names these steps without their strengths.
    """
    preset = material.preset
    source = material.draw(rng)
    scale = preset.red_cell_diameter / source.diameter
    crop = cut_piece(source, preset.crop, preset.crop, (scale, scale), rng)
    if preset.augmentation == "flip-and-colour" and rng.random() < 0.5:
        crop.image = np.ascontiguousarray(crop.image[:, ::-1])
        crop.boxes = np.stack(
            [preset.crop - crop.boxes[:, 2], crop.boxes[:, 1], preset.crop - crop.boxes[:, 0], crop.boxes[:, 3]], axis=1
        )
    if preset.augmentation != "none":
        pixels = torch.from_numpy(crop.image.transpose(2, 0, 1).copy())
        change = _colour if preset.augmentation == "flip-and-colour" else _sharpen
        crop.image = np.ascontiguousarray(change(pixels, rng).numpy().transpose(1, 2, 0))
    if source.incomplete:
        crop.incomplete = [((0, 0, preset.crop, preset.crop), source.incomplete)]
    return crop


def _colour(pixels: Tensor, rng: Generator) -> Tensor:
    pixels = _light(pixels, rng)
    pixels = functional.adjust_saturation(pixels, float(rng.uniform(0.8, 1.2)))
    return functional.adjust_hue(pixels, float(rng.uniform(-0.02, 0.02)))


def _sharpen(pixels: Tensor, rng: Generator) -> Tensor:
    return functional.adjust_sharpness(_light(pixels, rng), float(rng.uniform(1, 3)))


def _light(pixels: Tensor, rng: Generator) -> Tensor:
    pixels = functional.adjust_brightness(pixels, float(rng.uniform(0.8, 1.2)))
    return functional.adjust_contrast(pixels, float(rng.uniform(0.8, 1.2)))
