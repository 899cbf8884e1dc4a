"""Counting: what a threshold does, and one cell counts once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cells import Cell as Correction
from core.cells import CellChange, Detections, Origin
from core.counting.count import SAME_CELL_IOU, CountIndex, CountSettings, count
from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.counting.region import Region
from core.geometry.boxes import iou_matrix, suppress_by_class

CLASSES = ("RBC", "WBC", "Platelets")

Cell = tuple[tuple[int, int, int, int], float, int]


def detections_of(cells: list[Cell]) -> Detections:
    return Detections.from_model(
        np.array([box for box, _, _ in cells], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in cells], np.float32),
        np.array([label for _, _, label in cells], np.int32),
    )


def settings_of(thresholds: tuple[float, float, float], nms_iou: float = 0.5) -> CountSettings:
    return CountSettings(dict(zip(CLASSES, thresholds, strict=True)), nms_iou)


# Boxes of nearly one size and place, so that many pairs are one cell or nearly so.
box = st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(20, 24), st.integers(20, 24)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
cell = st.tuples(box, st.integers(0, 100).map(lambda n: n / 100), st.integers(0, 2))
fields = st.lists(cell, max_size=25).map(detections_of)
threshold = st.integers(0, 100).map(lambda n: n / 100)
thresholds = st.tuples(threshold, threshold, threshold)
overlaps = st.sampled_from([0.3, 0.5, 0.7])


def count_by_definition(cells: Detections, settings: CountSettings) -> list[bool]:
    """Drop what is under its threshold, suppress within classes, then let the likelier class win."""
    limits = np.array([settings.thresholds[name] for name in CLASSES], np.float32)
    above = np.flatnonzero(cells.scores >= limits[cells.labels])
    kept = above[suppress_by_class(cells.boxes[above], cells.scores[above], cells.labels[above], settings.nms_iou)]
    overlap = iou_matrix(cells.boxes, cells.boxes)
    counted: list[int] = []
    for i in kept.tolist():
        if not any(overlap[i, j] > SAME_CELL_IOU and cells.labels[i] != cells.labels[j] for j in counted):
            counted.append(i)
    return [i in counted for i in range(len(cells))]


@given(fields, thresholds, overlaps)
def test_suppressing_once_equals_suppressing_after_the_threshold(
    cells: Detections, limits: tuple[float, float, float], nms_iou: float
):
    """The program suppresses once and then only thresholds, so that a slider is fast."""
    settings = settings_of(limits, nms_iou)
    assert count(cells, settings, CLASSES).counted.tolist() == count_by_definition(cells, settings)


@given(fields, thresholds, st.integers(0, 2), threshold, overlaps)
def test_raising_a_threshold_never_raises_its_count(
    cells: Detections, limits: tuple[float, float, float], label: int, other: float, nms_iou: float
):
    low, high = list(limits), list(limits)
    low[label], high[label] = sorted((limits[label], other))
    name = CLASSES[label]
    before = count(cells, settings_of((low[0], low[1], low[2]), nms_iou), CLASSES).counts[name]
    after = count(cells, settings_of((high[0], high[1], high[2]), nms_iou), CLASSES).counts[name]
    assert after <= before


@given(fields, thresholds)
def test_counts_and_means_are_those_of_the_counted_cells(cells: Detections, limits: tuple[float, float, float]):
    result = count(cells, settings_of(limits), CLASSES)
    for label, name in enumerate(CLASSES):
        scores = cells.scores[result.counted & (cells.labels == label)]
        assert result.counts[name] == len(scores)
        mean = pytest.approx(float(np.mean(scores))) if len(scores) else None
        assert result.mean_scores[name] == mean
        assert (scores >= np.float32(limits[label])).all()


def test_a_cell_of_two_classes_counts_once_as_the_likelier():
    cells = detections_of([((0, 0, 50, 50), 0.8, 1), ((1, 0, 50, 51), 0.6, 0)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 0, "WBC": 1, "Platelets": 0}


def test_the_other_class_counts_when_the_likelier_is_under_its_threshold():
    cells = detections_of([((0, 0, 50, 50), 0.8, 1), ((1, 0, 50, 51), 0.6, 0)])
    assert count(cells, settings_of((0.5, 0.9, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 0}


def test_a_cell_that_gave_way_does_not_displace_another():
    """Red and white are one cell, white and platelet nearly; the white box counts for neither."""
    cells = detections_of([((0, 0, 50, 50), 0.9, 0), ((6, 0, 56, 50), 0.8, 1), ((12, 0, 62, 50), 0.7, 2)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 1}


def test_a_platelet_on_a_red_cell_counts_beside_it():
    cells = detections_of([((0, 0, 60, 60), 0.9, 0), ((20, 20, 40, 40), 0.6, 2)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 1}


def test_a_score_at_the_threshold_counts():
    cells = detections_of([((0, 0, 60, 60), 0.7, 0)])
    assert count(cells, settings_of((0.7, 0.5, 0.5)), CLASSES).counts["RBC"] == 1


def test_an_empty_field_counts_nothing():
    result = count(Detections.empty(), settings_of((0.5, 0.5, 0.5)), CLASSES)
    assert result.counts == dict.fromkeys(CLASSES, 0)
    assert result.mean_scores == dict.fromkeys(CLASSES)


FRAMES = [
    Frame(40, 30, EdgeRule.TOP_LEFT),
    Frame(40, 30, EdgeRule.BOTTOM_RIGHT, Region.between(3, 2, 25, 24)),
    Frame(40, 30, EdgeRule.ALL, Region(((4, 0), (40, 13), (4, 30)))),
]
frames = st.sampled_from(FRAMES)

# Of a field's cells by number: taken away (None), or put there by hand; numbers beyond the field's are new cells.
by_hand = st.one_of(
    st.none(),
    st.tuples(box, st.sampled_from(CLASSES)).map(
        lambda c: Correction(c[1], (float(c[0][0]), float(c[0][1]), float(c[0][2]), float(c[0][3])), 0.5, Origin.PERSON)
    ),
)
overlays = st.dictionaries(st.integers(0, 30), by_hand, max_size=8)


def framed(limits: tuple[float, float, float], frame: Frame) -> CountSettings:
    return CountSettings(dict(zip(CLASSES, limits, strict=True)), 0.5, frame.rule)


@given(fields, overlays, thresholds, frames)
def test_the_frame_takes_from_the_count_what_lies_outside_and_nothing_else(
    cells: Detections, overlay: dict[int, Correction | None], limits: tuple[float, float, float], frame: Frame
):
    corrections = CellEdits.from_edits(
        cells, [CellChange(number, None, put) for number, put in overlay.items()], CLASSES
    )
    everything = count(cells, settings_of(limits), CLASSES, corrections)
    result = count(cells, framed(limits, frame), CLASSES, corrections, frame)
    inside = frame.inside(corrections.apply(cells).boxes)
    assert result.counted.tolist() == (everything.counted & inside).tolist()
    assert result.excluded.tolist() == (everything.counted & ~inside).tolist()
    assert not everything.excluded.any()


@given(fields, overlays, thresholds, frames, st.booleans())
def test_the_count_of_one_class_is_that_of_the_whole_count(
    cells: Detections,
    overlay: dict[int, Correction | None],
    limits: tuple[float, float, float],
    frame: Frame,
    edited: bool,
):
    changes = [CellChange(number, None, put) for number, put in overlay.items()] if edited else []
    settings = framed(limits, frame)
    index = CountIndex.of(cells, CellEdits.from_edits(cells, changes, CLASSES), settings.nms_iou, frame)
    counts = index.count(settings.thresholds, CLASSES).counts
    assert {name: index.count_of(name, settings.thresholds, CLASSES) for name in CLASSES} == counts


@given(fields, overlays, thresholds, frames)
def test_the_ledger_adds_up_in_a_frame(
    cells: Detections, overlay: dict[int, Correction | None], limits: tuple[float, float, float], frame: Frame
):
    corrections = CellEdits.from_edits(
        cells, [CellChange(number, None, put) for number, put in overlay.items()], CLASSES
    )
    result = count(cells, framed(limits, frame), CLASSES, corrections, frame)
    untouched = count(cells, framed(limits, frame), CLASSES, None, frame)
    labels = corrections.apply(cells).labels
    for label, name in enumerate(CLASSES):
        row = result.ledger[name]
        assert row.model == untouched.counts[name]
        assert 0 <= row.removed <= row.model
        assert row.model + row.added - row.removed == row.total == result.counts[name]
        assert row.total == (result.counted & (labels == label)).sum()


LEFT_OUT, WITHIN = (0.0, 50.0, 50.0, 100.0), (10.0, 50.0, 60.0, 100.0)  # one cell, and both of one place


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(("first", "second", "counts"), [(LEFT_OUT, WITHIN, 0), (WITHIN, LEFT_OUT, 1)])
def test_a_cell_outside_goes_on_suppressing_its_double(
    first: tuple[float, ...], second: tuple[float, ...], counts: int, label: int
):
    """Where it is decides the likelier box, of one class or of two; else a cut cell would count by its double."""
    boxes = np.array([first, second], np.float32)
    if label:  # two classes are one cell only where boxes nearly agree
        boxes[:, 0] /= 4
    cells = Detections.from_model(boxes, np.array([0.9, 0.6], np.float32), np.array([0, label], np.int32))
    frame = Frame(200, 200, EdgeRule.TOP_LEFT)
    result = count(cells, framed((0.5, 0.5, 0.5), frame), CLASSES, None, frame)
    assert result.counted.tolist() == [bool(counts), False]
    assert result.excluded.tolist() == [not counts, False]


@pytest.mark.parametrize(
    ("found", "put", "ledger"),
    [
        (WITHIN, WITHIN, (1, 0, 0)),
        (WITHIN, LEFT_OUT, (1, 0, 1)),
        (LEFT_OUT, WITHIN, (0, 1, 0)),
        (LEFT_OUT, LEFT_OUT, (0, 0, 0)),
    ],
)
def test_a_box_moved_over_the_border_moves_in_the_ledger(
    found: tuple[float, float, float, float], put: tuple[float, float, float, float], ledger: tuple[int, int, int]
):
    cells = detections_of([((int(found[0]), 50, int(found[2]), 100), 0.9, 0)])
    corrections = CellEdits.from_edits(
        cells, [CellChange(0, None, Correction("RBC", put, 0.9, Origin.PERSON))], CLASSES
    )
    frame = Frame(200, 200, EdgeRule.TOP_LEFT)
    result = count(cells, framed((0.5, 0.5, 0.5), frame), CLASSES, corrections, frame)
    row = result.ledger["RBC"]
    assert (row.model, row.added, row.removed) == ledger
    assert result.mean_scores["RBC"] == (pytest.approx(0.9) if ledger == (1, 0, 0) else None)


def test_cells_outside_are_not_doubtful():
    cells = detections_of([((0, 50, 50, 100), 0.51, 0), ((90, 50, 140, 100), 0.52, 0)])
    countable = CountIndex.of(cells, CellEdits.none(cells), 0.5, Frame(200, 200, EdgeRule.TOP_LEFT))
    positions, _ = countable.uncertain(dict.fromkeys(CLASSES, 0.5), CLASSES, 0.1)
    assert positions.tolist() == [0]  # the likelier comes first in the detections


def test_a_count_must_be_in_the_frame_that_its_settings_name():
    cells = detections_of([((0, 50, 50, 100), 0.51, 0)])
    settings = CountSettings(dict.fromkeys(CLASSES, 0.5), 0.5, EdgeRule.TOP_LEFT)
    for frame in (None, Frame(200, 200), Frame(200, 200, EdgeRule.TOP_RIGHT)):
        with pytest.raises(ValueError, match="edge rule"):
            count(cells, settings, CLASSES, None, frame)
    assert count(cells, settings, CLASSES, None, settings.frame(200, 200)).excluded.any()


def test_detections_come_in_descending_order_and_cannot_be_changed():
    cells = detections_of([((0, 0, 9, 9), 0.2, 0), ((50, 0, 59, 9), 0.9, 1), ((0, 50, 9, 59), 0.5, 2)])
    assert cells.labels.tolist() == [1, 2, 0]
    assert cells.ids.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        cells.scores[0] = 0


def test_detections_must_be_of_one_length():
    with pytest.raises(ValueError, match="the same cells"):
        Detections(
            np.zeros((2, 4), np.float32),
            np.zeros(2, np.float32),
            np.zeros(3, np.int32),
            np.zeros(2, np.int64),
            np.zeros(2, np.uint8),
        )


def test_a_piece_of_a_persons_cell_does_not_count_beside_it():
    """A cut cell at the border, found half as high as the person drew it; and cells in a box round several."""
    found = detections_of([((474, 0, 540, 22), 0.9, 0), ((100, 100, 120, 120), 0.9, 0), ((130, 100, 150, 120), 0.9, 0)])
    put = [(472.0, 0.0, 540.0, 44.0), (95.0, 95.0, 155.0, 155.0)]
    changes = [CellChange(10 + n, None, Correction("RBC", box, 1.0, Origin.PERSON)) for n, box in enumerate(put)]
    result = count(found, settings_of((0.5, 0.5, 0.5)), CLASSES, CellEdits.from_edits(found, changes, CLASSES))
    assert result.counted.tolist() == [False, True, True, True, True]
    other = [CellChange(10, None, Correction("WBC", put[0], 1.0, Origin.PERSON))]
    result = count(found, settings_of((0.5, 0.5, 0.5)), CLASSES, CellEdits.from_edits(found, other, CLASSES))
    assert result.counted.tolist() == [True, True, True, True]
