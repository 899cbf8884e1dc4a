"""Masks of a whole field by a network that looks at small pieces of it."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.detection.segmentation.masks import CellMasks
from core.errors import check_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.errors import CancelFlag
    from core.models.network import Model

_AT_ONCE = 8
_KEPT_BYTES = 256_000_000


class MaskNetwork:
    """A segmentation model. It keeps the masks of the last fields, so that another counting method needs no other run.

    ``original``: hash and card of the file, as in ``Model``; copies with other counting methods share the masks.
    """

    def __init__(self, model: Model) -> None:
        self.path, self.sha256, self.card = model.path, model.sha256, model.card
        self.original = model.original
        self._model = model
        self._kept: OrderedDict[bytes, CellMasks] = OrderedDict()

    def masks(
        self,
        field: NDArray[np.uint8],
        diameter: float,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelFlag | None = None,
    ) -> CellMasks:
        """Make masks of a field, uint8 RGB (H, W, 3) at the scale of the model.

        The field is mirrored at its border; of each piece the middle is used, so that no seam shows.

        Raises
        ------
        Cancelled
            If ``cancel`` was set; it is checked every few pieces.
        """
        kept = self._kept
        key = blake2b(field.tobytes(), digest_size=16).digest() + bytes(str(field.shape), "ascii")
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
        whole = self._look(field, progress, cancel)
        classes = len(self.card.classes)
        masks = CellMasks(whole[:classes], whole[classes] if len(whole) > classes else None, diameter)
        kept[key] = masks
        while len(kept) > 1 and sum(other.nbytes for other in kept.values()) > _KEPT_BYTES:
            kept.popitem(last=False)
        return masks

    def _look(
        self, field: NDArray[np.uint8], progress: Callable[[int, int], None] | None, cancel: CancelFlag | None
    ) -> NDArray[np.float32]:
        """Return the masks of all classes and, where there is one, the edge mask behind them, float32 (C, H, W)."""
        height, width = field.shape[:2]
        tile, inside = self.card.tile, self.card.tile_inside or self.card.tile - self.card.overlap
        rows, columns = -(-height // inside), -(-width // inside)
        margin = (tile - inside) // 2
        below = rows * inside - height + tile - inside - margin
        right = columns * inside - width + tile - inside - margin
        padded = np.asarray(cv2.copyMakeBorder(field, margin, below, margin, right, cv2.BORDER_REFLECT_101), np.uint8)
        places = [(row * inside, column * inside) for row in range(rows) for column in range(columns)]
        whole: NDArray[np.float32] | None = None
        for start in range(0, len(places), _AT_ONCE):
            check_cancelled(cancel)
            some = places[start : start + _AT_ONCE]
            pieces = np.stack([padded[y : y + tile, x : x + tile].transpose(2, 0, 1) for y, x in some])
            seen = self._model.masks_of_pieces(pieces)
            lost = (seen.shape[2] - inside) // 2
            middles = seen[:, :, lost : lost + inside, lost : lost + inside]
            if whole is None:
                whole = np.zeros((middles.shape[1], rows * inside, columns * inside), np.float32)
            for (y, x), middle in zip(some, middles, strict=True):
                whole[:, y : y + inside, x : x + inside] = middle
            if progress is not None:
                progress(min(start + _AT_ONCE, len(places)), len(places))
        assert whole is not None
        return np.ascontiguousarray(whole[:, :height, :width])
