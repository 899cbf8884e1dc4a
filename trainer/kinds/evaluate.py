"""How well kinds are told apart after a handful of examples: many draws of examples, one test set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.classifier import Classifier
from core.kinds.crops import cell_crops, even_pixels
from trainer.kinds.cells import by_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.models.embedding import EmbeddingModel
    from trainer.kinds.cells import AnnotatedCell


@dataclass(frozen=True, eq=False)
class FewShot:
    """What a number of ``examples`` of each kind achieves: mean over the draws.

    ``balanced`` is the mean recall of the kinds, ``lowest`` and ``highest`` its extremes; ``recalls`` by kind.
    """

    examples: int
    balanced: float
    lowest: float
    highest: float
    recalls: dict[str, float]


def describe(model: EmbeddingModel, cells: list[AnnotatedCell]) -> NDArray[np.float32]:
    """Return the embeddings of cells, float32 (N, D)."""
    vectors = np.zeros((len(cells), model.card.dimensions), np.float32)
    for pixels, boxes, places in by_image(cells):
        vectors[places] = model.embed(cell_crops(even_pixels(pixels, model.card), boxes, model.card))
    return vectors


def few_shot(
    learn: NDArray[np.float32],
    learn_kinds: Sequence[str],
    test: NDArray[np.float32],
    test_kinds: Sequence[str],
    *,
    examples: Sequence[int],
    draws: int = 20,
    seed: int = 0,
) -> list[FewShot]:
    """Draw examples from one part, and sort the other by them; kinds with too few cells to draw give all they have."""
    vectors, tested = learn.astype(np.float64), test.astype(np.float64)
    names, right = sorted(set(learn_kinds)), np.array(test_kinds, dtype=object)
    by_kind = {name: np.flatnonzero(np.array(learn_kinds, dtype=object) == name) for name in names}
    found: list[FewShot] = []
    for count in examples:
        recalls = np.full((draws, len(names)), np.nan)
        for draw in range(draws):
            rng = np.random.default_rng([seed, draw])
            rows = [rng.choice(cells, min(count, len(cells)), replace=False) for cells in by_kind.values()]
            kinds = [name for name, chosen in zip(names, rows, strict=True) for _ in chosen]
            classifier = Classifier.fit(vectors[np.concatenate(rows)], kinds)
            said = np.array(classifier.kinds, dtype=object)[classifier.scores(tested).argmax(axis=1)]
            for place, name in enumerate(names):
                if (right == name).any():
                    recalls[draw, place] = (said[right == name] == name).mean()
        balanced = np.nanmean(recalls, axis=1)
        means = np.nanmean(recalls, axis=0)
        found.append(
            FewShot(
                count,
                float(balanced.mean()),
                float(balanced.min()),
                float(balanced.max()),
                dict(zip(names, means.tolist(), strict=True)),
            )
        )
    return found
