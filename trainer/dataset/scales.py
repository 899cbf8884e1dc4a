"""How large the red cells of a field are where no box tells it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from core.detection.detector import Detector
from core.models.network import Model, default_model_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def estimated_diameter(image: NDArray[np.uint8]) -> float:
    """Return the red cell diameter of an image, uint8 RGB (H, W, 3), in its pixels, as the program estimates it."""
    return _detector().detect(image).diameter


@cache
def _detector() -> Detector:
    return Detector(Model(default_model_path()))
