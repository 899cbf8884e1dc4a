"""Parts of an image that are there twice, sample for sample: stitched, pasted or padded, as no field is.

Noise makes every place of a photograph different. Short runs of samples are chosen by what they hold, so that the same
runs are chosen wherever a part is repeated; runs that are there twice name the shift or the mirror between them, and
only what many of them name is compared sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_RUN = 24  # samples
_CORE = 4  # samples in the middle of a run, by which it is chosen
_MARGIN = (_RUN - _CORE) // 2
_ONE_IN = 192
_MOST_RUNS = 8192
_TEXTURE = 12  # grey values between the darkest and the brightest sample of a run or block
_BLOCK = 16  # samples; what is compared, and the least shift
_VOTES = 8  # runs
_SHARE_OF_VOTES = 0.01  # of all runs
_CANDIDATES = 8
_STRIP = 256  # rows
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


@dataclass(frozen=True)
class _Twin:
    """How one part lies to the other: rows and columns from first to last or mirrored, and then moved."""

    mirrored: tuple[bool, bool]
    move: tuple[int, int]


def repeated_share(pixels: NDArray[np.uint8]) -> float:
    """Return which share of an image is there once more, bit for bit, moved or mirrored.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W).
    """
    grey = pixels[..., 1] if pixels.ndim == 3 else pixels  # no copy: the image may be large
    if grey.shape[0] < 2 * _BLOCK or grey.shape[1] < 2 * _RUN:
        return 0.0
    places, ahead, back = _runs(grey)
    need = max(_VOTES, int(_SHARE_OF_VOTES * len(places)))
    found = [
        *_twins(places, _pairs(ahead, ahead), need, columns_mirrored=False),
        *_twins(places, _pairs(ahead, back), need, columns_mirrored=True),
    ]
    likely = sorted(found, key=lambda one: -one[0])[:_CANDIDATES]
    return min(1.0, sum(_share(grey, twin) for _, twin in likely))


def _runs(grey: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64]]:
    """Return where runs are, (N, 2) rows and columns of their first samples, and what they hold, ahead and back."""
    chosen: list[NDArray[np.int64]] = []
    for top in range(0, len(grey), _STRIP):
        part = grey[top : top + _STRIP].astype(np.uint16)
        outer, inner = part[:, :-3] + part[:, 3:], part[:, 1:-2] + part[:, 2:-1]
        mixed = outer * np.uint16(40503) + inner * np.uint16(30011)  # the same from right to left
        at = np.flatnonzero(mixed < 65536 // _ONE_IN)
        rows, columns = np.divmod(at, mixed.shape[1])
        inside = (columns >= _MARGIN) & (columns < mixed.shape[1] - _MARGIN)
        chosen.append(np.stack([rows[inside] + top, columns[inside] - _MARGIN], axis=1))
    places = np.concatenate(chosen)
    runs = np.lib.stride_tricks.sliding_window_view(grey, _RUN, axis=1)[places[:, 0], places[:, 1]]
    by_sample = np.ascontiguousarray(runs.T)
    textured = by_sample.max(axis=0) - by_sample.min(axis=0) >= _TEXTURE
    places, runs = places[textured], runs[textured]
    ahead, back = _digest(runs), _digest(runs[:, ::-1])
    step = np.uint64(max(1, len(places) // _MOST_RUNS))
    kept = (ahead + back) % step == 0
    return places[kept], ahead[kept], back[kept]


def _digest(runs: NDArray[np.uint8]) -> NDArray[np.uint64]:
    words = np.ascontiguousarray(runs).view("<u8") * _FACTORS
    mixed = words ^ words >> np.uint64(31)
    return (mixed * _FACTORS[::-1]).sum(axis=1, dtype=np.uint64)


def _pairs(ones: NDArray[np.uint64], others: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of runs that hold the same and are there twice, and no oftener."""
    if ones is others:
        order = np.argsort(ones)
        sorted_ = ones[order]
        same = sorted_[1:] == sorted_[:-1]
        alone = np.concatenate([[True], ~same, [True]])
        twice = np.flatnonzero(same & alone[:-2] & alone[2:])
        return order[twice], order[twice + 1]
    _, first, second = np.intersect1d(ones, others, return_indices=True)
    return first, second


def _twins(
    places: NDArray[np.int64], pairs: tuple[NDArray[np.int64], NDArray[np.int64]], need: int, *, columns_mirrored: bool
) -> Iterator[tuple[int, _Twin]]:
    """Yield what at least ``need`` pairs of runs say of how the parts lie to each other, and how many say so."""
    if len(pairs[0]) < need:
        return
    one, other = places[np.minimum(*pairs)], places[np.maximum(*pairs)]  # from top to bottom, from left to right
    across = other[:, 1] + one[:, 1] + _RUN - 1 if columns_mirrored else other[:, 1] - one[:, 1]
    for rows_mirrored in (False, True):
        down = other[:, 0] + one[:, 0] if rows_mirrored else other[:, 0] - one[:, 0]
        moves, votes = np.unique(np.stack([down, across], axis=1), axis=0, return_counts=True)
        enough = votes >= need
        for move, number in zip(moves[enough].tolist(), votes[enough].tolist(), strict=True):
            yield number, _Twin((rows_mirrored, columns_mirrored), (move[0], move[1]))


def _share(grey: NDArray[np.uint8], twin: _Twin) -> float:
    """Return which share of an image is the same at its twin's place, in whole blocks."""
    other = grey[:: -1 if twin.mirrored[0] else 1, :: -1 if twin.mirrored[1] else 1]
    moves = [
        size - 1 - move if is_mirrored else move
        for size, move, is_mirrored in zip(grey.shape, twin.move, twin.mirrored, strict=True)
    ]
    if not any(twin.mirrored) and max(map(abs, moves)) < _BLOCK:
        return 0.0
    here = tuple(slice(max(0, -move), min(size, size - move)) for size, move in zip(grey.shape, moves, strict=True))
    there = tuple(slice(max(0, move), min(size, size + move)) for size, move in zip(grey.shape, moves, strict=True))
    ones, others = grey[here], other[there]
    rows, columns = ones.shape[0] // _BLOCK, ones.shape[1] // _BLOCK
    if not rows or not columns:
        return 0.0
    whole = np.s_[: rows * _BLOCK, : columns * _BLOCK]
    same = _blocks(ones[whole] == others[whole]).all(axis=(1, 3))
    blocks = _blocks(ones[whole])
    textured = blocks.max(axis=(1, 3)) - blocks.min(axis=(1, 3)) >= _TEXTURE
    share = float((same & textured).sum()) * _BLOCK**2 / grey.size
    return share / 2 if any(twin.mirrored) and _is_its_own_twin(twin) else share


def _is_its_own_twin(twin: _Twin) -> bool:
    """Tell whether a mirror brings the second part to the first one too."""
    return all(is_mirrored or not move for move, is_mirrored in zip(twin.move, twin.mirrored, strict=True))


def _blocks(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    rows, columns = samples.shape[0] // _BLOCK, samples.shape[1] // _BLOCK
    return samples.reshape(rows, _BLOCK, columns, _BLOCK)
