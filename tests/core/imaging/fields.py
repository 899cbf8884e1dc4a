"""Images of which every pixel is known, and what reading must show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.imaging.reading import ImageError, read_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.imaging.doubts import Doubt
    from core.imaging.reading import SmearImage


HEIGHT, WIDTH = 80, 96


def colours() -> NDArray[np.uint8]:
    """Return a smooth image that no flip or turn leaves as it is, uint8 RGB, from 0 to 255."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return (255 * np.stack([(3 * x + y) / 4, y, 1 - (x + y) / 2], axis=2)).round().astype(np.uint8)


def field(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """Return something like a field: a bright ground with noise, and darker discs; uint8 RGB."""
    rng = np.random.default_rng(5)
    image = np.full((height, width, 3), (226, 214, 222), np.float64)
    y, x = np.mgrid[:height, :width]
    for _ in range(30):
        inside = np.hypot(y - rng.integers(height), x - rng.integers(width)) < 14
        image[inside] = (190, 120, 130)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def planar(image: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.moveaxis(image, 2, 0))


def assert_shows(
    image: SmearImage, expected: NDArray[np.uint8], tolerance: int = 1, *, doubts: tuple[Doubt, ...] = ()
) -> None:
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=2)
    assert image.pixels.shape == expected.shape
    np.testing.assert_allclose(image.pixels.astype(int), expected.astype(int), atol=tolerance)
    assert image.doubts == doubts


def assert_refused(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert ";" in message  # what is wrong; what to do
    assert message.endswith(".")
    return message
