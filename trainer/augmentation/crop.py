"""The crop: what the network learns from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Crop:
    """``image`` uint8 RGB (S, S, 3), ``boxes`` float32 (N, 4) in its pixels, ``labels`` int64 (N,).

    ``incomplete``: regions x1 y1 x2 y2 in its pixels, with the labels whose cells are not all annotated there.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    incomplete: list[tuple[tuple[int, int, int, int], frozenset[int]]] = field(default_factory=list)
