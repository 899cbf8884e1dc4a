"""From the mask of a class to its cells, by watershed, connected components or circle Hough transform."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.scale import fill_holes
from core.models.method import CountingMethod, Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.detection.segmentation.masks import CellMasks

_LARGEST_HOLE = 0.6  # a pallor is at most this large, in red cell diameters
_LEAST_INSIDE = 0.5  # a circle of which less is mask is none
_CIRCLE_POINTS = 32


@dataclass(frozen=True, eq=False)
class Instances:
    """The cells of a mask.

    ``boxes`` float32 (N, 4) ``x1 y1 x2 y2`` and ``contours`` N arrays float32 (K, 2) ``x y`` in pixels of the mask;
    ``scores`` float32 (N,): the mean probability inside; ``labels`` int32 (N,).
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    contours: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(
        cls,
        boxes: Sequence[Sequence[float]],
        scores: Sequence[float],
        contours: Sequence[NDArray[np.float32]],
        label: int,
    ) -> Instances:
        """Make the instances of one class."""
        return cls(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(scores, np.float32),
            np.full(len(scores), label, np.int32),
            tuple(contours),
        )

    @classmethod
    def together(cls, parts: Sequence[Instances]) -> Instances:
        """Return the instances of all parts."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.labels for part in parts]),
            tuple(contour for part in parts for contour in part.contours),
        )


def count_masks(masks: CellMasks, classes: Sequence[str], methods: Mapping[str, CountingMethod]) -> Instances:
    """Find the cells of every class that has a method, each by its own."""
    parts = [count_class(masks, label, methods[name]) for label, name in enumerate(classes) if name in methods]
    return Instances.together(parts or [Instances.of([], [], [], 0)])


def count_class(masks: CellMasks, label: int, method: CountingMethod) -> Instances:
    """Find the cells of one class.

    The mask minus the edge mask separates cells that touch; what each cell lost to the edge it gets back.
    """
    mask = masks.of_class(label, method.threshold)
    fill_holes(mask, math.pi / 4 * (_LARGEST_HOLE * masks.diameter) ** 2)
    edge = masks.edge_above(method.edge_threshold)
    inside = mask if edge is None else (mask & ~edge & 1).astype(np.uint8)
    probability = masks.probabilities[label]
    if method.method is Method.HOUGH:
        return _by_circles(inside, mask, probability, method, masks.diameter, label)
    least = math.pi / 4 * (method.smallest * masks.diameter) ** 2
    if method.method is Method.WATERSHED:
        regions = _flood(_markers(inside, method, masks.diameter), mask)
    else:
        regions = cv2.connectedComponents(inside, connectivity=8, ltype=cv2.CV_32S)[1]
        regions = regions if edge is None else _flood(_without_specks(inside, least / 4), mask)
    return _regions(np.asarray(regions, np.int32), probability, least, label)


def _markers(inside: NDArray[np.uint8], method: CountingMethod, diameter: float) -> NDArray[np.int32]:
    """Find the middles of the cells and number them, int32 (H, W), 0 elsewhere.

    A middle is where the distance to the border is nearly the greatest nearby. (At the border of the image a
    cell is taken to go on.)
    """
    framed = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    distance = cv2.GaussianBlur(distance, (0, 0), max(0.03 * method.typical * diameter, 0.5))
    reach = max(3, int(method.typical * diameter) | 1)
    greatest = cv2.dilate(distance, np.ones((reach, reach), np.uint8))
    least = 0.35 * method.smallest * diameter
    middles = (distance >= method.marker_height * greatest) & (distance >= least) & (inside > 0)
    return np.asarray(cv2.connectedComponents(middles.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)[1], np.int32)


def _without_specks(inside: NDArray[np.uint8], least: float) -> NDArray[np.int32]:
    """Find and number the components that have at least so many pixels, int32 (H, W), 0 elsewhere."""
    found = cv2.connectedComponentsWithStats(inside, connectivity=8, ltype=cv2.CV_32S)
    components, stats = np.asarray(found[1], np.int32), found[2]
    large = stats[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    numbers = np.where(large, np.cumsum(large), 0).astype(np.int32)
    return numbers[components]


def _flood(markers: NDArray[np.int32], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Let numbered markers grow until they fill the mask or meet each other; int32 (H, W), 0 outside."""
    height, width = mask.shape
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    grown = np.zeros((height + 2, width + 2), np.int32)
    grown[1:-1, 1:-1] = np.where(markers > 0, markers + 1, 0)
    grown[framed == 0] = 1
    # On flat ground OpenCV floods by the distance from the markers; the step at the border keeps the outside out
    cv2.watershed(np.repeat(framed[..., None] * np.uint8(255), 3, axis=2), grown)
    # the dam between two regions is one pixel wide; it goes to one of them
    spread = cv2.dilate(np.maximum(grown, 0).astype(np.float32), np.ones((3, 3), np.uint8))
    grown = np.where((grown < 1) & (framed > 0), spread.astype(np.int32), grown)[1:-1, 1:-1]
    return np.where((mask > 0) & (grown > 1), grown - 1, 0).astype(np.int32)


