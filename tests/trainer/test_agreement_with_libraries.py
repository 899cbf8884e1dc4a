"""The figures of verification against faster-coco-eval, torchmetrics and scikit-learn, to 1e-9."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from faster_coco_eval import COCO, COCOeval_faster
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from torchmetrics.detection import MeanAveragePrecision

from core.cells import Detections
from core.counting.count import CountSettings, count
from core.statistics.metrics import PrecisionRecall, accuracy
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from core.verification.verify import AP_IOUS, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

CLASSES = ("RBC", "WBC", "Platelets")
STEPS = np.array([0.0, 0.3, 0.5, 0.7, 0.9])
EXACT = 1e-9
Image = tuple[Detections, GroundTruth]


def image_of(
    boxes: ArrayLike, scores: ArrayLike, labels: ArrayLike, truth: ArrayLike, truth_labels: Iterable[int]
) -> Image:
    found = Detections.from_model(
        np.asarray(boxes, np.float32).reshape(-1, 4), np.asarray(scores, np.float32), np.asarray(labels, np.int32)
    )
    names = tuple(CLASSES[label] for label in truth_labels)
    there = np.asarray(truth, np.float32).reshape(-1, 4)
    return found, GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, names, there)


def random_image(rng: np.random.Generator) -> Image:
    """Return true cells, most of them found, a little beside and some twice; scores have many ties."""
    corner = rng.uniform(0, 300, (int(rng.integers(0, 30)), 2))
    truth = np.concatenate([corner, corner + rng.uniform(20, 60, corner.shape)], axis=1)
    labels = rng.integers(0, 3, len(truth))
    hits = rng.choice(len(truth), int(1.3 * len(truth))) if len(truth) else np.zeros(0, int)
    other = rng.uniform(0, 300, (6, 2))
    boxes = np.concatenate(
        [truth[hits] + rng.normal(0, 3, (len(hits), 4)), np.concatenate([other, other + 40], axis=1)]
    )
    found_labels = np.concatenate([labels[hits], rng.integers(0, 3, 6)])
    scores = rng.integers(1, 12, len(boxes)) / 12
    return image_of(boxes, scores, found_labels, truth, labels)


def lattice_image(rng: np.random.Generator) -> Image:
    """Return boxes of whole pixels whose overlaps tie and are exactly at the limits: 0.5, 0.6, 0.7, 0.8, 0.9."""

    def boxes(number: int) -> NDArray:
        x, y = rng.integers(0, 3, (2, number)) * 10
        return np.stack([x, y, x + rng.integers(5, 11, number), y + 10], axis=1)

    found, there = int(rng.integers(0, 20)), int(rng.integers(0, 12))
    scores = rng.integers(1, 4, found) / 4
    return image_of(boxes(found), scores, rng.integers(0, 3, found), boxes(there), rng.integers(0, 3, there))


def nothing() -> NDArray:
    return np.zeros((0, 4))


def row(number: int) -> NDArray:
    left = np.arange(number) * 50.0
    return np.stack([left, left * 0, left + 40, left * 0 + 40], axis=1)


def adversarial_images() -> dict[str, list[Image]]:
    zeros, ones = np.zeros(8, int), np.ones(8, int)
    falling = np.linspace(0.9, 0.2, 8)
    # The first box overlaps both true ones alike; the second needs the right one of them
    left, between, right = [0, 0, 10, 10], [2.5, 0, 12.5, 10], [5, 0, 15, 10]
    return {
        "nothing": [image_of(nothing(), [], [], nothing(), [])],
        "no truth": [image_of(row(8), falling, zeros, nothing(), [])],
        "no detections": [image_of(nothing(), [], [], row(8), zeros)],
        "all right": [image_of(row(8), falling, zeros, row(8), zeros)],
        "all doubled": [image_of(np.tile(row(8), (2, 1)), np.tile(falling, 2), np.tile(zeros, 2), row(8), zeros)],
        "truth doubled": [image_of(row(8), falling, zeros, np.tile(row(8), (2, 1)), np.tile(zeros, 2))],
        "all of another class": [image_of(row(8), falling, zeros, row(8), ones)],
        "all beside": [image_of(row(8) + 100000, falling, zeros, row(8), zeros)],
        "one score": [image_of(np.concatenate([row(8), row(8) + 900]), np.full(16, 0.5), np.zeros(16), row(8), zeros)],
        "one score, wrong ones first": [
            image_of(np.concatenate([row(8) + 900, row(8)]), np.full(16, 0.5), np.zeros(16), row(8), zeros)
        ],
        "a tie of overlaps": [image_of([between, right], [0.9, 0.8], [0, 0], [left, right], [0, 0])],
        "the other way round": [image_of([between, right], [0.9, 0.8], [0, 0], [right, left], [0, 0])],
        "scores at the ends": [image_of(row(8), [0, 0, 1, 1, 0, 1, 0.5, 0.5], zeros, row(8), zeros)],
        "true in one image, false in the next": [
            image_of(row(8), falling, zeros, row(8), zeros),
            image_of(row(8), falling, zeros, nothing(), []),
            image_of(nothing(), [], [], row(3), zeros[:3]),
        ],
    }


def verify(images: Sequence[Image], nms_iou: float = 1.0) -> Verification:
    options = CountSettings({}, nms_iou)
    return Verification([Case.of(n, "", found, truth, options) for n, (found, truth) in enumerate(images)], CLASSES)


def counted_at(images: Sequence[Image], threshold: float, nms_iou: float = 1.0) -> list[NDArray[np.bool_]]:
    options = CountSettings(dict.fromkeys(CLASSES, threshold), nms_iou)
    return [count(found, options, CLASSES).counted for found, _ in images]


def coco_evaluation(images: Sequence[Image], counted: Sequence[NDArray[np.bool_]], ious: NDArray) -> dict[str, NDArray]:
    """Return COCO's precision (IoU, 101, class) and recall (IoU, class); -1 where there is no truth."""
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for number, ((detections, there), counts) in enumerate(zip(images, counted, strict=True), start=1):

        def entry(box: NDArray, label: int, image: int = number) -> dict[str, Any]:
            x1, y1, x2, y2 = map(float, box)
            size = x2 - x1, y2 - y1
            return {"image_id": image, "category_id": label + 1, "bbox": [x1, y1, *size], "area": size[0] * size[1]}

        for box, label in zip(there.boxes, there.labels(CLASSES).tolist(), strict=True):
            truth.append({**entry(box, label), "id": len(truth) + 1, "iscrowd": 0})
        found += [
            {**entry(detections.boxes[cell], int(detections.labels[cell])), "score": float(detections.scores[cell])}
            for cell in np.flatnonzero(counts)
        ]
    if not truth or not found:
        precision = np.full((len(ious), 101, len(CLASSES)), -1.0)
        for label in {item["category_id"] - 1 for item in truth}:
            precision[:, :, label] = 0
        return {"precision": precision, "recall": precision[:, 0]}
    coco = COCO(
        {
            "images": [{"id": n + 1, "width": 400, "height": 400} for n in range(len(images))],
            "annotations": truth,
            "categories": [{"id": label + 1, "name": name} for label, name in enumerate(CLASSES)],
        }
    )
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval_faster(coco, coco.loadRes(found), "bbox")
        run.params.iouThrs = ious
        run.params.maxDets = [1, 10, 100_000]
        run.params.areaRng = [[0, 1e12]] * 4
        run.evaluate()
        run.accumulate()
    return {"precision": run.eval["precision"][:, :, :, 0, -1], "recall": run.eval["recall"][:, :, 0, -1]}


