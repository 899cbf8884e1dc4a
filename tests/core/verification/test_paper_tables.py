"""The figures of Entropy 2021, 23, 1522, from its own counts through the program's own path."""

from __future__ import annotations

import numpy as np
import pytest

from core.cells import Detections
from core.counting.count import CountSettings
from core.statistics.metrics import f1_score
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth
from core.verification.sweep import ClassSweep, threshold_steps
from core.verification.thresholds import choose_threshold
from core.verification.verify import Verification

CLASSES = ("RBC", "WBC", "Platelets")
TRUTH = {"RBC": 1822, "WBC": 144, "Platelets": 779}

# Tables 7 and 11: the cells that the models counted at 0.20, 0.25, ... 0.85.
COUNTED = {
    "RN10": {
        "RBC": (2102, 1880, 1703, 1553, 1422, 1306, 1180, 1079, 975, 868, 758, 634, 517, 363),
        "WBC": (778, 462, 315, 216, 181, 155, 148, 140, 136, 130, 117, 102, 76, 52),
        "Platelets": (1126, 902, 769, 689, 634, 567, 497, 419, 358, 298, 241, 173, 111, 63),
    },
    "RN30": {
        "RBC": (1997, 1828, 1676, 1574, 1474, 1372, 1280, 1199, 1133, 1062, 972, 881, 786, 690),
        "WBC": (1066, 685, 474, 348, 270, 219, 191, 166, 150, 142, 140, 137, 131, 115),
        "Platelets": (1157, 945, 835, 762, 699, 654, 606, 545, 489, 435, 369, 316, 241, 167),
    },
}

# Tables 4 to 6 and 8 to 10: accuracy, precision, recall and F1 in percent, at the same thresholds.
TABLES = {
    ("RN10", "RBC"): """
        86.68 81.30 93.80 87.10
        96.91 87.23 90.01 88.60
        93.47 90.66 84.74 87.60
        85.24 93.69 79.86 86.22
        78.05 95.64 74.64 83.85
        71.68 97.17 69.65 81.14
        64.76 98.39 63.72 77.35
        59.22 99.35 58.84 73.91
        53.51 99.79 53.40 69.57
        47.64 99.88 45.94 62.93
        41.60 100.0 41.60 58.76
        34.80 100.0 34.80 51.63
        28.38 100.0 28.38 44.21
        19.92 100.0 19.92 33.23""",
    ("RN10", "WBC"): """
        18.51 18.25 98.61 30.80
        31.17 30.74 98.61 46.86
        45.71 45.08 98.61 61.87
        66.67 64.81 97.22 77.78
        79.56 77.35 97.22 86.15
        92.90 89.68 97.20 93.29
        97.30 93.24 96.50 94.85
        97.22 96.43 93.75 95.07
        94.44 98.53 93.06 95.71
        90.28 98.46 90.14 94.12
        81.25 99.15 81.69 89.58
        70.83 99.02 72.14 83.47
        52.78 97.37 52.86 68.52
        36.11 100.0 37.14 54.17""",
    ("RN10", "Platelets"): """
        69.18 68.56 98.97 81.01
        86.36 82.93 95.90 88.94
        98.72 91.68 90.85 91.26
        88.45 96.08 86.09 90.81
        81.39 97.48 79.84 87.78
        72.79 99.47 73.06 84.24
        63.80 99.80 64.50 78.36
        53.79 100.0 54.49 70.54
        45.96 100.0 46.86 63.81
        38.25 100.0 39.11 56.23
        30.94 100.0 31.54 47.96
        22.21 100.0 22.21 36.34
        14.25 100.0 14.25 24.94
        8.09 100.0 8.09 14.96""",
    ("RN30", "RBC"): """
        91.24 81.18 88.41 84.64
        99.67 86.44 86.54 86.49
        91.99 90.51 83.35 86.78
        86.39 93.20 80.60 86.45
        80.90 94.91 76.87 84.94
        75.30 96.43 72.69 82.89
        70.25 97.11 68.30 80.19
        65.81 97.75 64.40 77.64
        62.18 98.23 61.15 75.38
        58.29 98.59 57.53 72.66
        53.35 99.18 52.97 69.05
        48.35 99.66 48.08 64.86
        43.14 99.87 43.02 60.14
        37.87 100.0 37.91 54.98""",
    ("RN30", "WBC"): """
        13.51 13.52 100.0 23.82
        21.02 21.02 100.0 34.74
        30.38 30.38 100.0 46.60
        41.38 41.38 100.0 58.54
        53.33 53.33 100.0 69.57
        65.75 64.84 98.61 78.24
        75.39 73.82 97.92 84.18
        86.75 84.34 97.22 90.32
        96.00 92.67 96.53 94.56
        98.61 97.89 96.53 97.20
        97.22 99.29 96.53 97.89
        95.14 100.0 95.14 97.51
        90.97 100.0 90.97 95.27
        79.86 100.0 79.86 88.80""",
    ("RN30", "Platelets"): """
        67.33 66.55 98.97 79.59
        82.43 80.00 97.05 87.70
        93.29 87.90 94.22 90.95
        97.82 92.78 90.76 91.76
        89.73 95.71 85.88 90.53
        83.95 97.40 81.77 88.90
        77.79 98.84 76.89 86.50
        69.96 99.27 69.45 81.72
        62.77 99.59 62.52 76.81
        55.84 100.0 55.84 71.66
        47.37 100.0 47.37 64.29
        40.56 100.0 40.56 57.72
        30.94 100.0 30.94 47.25
        21.44 100.0 21.44 35.31""",
}
STEPS = [0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85]
ENTRIES = [
    (model, name, place, *map(float, line.split()))
    for (model, name), table in TABLES.items()
    for place, line in enumerate(table.strip().splitlines())
]