def _regions(regions: NDArray[np.int32], probability: NDArray[np.float32], least: float, label: int) -> Instances:
    """Return the numbered regions that have at least so many pixels."""
    y, x = np.nonzero(regions)
    number = regions[y, x]
    if len(number) == 0:
        return Instances.of([], [], [], label)
    area = np.bincount(number)
    mean = np.bincount(number, probability[y, x]) / np.maximum(area, 1)
    order = np.argsort(number, kind="stable")
    present = np.flatnonzero(area)
    start = np.concatenate([[0], np.cumsum(area[present])[:-1]])
    left, right = np.minimum.reduceat(x[order], start), np.maximum.reduceat(x[order], start) + 1
    top, bottom = np.minimum.reduceat(y[order], start), np.maximum.reduceat(y[order], start) + 1
    boxes, scores, contours = [], [], []
    for place in np.flatnonzero(area[present] >= least):
        own = present[place]
        x1, y1, x2, y2 = (int(side[place]) for side in (left, top, right, bottom))
        piece = (regions[y1:y2, x1:x2] == own).astype(np.uint8)
        outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outline = max(outlines, key=len)[:, 0].astype(np.float32) + np.array([x1 + 0.5, y1 + 0.5], np.float32)
        boxes.append((x1, y1, x2, y2))
        scores.append(float(mean[own]))
        contours.append(outline)
    return Instances.of(boxes, scores, contours, label)


def _by_circles(
    inside: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    probability: NDArray[np.float32],
    method: CountingMethod,
    diameter: float,
    label: int,
) -> Instances:
    """Find circles in the mask; the score is the mean probability inside."""
    radius = method.typical * diameter / 2
    shortest = max(radius * (1 - method.radius_range), method.smallest * diameter / 2)
    margin = math.ceil(radius)  # cells at the border of the image are circles, too
    framed = cv2.copyMakeBorder(inside * np.uint8(255), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    smooth = cv2.GaussianBlur(framed, (0, 0), max(0.04 * diameter, 0.8))
    found = cv2.HoughCircles(
        smooth,
        cv2.HOUGH_GRADIENT,
        1,
        max(1.3 * shortest, 1.0),
        param1=100,
        param2=max(method.arc * 2 * math.pi * radius, 1.0),
        minRadius=int(shortest),
        maxRadius=math.ceil(radius * (1 + method.radius_range)),
    )
    circles = np.zeros((0, 3)) if found is None else np.asarray(found, np.float64)[0][:, :3]
    height, width = mask.shape
    angle = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    boxes, scores, contours = [], [], []
    for x, y, r in circles - [margin, margin, 0]:
        x1, y1 = max(math.floor(x - r), 0), max(math.floor(y - r), 0)
        x2, y2 = min(math.ceil(x + r) + 1, width), min(math.ceil(y + r) + 1, height)
        if x2 - x1 < r or y2 - y1 < r:  # less than half of it is in the image
            continue
        row, column = np.ogrid[y1:y2, x1:x2]
        disc = (row - y) ** 2 + (column - x) ** 2 <= r * r
        if mask[y1:y2, x1:x2][disc].mean() < _LEAST_INSIDE:
            continue
        outline = np.stack([x + r * np.cos(angle), y + r * np.sin(angle)], axis=1).clip(0, [width, height])
        boxes.append((*outline.min(axis=0), *outline.max(axis=0)))
        scores.append(float(probability[y1:y2, x1:x2][disc].mean()))
        contours.append(outline.astype(np.float32))
    return Instances.of(boxes, scores, contours, label)
