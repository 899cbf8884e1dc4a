"""What the export of every network shares."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.ops import FrozenBatchNorm2d

from trainer.errors import FailedError

OPSET = 18

Network = TypeVar("Network", bound=nn.Module)


class ExportError(FailedError):
    """A model file that does not do what the trained model does."""


def folded(model: Network) -> Network:
    """Return a copy of a network, fit for use only, whose convolutions do the normalisation that follows them.

    The tracing exporter would leave a multiplication and an addition behind, which cost time, and accuracy
    once the network is quantised.
    """
    model = copy.deepcopy(model).eval()
    for parent in list(model.modules()):
        before: nn.Module | None = None
        for name, layer in list(parent.named_children()):
            if isinstance(before, nn.Conv2d) and isinstance(layer, (nn.BatchNorm2d, FrozenBatchNorm2d)):
                _fold(before, layer)
                setattr(parent, name, nn.Identity())
            before = layer
    return model


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d | FrozenBatchNorm2d) -> None:
    # both kinds of normalisation hold the same four tensors
    state = {name: tensor.detach() for name, tensor in norm.state_dict().items()}
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        state["running_mean"],
        state["running_var"],
        norm.eps,
        nn.Parameter(state["weight"]),
        nn.Parameter(state["bias"]),
    )
