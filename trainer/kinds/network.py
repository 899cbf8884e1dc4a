"""The network that describes a cell by numbers: an EfficientNet-Lite, averaged over the crop, and a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from trainer.detection.lite import LITE_MEAN, LITE_STD, LiteBody, packaged_weights
from trainer.training.checkpoint import read_checkpoint
from trainer.training.export import folded

if TYPE_CHECKING:
    from pathlib import Path

BACKBONE = "lite0"
LEVELS = 3
FROZEN_BLOCKS = 11
"""The blocks up to stride 16 stay as they were published; those after them are tuned."""

DIMENSIONS = 96


class CellDescriber(nn.Module):
    """Describes cells, uint8 RGB (N, 3, S, S), by ``DIMENSIONS`` numbers: float32 (N, D).

    The maps of the backbone's last blocks at strides 8, 16 and 32 are averaged over the crop, and the averages
    projected linearly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = LiteBody(BACKBONE, LEVELS, frozen_norm=True)
        self.projection = nn.Linear(sum(self.body.widths), DIMENSIONS)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", 255 * torch.tensor(LITE_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(LITE_STD).view(1, 3, 1, 1))

    def averages(self, cells: Tensor) -> Tensor:
        """Return the averages of the maps, float32 (N, 472)."""
        maps = self.body((cells.float() - self.mean) / self.std)
        return torch.cat([level.mean(dim=(2, 3)) for level in maps.values()], dim=1)

    def forward(self, cells: Tensor) -> Tensor:
        return self.projection(self.averages(cells))

    @property
    def tail(self) -> nn.Sequential:
        """The blocks that are tuned, from the map at stride 16 to that at stride 32."""
        return nn.Sequential(*self.body._blocks[FROZEN_BLOCKS:])


class Head(nn.Module):
    """The blocks that stay: the average at stride 8 (N, 40), and the map at stride 16 (N, 112, S/16, S/16)."""

    def __init__(self, describer: CellDescriber) -> None:
        super().__init__()
        whole = folded(describer)
        self.mean, self.std, self.body = whole.mean, whole.std, whole.body
        self.body._blocks = self.body._blocks[:FROZEN_BLOCKS]

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        maps = list(self.body((cells.float() - self.mean) / self.std).values())
        return maps[0].mean(dim=(2, 3)), maps[1]


def published(weights: Path | None = None) -> CellDescriber:
    """Return the network with ImageNet weights, those of the Python package or of a ``.pth`` file.

    The projection is that of nothing yet.
    """
    describer = CellDescriber()
    state: dict[str, Any] = read_checkpoint(weights or packaged_weights(BACKBONE))
    known = describer.body.state_dict().keys()
    describer.body.load_state_dict({name: value for name, value in state.items() if name in known})
    return describer.eval()
