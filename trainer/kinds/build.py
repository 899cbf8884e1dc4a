"""From typed cells and published weights to the model file that describes cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch

from core.kinds.crops import cell_crops, even_pixels
from trainer.kinds.cells import by_image, read_cells
from trainer.kinds.export import CONTEXT, SIDE, build_card, export_describer
from trainer.kinds.network import published
from trainer.kinds.projection import fit_projection
from trainer.kinds.tune import MARGIN, TuneOptions, frozen_maps, tune

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.models.embedding import EmbeddingCard
    from trainer.kinds.network import CellDescriber

_VERSIONS = (10, 3)
_CALIBRATION = 120


@dataclass(frozen=True, eq=False)
class _Cut:
    """Cells as the network sees them, uint8 (N, S, S, 3), with a margin about them (N, M, M, 3), and their kinds."""

    cells: NDArray[np.uint8]
    wide: NDArray[np.uint8]
    kinds: NDArray[np.int64]


def build_model(
    source: Path,
    out: Path,
    *,
    column: str,
    split: str,
    weights: Path | None,
    epochs: int,
    in_8_bits: bool,
    name: str,
) -> float:
    """Make the model file; return how alike it is to torch, see ``export_describer``.

    Parameters
    ----------
    source, column, split
        The typed cells, see ``trainer.kinds.cells.read_cells``.
    weights
        The published weights; None for those of the Python package.
    epochs
        How long the last blocks are tuned; 0: not at all.
    """
    trained_on = f"{source.stem if source.is_file() else source.name} {split}".strip()
    card = build_card(name, (trained_on,), f"last blocks tuned for {epochs} epochs" if epochs else "")
    cut = _cut(source, column, split, card)
    describer = published(weights)
    if epochs:
        maps = frozen_maps(
            describer, list(cut.wide), cut.kinds.tolist(), side=SIDE, context=CONTEXT, versions=_VERSIONS
        )
        describer = tune(describer, maps, TuneOptions(epochs=epochs))
    fit_projection(describer, averages_of(describer, cut.cells), cut.kinds)
    step = max(len(cut.cells) // _CALIBRATION, 1)
    return export_describer(describer, card, out, cut.cells[::step], in_8_bits=in_8_bits)


def _cut(source: Path, column: str, split: str, card: EmbeddingCard) -> _Cut:
    cells = read_cells(source, column, split)
    wide_card = msgspec.structs.replace(card, side=round(SIDE * MARGIN / CONTEXT), context=MARGIN)
    seen = np.zeros((len(cells), SIDE, SIDE, 3), np.uint8)
    wide = np.zeros((len(cells), wide_card.side, wide_card.side, 3), np.uint8)
    for pixels, boxes, places in by_image(cells):
        even = even_pixels(pixels, card)
        seen[places] = cell_crops(even, boxes, card)
        wide[places] = cell_crops(even, boxes, wide_card)
    _, kinds = np.unique([cell.kind for cell in cells], return_inverse=True)
    return _Cut(seen, wide, kinds.astype(np.int64))


def averages_of(describer: CellDescriber, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return ``CellDescriber.averages`` of cells, uint8 RGB (N, S, S, 3), as float32 (N, W)."""
    parts = []
    with torch.no_grad():
        for first in range(0, len(cells), 32):
            batch = torch.from_numpy(cells[first : first + 32].transpose(0, 3, 1, 2).copy())
            parts.append(describer.averages(batch).numpy())
    return np.concatenate(parts)
