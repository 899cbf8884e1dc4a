"""What a smear shows that is no white cell: stain precipitate, smudged nuclei, blue and grey red cells.

All of it is drawn as optical density into crops whose illumination was divided out, before they are stained anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.illumination import WHITE
from core.imaging.synthetic import AZURE, EOSIN

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.augmentation.crop import Crop


def add_precipitate(crop: Crop, diameter: float, rng: Generator) -> None:
    """Strew grains of stain over a crop, in place: dense clumps, or grains on their own."""
    size = crop.image.shape[0]
    layer = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.uniform(0, size, 2)
        spread = diameter * float(rng.uniform(0.2, 1.6))
        grain = diameter * float(rng.uniform(0.008, 0.035))
        for x, y in rng.normal(centre, spread, (int(rng.integers(12, 70)), 2)).round().astype(int):
            radius = max(round(grain * float(rng.uniform(0.5, 1.6))), 1)
            cv2.circle(layer, (int(x), int(y)), radius, float(rng.uniform(0.5, 1)), -1, cv2.LINE_AA)
    layer = cv2.GaussianBlur(layer, (0, 0), max(0.012 * diameter, 0.4))
    colour = AZURE * float(rng.uniform(0.6, 1)) + EOSIN * float(rng.uniform(0, 0.6))
    _absorb(crop, (layer[..., None] * colour * float(rng.uniform(0.8, 2.5))).astype(np.float32))


def add_smudge(crop: Crop, diameter: float, rng: Generator) -> None:
    """Draw a nucleus that burst or was smeared out into a free part of a crop, in place, if there is one."""
    size = crop.image.shape[0]
    long = diameter * float(rng.uniform(0.6, 1.5))
    wide = long * float(rng.uniform(0.35, 1))
    for _ in range(12):
        x, y = (float(value) for value in rng.uniform(0, size, 2))
        inside = (crop.boxes[:, :2] < (x + 0.5 * wide, y + 0.5 * wide)).all(axis=1)
        inside &= (crop.boxes[:, 2:] > (x - 0.5 * wide, y - 0.5 * wide)).all(axis=1)
        if not inside.any():
            break
    else:
        return
    turn = float(rng.uniform(0, np.pi))
    axis = np.arange(size, dtype=np.float32)
    u = ((axis[None] - x) * np.cos(turn) + (axis[:, None] - y) * np.sin(turn)) / long
    v = ((axis[:, None] - y) * np.cos(turn) - (axis[None] - x) * np.sin(turn)) / wide
    fibres = rng.standard_normal((size, size)).astype(np.float32)
    fibres = cv2.GaussianBlur(fibres, (0, 0), max(0.09 * diameter, 0.5))
    fibres = fibres / max(float(fibres.std()), 1e-6)
    edge = np.hypot(u, v) + 0.13 * fibres
    blot = np.clip((1 - edge) / float(rng.uniform(0.25, 0.8)), 0, 1) * np.clip(1 + 0.3 * fibres, 0.2, 2)
    colour = AZURE * float(rng.uniform(0.3, 1)) + EOSIN * float(rng.uniform(0.1, 0.5))
    _absorb(crop, (blot[..., None] * colour * float(rng.uniform(0.3, 0.9))).astype(np.float32))


def tint_red_cells(crop: Crop, label: int, rng: Generator) -> None:
    """Give some of the red cells of a crop the blue or grey of young cells and of old stain, in place."""
    grey = rng.random() < 0.4
    colour = np.ones(3, np.float32) if grey else AZURE / AZURE.mean()
    share, strength = float(rng.uniform(0.1, 1)), float(rng.uniform(0.3, 1))
    darker = float(np.exp(rng.uniform(-0.2, 0.6)))
    size = crop.image.shape[0]
    for x1, y1, x2, y2 in crop.boxes[crop.labels == label]:
        if rng.random() > share:
            continue
        left, top, right, bottom = max(int(x1), 0), max(int(y1), 0), min(int(x2) + 1, size), min(int(y2) + 1, size)
        v = (np.arange(top, bottom, dtype=np.float32)[:, None] - (y1 + y2) / 2) / max((y2 - y1) / 2, 1)
        u = (np.arange(left, right, dtype=np.float32)[None] - (x1 + x2) / 2) / max((x2 - x1) / 2, 1)
        within = np.clip((1.1 - np.hypot(u, v)) / 0.15, 0, 1)[..., None] * strength
        pixels = crop.image[top:bottom, left:right].astype(np.float32)
        density = -np.log(np.clip(pixels, 2, 255) / WHITE)
        tinted = darker * density.mean(axis=2, keepdims=True) * colour
        changed = density * (1 - within) + tinted * within
        crop.image[top:bottom, left:right] = np.clip(WHITE * np.exp(-changed) + 0.5, 0, 255).astype(np.uint8)


def _absorb(crop: Crop, density: NDArray[np.float32]) -> None:
    crop.image[:] = np.clip(crop.image * np.exp(-density) + 0.5, 0, 255).astype(np.uint8)
