"""Pieces of fields with their masks, as training sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.data import MaskStore, cut_piece, training_piece

if TYPE_CHECKING:
    from trainer.dataset.load import DataSet

from tests.trainer.segmentation.tiny import TINY


def test_a_piece_and_its_masks_show_the_same_place(train_set: DataSet):
    """A network that answered with what is stained would be nearly right."""
    store = MaskStore(train_set, TINY)
    for seed in range(4):
        piece, truth = cut_piece(store.images[seed], TINY, np.random.default_rng(seed))
        lost = (TINY.piece - TINY.inside) // 2
        middle = piece[lost : lost + TINY.inside, lost : lost + TINY.inside, 1].astype(float)
        cells = (truth[:-1] > 0).any(axis=0)
        if 50 < cells.sum() < cells.size - 50:
            assert middle[cells].mean() < middle[truth[:-1].max(axis=0) == 0].mean() - 15


def test_pieces_are_functions_of_their_seed_and_have_cells(train_set: DataSet):
    store = MaskStore(train_set, TINY)
    one, other = (training_piece(store, np.random.default_rng((0, 5))) for _ in range(2))
    assert (one[0] == other[0]).all()
    assert (one[1] == other[1]).all()
    assert one[0].shape == (124, 124, 3)
    assert one[1].shape == (4, 36, 36)
    having = [(training_piece(store, np.random.default_rng((1, n)))[1][:-1] > 0).any() for n in range(12)]
    assert sum(having) >= 11


def test_rare_classes_are_in_many_pieces(train_set: DataSet):
    """One cell of sixteen is white."""
    store = MaskStore(train_set, SegmentPreset(**{**TINY.__dict__, "sought": 1.0, "rendered": 0.0}))
    seen = np.array([(training_piece(store, np.random.default_rng((2, n)))[1][:-1] > 0).any((1, 2)) for n in range(30)])
    assert (seen.mean(axis=0) > 0.25).all()
