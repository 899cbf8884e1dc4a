"""Learning from examples: the same as scikit-learn, honest about itself, and unsure where it should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from core.kinds.classifier import Classifier
from core.kinds.examples import Examples
from core.kinds.figures import LeftOut
from core.kinds.sample import OwnExamples, sort_sample
from core.kinds.sorting import learn
from core.kinds.useful import useful_cells
from tests.core.kinds.kinds_builders import DIMENSIONS, KINDS, cells, centres, examples, teaching_set


@pytest.mark.parametrize("shrinkage", [0.1, 0.9])
def test_probabilities_are_those_of_scikit_learn(shrinkage: float):
    vectors, kinds = cells((40, 25, 60))
    ours = Classifier.fit(vectors.astype(float), kinds, None, shrinkage)
    theirs = LinearDiscriminantAnalysis("lsqr", shrinkage=shrinkage, priors=[1 / 3] * 3).fit(
        vectors.astype(float), kinds
    )
    tested, _ = cells((30, 30, 30), seed=5)
    assert ours.kinds == tuple(theirs.classes_)
    both = ours.probabilities(tested.astype(float)), theirs.predict_proba(tested.astype(float))
    np.testing.assert_allclose(*both, atol=1e-6)


def test_an_example_that_counts_double_is_two_examples():
    vectors, kinds = cells((4, 4, 4))
    twice = np.concatenate([vectors, vectors[:1]]).astype(float)
    weights = np.ones(12)
    weights[0] = 2
    one = Classifier.fit(vectors.astype(float), kinds, weights)
    other = Classifier.fit(twice, [*kinds, kinds[0]])
    np.testing.assert_allclose(one.scores(twice), other.scores(twice))


def test_kinds_with_fewer_than_three_examples_are_not_suggested():
    taught = learn(examples((6, 2, 6)))
    assert taught is not None
    assert taught.classifier.kinds == ("lymphocyte", "neutrophil")
    assert taught.too_few == {"monocyte": 2}
    assert learn(examples((6, 2, 2))) is None


def test_cells_are_sorted_and_unlike_ones_are_unsure():
    taught = learn(examples())
    assert taught is not None
    vectors, kinds = cells((30, 30, 30), seed=7)
    sorted_ = taught.sort(vectors.astype(float))
    said = [sorted_.kind(place) for place in range(90)]
    assert sum(one == other for one, other in zip(said, kinds, strict=True)) >= 80
    assert sum(one not in (other, "") for one, other in zip(said, kinds, strict=True)) <= 2
    strange = taught.sort(np.full((1, DIMENSIONS), 40.0))
    assert strange.kind(0) == ""
    between = taught.sort(centres()[:2].mean(axis=0)[None])
    assert between.kind(0) == ""


def test_a_pile_begins_with_the_most_certain_cell():
    taught = learn(examples())
    assert taught is not None
    vectors, _ = cells((20, 20, 20), seed=8)
    sorted_ = taught.sort(vectors.astype(float))
    certainty = sorted_.certainty[sorted_.pile("monocyte")]
    assert len(certainty) > 15
    assert (np.diff(certainty) <= 0).all()
    assert len(sorted_.pile("")) + sum(len(sorted_.pile(kind)) for kind in KINDS) == 60


def test_probabilities_are_calibrated():
    """Of cells suggested with 80 % about four in five are of that kind, also where kinds overlap."""
    rng = np.random.default_rng(3)
    places = rng.integers(0, 2, 3000)
    vectors = rng.normal(size=(3000, 8))
    vectors[:, 0] += 1.2 * places
    kinds = tuple("ab"[place] for place in places)
    half = Examples(vectors[:1500], kinds[:1500], np.arange(1500) % 20, np.zeros(1500, np.int64), np.zeros(1500, bool))
    taught = learn(half)
    assert taught is not None
    sorted_ = taught.sort(vectors[1500:])
    right = sorted_.best == places[1500:]
    assert abs(sorted_.certainty.mean() - right.mean()) < 0.03


def test_figures_leave_out_whole_images():
    """Cells of one image that are alike for another reason than their kind do not make good figures."""
    found = examples((9, 9, 9))
    moved = found.vectors + 8 * np.random.default_rng(1).normal(size=(3, DIMENSIONS))[found.images]
    taught = learn(Examples(moved, found.kinds, found.images, found.samples, found.accepted))
    assert taught is not None
    assert taught.figures.left_out is LeftOut.IMAGE
    single = learn(Examples(found.vectors, found.kinds, np.zeros(27, np.int64), found.samples, found.accepted))
    assert single is not None
    assert single.figures.left_out is LeftOut.CELL
    assert single.figures.balanced > 0.95
    figures = single.figures
    assert figures.confusion.sum() == 27
    [row] = [row for row in figures.rows if row.kind == "monocyte"]
    assert row.examples == 9
    assert row.recall.interval.low < (row.recall.value or 0) <= row.recall.interval.high
    assert [figures.confusion[place].sum() for place in range(3)] == [9, 9, 9]


def test_accepted_suggestions_teach_but_are_not_measured():
    """Measured by what it suggested itself, the program would look better than it is."""
    found = examples((9, 9, 9))
    accepted = np.arange(27) % 9 >= 4
    taught = learn(replace(found, accepted=accepted))
    assert taught is not None
    figures = taught.figures
    assert figures.accepted == 15
    assert [(row.examples, row.accepted) for row in figures.rows] == [(4, 5)] * 3
    assert figures.confusion.sum() == 12
    assert (figures.suggested[accepted] == -1).all()
    alone = learn(found.taken(np.flatnonzero(~accepted)))
    assert alone is not None
    assert not np.allclose(alone.classifier.centres, taught.classifier.centres)


def test_the_kinds_that_are_hardest_to_tell_apart_are_named():
    found = examples((9, 9, 9))
    taught = learn(found)
    assert taught is not None
    assert taught.figures.alike is None
    rng = np.random.default_rng(5)
    rows = np.flatnonzero([kind in KINDS[:2] for kind in found.kinds])
    moved = found.vectors.copy()
    moved[rows] = centres()[0] + rng.normal(size=(len(rows), DIMENSIONS))
    taught = learn(replace(found, vectors=moved))
    assert taught is not None
    assert taught.figures.alike is not None
    assert set(taught.figures.alike) == set(KINDS[:2])


def test_own_examples_outweigh_many_of_others():
    vectors, kinds = cells((50, 50, 50))
    found = Examples(vectors.astype(float), tuple(kinds), np.arange(150), np.ones(150, np.int64), np.zeros(150, bool))
    assert (found.weights == 1).all()
    own = examples((5, 5, 5))
    both = Examples.joined([own, found])
    assert both.weights[:15].tolist() == [1.0] * 15
    assert both.weights[15:].sum() <= 15 + 1e-9


@pytest.mark.parametrize("counts", [(30, 30, 30), (70, 6, 14)])
def test_a_change_of_stain_does_not_break_a_teaching_set(counts: tuple[int, int, int]):
    """Neither does a sample with other shares of kinds, whose mean is another for that reason."""
    vectors, kinds = cells(counts, seed=4, shift=2.5)
    sample = sort_sample("WBC", vectors, teaching_set=teaching_set())
    assert sample.suggestions is not None
    said = [sample.suggestions.kinds[place] for place in sample.suggestions.best]
    assert sum(one == other for one, other in zip(said, kinds, strict=True)) >= 0.95 * len(kinds)
    assert sample.looks_different
    plain, _ = cells(counts, seed=4)
    assert not sort_sample("WBC", plain, teaching_set=teaching_set()).looks_different


def test_a_sample_without_a_teaching_set_is_sorted_by_its_own_examples():
    vectors, kinds = cells((20, 20, 20), seed=6, shift=2.5)
    rows = np.array([0, 1, 2, 20, 21, 22, 40, 41, 42])
    own = OwnExamples(rows, tuple(kinds[row] for row in rows), np.arange(9) % 3, np.zeros(9, bool))
    sample = sort_sample("WBC", vectors, own)
    assert sample.suggestions is not None
    assert sample.distance is None
    said = [sample.suggestions.kinds[place] for place in sample.suggestions.best]
    assert said == kinds
    assert sort_sample("WBC", vectors).suggestions is None
    assert sort_sample("WBC", vectors[:0], teaching_set=teaching_set()).suggestions is not None


def test_useful_cells_are_uncertain_and_unlike_each_other():
    taught = learn(examples())
    assert taught is not None
    vectors, _ = cells((30, 30, 30), seed=9)
    between = (centres()[0] + centres()[1]) / 2 + 0.05 * np.random.default_rng(0).normal(size=(5, DIMENSIONS))
    other = (centres()[1] + centres()[2]) / 2
    points = np.concatenate([vectors, between, other[None]]).astype(float)
    chosen = useful_cells(points, taught.sort(points), examples().vectors, 2)
    assert sorted(place >= 90 for place in chosen) == [True, True]
    assert 95 in chosen  # not two of the five that are alike
    first = useful_cells(points, None, np.zeros((0, DIMENSIONS)), 3)
    assert len(set(first.tolist())) == 3
    assert useful_cells(points[:0], None, np.zeros((0, DIMENSIONS)), 3).tolist() == []
