"""Overlap and suppression, against the definition written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.geometry.boxes import areas, iou_matrix, suppress, suppress_by_class, thin_and_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]

# Whole numbers, so that overlaps meet the threshold exactly, and few enough that boxes do overlap.
box = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 25), st.integers(0, 25)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
solid_box = box.filter(lambda b: b[2] > b[0] and b[3] > b[1])
score = st.integers(1, 999).map(lambda n: n / 1000)
overlap = st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 1.0])


def as_array(boxes: list[Box]) -> NDArray[np.float32]:
    return np.array(boxes, np.float32).reshape(-1, 4)


def iou(a: Box, b: Box) -> float:
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union else 0.0


def greedy_suppression(boxes: list[Box], scores: list[float], limit: float) -> list[bool]:
    """Compare every box with every kept one, from the likeliest down."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes[i], boxes[j]) <= limit for j in kept):
            kept.append(i)
    return [i in kept for i in range(len(boxes))]


@given(st.lists(st.tuples(box, score), max_size=30), overlap)
def test_suppression_equals_its_definition(cells: list[tuple[Box, float]], limit: float):
    boxes, scores = [b for b, _ in cells], [s for _, s in cells]
    kept = suppress(as_array(boxes), np.array(scores, np.float32), limit)
    assert kept.tolist() == greedy_suppression(boxes, scores, limit)


@given(st.lists(st.tuples(box, score), max_size=20, unique_by=lambda cell: cell[1]), overlap, st.randoms())
def test_the_order_of_boxes_does_not_matter(cells: list[tuple[Box, float]], limit: float, random):
    def kept(cells: list[tuple[Box, float]]) -> set[tuple[Box, float]]:
        mask = suppress(as_array([b for b, _ in cells]), np.array([s for _, s in cells], np.float32), limit)
        return {cell for cell, keep in zip(cells, mask, strict=True) if keep}

    shuffled = random.sample(cells, len(cells))
    assert kept(shuffled) == kept(cells)


@given(st.lists(st.tuples(box, score, st.integers(0, 2)), max_size=25), overlap)
def test_classes_do_not_suppress_each_other(cells: list[tuple[Box, float, int]], limit: float):
    labels = np.array([label for _, _, label in cells], np.int32)
    kept = suppress_by_class(
        as_array([b for b, _, _ in cells]), np.array([s for _, s, _ in cells], np.float32), labels, limit
    )
    for label in range(3):
        own = [(b, s) for b, s, of in cells if of == label]
        expected = greedy_suppression([b for b, _ in own], [s for _, s in own], limit)
        assert kept[labels == label].tolist() == expected


@given(st.lists(box, max_size=12), st.lists(box, max_size=12))
def test_overlap_is_symmetric_and_a_fraction(first: list[Box], second: list[Box]):
    matrix = iou_matrix(as_array(first), as_array(second))
    assert matrix.shape == (len(first), len(second))
    assert ((matrix >= 0) & (matrix <= 1)).all()
    np.testing.assert_array_equal(matrix, iou_matrix(as_array(second), as_array(first)).T)
    expected = np.array([[iou(a, b) for b in second] for a in first]).reshape(matrix.shape)
    np.testing.assert_allclose(matrix, expected, rtol=1e-6)


@given(st.lists(solid_box, min_size=1, max_size=12))
def test_a_box_overlaps_itself_wholly(boxes: list[Box]):
    assert (np.diag(iou_matrix(as_array(boxes), as_array(boxes))) == 1).all()


def test_thousands_of_far_coordinates_do_not_confuse_suppression():
    """A slide scan has coordinates in the ten thousands, where float32 has steps of 0.002."""
    x, y = np.meshgrid(np.arange(20) * 60.0 + 19_000, np.arange(20) * 60.0 + 19_000)
    corners = np.stack([x.ravel(), y.ravel()], axis=1)
    cells = np.hstack([corners, corners + 64])
    twice = np.vstack([cells, cells + 3]).astype(np.float32)
    scores = np.linspace(1, 0.5, len(twice)).astype(np.float32)
    assert suppress(twice, scores, 0.5).tolist() == [True] * 400 + [False] * 400


def test_areas_of_inside_out_boxes_are_none():
    assert areas(np.array([[10, 10, 5, 20], [0, 0, 4, 5]], np.float32)).tolist() == [0, 20]


@given(st.lists(st.tuples(box, score, st.integers(0, 1)), max_size=20), overlap, overlap)
def test_a_vote_equals_its_definition(cells: list[tuple[Box, float, int]], one: float, other: float):
    least, doubles = min(one, other), max(one, other)
    boxes, scores = as_array([b for b, _, _ in cells]), np.array([s for _, s, _ in cells], np.float32)
    labels = np.array([label for _, _, label in cells], np.int32)
    kept, placed = thin_and_place(boxes, scores, labels, doubles, least)
    assert kept.tolist() == suppress_by_class(boxes, scores, labels, doubles).tolist()
    for keep, result, (mine, _, label) in zip(kept, placed, cells, strict=True):
        near = [(b, s) for b, s, n in cells if n == label and iou(mine, b) >= least and iou(mine, b) > 0]
        votes = near if keep and near else [(mine, 1.0)]
        total = sum(s**4 for _, s in votes)
        expected = [sum(b[side] * s**4 for b, s in votes) / total for side in range(4)]
        assert np.allclose(result, expected, atol=1e-3)
