"""Cells of made-up kinds in the space of embeddings, and teaching sets of them."""

from __future__ import annotations

import numpy as np

from core.kinds.embeddings import in_8_bits
from core.kinds.examples import Examples
from core.kinds.teaching_set import Header, TaughtCell, TeachingSet
from core.kinds.tree import white_cell_kinds

KINDS = ("lymphocyte", "monocyte", "neutrophil")
DIMENSIONS = 16
MODEL = "ab" * 32


def centres(seed: int = 0) -> np.ndarray:
    return 3 * np.random.default_rng(seed).normal(size=(len(KINDS), DIMENSIONS))


def cells(counts: tuple[int, ...], seed: int = 1, shift: float = 0.0) -> tuple[np.ndarray, list[str]]:
    """Return vectors, float32 (N, D), and their kinds; ``shift`` moves all of them."""
    rng = np.random.default_rng(seed)
    places = np.repeat(np.arange(len(KINDS)), counts)
    away = shift * np.random.default_rng(99).normal(size=DIMENSIONS)
    vectors = centres()[places] + rng.normal(size=(len(places), DIMENSIONS)) + away
    return vectors.astype(np.float32), [KINDS[place] for place in places]


def examples(counts: tuple[int, ...] = (6, 6, 6), images: int = 3, seed: int = 1) -> Examples:
    vectors, kinds = cells(counts, seed)
    numbers = np.arange(len(kinds)) % images
    return Examples(
        vectors.astype(float), tuple(kinds), numbers, np.zeros(len(kinds), np.int64), np.zeros(len(kinds), bool)
    )


def teaching_set(counts: tuple[int, ...] = (6, 6, 6), seed: int = 2, name: str = "Ward 3") -> TeachingSet:
    vectors, kinds = cells(counts, seed)
    taught = tuple(
        TaughtCell(f"{name} {place % 3}", (place, 0, place + 9.0, 9), 0, "WBC", kind, "Ada", "2026-11-28T10:00:00Z")
        for place, kind in enumerate(kinds)
    )
    steps, scales = in_8_bits(vectors)
    header = Header(
        name=name,
        embedding=MODEL,
        dimensions=DIMENSIONS,
        tree=white_cell_kinds(),
        samples=(name,),
        cells=taught,
        made="2026-11-28T10:00:00Z",
        made_by="Ada",
    )
    return TeachingSet(header, steps, scales, tuple(b"jpeg" for _ in kinds))
