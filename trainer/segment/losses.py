"""What is made small, and what is measured: the losses and measures of the paper."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score, BinaryJaccardIndex, BinaryStatScores

from trainer.segment.masks import UNKNOWN

_SMOOTH = 1.0


class MaskLoss(nn.Module):
    """Binary cross-entropy plus one minus Tversky's index, over the pixels that are known.

    Tversky's index (Salehi et al. 2017) is TP / (TP + ``false_found`` FP + ``missed`` FN).
    """

    def __init__(self, false_found: float, missed: float) -> None:
        super().__init__()
        self.false_found, self.missed = false_found, missed

    def forward(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of logits (N, C, I, I) against masks of the same shape, 1, 0 or ``UNKNOWN``."""
        known = (truth != UNKNOWN).float()
        wanted = (truth > 0).float()
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        entropy = (each * known).sum() / known.sum().clamp(min=1)
        said = torch.sigmoid(logits) * known
        wanted = wanted * known
        sides = (0, 2, 3)
        hit = (said * wanted).sum(sides)
        false_found = (said * (1 - wanted)).sum(sides)
        missed = ((1 - said) * wanted).sum(sides)
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
