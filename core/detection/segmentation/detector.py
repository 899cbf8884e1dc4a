"""Counting by segmentation in the detector's place: from a image to one detection for each cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.cells import Detections
from core.detection.detector import DetectorResult
from core.detection.segmentation.instances import count_masks
from core.imaging.flat_field import FlatFieldImage
from core.imaging.focus import edge_blur_of, levels
from core.imaging.scale import guess_diameter_of, measured_diameter
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from core.detection.segmentation.masks import CellMasks
    from core.errors import CancelFlag
    from core.models.card import ModelCard
    from core.models.method import CountingMethod

_SCALE_TOLERANCE = math.log(1.15)
_FEWEST_CELLS = 5
_SAMPLE_CELLS = 8  # side of the sample that the scale is set by, in red cell diameters
_SURE_SCORE = 0.5
_SMALLER = 0.65  # a red cell, of what is as large as a white cell


class MaskMaker(Protocol):
    """What makes masks: a segmentation network, or the classical road."""

    path: Path
    sha256: str
    card: ModelCard

    def masks(
        self,
        field: NDArray[np.uint8],
        diameter: float,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelFlag | None = None,
    ) -> CellMasks:
        """Make masks of a field, uint8 RGB (H, W, 3) in which red cells are ``diameter`` pixels wide."""
        ...


@dataclass(frozen=True, eq=False)
class FieldMasks:
    """The masks of an image of ``width`` times ``height`` pixels.

    ``diameter``, ``scale`` and ``notices`` are those of ``DetectorResult``; ``image`` is what they were made of.
    """

    masks: CellMasks
    width: int
    height: int
    diameter: float
    scale: float
    notices: tuple[str, ...]
    image: FlatFieldImage


class SegmentationDetector:
    """Finds cells by the masks of one model; each class is counted by the method of the model's card."""

    def __init__(self, model: MaskMaker) -> None:
        self.model = model
        self.card = model.card

    def detect(
        self,
        image: NDArray[np.uint8],
        *,
        diameter: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelFlag | None = None,
    ) -> DetectorResult:
        """Find every cell, as ``core.detection.detector.Detector.detect`` does.

        Raises
        ------
        Cancelled
            If ``cancel`` was set.
        """
        field = self.predict(image, diameter=diameter, progress=progress, cancel=cancel)
        return DetectorResult(
            self.cells(field, self.card.counting),
            field.diameter,
            field.scale,
            field.notices,
            edge_blur_of(field.image, field.diameter),
            levels=levels(image),
        )

    def predict(
        self,
        image: NDArray[np.uint8],
        *,
        diameter: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelFlag | None = None,
    ) -> FieldMasks:
        """Make the masks of an image; parameters and errors are those of ``detect``."""
        flat = FlatFieldImage.of(image, even_light=self.card.even_light)
        notices: tuple[str, ...] = ()
        if diameter is None:
            diameter, known = self._find_diameter(flat, cancel)
            if not known:
                notices = (
                    gettext("The red cell size could not be estimated here; set it by hand if the cells look wrong."),
                )
        scale = self.card.red_cell_diameter / diameter
        masks = self.model.masks(flat.crop(flat.whole(), scale), self.card.red_cell_diameter, progress, cancel)
        return FieldMasks(masks, image.shape[1], image.shape[0], diameter, scale, notices, flat)

    def cells(self, field: FieldMasks, counting: Mapping[str, CountingMethod]) -> Detections:
        """Return the cells above the score floor, each class counted by its method, in pixels of the image."""
        found = count_masks(field.masks, self.card.classes, counting)
        rows, columns = field.masks.probabilities.shape[1:]
        stretch = np.array([field.width / columns, field.height / rows], np.float32)
        boxes = found.boxes * np.tile(stretch, 2)
        large = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
        kept = np.flatnonzero((found.scores >= self.card.score_floor) & large)
        contours = tuple(found.contours[place] * stretch for place in kept)
        return Detections.from_model(boxes[kept], found.scores[kept], found.labels[kept], contours)

    def _find_diameter(self, flat: FlatFieldImage, cancel: CancelFlag | None) -> tuple[float, bool]:
        """Return the red cell diameter in pixels, and whether it is known.

        The guess from the stained area is corrected by the red cells that are found at that scale. If too few are
        found, it was the size of clumps or of white cells.
        """
        guess = guess_diameter_of(flat)
        if guess is None or not self.card.red_labels:
            return self.card.red_cell_diameter, not self.card.red_labels
        for tried in (guess, _SMALLER * guess):
            if (measured := self._measure_diameter(flat, tried, cancel)) is not None:
                return (tried if abs(math.log(measured / tried)) < _SCALE_TOLERANCE else measured), True
        return guess, True

    def _measure_diameter(self, flat: FlatFieldImage, tried: float, cancel: CancelFlag | None) -> float | None:
        """Return the diameter of the red cells that are found if they are taken to be ``tried`` pixels wide."""
        region = flat.window(max(int(_SAMPLE_CELLS * tried), 1))
        sample = flat.crop(region, self.card.red_cell_diameter / tried)
        masks = self.model.masks(sample, self.card.red_cell_diameter, None, cancel)
        found = count_masks(masks, self.card.classes, self.card.counting)
        red = np.isin(found.labels, self.card.red_labels) & (found.scores >= _SURE_SCORE)
        if red.sum() < _FEWEST_CELLS:
            return None
        return measured_diameter(found.boxes[red] * np.float32(tried / self.card.red_cell_diameter))
