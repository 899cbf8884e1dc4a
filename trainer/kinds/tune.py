"""Tuning the describer: cells of one kind come together whatever their stain, light and camera.

Supervised contrast (Khosla and others 2020) and a classifier of unit vectors, on crops that are stained and
photographed anew. Only the blocks after stride 16 learn, so that the maps before them are computed once. Cells whose
kinds nobody told (red cells, platelets) are described as they were before: that keeps their own kinds apart.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.imaging.illumination import WHITE
from trainer.augmentation.smear import photograph, restain
from trainer.kinds.network import DIMENSIONS, Head
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.kinds.network import CellDescriber

MARGIN = 1.6
"""Cells to tune with are cut so many times as wide as their box, so that they can be turned, shifted and zoomed."""

UNTOLD = -1
_CELL_SHARE = 1 / 2.2  # of a crop is as wide as a red cell, by which defocus is measured
_SCALE, _TEMPERATURE, _SMOOTHING, _DROPPED = 16.0, 0.1, 0.1, 0.1
_CELLS, _UNTOLD_CELLS = 64, 16
_CONTRAST = 0.5


@dataclass(frozen=True)
class TuneOptions:
    """How long and how fast the blocks learn; ``keep``: how much cells whose kind nobody told hold them back."""

    epochs: int = 16
    rate: float = 3e-4
    keep: float = 1.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Maps:
    """What the frozen blocks make of N augmented crops.

    ``fine`` float32 (N, 40), ``middle`` float16 (N, 112, H, W), ``kinds`` int64 (N,), ``UNTOLD`` where nobody told, and
    ``cells`` int64 (N,): which crops are of one cell.
    """

    fine: NDArray[np.float32]
    middle: NDArray[np.float16]
    kinds: NDArray[np.int64]
    cells: NDArray[np.int64]


def augmented(cell: NDArray[np.uint8], side: int, context: float, rng: Generator) -> NDArray[np.uint8]:
    """Turn, zoom and shift a cell, uint8 RGB (M, M, 3) cut with ``MARGIN``; stain and photograph it anew."""
    length = cell.shape[0]
    zoom = context * float(np.exp(rng.normal(0, 0.06)))
    turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 360), side / (length * zoom / MARGIN))
    turn[:, 2] += (side - length) / 2 + rng.normal(0, 0.02 * side, 2)
    mirrored = cell[:, ::-1] if rng.random() < 0.5 else cell
    crop = cv2.warpAffine(np.ascontiguousarray(mirrored), turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    pixels = np.asarray(crop, np.uint8)
    if rng.random() < 0.15:
        return pixels
    light = restain(pixels, rng) if rng.random() < 0.7 else pixels.astype(np.float32) / WHITE
    return photograph(light, side * _CELL_SHARE, rng, 0.15)


def frozen_maps(
    describer: CellDescriber,
    cells: Sequence[NDArray[np.uint8]],
    kinds: Sequence[int],
    *,
    side: int,
    context: float,
    versions: tuple[int, int],
    seed: int = 0,
) -> Maps:
    """Return the maps of several augmented versions of each cell: so many of one whose kind is told, and else."""
    rng, head = np.random.default_rng(seed), Head(describer).eval()
    plan = [
        (cell, place, kind)
        for place, (cell, kind) in enumerate(zip(cells, kinds, strict=True))
        for _ in range(versions[kind == UNTOLD])
    ]
    fine, middle = [], []
    with torch.no_grad():
        for first in progress(range(0, len(plan), 24), "Describing"):
            crops = [augmented(cell, side, context, rng) for cell, _, _ in plan[first : first + 24]]
            one, other = head(torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).copy()))
            fine.append(one.numpy())
            middle.append(other.numpy().astype(np.float16))
    places, labels = np.array([item[1] for item in plan]), np.array([item[2] for item in plan])
    return Maps(np.concatenate(fine), np.concatenate(middle), labels, places)


def tune(describer: CellDescriber, maps: Maps, options: TuneOptions) -> CellDescriber:
    """Return a describer whose last blocks were tuned; its projection is that of nothing yet."""
    torch.manual_seed(options.seed)
    describer = copy.deepcopy(describer)
    tail, before = describer.tail.train(), copy.deepcopy(describer.tail).eval().requires_grad_(False)
    learner = _Learner(sum(describer.body.widths), int(maps.kinds.max()) + 1)
    optimizer = torch.optim.AdamW(
        [{"params": tail.parameters(), "lr": options.rate}, {"params": learner.parameters(), "lr": 1e-3}],
        weight_decay=1e-2,
    )
    draw = _Batches(maps, options.seed)
    steps = options.epochs * max(draw.told_cells // _CELLS, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [options.rate, 1e-3], total_steps=steps, pct_start=0.15)
    for _ in progress(range(steps), "Tuning"):
        told, rest = draw.next()
        both = np.concatenate([told, rest])
        middle = torch.from_numpy(maps.middle[both].astype(np.float32))
        coarse = tail(middle).mean(dim=(2, 3))
        averages = torch.cat([torch.from_numpy(maps.fine[both]), middle.mean(dim=(2, 3)), coarse], dim=1)
        loss = learner(averages, len(told), torch.from_numpy(maps.kinds[told]))
        if len(rest):
            kept = before(middle[len(told) :]).mean(dim=(2, 3))
            spread = ((kept - kept.mean(dim=0)) ** 2).mean().clamp(min=1e-6)
            loss = loss + options.keep * ((coarse[len(told) :] - kept) ** 2).mean() / spread
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tail.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return describer.eval()


class _Learner(nn.Module):
    """What is only needed to tune: a projection, and a direction for each kind."""

    def __init__(self, width: int, kinds: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.projection = nn.Linear(width, DIMENSIONS)
        self.directions = nn.Parameter(0.1 * torch.randn(kinds, DIMENSIONS))

    def forward(self, averages: Tensor, told: int, kinds: Tensor) -> Tensor:
        """Return the loss of the first ``told`` cells, of these kinds; the others only even the averages out."""
        evened = functional.dropout(self.norm(averages)[:told], _DROPPED)
        points = functional.normalize(self.projection(evened), dim=1)
        odds = _SCALE * points @ functional.normalize(self.directions, dim=1).T
        right = functional.cross_entropy(odds, kinds, label_smoothing=_SMOOTHING)
        return right + _CONTRAST * _contrast(points, kinds)


def _contrast(points: Tensor, kinds: Tensor) -> Tensor:
    alike = points @ points.T / _TEMPERATURE
    own = torch.eye(len(points), dtype=torch.bool)
    alike = alike.masked_fill(own, -1e4)
    same = (kinds[:, None] == kinds) & ~own
    likelihood = alike - torch.logsumexp(alike, dim=1, keepdim=True)
    return (-(likelihood * same).sum(dim=1) / same.sum(dim=1).clamp(min=1)).mean()


class _Batches:
    """Draws one version each of different cells, and some whose kind nobody told."""

    def __init__(self, maps: Maps, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        told = np.flatnonzero(maps.kinds != UNTOLD)
        self._rest = np.flatnonzero(maps.kinds == UNTOLD)
        self._versions = [told[maps.cells[told] == cell] for cell in np.unique(maps.cells[told])]
        self.told_cells = len(self._versions)

    def next(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows of the maps: of cells whose kind is told, and of others."""
        chosen = self._rng.choice(self.told_cells, min(_CELLS, self.told_cells), replace=False)
        told = np.array([self._rng.choice(self._versions[cell]) for cell in chosen])
        rest = self._rng.choice(self._rest, min(_UNTOLD_CELLS, len(self._rest)), replace=False)
        return told, rest
