"""Matching: boxes by overlap, points inside boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from core.geometry.boxes import iou_matrix, overlapping_pairs, touching_pairs
from core.geometry.matching import UNMATCHED, match_boxes, match_points

if TYPE_CHECKING:
    import pytest

Box = tuple[int, int, int, int]

# Whole numbers on a small field, so that boxes touch, coincide and share their points.
box = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 14), st.integers(0, 40)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
point = st.tuples(st.integers(0, 45), st.integers(0, 72))
score = st.integers(1, 4).map(lambda n: n / 4)
cells = st.lists(st.tuples(box, score), max_size=12)


def boxes_of(items: list[Box]) -> np.ndarray:
    return np.array(items, np.float32).reshape(-1, 4)


def points_of(items: list[tuple[int, int]]) -> np.ndarray:
    return np.array(items, np.float32).reshape(-1, 2)


def inside(boxes: np.ndarray, points: np.ndarray) -> np.ndarray:
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    return np.all((points[None] >= low) & (points[None] <= high), axis=2)


@given(st.lists(box, max_size=25), st.lists(box, max_size=25), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_pairs_are_all_that_overlap(first: list[Box], second: list[Box], least: float) -> None:
    one, other, overlap = overlapping_pairs(boxes_of(first), boxes_of(second), least)
    matrix = iou_matrix(boxes_of(first), boxes_of(second))
    expected = np.argwhere((matrix >= least) & (matrix > 0))
    assert sorted(zip(one.tolist(), other.tolist(), strict=True)) == [tuple(pair) for pair in expected.tolist()]
    np.testing.assert_array_equal(overlap, matrix[one, other])
    assert (np.diff(one) >= 0).all()


@given(st.lists(box, max_size=25), st.lists(point, max_size=25))
def test_pairs_with_points_are_all_that_lie_inside(boxes: list[Box], points: list[tuple[int, int]]) -> None:
    places = np.tile(points_of(points), 2)
    found = [pair for part in touching_pairs(boxes_of(boxes), places) for pair in zip(*part, strict=True)]
    assert sorted(found) == [tuple(pair) for pair in np.argwhere(inside(boxes_of(boxes), points_of(points)))]


def test_pairs_of_a_large_field_are_found_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 400, (300, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 60, (300, 2))], axis=1).astype(np.float32)
    whole = overlapping_pairs(boxes, boxes, 0.2)
    monkeypatch.setattr("core.geometry.boxes._PAIRS_AT_ONCE", 100)
    assert len(touching_pairs(boxes, boxes)) > 10
    for part, expected in zip(overlapping_pairs(boxes, boxes, 0.2), whole, strict=True):
        np.testing.assert_array_equal(part, expected)


@given(cells, st.lists(point, max_size=12))
def test_as_many_boxes_as_possible_get_a_point_at_every_threshold(
    found: list[tuple[Box, float]], points: list[tuple[int, int]]
) -> None:
    boxes, scores = boxes_of([b for b, _ in found]), np.array([s for _, s in found], np.float32)
    matched = match_points(boxes, scores, points_of(points))
    possible = inside(boxes, points_of(points))
    taken = matched[matched != UNMATCHED]
    assert len(set(taken.tolist())) == len(taken)
    assert all(possible[cell, place] for cell, place in enumerate(matched.tolist()) if place != UNMATCHED)
    for threshold in (0.0, 0.25, 0.5, 0.75, 1.0):
        above = scores >= threshold
        most = maximum_bipartite_matching(csr_array(possible[above].astype(int)), perm_type="column")
        assert (matched[above] != UNMATCHED).sum() == (most >= 0).sum()
        again = match_points(boxes[above], scores[above], points_of(points))
        np.testing.assert_array_equal(again != UNMATCHED, matched[above] != UNMATCHED)


def test_the_likelier_box_gets_the_only_point() -> None:
    boxes = boxes_of([(0, 0, 10, 10), (2, 0, 12, 10)])
    assert match_points(boxes, np.array([0.4, 0.9], np.float32), points_of([(5, 5)])).tolist() == [UNMATCHED, 0]


def test_a_box_makes_way_for_one_that_has_no_other_point() -> None:
    """The likelier box is nearest to the point that is the only one of the other."""
    boxes, points = boxes_of([(0, 0, 20, 10), (8, 0, 30, 10)]), points_of([(2, 5), (10, 5)])
    assert match_points(boxes, np.array([0.9, 0.4], np.float32), points).tolist() == [0, 1]


def test_of_two_points_a_box_takes_the_nearer() -> None:
    boxes = boxes_of([(0, 0, 20, 10)])
    assert match_points(boxes, np.ones(1, np.float32), points_of([(2, 5), (11, 5), (19, 5)])).tolist() == [1]


def test_a_long_chain_of_overlapping_cells_is_matched() -> None:
    """The last box needs every other to move on by one; there is no limit to how far."""
    count = 3000
    left = np.arange(count, dtype=np.float32) * 10
    boxes = np.stack([left, left * 0, left + 15, left * 0 + 10], axis=1)
    boxes[-1] = boxes[0] + np.array([0, 0, -10, 0], np.float32)  # only the first point
    points = np.stack([left + 2, left * 0 + 5], axis=1)
    matched = match_points(boxes, np.linspace(0.9, 0.5, count, dtype=np.float32), points)
    assert sorted(matched.tolist()) == list(range(count))


def test_an_overlap_exactly_at_the_limit_matches() -> None:
    """7 of 10 pixels are 0.7 in COCO's float64; in float32 they are less."""
    found, truth = boxes_of([(0, 0, 10, 1)]), boxes_of([(0, 0, 7, 1)])
    assert match_boxes(found, np.ones(1, np.float32), truth, 0.7).tolist() == [0]


def test_of_two_equal_boxes_the_last_is_taken_as_in_coco() -> None:
    truth = boxes_of([(0, 0, 10, 10), (0, 0, 10, 10)])
    assert match_boxes(truth[:1], np.ones(1, np.float32), truth).tolist() == [1]
