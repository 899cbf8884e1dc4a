"""The two networks: a U-Net with two outputs (DO-U-Net) and SegNet."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from trainer.recipes.segmentation_recipe import SegmentPreset

DEPTH = 3
"""How often the U-Net halves a piece; each level takes 4 pixels off its side, once down and once up."""

VGG_16 = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Channels of the 13 convolutions of VGG-16, in multiples of the first."""


class SegmentationNetwork(nn.Module, ABC):
    """What both have in common: two heads on one trunk, which see colours of mean 0.

    The input is float32 (N, 3, S, S) in 0 to 1. The heads give logits: masks (N, C, I, I) and edge (N, 1, I, I).
    """

    mask_head: nn.Conv2d
    edge_head: nn.Conv2d

    @abstractmethod
    def trunk(self, pieces: Tensor) -> Tensor:
        """Return the features that both heads use."""

    def forward(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of masks and edge."""
        features = self.trunk((pieces - 0.5) / 0.25)
        return self.mask_head(features), self.edge_head(features)


def _convolutions(channels: int, *widths: int, padding: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=padding, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
        channels = width
    return nn.Sequential(*layers)


class DualOutputUNet(SegmentationNetwork):
    """DO-U-Net (Overton and Tucker 2020): unpadded convolutions, 188 pixels in, 100 out, and a head for the edges."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(DEPTH + 1)]
        self.down = nn.ModuleList(
            _convolutions(before, now, now, padding=0) for before, now in zip([3, *widths], widths, strict=False)
        )
        self.widen = nn.ModuleList(nn.ConvTranspose2d(2 * now, now, 2, 2) for now in widths[:-1][::-1])
        self.up = nn.ModuleList(_convolutions(2 * now, now, now, padding=0) for now in widths[:-1][::-1])
        self.mask_head, self.edge_head = nn.Conv2d(width, classes, 1), nn.Conv2d(width, 1, 1)

    def trunk(self, pieces: Tensor) -> Tensor:
        """Return the features of the middle of each piece."""
        kept: list[Tensor] = []
        features = pieces
        for level, block in enumerate(self.down):
            features = block(functional.max_pool2d(features, 2) if level else features)
            kept.append(features)
        for skipped, widen, block in zip(kept[-2::-1], self.widen, self.up, strict=True):
            features = widen(features)
            cut = (skipped.shape[-1] - features.shape[-1]) // 2
            features = block(torch.cat([skipped[..., cut:-cut, cut:-cut], features], dim=1))
        return features


class SegNet(SegmentationNetwork):
    """SegNet (Badrinarayanan et al. 2017): the encoder of VGG-16, whose pooling indices the decoder goes back by."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.exporting = False
        levels = [[width * factor for factor in level] for level in VGG_16]
        inputs = [3, *(level[-1] for level in levels[:-1])]
        self.encoder = nn.ModuleList(
            _convolutions(before, *level, padding=1) for before, level in zip(inputs, levels, strict=True)
        )
        outputs = [width, *(level[-1] for level in levels[:-1])]
        self.decoder = nn.ModuleList(
            _convolutions(level[-1], *level[:-1], after, padding=1)
            for level, after in zip(levels[::-1], outputs[::-1], strict=True)
        )
        self.mask_head, self.edge_head = nn.Conv2d(width, classes, 1), nn.Conv2d(width, 1, 1)

    def trunk(self, pieces: Tensor) -> Tensor:
        """Return the features of each pixel of the pieces."""
        features, places = pieces, []
        for block in self.encoder:
            features, place = self._pool(block(features))
            places.append(place)
        for block, place in zip(self.decoder, places[::-1], strict=True):
            features = block(self._unpool(features, place))
        return features

    def _pool(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Halve the sides; return what was kept, and where it was."""
        if not self.exporting:
            return functional.max_pool2d(features, 2, return_indices=True)
        count, channels, height, width = features.shape
        quarters = features.view(count, channels, height // 2, 2, width // 2, 2).permute(0, 1, 2, 4, 3, 5)
        quarters = quarters.reshape(count, channels, height // 2, width // 2, 4)
        largest = quarters.amax(dim=-1, keepdim=True)
        is_largest = (quarters == largest).float()
        first = is_largest * (is_largest.cumsum(dim=-1) < 1.5).float()  # as max_pool2d, which takes the first
        return largest[..., 0], first

    def _unpool(self, features: Tensor, place: Tensor) -> Tensor:
        """Put each value back to where it was, among zeros. ONNX has no operator for it that OpenVINO runs."""
        if not self.exporting:
            return functional.max_unpool2d(features, place, [2, 2])
        count, channels, height, width = features.shape
        quarters = (features[..., None] * place).view(count, channels, height, width, 2, 2)
        return quarters.permute(0, 1, 2, 4, 3, 5).reshape(count, channels, 2 * height, 2 * width)


def build_network(preset: SegmentPreset, classes: int) -> SegmentationNetwork:
    """Build the network of a preset with random weights; at first it takes one pixel in 20 for a cell's."""
    network = {"unet": DualOutputUNet, "segnet": SegNet}[preset.network](classes, preset.width)
    for head in (network.mask_head, network.edge_head):
        assert head.bias is not None
        nn.init.constant_(head.bias, -math.log(19))
    return network
