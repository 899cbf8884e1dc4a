"""Detections and ground truths to verify, and the scores as they are defined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from core.cells import Detections
from core.counting.count import CountSettings, count
from core.counting.frame import EdgeRule, Frame
from core.geometry.matching import UNMATCHED, match_points
from core.statistics.metrics import ClassScore, score_image
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES = ("RBC", "WBC", "Platelets")
SETTINGS = CountSettings(dict.fromkeys(CLASSES, 0.5))
STEPS = np.array([0.0, 0.2, 0.25, 0.5, 0.75, 1.0])
# Boxes of nearly one size and place, so that many pairs are one cell or nearly so; few scores, for ties.
box = st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(20, 24), st.integers(20, 24)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
label = st.integers(0, 2)
found_cells = st.lists(st.tuples(box, st.integers(0, 20).map(lambda n: n / 20), label), max_size=20)
true_cells = st.lists(st.tuples(box, label), max_size=12)
threshold = st.integers(0, 20).map(lambda n: n / 20)
thresholds_by_class = st.tuples(threshold, threshold, threshold).map(lambda t: dict(zip(CLASSES, t, strict=True)))
frames = st.sampled_from([None, Frame(50, 30, EdgeRule.TOP_LEFT), Frame(40, 28, EdgeRule.BOTTOM_RIGHT)])


def detections_of(cells: Sequence[tuple[tuple[int, int, int, int], float, int]]) -> Detections:
    return Detections.from_model(
        np.array([b for b, _, _ in cells], np.float32).reshape(-1, 4),
        np.array([s for _, s, _ in cells], np.float32),
        np.array([k for _, _, k in cells], np.int32),
    )


def truth_of(cells: Sequence[tuple[tuple[int, int, int, int], int]]) -> GroundTruth:
    boxes = np.array([b for b, _ in cells], np.float32).reshape(-1, 4)
    return GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, tuple(CLASSES[k] for _, k in cells), boxes)


def as_points(truth: GroundTruth) -> GroundTruth:
    return replace(truth, kind=TruthKind.POINTS, boxes=np.tile(truth.points, 2))


def settings_at(thresholds: dict[str, float], frame: Frame | None) -> CountSettings:
    return CountSettings(thresholds, SETTINGS.nms_iou, EdgeRule.ALL if frame is None else frame.rule)


def naive_scores(
    found: Detections, truth: GroundTruth, thresholds: dict[str, float], frame: Frame | None, iou: float
) -> dict[str, ClassScore]:
    """Count the image anew, and match what counts with the truth in the frame."""
    counted = count(found, settings_at(thresholds, frame), CLASSES, None, frame).counted
    if frame is not None:
        truth = truth.only(Case.of(0, "", found, truth, settings_at(thresholds, frame), frame).in_frame)
    if truth.kind == TruthKind.BOXES:
        return score_image(found, counted, truth.boxes, truth.labels(CLASSES), CLASSES, iou)
    scores = {}
    for place, name in enumerate(CLASSES):
        mine, points = counted & (found.labels == place), truth.points[truth.labels(CLASSES) == place]
        matched = match_points(found.boxes[mine], found.scores[mine], points)
        scores[name] = ClassScore(len(points), int(mine.sum()), int((matched != UNMATCHED).sum()))
    return scores


def field(seed: int, images: int, noise: float = 2.0, number: int = 40) -> list[tuple[Detections, GroundTruth]]:
    """Return images of red cells, nearly all found; the false ones have low scores."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(images):
        place = rng.permutation(100)[: number + 10]
        corner = np.stack([place % 10, place // 10], axis=1) * 40.0
        boxes = np.concatenate([corner, corner + 30], axis=1)
        scores = np.where(np.arange(len(boxes)) < number, rng.beta(6, 3, len(boxes)), rng.beta(2, 6, len(boxes)))
        found = Detections.from_model(
            (boxes + rng.normal(0, noise, boxes.shape)).astype(np.float32),
            scores.astype(np.float32),
            np.zeros(len(boxes), np.int32),
        )
        names = ("RBC",) * number
        truth = GroundTruth(
            TruthKind.BOXES, TruthSource.IMPORTED, CLASSES[:1], names, boxes[:number].astype(np.float32)
        )
        pairs.append((found, truth))
    return pairs


def cases_of(pairs: list[tuple[Detections, GroundTruth]], first: int = 0) -> list[Case]:
    return [Case.of(n, f"{n}.jpg", found, truth, SETTINGS) for n, (found, truth) in enumerate(pairs, first)]
