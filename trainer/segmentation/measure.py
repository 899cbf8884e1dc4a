"""How good derived masks are: held against the exact ones of rendered smears."""

from __future__ import annotations

import numpy as np
import torch

from core.imaging.illumination import divide_light, estimate_light
from core.imaging.synthetic import CLASS_NAMES, SmearStyle, render_smear
from trainer.dataset.masks import EDGE, UNKNOWN
from trainer.segmentation.losses import mask_measures
from trainer.segmentation.masks import derive_masks, exact_masks

_SIDE, _DIAMETER = 320, 48.0


def derived_quality(count: int, seed: int) -> dict[str, tuple[float, float, float, float]]:
    """Return IoU, Dice, Tversky's index and accuracy of the derived masks of some rendered smears, by class."""
    measures = {name: mask_measures(0.5, 0.5, "") for name in (*CLASS_NAMES, EDGE)}
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        smear = render_smear(
            _SIDE,
            _SIDE,
            red_cells=28,
            white_cells=1,
            platelets=4,
            diameter=_DIAMETER,
            style=SmearStyle.random(rng),
            rng=rng,
        )
        labels = smear.labels.astype(np.int64)
        image = divide_light(smear.image, estimate_light(smear.image))
        derived = derive_masks(image, smear.boxes, labels, len(CLASS_NAMES), _DIAMETER)
        exact = exact_masks(smear.boxes, labels, smear.shapes, (_SIDE, _SIDE), len(CLASS_NAMES), _DIAMETER)
        for predicted, true, measure in zip(derived.values, exact.values, measures.values(), strict=True):
            wanted = np.where(predicted == UNKNOWN, UNKNOWN, true)
            measure.update(torch.from_numpy((predicted > 0).astype(np.float32)), torch.from_numpy(wanted).long())
    order = ("iou", "dice", "tversky", "accuracy")
    return {
        name: tuple(float(values[key]) for key in order)  # type: ignore[misc]
        for name, measure in measures.items()
        if (values := measure.compute())
    }
