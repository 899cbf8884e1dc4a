"""Where the numbers of the look lie in images that a model was trained on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from core.counting.likeness import unlike
from core.models.card import LookRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST_FIELDS = 20
"""A number that fewer fields tell gets no range."""

_QUANTILES = (0.01, 0.5, 0.99)


def look_ranges(looks: Sequence[Mapping[str, float]]) -> dict[str, LookRange]:
    """Return the range of each number of the looks of training fields, by its name."""
    names = sorted({name for look in looks for name in look})
    ranges: dict[str, LookRange] = {}
    for name in names:
        values = np.array([look[name] for look in looks if name in look])
        if len(values) >= FEWEST_FIELDS:
            ranges[name] = LookRange(*(round(float(value), 4) for value in np.quantile(values, _QUANTILES)))
    return ranges


def share_unlike(
    looks: Sequence[Mapping[str, float]], reference: Mapping[str, LookRange]
) -> tuple[float, dict[str, int]]:
    """Return the share of the looks that are unlike the training images, and how often each number says so."""
    said = [[reason.measure for reason in unlike(look, reference)] for look in looks]
    number = Counter(measure for measures in said for measure in measures)
    return sum(map(bool, said)) / max(len(said), 1), dict(number.most_common())