def assert_average_precision_is_cocos(images: Sequence[Image]) -> None:
    verification = verify(images)
    expected = coco_evaluation(images, counted_at(images, 0), AP_IOUS)["precision"]
    for label, name in enumerate(CLASSES):
        for place, ours in enumerate(verification.average_precision(name).tolist()):
            theirs = expected[place, :, label]
            if (theirs < 0).all():
                assert np.isnan(ours)
            else:
                assert ours == pytest.approx(theirs.mean(), abs=EXACT)


def assert_scores_are_theirs(images: Sequence[Image], iou: float, nms_iou: float = 1.0) -> None:
    """COCO says how many of the counted cells are true, scikit-learn makes the ratios of it."""
    sweeps = verify(images, nms_iou).sweep(STEPS, iou)
    for place, threshold in enumerate(STEPS.tolist()):
        counted = counted_at(images, threshold, nms_iou)
        recall = coco_evaluation(images, counted, np.array([iou]))["recall"][0]
        for label, name in enumerate(CLASSES):
            row = sweeps[name].rows()[place]
            pairs = list(zip(images, counted, strict=True))
            number = sum(int((counts & (found.labels == label)).sum()) for (found, _), counts in pairs)
            truth = sum(there.counts()[name] for _, there in images)
            true = round(recall[label] * truth) if truth else 0
            assert (row.truth, row.counted, row.tp, row.fp, row.fn) == (
                truth,
                number,
                true,
                number - true,
                truth - true,
            )
            is_there = [1] * truth + [0] * (number - true)
            is_counted = [1] * true + [0] * (truth - true) + [1] * (number - true)
            assert_same_ratios(row, is_there, is_counted)


def assert_same_ratios(row: Any, is_there: list[int], is_counted: list[int]) -> None:
    if not is_there:
        assert (row.precision, row.recall, row.f1) == (None, None, None)
        return
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
        is_there,
        is_counted,
        average="binary",
        zero_division=np.nan,  # pyright: ignore[reportArgumentType]
    )
    for ours, theirs in ((row.precision, precision), (row.recall, recall), (row.f1, f1)):
        assert (np.nan if ours is None else ours) == pytest.approx(theirs, abs=EXACT, nan_ok=True)


makers = st.sampled_from([random_image, lattice_image])
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(seeds, makers, st.integers(1, 4))
def test_average_precision_of_random_images(seed: int, make: Callable[..., Image], number: int) -> None:
    rng = np.random.default_rng(seed)
    assert_average_precision_is_cocos([make(rng) for _ in range(number)])


@pytest.mark.parametrize("case", adversarial_images())
def test_average_precision_of_adversarial_images(case: str) -> None:
    assert_average_precision_is_cocos(adversarial_images()[case])


