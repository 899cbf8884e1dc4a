"""What is made small, and what is measured: the losses and measures of the paper."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score, BinaryJaccardIndex, BinaryStatScores

from trainer.dataset.masks import UNKNOWN

_SMOOTH = 1.0
_MOST_WEIGHT = 30.0


class MaskLoss(nn.Module):
    """Binary cross-entropy plus one minus Tversky's index, of each class, over the pixels that are known.

    Tversky's index (Salehi et al. 2017) is TP / (TP + ``false_found`` FP + ``missed`` FN). In the entropy the pixels
    in cells weigh the square root of how much rarer they are, up to 30 times: platelets are one pixel in 500, and
    without that the network predicts no cells at all.
    """

    def __init__(self, false_found: float, missed: float) -> None:
        super().__init__()
        self.false_found, self.missed = false_found, missed

    def forward(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of logits (N, C, I, I) against masks of the same shape, 1, 0 or ``UNKNOWN``."""
        known = (truth != UNKNOWN).float()
        wanted = (truth > 0).float()
        wanted = wanted * known
        sides = (0, 2, 3)
        inside, outside = wanted.sum(sides, keepdim=True), (known - wanted).sum(sides, keepdim=True)
        rarer = (outside / inside.clamp(min=1)).sqrt().clamp(1, _MOST_WEIGHT)
        weight = known * torch.where(wanted > 0, rarer, 1.0)
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        entropy = ((each * weight).sum(sides) / weight.sum(sides).clamp(min=1)).mean()
        predicted = torch.sigmoid(logits) * known
        hit = (predicted * wanted).sum(sides)
        false_found = (predicted * (1 - wanted)).sum(sides)
        missed = ((1 - predicted) * wanted).sum(sides)
        index = (hit + _SMOOTH) / (hit + self.false_found * false_found + self.missed * missed + _SMOOTH)
        return entropy + (1 - index).mean()


class BinaryTversky(BinaryStatScores):
    """Tversky's index of a mask."""

    def __init__(self, false_found: float, missed: float, ignore_index: int) -> None:
        super().__init__(ignore_index=ignore_index)
        self.false_found, self.missed = false_found, missed

    def compute(self) -> Tensor:
        """Return the index over all pixels."""
        found, false_found, _, missed, _ = super().compute().float()
        weighed = found + self.false_found * false_found + self.missed * missed
        return found / weighed.clamp(min=1)


def mask_measures(false_found: float, missed: float, prefix: str) -> MetricCollection:
    """Return IoU, Dice, Tversky's index and accuracy of one mask; unknown pixels do not matter."""
    measures: dict[str, Metric | MetricCollection] = {
        "iou": BinaryJaccardIndex(ignore_index=UNKNOWN),
        "dice": BinaryF1Score(ignore_index=UNKNOWN),
        "tversky": BinaryTversky(false_found, missed, UNKNOWN),
        "accuracy": BinaryAccuracy(ignore_index=UNKNOWN),
    }
    return MetricCollection(measures, prefix=prefix, compute_groups=False)
