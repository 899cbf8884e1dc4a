"""How many red cells are found where two lie over one another, in rendered fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.counting.pipeline import count_image
from core.imaging.reading import SmearImage
from core.imaging.synthetic import RBC, SmearStyle, render_pairs
from core.statistics.metrics import score_image
from trainer.evaluation.dense_field import rendered_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.counting.count import CountSettings
    from core.detection.loading import CellDetector

OVERLAPS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
FIELDS = 4
WIDTH, HEIGHT = 1000, 750


@dataclass(frozen=True)
class OverlapFigures:
    """Red cells in pairs that overlap by the share ``overlap`` of a diameter: how many there are, counted, found.

    ``found`` are the true cells that a counted box overlaps by at least half (IoU).
    """

    overlap: float
    cells: int
    counted: int
    found: int


def count_overlaps(
    detector: CellDetector, settings: CountSettings, seed: int = 0, overlaps: Sequence[float] = OVERLAPS
) -> list[OverlapFigures]:
    """Count rendered fields of pairs, of four strengths of pallor, at each overlap.

    The model must know red cells.
    """
    return [_figures(overlap, detector, settings, seed) for overlap in overlaps]


def _figures(overlap: float, detector: CellDetector, settings: CountSettings, seed: int) -> OverlapFigures:
    classes = detector.card.classes
    to_model = rendered_labels(classes)
    name = classes[to_model[RBC]]
    cells = counted = found = 0
    for field in range(FIELDS):
        rng = np.random.default_rng((seed, field))
        pallor = 0.2 + 0.2 * field
        smear = render_pairs(WIDTH, HEIGHT, overlap, style=SmearStyle(pallor=pallor), rng=rng)
        image = count_image(SmearImage(Path("pairs"), smear.image), detector, settings)
        scores = score_image(image.found.detections, image.result.counted, smear.boxes, to_model[smear.labels], classes)
        cells += scores[name].truth
        counted += scores[name].counted
        found += scores[name].matched
    return OverlapFigures(overlap, cells, counted, found)
