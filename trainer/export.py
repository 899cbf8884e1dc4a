"""Export: a trained detector becomes one ``.onnx`` file with its card inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import torch
from torch import Tensor, nn

from core.model_card import CARD_KEY, ModelCard

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.model import CellRetinaNet

OPSET = 18
STRIDES = (8, 16, 32)
_LARGEST_LOG_SIDE = 4.135  # log(1000 / 16), torchvision's limit on predicted growth


class CandidateGraph(nn.Module):
    """The part of a detector that becomes the model file.

    Input: uint8 RGB (1, 3, H, W), H and W multiples of 32. Output: ``boxes`` float32 (N, 4) in
    pixels of the input, ``scores`` float32 (N,), ``labels`` int64 (N,): every candidate of at least
    the score floor, before non-maximum suppression and without a cap.
    """

    def __init__(self, model: CellRetinaNet, score_floor: float) -> None:
        super().__init__()
        self.backbone, self.head, self.floor = model.backbone, model.head, score_floor
        self.base_anchors = [anchors.clone().float() for anchors in model.anchor_generator.cell_anchors]
        self.register_buffer("mean", 255 * torch.tensor(model.transform.image_mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(model.transform.image_std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = list(self.backbone((image.float() - self.mean) / self.std).values())
        outputs = self.head(features)
        boxes = self._decode(outputs["bbox_regression"][0], self._anchors(features))
        all_scores = torch.sigmoid(outputs["cls_logits"][0])
        found = torch.nonzero(all_scores >= self.floor)
        anchor, label = found[:, 0], found[:, 1]
        return boxes[anchor], all_scores[anchor, label], label

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


def export_onnx(model: CellRetinaNet, card: ModelCard, path: Path) -> None:
    """Write the model file with its card."""
    graph = CandidateGraph(model.eval(), card.score_floor).eval()
    example = torch.zeros(1, 3, 256, 320, dtype=torch.uint8)
    with torch.no_grad():
        torch.onnx.export(
            graph,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["boxes", "scores", "labels"],
            dynamic_axes={
                "image": {2: "height", 3: "width"},
                "boxes": {0: "candidates"},
                "scores": {0: "candidates"},
                "labels": {0: "candidates"},
            },
        )
    write_card(path, card)


def write_card(path: Path, card: ModelCard) -> None:
    """Put the card into a model file, in place of the one it had."""
    proto = onnx.load(path)
    onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
