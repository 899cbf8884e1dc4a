"""Each image of an evaluation: what is there, what was counted, and which of the ranked cells are true.

Enough to compare two evaluations without counting anything again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.text import printable
from core.verification.verify import AP_IOUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.verification.verify import Verification
    from trainer.dataset.load import DataSet
    from trainer.evaluation.predict import ImageResult


@dataclass(frozen=True)
class ImageClass:
    """One class in one image.

    ``truth`` cells are there; ``counted`` were counted at the card's thresholds, ``matched`` of these are true at
    IoU 0.5. ``scores``: everything that would be counted at threshold 0, the likeliest first. ``hits``: at
    which overlaps each of them is a true cell, as the sum of 1 for IoU 0.50, 2 for 0.55, 4 for 0.60 ... 512 for 0.95.
    """

    truth: int
    counted: int
    matched: int
    scores: list[float]
    hits: list[int]


@dataclass(frozen=True)
class ImageFigures:
    """One image; ``classes`` lacks the classes that are not fully annotated in it."""

    file: str
    source: str
    width: int
    height: int
    seconds: float
    classes: dict[str, ImageClass]


def image_figures(
    data: DataSet,
    results: Sequence[ImageResult],
    ranked: Verification,
    at_thresholds: Verification,
    thresholds: Mapping[str, float],
) -> list[ImageFigures]:
    """Return the images in the order of the fields.

    Parameters
    ----------
    results
        The fields; the cases of both verifications are numbered by their places.
    ranked, at_thresholds
        The fields with each class ranked by itself, and with the other classes at the ``thresholds``.
    """
    classes: list[dict[str, ImageClass]] = [{} for _ in results]
    for name in ranked.classes:
        sweep = at_thresholds.class_sweep(name, np.array([thresholds[name]]))
        ranking = ranked.ranking(name)
        hits = sum(ranking.is_true(iou).astype(np.int64) << bit for bit, iou in enumerate(AP_IOUS.tolist()))
        ends = np.searchsorted(ranking.image, np.arange(len(sweep.images)), side="right").tolist()
        start = 0
        for place, (number, end) in enumerate(zip(sweep.images.tolist(), ends, strict=True)):
            classes[number][name] = ImageClass(
                int(sweep.truth[place]),
                int(sweep.counted[place, 0]),
                int(sweep.matched[place, 0]),
                _short(ranking.scores[start:end]),
                np.asarray(hits)[start:end].tolist(),
            )
            start = end
    return [
        ImageFigures(
            _name(result.field.path, data),
            result.field.source,
            result.image.width,
            result.image.height,
            round(result.image.seconds, 4),
            of_image,
        )
        for result, of_image in zip(results, classes, strict=True)
    ]


def _short(scores: NDArray[np.float32]) -> list[float]:
    """Return float32 numbers as the shortest decimal numbers that become the same float32 again."""
    return [float(str(score)) for score in scores]


def _name(path: Path, data: DataSet) -> str:
    """Return the name of an image within its data set, the same wherever the data set lies."""
    folder = data.folder if data.folder.is_dir() else data.folder.parent
    return printable((path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix())
