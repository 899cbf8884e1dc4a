"""Which images show the same: exact copies, near duplicates and overlapping fields, by what is in them.

Three questions, each with its own method and threshold:

- **Exact copies** have the same pixels, whatever their files are called and in whichever format they are.
- **Near duplicates** are one image saved again: recompressed, resized, turned or mirrored. Each image
  becomes a thumbnail of ``THUMBNAIL`` by ``THUMBNAIL`` grey values; two correlate at ``NEAR_CORRELATION`` or more,
  in one of the eight ways to lay one on the other, and their proportions agree.
- **Overlapping fields** are two images of partly the same place. ORB features of both that are much alike
  (Hamming distance of ``ALIKE_BITS`` or less of 256) suggest a pair; a shift with little turning that at least
  ``INLIERS`` of them agree on (RANSAC) proposes how they lie on each other; and there the ranks of their grey values
  must correlate at ``OVERLAP_CORRELATION``, over at least ``SMALLEST_OVERLAP`` of the smaller one. The last is what
  counts: cells resemble each other, but not in the same arrangement.

On the 364 images of BCCD, of which a list names 37 pairs of overlapping fields, this finds 32 of them and
two more, which do overlap; nothing else. The pairs correlate at 0.75 or more; the best that do not overlap, at 0.55.

To find pairs among thousands of images without comparing all of them, features are sorted into buckets by
some of their bits (locality-sensitive hashing, Indyk and Motwani 1998), and only those in one bucket are compared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.reading import ImageError, read_image
from core.text import gettext
from trainer.dataset.manifest import DataError
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

THUMBNAIL = 32
NEAR_CORRELATION = 0.95
ALIKE_BITS = 56
INLIERS = 6
OVERLAP_CORRELATION = 0.65
SMALLEST_OVERLAP = 0.08

_FEATURES = 600
_WORKING_SIDE = 512
_OCTAVE = 1.2  # the step of ORB's pyramid
_TABLES, _KEY_BITS = 12, 20
_FULLEST_BUCKET = 24
_VOTES = 3
_SHIFT_STEP = 24.0  # pixels
_TURN = 15.0  # degrees
_SAME_SHAPE = 0.03  # of the proportions
_LARGEST_TURN = 0.1  # the sine of it


class Likeness(StrEnum):
    """How two images are alike."""

    EXACT = "the same pixels"
    NEAR = "near duplicates"
    OVERLAP = "overlapping fields"


@dataclass(frozen=True)
class Pair:
    """Two images, by their places, and how they are alike; ``correlation`` where they lie on each other."""

    one: int
    other: int
    likeness: Likeness
    correlation: float


@dataclass(frozen=True, eq=False)
class _Look:
    """What is kept of an image: its hash, thumbnail, grey image at working size, and features."""

    sha256: str
    proportion: float
    thumbnail: NDArray[np.float32]  # (32, 32), mean 0 and length 1
    grey: NDArray[np.uint8]
    places: NDArray[np.float32]  # (N, 4): x, y, angle in degrees, octave
    features: NDArray[np.uint8]  # (N, 32)


def find_alike(paths: Sequence[Path]) -> list[Pair]:
    """Compare images, all with all; each pair is returned once, with its closest likeness.

    Raises
    ------
    DataError
        If an image cannot be read.
    """
    looks = [_look(path) for path in progress(paths, gettext("Reading images"))]
    exact = list(_exact(looks))
    known = {(pair.one, pair.other) for pair in exact}
    near = [pair for pair in _near(looks) if (pair.one, pair.other) not in known]
    known |= {(pair.one, pair.other) for pair in near}
    candidates = [pair for pair in _candidates(looks) if pair not in known]
    overlapping = []
    for one, other in progress(candidates, gettext("Comparing images")):
        if (correlation := _overlap(looks[one], looks[other])) is not None:
            overlapping.append(Pair(one, other, Likeness.OVERLAP, correlation))
    return [*exact, *near, *overlapping]


def _look(path: Path) -> _Look:
    try:
        pixels = read_image(path).pixels
    except ImageError as error:
        raise DataError(str(error)) from error
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{width} {height} ".encode() + np.ascontiguousarray(pixels).data).hexdigest()
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    shrink = _WORKING_SIDE / max(height, width)
    size = (max(round(width * shrink), 32), max(round(height * shrink), 32))
    how = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
    working = np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)
    orb = cv2.ORB.create(_FEATURES, fastThreshold=7)
    points, features = orb.detectAndCompute(cv2.GaussianBlur(working, (0, 0), 1.0), None)
    if features is None:
        features = np.zeros((0, 32), np.uint8)
    places = np.array([(*point.pt, point.angle, point.octave) for point in points], np.float32).reshape(-1, 4)
    return _Look(digest, width / height, _thumbnail(grey), working, places, np.asarray(features, np.uint8))


def _thumbnail(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= cv2.GaussianBlur(small, (0, 0), THUMBNAIL / 4)  # vignetting is alike in all images of a microscope
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def _exact(looks: Sequence[_Look]) -> Iterator[Pair]:
    first: dict[str, int] = {}
    for place, look in enumerate(looks):
        if (one := first.setdefault(look.sha256, place)) != place:
            yield Pair(one, place, Likeness.EXACT, 1.0)


def _near(looks: Sequence[_Look]) -> Iterator[Pair]:
    if not looks:
        return
    thumbnails = np.stack([look.thumbnail for look in looks])
    flat = thumbnails.reshape(len(looks), -1)
    best = np.full((len(looks), len(looks)), -1, np.float32)
    shape = np.log([look.proportion for look in looks])
    for turn in range(4):
        agree = np.abs(shape[:, None] - (shape if turn % 2 == 0 else -shape)) < _SAME_SHAPE
        for mirrored in (thumbnails, thumbnails[:, :, ::-1]):
            laid = np.rot90(mirrored, turn, (1, 2)).reshape(len(looks), -1)
            np.maximum(best, np.where(agree, flat @ laid.T, -1), out=best)
    for one, other in np.argwhere(np.triu(best >= NEAR_CORRELATION, 1)).tolist():
        yield Pair(one, other, Likeness.NEAR, float(best[one, other]))


def _candidates(looks: Sequence[_Look]) -> list[tuple[int, int]]:
    """Return the pairs of images of which several features are alike and agree on a shift.

    Each two features that are alike say by their octaves how much larger one image is, and by their places
    how it is shifted; those of a pair vote for shifts (Hough transform), in two grids so that none is lost at a border.
    """
    features = np.concatenate([look.features for look in looks])
    places = np.concatenate([look.places for look in looks])
    owner = np.repeat(np.arange(len(looks)), [len(look.features) for look in looks])
    bits = np.unpackbits(features, axis=1)
    rng = np.random.default_rng(0)
    weights = 1 << np.arange(_KEY_BITS)
    tables = []
    for _ in range(_TABLES):
        keys = bits[:, rng.choice(256, _KEY_BITS, replace=False)].astype(np.int64) @ weights
        tables.append(_close_pairs(keys, owner, features, places))
    met = np.unique(np.concatenate(tables), axis=0)
    one, other = met.T
    step = np.round(places[other, 3] - places[one, 3]).astype(np.int64)
    shift = places[other, :2] - places[one, :2] * (_OCTAVE**step)[:, None]
    chosen: set[tuple[int, int]] = set()
    for offset in (0.0, 0.5):
        cell = np.floor(shift / _SHIFT_STEP + offset).astype(np.int64)
        votes = np.column_stack([owner[one], owner[other], step, cell])
        ballots, number = np.unique(votes, axis=0, return_counts=True)
        chosen |= {(row[0], row[1]) for row in ballots[number >= _VOTES].tolist()}
    return sorted(chosen)


def _close_pairs(
    keys: NDArray[np.int64], owner: NDArray[np.int_], features: NDArray[np.uint8], places: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the features (P, 2) of different images that lie in one bucket and are alike and turned alike."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    bucket = np.repeat(sizes, sizes)
    pairs = [np.zeros((0, 2), np.int64)]
    for step in range(1, _FULLEST_BUCKET):
        same = np.flatnonzero((keys[step:] == keys[:-step]) & (bucket[step:] <= _FULLEST_BUCKET))
        one, other = order[same], order[same + step]
        fit = (owner[one] != owner[other]) & (_turned(places[one], places[other]) < _TURN)
        one, other = one[fit], other[fit]
        alike = np.bitwise_count(features[one] ^ features[other]).sum(axis=1, dtype=np.int64) <= ALIKE_BITS
        swapped = owner[one] > owner[other]
        pairs.append(np.column_stack([np.where(swapped, other, one), np.where(swapped, one, other)])[alike])
    return np.concatenate(pairs)


def _turned(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how many degrees features are turned against others, 0 to 180."""
    return np.abs((one[:, 2] - other[:, 2] + 180) % 360 - 180)


