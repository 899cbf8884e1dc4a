"""The part of a detector that becomes the model file."""

from __future__ import annotations

import math
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


class _Head(nn.Module):
    """The convolutions of one head of RetinaNet; it leaves the order of their output as it is."""

    def __init__(self, conv: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.conv, self.last = conv, last

    def forward(self, feature: Tensor) -> Tensor:
        """Return what the head says of a feature map."""
        said: Tensor = self.last(self.conv(feature))
        return said


class RetinaNetGraph(_Graph):
    """RetinaNet without suppression and caps; boxes are decoded for the candidates alone."""

    def __init__(self, model: CellRetinaNet, score_floor: float) -> None:
        super().__init__(model, score_floor)
        classes, boxes = model.head.classification_head, model.head.regression_head
        self.backbone = model.backbone
        self.classification_head = _Head(classes.conv, classes.cls_logits)
        self.regression_head = _Head(boxes.conv, boxes.bbox_reg)
        cells = torch.stack([anchors.clone().float() for anchors in model.anchor_generator.cell_anchors])
        self.anchors: Tensor
        self.strides: Tensor
        self.register_buffer("anchors", cells.flatten(0, 1))
        self.register_buffer("strides", torch.tensor(STRIDES))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of the candidates."""
        features = list(self.backbone(self.normalised(image)).values())
        logits = [self.classification_head(feature) for feature in features]
        deltas = [self.regression_head(feature) for feature in features]
        return self.candidates(image, logits, deltas)

    def candidates(self, image: Tensor, logits: list[Tensor], deltas: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of what lies above the floor.

        Sizes come from the image alone: OpenVINO adds no bias within a convolution whose output is asked for its shape.

        Parameters
        ----------
        image
            As in ``candidate_graph``.
        logits, deltas
            What the head says at each stride, float32 (1, A C, h, w) and (1, A 4, h, w), A anchors in each place.
        """
        each = len(self.anchors) // len(STRIDES)
        by_anchor = [part.permute(0, 2, 3, 1).reshape(-1, part.shape[1] // each) for part in logits]
        all_logits = torch.cat(by_anchor)
        all_deltas = torch.cat([part.permute(0, 2, 3, 1).reshape(-1, 4) for part in deltas])
        found = torch.nonzero(all_logits >= math.log(self.floor / (1 - self.floor)))
        anchor, label = found[:, 0], found[:, 1]
        scores = torch.sigmoid(all_logits.index_select(0, anchor).gather(1, label[:, None])[:, 0])
        boxes = self._decode(all_deltas.index_select(0, anchor), self._anchors(anchor, image.shape[2], image.shape[3]))
        return boxes, scores, label

    def _anchors(self, place: Tensor, height: int, width: int) -> Tensor:
        """Return the anchors (N, 4) with these places among all: by stride, row, column, and in each of these."""
        each = len(self.anchors) // len(STRIDES)
        level, before = torch.zeros_like(place), torch.zeros_like(place)
        for stride in STRIDES[:-1]:
            size = (height // stride) * (width // stride) * each
            beyond = (place - before >= size) & (level == STRIDES.index(stride))
            level, before = level + beyond.long(), before + beyond.long() * size
        stride = self.strides[level]
        cell, within = (place - before) // each, (place - before) % each
        columns = width // stride
        corner = torch.stack([cell % columns, cell // columns], dim=1) * stride[:, None]
        return torch.cat([corner, corner], dim=1).float() + self.anchors[level * each + within]

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
