"""What the true cells were counted as, and what the counted cells really are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.geometry.matching import UNMATCHED, match_boxes
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer.evaluation.predict import ImageResult

MISSED = "missed"
INVENTED = "invented"


def _matching_text(iou: float) -> str:
    return gettext(
        "Counted cells are matched in descending order of probability, each with the unmatched true cell of any class "
        "that it overlaps most, at an IoU of at least {iou:g}. Classes that are not fully annotated in an image are "
        "left out there."
    ).format(iou=iou)


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix at the card's thresholds.

    ``counts[i][j]`` true cells of class i were counted as class j. The last column holds the true cells that were
    missed, the last row the counted cells that match no true cell. ``matching`` explains the matching in words.
    """

    matching: str
    iou: float
    classes: list[str]
    counts: list[list[int]]


def confusion(results: Iterable[ImageResult], classes: tuple[str, ...], iou: float = 0.5) -> Confusion:
    """Match the counted cells with the true ones, whatever the classes."""
    none = len(classes)
    table = np.zeros((none + 1, none + 1), np.int64)
    for result in results:
        cells, judged = result.image.found.detections, result.judged(classes)
        counted = np.flatnonzero(result.image.result.counted)
        true, truth = result.labels[judged], result.boxes[judged]
        matched = match_boxes(cells.boxes[counted], cells.scores[counted], truth, iou)
        labels = cells.labels[counted].astype(np.int64)
        became = np.full(len(true), none)  # missed, unless something was matched with it
        became[matched[matched != UNMATCHED]] = labels[matched != UNMATCHED]
        known = [label for label, name in enumerate(classes) if name not in result.unjudged]
        invented = labels[(matched == UNMATCHED) & np.isin(labels, known)]
        pairs = np.concatenate([true * (none + 1) + became, none * (none + 1) + invented])
        table += np.bincount(pairs, minlength=table.size).reshape(table.shape)
    return Confusion(_matching_text(iou), iou, list(classes), table.tolist())