def _overlap(one: _Look, other: _Look) -> float | None:
    """Return how well two fields correlate where they overlap, None if they do not."""
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(one.features, other.features)
    alike = [(match.queryIdx, match.trainIdx) for match in matches if match.distance <= ALIKE_BITS]
    first, second = np.array(alike, np.int64).reshape(-1, 2).T
    upright = _turned(one.places[first], other.places[second]) < _TURN
    here, there = one.places[first[upright], :2], other.places[second[upright], :2]
    if len(here) < INLIERS:
        return None
    way, agreeing = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=4.0, maxIters=3000)
    if way is None or int(agreeing.sum()) < INLIERS:
        return None
    scale = float(np.hypot(way[0, 0], way[1, 0]))
    if not 0.25 < scale < 4 or abs(way[1, 0]) / scale > _LARGEST_TURN:
        return None
    return _correlation(one.grey, other.grey, np.asarray(way, np.float64))


def _correlation(one: NDArray[np.uint8], other: NDArray[np.uint8], way: NDArray[np.float64]) -> float | None:
    """Return the correlation of two images where ``way`` lays the first on the second; None if that is too little."""
    height, width = other.shape
    laid = cv2.warpAffine(one, way, (width, height))
    inside = cv2.warpAffine(np.ones_like(one), way, (width, height), flags=cv2.INTER_NEAREST) > 0
    scale = float(np.hypot(way[0, 0], way[1, 0]))
    smaller = min(one.size * scale * scale, other.size)
    if inside.sum() < SMALLEST_OVERLAP * smaller:
        return None
    blurred = [cv2.GaussianBlur(image, (0, 0), 1.5)[inside] for image in (laid, other)]
    if min(float(values.std()) for values in blurred) < 1:
        return None
    # of the ranks: else one dark white cell decides alone, and different colour balances spoil it
    equal = np.stack([cv2.equalizeHist(np.asarray(values, np.uint8)).ravel() for values in blurred])
    correlation = float(np.asarray(np.corrcoef(equal))[0, 1])
    return correlation if correlation >= OVERLAP_CORRELATION else None
