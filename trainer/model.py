"""RetinaNet for blood cells, built from torchvision's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torchvision.models import ResNet, get_model
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.retinanet import RetinaNet, RetinaNetHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, FrozenBatchNorm2d

if TYPE_CHECKING:
    from trainer.preset import Preset

IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)
FIRST_LEVEL = 3
LAST_LEVEL = 5


class PyramidBackbone(nn.Module):
    """ResNet with a feature pyramid at strides 8, 16 and 32 (levels 3 to 5)."""

    def __init__(self, name: str, channels: int, *, frozen_norm: bool) -> None:
        super().__init__()
        norm = FrozenBatchNorm2d if frozen_norm else nn.BatchNorm2d
        resnet = get_model(name, weights=None, norm_layer=norm)
        layers = {f"layer{level - 1}": str(level) for level in range(FIRST_LEVEL, LAST_LEVEL + 1)}
        assert isinstance(resnet, ResNet)
        width = resnet.inplanes
        self.body = IntermediateLayerGetter(resnet, return_layers=layers)
        self.fpn = FeaturePyramidNetwork([width // 4, width // 2, width], channels)
        self.out_channels = channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the pyramid's feature maps of images (B, 3, H, W), finest first."""
        return self.fpn(self.body(x))


class KeepSize(GeneralizedRCNNTransform):
    """torchvision's normalisation and batching without its resizing: fields come at the right scale."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Return image and target as they are."""
        return image, target


class CellRetinaNet(RetinaNet):
    """torchvision's RetinaNet whose loss is computed in float32 under mixed precision."""

    def compute_loss(
        self, targets: list[dict[str, Tensor]], head_outputs: dict[str, Tensor], anchors: list[Tensor]
    ) -> dict[str, Tensor]:
        """Return focal loss and box loss."""
        with torch.autocast(anchors[0].device.type, enabled=False):
            outputs = {name: value.float() for name, value in head_outputs.items()}
            return super().compute_loss(targets, outputs, anchors)


def build_retinanet(preset: Preset, class_count: int, *, frozen_norm: bool = False) -> CellRetinaNet:
    """Build the detector of a preset.

    Parameters
    ----------
    preset
        Backbone, pyramid width and anchor sizes (pixels, one tuple for each level).
    class_count
        Number of cell classes. torchvision's RetinaNet needs no background class: labels run
        from 0 to ``class_count - 1``.
    frozen_norm
        Keep the backbone's normalisation as it is: for pretrained weights, whose statistics are better
        than those of a small batch.

    Notes
    -----
    The head has no normalisation layers: group normalisation would make a cell's score depend on the
    whole tile, so that tiled and untiled results would differ. Kaiming initialisation replaces it.

    Focal loss with gamma 2 and alpha 0.25 (Lin et al. 2017) is torchvision's own. The caps on
    boxes per image are far above what a training field holds; the exported model has none.
    """
    backbone = PyramidBackbone(preset.backbone, preset.fpn_channels, frozen_norm=frozen_norm)
    anchors = AnchorGenerator(
        sizes=tuple(tuple(sizes) for sizes in preset.anchor_sizes),
        aspect_ratios=tuple((1.0,) for _ in preset.anchor_sizes),
    )
    head = RetinaNetHead(preset.fpn_channels, anchors.num_anchors_per_location()[0], class_count)
    for tower in (head.classification_head.conv, head.regression_head.conv):
        for layer in tower.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    model = CellRetinaNet(
        backbone,
        class_count,
        anchor_generator=anchors,
        head=head,
        score_thresh=0.05,
        detections_per_img=5_000,
        topk_candidates=5_000,
    )
    model.transform = KeepSize(0, 0, list(IMAGE_MEAN), list(IMAGE_STD))
    return model