def found_by(model: str) -> Detections:
    """Return so many cells apart from each other, in one image, that the paper's counts come out."""
    scores, labels = [], []
    for label, name in enumerate(CLASSES):
        counted = (*COUNTED[model][name], 0)
        for place, threshold in enumerate(STEPS):
            only_here = counted[place] - counted[place + 1]
            scores += [threshold + 0.02] * only_here
            labels += [label] * only_here
    place = np.arange(len(scores))
    corner = np.stack([place % 80, place // 80], axis=1) * 20
    boxes = np.concatenate([corner, corner + 10], axis=1).astype(np.float32)
    return Detections.from_model(boxes, np.array(scores, np.float32), np.array(labels, np.int32))


@pytest.fixture(scope="module", params=list(COUNTED))
def sweeps(request: pytest.FixtureRequest) -> tuple[str, dict[str, ClassSweep]]:
    settings = CountSettings(dict.fromkeys(CLASSES, 0.5))
    case = Case.of(1, "the test images", found_by(request.param), GroundTruth.typed(TRUTH), settings)
    return request.param, Verification([case], CLASSES).sweep()


def test_there_are_84_entries() -> None:
    assert len(ENTRIES) == 84
    assert threshold_steps().tolist() == STEPS


def test_the_programs_accuracy_is_the_papers(sweeps: tuple[str, dict[str, ClassSweep]]) -> None:
    model, by_class = sweeps
    for model_name, name, place, accuracy, *_ in ENTRIES:
        if model_name == model:
            row = by_class[name].rows()[place]
            assert (row.threshold, row.truth, row.counted) == (STEPS[place], TRUTH[name], COUNTED[model][name][place])
            assert row.accuracy is not None
            assert 100 * row.accuracy == pytest.approx(accuracy, abs=0.01)
            assert (row.precision, row.recall, row.f1, row.tp, row.fp, row.fn) == (None,) * 6


@pytest.mark.parametrize(("model", "name", "place", "accuracy", "precision", "recall", "f1"), ENTRIES)
def test_f1_follows_from_the_papers_precision_and_recall(
    model: str, name: str, place: int, accuracy: float, precision: float, recall: float, f1: float
) -> None:
    """Counts that have this precision and recall: ``matched / counted`` and ``matched / truth``."""
    assert 100 * f1_score(precision, recall, precision * recall / 100) == pytest.approx(f1, abs=0.02)


def test_the_best_thresholds_are_the_papers(sweeps: tuple[str, dict[str, ClassSweep]]) -> None:
    """For white cells of RN10 the paper takes 0.60, which has the best F1; its accuracy is best at 0.50."""
    model, by_class = sweeps
    expected = {"RN10": (0.25, 0.50, 0.30), "RN30": (0.25, 0.65, 0.35)}[model]
    for name, threshold in zip(CLASSES, expected, strict=True):
        marked = [row.threshold for row in by_class[name].rows() if row.most_accurate]
        choice = choose_threshold(by_class[name])
        assert marked == [threshold]
        assert choice is not None
        assert choice.threshold == threshold
        assert not any(row.best_f1 for row in by_class[name].rows()), "totals have no F1"
