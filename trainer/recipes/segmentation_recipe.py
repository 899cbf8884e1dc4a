"""Presets of segmentation networks: small readable TOML files, like those of the detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.text import gettext


@dataclass(frozen=True)
class SegmentPreset:
    """Everything that decides the training of a segmentation network besides the data and the hardware.

    ``width``: channels of the first level (64 in the papers). ``piece``: side of what it looks at, ``inside`` of what
    it speaks of, in pixels at a red cell diameter of ``red_cell_diameter``. The first ``mask_epochs`` teach the mask
    head (and the edge head the same); then the mask head is frozen and the edges are learned, for ``edge_epochs``.
    ``false_found`` and ``missed``: what the two kinds of mistakes weigh in Tversky's index. ``rendered``: the share of
    pieces that come from rendered smears, whose masks are exact; ``sought``: of the others, the share that is cut
    round a cell of a class that is drawn evenly.
    """

    name: str
    network: Literal["unet", "segnet"]
    width: int = 64
    piece: int = 188
    inside: int = 100
    red_cell_diameter: float = 32.0
    batch_size: int = 16
    batches_per_epoch: int = 100
    mask_epochs: int = 8
    edge_epochs: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    false_found: float = 0.3
    missed: float = 0.7
    rendered: float = 0.15
    sought: float = 0.5
    val_pieces: int = 128

    @property
    def output(self) -> int:
        """Side of the masks in pixels: SegNet gives them for the whole piece, a U-Net for its inside."""
        return self.inside if self.network == "unet" else self.piece

    @property
    def epochs(self) -> int:
        """All epochs."""
        return self.mask_epochs + self.edge_epochs

    def problem(self) -> str | None:
        """Return what is wrong with the values, None if they go together."""
        numbers = (self.width, self.batch_size, self.batches_per_epoch, self.mask_epochs, self.val_pieces)
        if min(numbers) < 1 or self.edge_epochs < 0 or self.red_cell_diameter < 4 or self.learning_rate <= 0:
            return gettext("a number that must be above 0 is not")
        if self.network == "unet" and (self.piece - self.inside != 88 or (self.piece - 60) % 8 != 0):
            return gettext("a U-Net needs a piece 88 pixels larger than its inside, such as 188 and 100, or 116 and 28")
        if self.network == "segnet" and (self.piece % 32 or not 0 < self.inside <= self.piece):
            return gettext("SegNet needs a piece of a multiple of 32 pixels, and an inside that is no larger")
        if (self.piece - self.inside) % 2 or not (0 <= self.rendered <= 1 and 0 <= self.sought <= 1):
            return gettext("the inside must lie in the middle of the piece, and shares between 0 and 1")
        return None