@pytest.mark.slow
@settings(max_examples=40)
@given(seeds, makers, st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from([0.5, 1.0]))
def test_scores_of_random_images(seed: int, make: Callable[..., Image], iou: float, nms_iou: float) -> None:
    rng = np.random.default_rng(seed)
    assert_scores_are_theirs([make(rng) for _ in range(2)], iou, nms_iou)


@pytest.mark.parametrize("case", adversarial_images())
@pytest.mark.parametrize("iou", [0.5, 0.75])
def test_scores_of_adversarial_images(case: str, iou: float) -> None:
    assert_scores_are_theirs(adversarial_images()[case], iou)


def test_average_precision_is_that_of_torchmetrics() -> None:
    rng = np.random.default_rng(11)
    images = [random_image(rng) for _ in range(15)]
    metric = MeanAveragePrecision(
        backend="faster_coco_eval",
        class_metrics=True,
        max_detection_thresholds=[1, 100, 10_000],
        iou_thresholds=AP_IOUS.tolist(),
        rec_thresholds=np.linspace(0, 1, 101).tolist(),  # its own are rounded to float32
    )
    for (found, truth), counted in zip(images, counted_at(images, 0), strict=True):
        said = {
            "boxes": torch.tensor(found.boxes[counted]),
            "scores": torch.tensor(found.scores[counted]),
            "labels": torch.tensor(found.labels[counted]).long(),
        }
        there = {"boxes": torch.tensor(truth.boxes), "labels": torch.tensor(truth.labels(CLASSES))}
        metric.update([said], [there])
    theirs = metric.compute()["map_per_class"].tolist()
    verification = verify(images)
    ours = [float(verification.average_precision(name).mean()) for name in CLASSES]
    assert ours == pytest.approx(theirs, abs=1e-6), "torchmetrics rounds to float32"


ranked = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40)


@given(ranked, st.integers(0, 5))
def test_a_precision_recall_curve_is_that_of_scikit_learn(cells: list[tuple[int, bool]], missed: int) -> None:
    scores = np.array([score / 8 + 0.1 for score, _ in cells], np.float32)
    is_true = np.array([true for _, true in cells])
    truth = int(is_true.sum()) + missed
    if not truth:
        return
    # scikit-learn is told of a missed cell as of one found with a score below all others
    y, s = np.append(is_true, np.ones(missed, bool)), np.append(scores, np.full(missed, -1, np.float32))
    precision, recall, thresholds = sklearn_metrics.precision_recall_curve(y, s)
    found = thresholds >= 0
    curve = PrecisionRecall.of(scores, is_true, truth)
    ours = curve.points
    np.testing.assert_array_equal(ours[0][::-1], thresholds[found])
    np.testing.assert_allclose(ours[1][::-1], precision[:-1][found], rtol=0, atol=EXACT)
    np.testing.assert_allclose(ours[2][::-1], recall[:-1][found], rtol=0, atol=EXACT)


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 5))
def test_the_area_is_that_of_scikit_learn_under_its_steps(flags: list[bool], missed: int) -> None:
    """scikit-learn's average precision does not interpolate: equal where precision only falls."""
    is_true = np.array(sorted(flags, reverse=True), bool)
    truth = int(is_true.sum()) + missed
    scores = np.linspace(0.9, 0.1, len(is_true)).astype(np.float32)
    curve = PrecisionRecall.of(scores, is_true, truth)
    if not truth:
        assert np.isnan(curve.area)
        return
    found = sklearn_metrics.average_precision_score(is_true, scores) if is_true.any() else 0.0
    assert curve.area == pytest.approx(found * is_true.sum() / truth, abs=EXACT)


@given(ranked, st.integers(0, 5))
def test_the_area_takes_the_best_precision_from_each_recall_on(cells: list[tuple[int, bool]], missed: int) -> None:
    is_true = np.array([true for _, true in cells])
    truth = int(is_true.sum()) + missed
    if not truth:
        return
    scores = np.linspace(0.9, 0.1, len(cells)).astype(np.float32)
    precision, recall, _ = sklearn_metrics.precision_recall_curve(is_true, scores) if is_true.any() else ([], [], [])
    steps = sorted(set(zip(recall, precision, strict=True)))
    reached = sorted({r for r, _ in steps if r > 0})
    best = [max(p for r, p in steps if r >= at) for at in reached]
    expected = sum(b * (at - before) for b, at, before in zip(best, reached, [0, *reached], strict=False))
    expected *= is_true.sum() / truth
    assert PrecisionRecall.of(scores, is_true, truth).area == pytest.approx(expected, abs=EXACT)


@given(st.integers(0, 200), st.integers(0, 200))
def test_accuracy_is_the_jaccard_score_of_two_rows_of_marks(truth: int, counted: int) -> None:
    if truth + counted == 0:
        assert np.isnan(accuracy(0, 0))
        return
    marks = np.arange(max(truth, counted))
    expected = sklearn_metrics.jaccard_score(marks < truth, marks < counted)
    assert accuracy(truth, counted) == pytest.approx(expected, abs=EXACT)
