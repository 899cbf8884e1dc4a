"""RetinaNet and Faster R-CNN for blood cells, built from torchvision's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torchvision.models import ResNet, get_model
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection._utils import Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FasterRCNN
from torchvision.models.detection.retinanet import RetinaNet, RetinaNetHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.models.resnet import BasicBlock
from torchvision.ops import FeaturePyramidNetwork, FrozenBatchNorm2d, MultiScaleRoIAlign, box_iou

from trainer.detection.lite import LITE_MEAN, LITE_STD, LiteBody
from trainer.recipes.recipe import LITE_BACKBONES, NARROW_BACKBONE, PYRAMID_LEVELS

if TYPE_CHECKING:
    from trainer.recipes.recipe import Preset

IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)
LAST_LEVEL = 5
_SURE_NO = -100.0
MOST_CELLS = 5_000
"""Cap on boxes per image while training, far above what a field holds; torchvision's own would lose cells."""


class NarrowResNet(ResNet):
    """ResNet-18 with half of its blocks and a quarter of its channels."""

    def __init__(self, norm_layer: type[nn.Module]) -> None:
        super().__init__(BasicBlock, [1, 1, 1, 1], num_classes=1, norm_layer=norm_layer)

    def _make_layer(self, block: Any, planes: int, *further: Any, **named: Any) -> nn.Sequential:
        return super()._make_layer(block, planes // 4, *further, **named)


class PyramidBackbone(nn.Module):
    """A network's feature maps with a pyramid of ``levels`` levels over them, the last at stride 32 (level 5)."""

    def __init__(self, body: nn.Module, widths: list[int], channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(widths, channels)
        self.out_channels = channels

    @classmethod
    def of(cls, preset: Preset, *, frozen_norm: bool) -> PyramidBackbone:
        """Build the backbone of a preset."""
        name, levels = preset.backbone, PYRAMID_LEVELS[preset.detector]
        if name in LITE_BACKBONES:
            lite = LiteBody(name, levels, frozen_norm=frozen_norm, frozen_blocks=preset.frozen_blocks)
            return cls(lite, lite.widths, preset.fpn_channels)
        norm = FrozenBatchNorm2d if frozen_norm else nn.BatchNorm2d
        resnet = NarrowResNet(norm) if name == NARROW_BACKBONE else get_model(name, weights=None, norm_layer=norm)
        layers = {f"layer{level - 1}": str(level) for level in range(LAST_LEVEL + 1 - levels, LAST_LEVEL + 1)}
        assert isinstance(resnet, ResNet)
        widths = [resnet.inplanes >> (levels - 1 - place) for place in range(levels)]
        return cls(IntermediateLayerGetter(resnet, return_layers=layers), widths, preset.fpn_channels)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the pyramid's feature maps of images (B, 3, H, W), finest first."""
        return self.fpn(self.body(x))


class KeepSize(GeneralizedRCNNTransform):
    """torchvision's normalisation and batching without its resizing: fields come at the right scale."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Return image and target as they are."""
        return image, target


class CellRetinaNet(RetinaNet):
    """torchvision's RetinaNet whose loss is computed in float32 and leaves out what is not annotated.

    A target may have ``regions`` float (R, 4), x1 y1 x2 y2 in pixels, and ``incomplete`` bool (R, C): where in
    the image cells of which classes are not all annotated. What looks like one of them there, without an
    annotation, is neither rewarded nor punished; nor is what an annotated cell may be besides, ``unsorted``
    bool (N, C).
    """

    def compute_loss(
        self, targets: list[dict[str, Tensor]], head_outputs: dict[str, Tensor], anchors: list[Tensor]
    ) -> dict[str, Tensor]:
        """Return focal loss and box loss."""
        with torch.autocast(anchors[0].device.type, enabled=False):
            outputs = {name: value.float() for name, value in head_outputs.items()}
            unknown = [self._unknown(*pair) for pair in zip(targets, anchors, strict=True)]
            if any(mask is not None for mask in unknown):
                # a sure "no" where "no" is right costs nothing and passes no gradient
                logits = outputs["cls_logits"]
                masks = [torch.zeros_like(row, dtype=torch.bool) for row in logits]
                masks = [empty if mask is None else mask for empty, mask in zip(masks, unknown, strict=True)]
                outputs["cls_logits"] = logits.masked_fill(torch.stack(masks), _SURE_NO)
            return super().compute_loss(targets, outputs, anchors)

    def _unknown(self, target: dict[str, Tensor], anchors: Tensor) -> Tensor | None:
        """Return bool (A, C), where it is unknown whether the anchor is a cell of the class; None if nowhere."""
        regions = target.get("regions")
        if regions is None or not len(regions):
            return None
        centres = (anchors[:, None, :2] + anchors[:, None, 2:]) / 2
        inside = ((centres >= regions[:, :2]) & (centres < regions[:, 2:])).all(dim=2)
        unknown = (inside[:, :, None] & target["incomplete"]).any(dim=1)
        if len(target["boxes"]):
            cell = self.proposal_matcher(box_iou(target["boxes"], anchors))
            unknown &= (cell == Matcher.BELOW_LOW_THRESHOLD)[:, None]
            unknown |= (cell >= 0)[:, None] & target["unsorted"][cell.clamp(min=0)]
        return unknown


class CellFasterRCNN(FasterRCNN):
    """torchvision's Faster R-CNN whose labels start at 0, as everywhere else here, and not with the background."""

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        """Return the losses by name while training, else boxes, scores and labels of each image."""
        if targets is not None:
            targets = [{**target, "labels": target["labels"] + 1} for target in targets]
        outputs: Any = super().forward(images, targets)
        if self.training:
            return outputs
        return [{**output, "labels": output["labels"] - 1} for output in outputs]


Detector = CellRetinaNet | CellFasterRCNN


def build_detector(preset: Preset, class_count: int, *, frozen_norm: bool = False) -> Detector:
    """Build the detector of a preset.

    Parameters
    ----------
    preset
        Kind of detector, backbone, pyramid width and anchor sizes (pixels, one tuple for each pyramid level).
    class_count
        Number of cell classes; labels run from 0 to ``class_count - 1``.
    frozen_norm
        Keep the backbone's normalisation as it is: for pretrained weights, whose statistics are better
        than those of a small batch.
    """
    build = build_retinanet if preset.detector == "retinanet" else build_faster_rcnn
    return build(preset, class_count, frozen_norm=frozen_norm)


def build_retinanet(preset: Preset, class_count: int, *, frozen_norm: bool = False) -> CellRetinaNet:
    """Build a RetinaNet; its focal loss with gamma 2 and alpha 0.25 (Lin et al. 2017) is torchvision's own.

    The head has no normalisation layers: group normalisation would make a cell's score depend on the
    whole tile, so that tiled and untiled results would differ. Kaiming initialisation replaces it.
    """
    backbone, anchors = _backbone(preset, frozen_norm), _anchors(preset)
    head = RetinaNetHead(backbone.out_channels, anchors.num_anchors_per_location()[0], class_count)
    head.regression_head._loss_type = preset.box_loss
    for part in (head.classification_head, head.regression_head):
        part.conv = part.conv[: preset.head_convolutions]
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
        detections_per_img=MOST_CELLS,
        topk_candidates=MOST_CELLS,
    )
    model.transform = _normalisation(preset)
    return model


def build_faster_rcnn(preset: Preset, class_count: int, *, frozen_norm: bool = False) -> CellFasterRCNN:
    """Build a Faster R-CNN (Ren et al. 2015) with torchvision's own region proposals and box head."""
    levels = [str(level) for level in range(LAST_LEVEL + 1 - PYRAMID_LEVELS["faster_rcnn"], LAST_LEVEL + 1)]
    model = CellFasterRCNN(
        _backbone(preset, frozen_norm),
        class_count + 1,
        rpn_anchor_generator=_anchors(preset),
        box_roi_pool=MultiScaleRoIAlign(levels, output_size=7, sampling_ratio=2),
        rpn_pre_nms_top_n_test=MOST_CELLS,
        rpn_post_nms_top_n_test=MOST_CELLS,
        box_score_thresh=0.05,
        box_detections_per_img=MOST_CELLS,
    )
    model.transform = _normalisation(preset)
    return model


def _backbone(preset: Preset, frozen_norm: bool) -> PyramidBackbone:
    backbone = PyramidBackbone.of(preset, frozen_norm=frozen_norm)
    if preset.frozen_backbone:
        backbone.body.requires_grad_(False)
    return backbone


def _normalisation(preset: Preset) -> KeepSize:
    lite = preset.backbone in LITE_BACKBONES
    mean, std = (LITE_MEAN, LITE_STD) if lite else (IMAGE_MEAN, IMAGE_STD)
    return KeepSize(0, 0, list(mean), list(std))


def _anchors(preset: Preset) -> AnchorGenerator:
    return AnchorGenerator(
        sizes=tuple(tuple(sizes) for sizes in preset.anchor_sizes),
        aspect_ratios=tuple((1.0,) for _ in preset.anchor_sizes),
    )
