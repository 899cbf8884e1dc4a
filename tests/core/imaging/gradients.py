"""Smooth images, as a camera stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


HEIGHT, WIDTH = 48, 64


def gradient(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Return a smooth image that no flip or turn leaves as it is, uint8 RGB, from 0 to 255."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (255 * np.stack([x, y, 1 - (x + y) / 2], axis=2)).round().astype(np.uint8)


def write_deep(path: Path, rgb: NDArray[Any], **tags: int) -> Path:
    """Write more than 8 bits per channel, which Pillow cannot; RGB, RGBA or grey."""
    if rgb.ndim == 3:
        rgb = rgb[..., [2, 1, 0, *range(3, rgb.shape[2])]]
    parameters = [value for name, tag in tags.items() for value in (getattr(cv2, name), tag)]
    done, data = cv2.imencode(path.suffix, rgb, parameters)
    assert done
    path.write_bytes(data.tobytes())
    return path
