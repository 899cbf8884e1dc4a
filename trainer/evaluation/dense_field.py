"""A rendered field as dense as a whole slide can be, with a truth that is exactly known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.classes import canonical_class
from core.counting.pipeline import count_image
from core.imaging.reading import SmearImage
from core.imaging.synthetic import CLASS_NAMES, RenderedSmear, render_smear
from core.statistics.metrics import score_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.counting.count import CountSettings
    from core.detection.loading import CellDetector

WIDTH, HEIGHT = 2592, 1944
LARGEST_DIAMETER = 64.0
_COVERED = 0.4  # of the field: cells touch and overlap, but each has room
_WHITE, _PLATELETS = 0.01, 0.05


@dataclass(frozen=True)
class DenseField:
    """How many cells to render in an image of so many pixels, and from which seed."""

    cells: int
    seed: int = 0
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def diameter(self) -> float:
        """Red cell diameter in pixels at which that many cells have room."""
        area = _COVERED * self.width * self.height / self.cells
        return min(2 * math.sqrt(area / math.pi), LARGEST_DIAMETER)

    def render(self) -> RenderedSmear:
        """Return the field: of a hundred cells one is white and five are platelets."""
        white, platelets = round(_WHITE * self.cells), round(_PLATELETS * self.cells)
        return render_smear(
            self.width,
            self.height,
            red_cells=self.cells - white - platelets,
            white_cells=white,
            platelets=platelets,
            diameter=self.diameter,
            rng=np.random.default_rng(self.seed),
        )


@dataclass(frozen=True)
class DenseClass:
    """One class of a dense field; ``matched`` of the counted cells are true at IoU 0.5."""

    truth: int
    counted: int
    matched: int
    count_error_percent: float
    f1: float


@dataclass(frozen=True)
class DenseFigures:
    """What a model counts in a dense field.

    ``cells`` were requested; those less than half inside the image are drawn, but are not part of the truth.
    ``capped``: more candidates than can be handled were found, and some cells are lost.
    """

    cells: int
    seed: int
    width: int
    height: int
    diameter: float
    classes: dict[str, DenseClass]
    capped: bool
    seconds: float


def rendered_labels(classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the label of a model's ``classes`` for each class of rendered smears; -1 if it has none."""
    same = [canonical_class(name, classes) for name in CLASS_NAMES]
    return np.array([-1 if name is None else classes.index(name) for name in same], np.int64)


def count_dense(dense: DenseField, detector: CellDetector, settings: CountSettings) -> DenseFigures:
    """Render a dense field and count it; a class that the model does not know is left out."""
    smear, classes = dense.render(), detector.card.classes
    to_model = rendered_labels(classes)
    image = count_image(SmearImage(Path("dense field"), smear.image), detector, settings)
    found, counted = image.found.detections, image.result.counted
    scores = score_image(found, counted, smear.boxes, to_model[smear.labels], classes)
    return DenseFigures(
        dense.cells,
        dense.seed,
        dense.width,
        dense.height,
        round(dense.diameter, 1),
        {
            name: DenseClass(score.truth, score.counted, score.matched, 100 * score.count_error, score.f1)
            for name, score in scores.items()
            if classes.index(name) in to_model
        },
        image.found.capped,
        round(image.seconds, 3),
    )
