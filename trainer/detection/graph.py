"""The part of a detector that becomes the model file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

from trainer.detection.network import CellFasterRCNN, CellRetinaNet

if TYPE_CHECKING:
    from trainer.detection.network import Detector

STRIDES = (8, 16, 32)
_LARGEST_LOG_SIDE = 4.135  # log(1000 / 16), torchvision's limit on predicted growth


def candidate_graph(model: Detector, score_floor: float) -> nn.Module:
    """Return the graph of a detector.

    Input: uint8 RGB (1, 3, H, W), H and W multiples of 32. Output: ``boxes`` float32 (N, 4) in
    pixels of the input, ``scores`` float32 (N,), ``labels`` int64 (N,): every candidate of at least
    the score floor, before non-maximum suppression and without a cap.
    """
    if isinstance(model, CellRetinaNet):
        return RetinaNetGraph(model, score_floor).eval()
    return FasterRCNNGraph(model, score_floor).eval()


class _Graph(nn.Module):
    """What both graphs share: the normalisation of the image and the choice above the floor."""

    def __init__(self, model: Detector, score_floor: float) -> None:
        super().__init__()
        self.floor = score_floor
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", 255 * torch.tensor(model.transform.image_mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(model.transform.image_std).view(1, 3, 1, 1))

    def normalised(self, image: Tensor) -> Tensor:
        """Return the image as the backbone takes it."""
        return (image.float() - self.mean) / self.std


class RetinaNetGraph(_Graph):
    """RetinaNet without suppression and caps."""

    def __init__(self, model: CellRetinaNet, score_floor: float) -> None:
        super().__init__(model, score_floor)
        self.backbone, self.head = model.backbone, model.head
        self.base_anchors = [anchors.clone().float() for anchors in model.anchor_generator.cell_anchors]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of the candidates."""
        features = list(self.backbone(self.normalised(image)).values())
        outputs = self.head(features)
        boxes = self._decode(outputs["bbox_regression"][0], self._anchors(features))
        all_scores = torch.sigmoid(outputs["cls_logits"][0])
        found = torch.nonzero(all_scores >= self.floor)
        anchor, label = found[:, 0], found[:, 1]
        scores = all_scores.index_select(0, anchor).gather(1, label[:, None])[:, 0]
        return boxes.index_select(0, anchor), scores, label

    def _anchors(self, features: list[Tensor]) -> Tensor:
        levels = []
        for feature, base, stride in zip(features, self.base_anchors, STRIDES, strict=True):
            y = (torch.arange(feature.shape[2]) * stride).float().view(-1, 1, 1, 1)
            x = (torch.arange(feature.shape[3]) * stride).float().view(1, -1, 1, 1)
            x1, y1, x2, y2 = (base[:, i].view(1, 1, -1, 1) for i in range(4))
            zero = torch.zeros_like(x1 + x + y)
            corners = [x + x1 + zero, y + y1 + zero, x + x2 + zero, y + y2 + zero]
            levels.append(torch.cat(corners, dim=3).reshape(-1, 4))
        return torch.cat(levels)

    def _decode(self, deltas: Tensor, anchors: Tensor) -> Tensor:
        """Box regression of Girshick et al. 2014 with unit weights, as torchvision's BoxCoder."""
        sides = anchors[:, 2:] - anchors[:, :2]
        centres = anchors[:, :2] + 0.5 * sides
        centres = centres + deltas[:, :2] * sides
        half = 0.5 * sides * torch.exp(torch.clamp(deltas[:, 2:], max=_LARGEST_LOG_SIDE))
        return torch.cat([centres - half, centres + half], dim=1)


class FasterRCNNGraph(_Graph):
    """Faster R-CNN without suppression of cells; its region proposals are suppressed as torchvision does."""

    def __init__(self, model: CellFasterRCNN, score_floor: float) -> None:
        super().__init__(model, score_floor)
        self.backbone, self.rpn, self.roi_heads = model.backbone, model.rpn, model.roi_heads

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of the candidates."""
        features = self.backbone(self.normalised(image))
        size = (image.shape[2], image.shape[3])
        proposals, _ = self.rpn(ImageList(image, [size]), features)
        heads: Any = self.roi_heads
        logits, deltas = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposals, [size])))
        all_boxes = heads.box_coder.decode(deltas, proposals)
        all_scores = torch.softmax(logits, dim=1)[:, 1:]
        found = torch.nonzero(all_scores >= self.floor)
        proposal, label = found[:, 0], found[:, 1]
        scores = all_scores.index_select(0, proposal).gather(1, label[:, None])[:, 0]
        classes = all_boxes.shape[1]
        boxes = all_boxes.reshape(-1, 4).index_select(0, proposal * classes + label + 1)
        return boxes, scores, label
