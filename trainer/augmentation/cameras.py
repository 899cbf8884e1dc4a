"""Other laboratories' light and optics: tinted lamps, coloured vignettes, defocus rings, eyepieces, hard sharpening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.augmentation.crop import Crop

_LAMPS = np.array([[-1, 1, -1], [1, -1, 1], [1, 0.2, -1], [-1, 0.2, 1]], np.float32)
"""Directions of what is left of a lamp's colour once the light is divided out: green, violet, yellow, blue."""


def tint_lamp(image: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Return an image float32 (H, W, 3) under a lamp of another colour, seen by a camera that mixes colours."""
    lamp = _LAMPS[int(rng.integers(len(_LAMPS)))]
    tint = np.exp(lamp * float(rng.uniform(0, 0.14)))
    mix = np.eye(3, dtype=np.float32) + rng.normal(0, 0.08, (3, 3)).astype(np.float32)
    mix /= mix.sum(axis=1, keepdims=True)
    return np.asarray(cv2.transform(image, mix) * tint, np.float32)


def add_vignette(image: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Return an image float32 (S, S, 3) with the part of a vignette that no quadratic surface divides out."""
    size = image.shape[0]
    reach = float(rng.uniform(1, 3))  # crops show a part of the field
    middle = rng.uniform(-1, 1, 2) * (reach - 1)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    radius = np.hypot((axis[None] - middle[0]) / reach, (axis[:, None] - middle[1]) / reach) / np.sqrt(2)
    fall = radius ** int(rng.integers(3, 8)) - 0.3 * radius**2
    depth = rng.uniform(0, 0.35) + rng.normal(0, 0.07, 3)
    return np.asarray(image * np.exp(-fall[..., None] * depth), np.float32)


def add_rings(image: NDArray[np.float32], diameter: float, rng: Generator) -> NDArray[np.float32]:
    """Return an image float32 (H, W, 3) a little out of focus: edges get a bright or a dark line beside them."""
    radius = max(round(diameter * float(rng.uniform(0.01, 0.06))), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    soft = cv2.filter2D(image, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    wide = cv2.GaussianBlur(image, (0, 0), 1.8 * radius)
    return np.asarray(soft + float(rng.uniform(-0.7, 1.3)) * (soft - wide), np.float32)


def sharpen(image: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Return an image float32 (H, W, 3) as a camera or a telephone sharpens it: with halos."""
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 3)))
    return np.asarray(image + float(rng.uniform(0.5, 3)) * (image - soft), np.float32)


def add_eyepiece(crop: Crop, rng: Generator) -> None:
    """Darken what lies beyond the rim of an eyepiece that crosses a crop, in place; cells there lose their boxes."""
    size = crop.image.shape[0]
    radius = size * float(rng.uniform(0.8, 3))
    way, edge = float(rng.uniform(0, 2 * np.pi)), size * float(rng.uniform(0.2, 0.5))
    x = size / 2 - (radius - edge) * np.cos(way)
    y = size / 2 - (radius - edge) * np.sin(way)
    axis = np.arange(size, dtype=np.float32)
    beyond = np.hypot(axis[None] - x, axis[:, None] - y) - radius
    softness = float(rng.uniform(1, 12))
    light = np.clip(0.5 - beyond / softness, float(rng.uniform(0, 0.08)), 1).astype(np.float32)
    crop.image[:] = (crop.image * light[..., None]).astype(np.uint8)
    centres = (crop.boxes[:, :2] + crop.boxes[:, 2:]) / 2
    kept = np.hypot(centres[:, 0] - x, centres[:, 1] - y) < radius - 1
    crop.boxes, crop.labels = crop.boxes[kept], crop.labels[kept]
