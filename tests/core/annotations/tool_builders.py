"""What tests of the files of other annotation tools share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.annotations.orientation import ImageInfo
from core.annotations.read import read_annotations
from tests.core.annotations.annotation_builders import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.annotations.orientation import Size
    from core.annotations.read import ImportedAnnotations

BOX = [10, 20, 110, 90]
SQUARE = [(10, 20), (110, 20), (110, 90), (10, 90)]
FLAT = [value for point in SQUARE for value in point]


def read(*paths: Path, images: Sequence[str] = ("a.jpg", "a"), points: float | None = 20) -> ImportedAnnotations:
    def find(name: str, file: Path, stated: Size | None) -> list[ImageInfo]:
        del file, stated
        return [ImageInfo(640, 480, id=1)] if name in images else []

    return read_annotations(paths, find, CLASSES, point_diameter=points)


def assert_square(image: AnnotatedImage, name: str = "RBC") -> None:
    """Assert that the one cell has the square as its box and its contour."""
    assert image.names == (name,)
    np.testing.assert_allclose(image.boxes, [BOX], atol=0.01)
    assert image.contours is not None
    np.testing.assert_allclose(image.contours[0], SQUARE, atol=0.01)
