"""The detector: from a photograph of unknown scale to everything the model sees in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Detections
from core.detection.look import look_of
from core.errors import check_cancelled
from core.geometry.boxes import suppress, suppress_by_class, thin_and_place
from core.imaging.doubts import Doubt
from core.imaging.flat_field import FlatFieldImage
from core.imaging.focus import edge_blur_of, levels
from core.imaging.scale import guess_diameter_of, measured_diameter
from core.imaging.tiling import Tile, tiles
from core.models.network import STEP
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from core.errors import CancelFlag
    from core.models.network import Model

_THIN_IOU = 0.85
_VOTE_IOU = 0.5
_TOO_LARGE, _TOO_SMALL = 0.89, 1.25
"""Red cells as measured, against the diameter that they were looked for at: between these the scale is right. Cells
that the network sees larger than it needs are counted as well; smaller, platelets are missed."""

_SCALE_ROUNDS = 3
_SURE_SCORE = 0.3
_FAR_OFF = 1.5
_FEWEST_CELLS, _ENOUGH_CELLS = 3, 12
_PART = 512
"""Pixels at the network's scale; the sides of the part of a large image that its scale is measured in."""

_SMALLER, _LARGER = 0.97, 1.03
"""How far an image of one tile is shrunk or enlarged so that it needs less padding."""

_LADDER = (20.0, 40.0, 80.0, 160.0, 320.0)


@dataclass(frozen=True)
class DetectorResult:
    """What the detector found in one image.

    ``diameter`` is the red cell diameter in pixels of the image that the scale was set by; ``scale``
    the factor from the image to the network; ``notices`` sentences for the person. ``blur``: how far
    borders are smeared, in red cell diameters (``core.imaging.focus``), None if unknown; ``capped``: more candidates
    than can be handled were found. ``levels``: the darkest and the brightest grey values (``focus.levels``),
    None if unknown. ``doubts``: what speaks against the count: the size that was set, and what the reading of the image
    says of the pixels themselves. ``look``:
    the numbers of ``core.detection.look``, empty if unknown.
    """

    detections: Detections
    diameter: float
    scale: float
    notices: tuple[str, ...] = ()
    blur: float | None = None
    capped: bool = False
    levels: tuple[float, float] | None = None
    doubts: tuple[Doubt, ...] = ()
    look: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class _Look:
    """Raw candidates over a region, in pixels of the image."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    capped: bool


class Detector:
    """Finds cells with one model."""

    def __init__(self, model: Model) -> None:
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
        """Find every cell above the model's score floor.

        Parameters
        ----------
        image
            uint8 RGB (H, W, 3).
        diameter
            Red cell diameter in pixels if known; otherwise it is estimated: a first guess from the
            stained area, corrected by the red cells that the network finds at that scale.
        progress
            Called with (tiles done, tiles in all) after each tile.
        cancel
            Checked before each tile.

        Raises
        ------
        Cancelled
            If ``cancel`` was set.
        """
        run = _Run(self, FlatFieldImage.of(image, even_light=self.card.even_light), progress, cancel)
        notices: list[str] = []
        look: _Look | None = None
        given = diameter
        if diameter is None:
            diameter, look, known = self._find_scale(run)
            if not known:
                notices.append(
                    gettext("The red cell size could not be estimated here; set it by hand if the boxes look wrong.")
                )
        look = look or run.look(run.whole_image(), diameter)
        doubts = (Doubt.SIZE,) if given is not None and self._is_far_off(run, look, given) else ()
        if look.capped:
            notices.append(gettext("More candidates than can be handled were found; the least likely were left out."))
        kept = suppress_by_class(look.boxes, look.scores, look.labels, _THIN_IOU)
        boxes = _clip(look.boxes[kept], image.shape[1], image.shape[0])
        real = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
        detections = Detections.from_model(boxes[real], look.scores[kept][real], look.labels[kept][real])
        blur = edge_blur_of(run.field, diameter)
        return DetectorResult(
            detections,
            diameter,
            self.card.red_cell_diameter / diameter,
            tuple(notices),
            blur,
            look.capped,
            levels(image),
            doubts,
            look_of(image, run.field.light, detections, diameter, blur, self.card),
        )

    def _is_far_off(self, run: _Run, look: _Look, given: float) -> bool:
        """Tell whether no red cells are seen at the diameter that somebody gave, but at quite another one."""
        if not self.card.red_labels or self._measure(look, run.whole_image()) is not None:
            return False
        diameter, _, known = self._find_scale(run)
        return known and not 1 / _FAR_OFF <= diameter / given <= _FAR_OFF

    def _find_scale(self, run: _Run) -> tuple[float, _Look | None, bool]:
        """Return (diameter, the look at the whole image at that scale if there was one, known)."""
        if not self.card.red_labels:
            return self.card.red_cell_diameter, None, True
        diameter = run.fitting(guess_diameter_of(run.field, roughly=True) or self.card.red_cell_diameter)
        for _ in range(_SCALE_ROUNDS):
            look, region, measured = self._measured_at(run, diameter)
            if measured is None:
                break
            if _TOO_LARGE < measured / diameter < _TOO_SMALL:
                return diameter, look if region == run.whole_image() else None, True
            diameter = run.fitting(measured)
        else:
            return diameter, None, True
        return self._climb_ladder(run, diameter)

    def _measured_at(self, run: _Run, diameter: float) -> tuple[_Look, Tile, float | None]:
        """Look at the image at a diameter, or a part of it that shows enough cells, and measure them."""
        region = run.region_for(diameter, _PART)
        look = run.look(region, diameter)
        few = self._sure_red_cells(look, region).sum() < _ENOUGH_CELLS
        if few and (larger := run.region_for(diameter, self.card.tile)) != region:
            region, look = larger, run.look(larger, diameter)
        return look, region, self._measure(look, region)

    def _climb_ladder(self, run: _Run, fallback: float) -> tuple[float, _Look | None, bool]:
        """Try a ladder of diameters and take the one at which most red cells look right."""
        best, best_votes = None, 0.0
        for rung in _LADDER:
            region = run.region_for(rung, self.card.tile)
            look = run.look(region, rung)
            measured = self._measure(look, region)
            if measured is None or not 0.5 < measured / rung < 2:
                continue
            votes = float(look.scores[self._sure_red_cells(look, region)].sum())
            if votes > best_votes:
                best, best_votes = measured, votes
        if best is None:
            return fallback, None, False
        return run.fitting(best), None, True

    def _measure(self, look: _Look, region: Tile) -> float | None:
        """Return the median red cell diameter ``sqrt(w * h)`` of a look, None if too few are sure."""
        sure = self._sure_red_cells(look, region)
        if sure.sum() < _FEWEST_CELLS:
            return None
        return measured_diameter(look.boxes[sure])

    def _sure_red_cells(self, look: _Look, region: Tile) -> NDArray[np.bool_]:
        sure = np.isin(look.labels, self.card.red_labels) & (look.scores >= _SURE_SCORE)
        members = np.flatnonzero(sure)
        kept = suppress(look.boxes[members], look.scores[members], self.card.nms_iou)
        result = np.zeros(len(sure), bool)
        result[members[kept]] = True
        return result


@dataclass
class _Run:
    """One image going through the detector."""

    detector: Detector
    field: FlatFieldImage
    progress: Callable[[int, int], None] | None
    cancel: CancelFlag | None

    def whole_image(self) -> Tile:
        return self.field.whole()

    def region_for(self, diameter: float, side: int) -> Tile:
        """Return the whole image if it fits in one tile at that scale, else a part of that side full of cells."""
        card = self.detector.card
        whole = self.whole_image()
        if max(whole.x2, whole.y2) <= int(card.tile * diameter / card.red_cell_diameter):
            return whole
        return self.field.window(int(side * diameter / card.red_cell_diameter))

    def fitting(self, diameter: float) -> float:
        """Return the diameter near the given one at which an image of one tile needs least padding."""
        card, whole = self.detector.card, self.whole_image()
        if self.region_for(diameter, 1) != whole:
            return diameter
        scale = _with_least_padding(whole.x2, whole.y2, card.red_cell_diameter / diameter)
        return card.red_cell_diameter / scale

    def look(self, region: Tile, diameter: float) -> _Look:
        """Run the network over a region at the scale that a red cell diameter implies."""
        card = self.detector.card
        scale = card.red_cell_diameter / diameter
        tile, overlap = max(int(card.tile / scale), 1), int(card.overlap / scale)
        parts = list(tiles(region.x2 - region.x1, region.y2 - region.y1, tile, overlap))
        boxes, scores, labels, capped = [], [], [], False
        corner = np.array([region.x1, region.y1] * 2, np.float32)
        for done, (part, found) in enumerate(zip(parts, self._found(parts, region, scale), strict=True)):
            mine = part.owns(found.boxes)
            boxes.append(found.boxes[mine] + corner)
            scores.append(found.scores[mine])
            labels.append(found.labels[mine])
            capped |= found.capped
            if self.progress is not None:
                self.progress(done + 1, len(parts))
        return _Look(np.concatenate(boxes), np.concatenate(scores), np.concatenate(labels), capped)

    def _found(self, parts: Sequence[Tile], region: Tile, scale: float) -> Iterator[_Look]:
        """Yield the candidates of tiles in pixels of the region, thinned, and placed by those left out too."""
        sizes: list[tuple[int, int]] = []

        def pixels() -> Iterator[NDArray[np.uint8]]:
            for part in parts:
                check_cancelled(self.cancel)
                moved = (region.x1 + part.x1, region.y1 + part.y1, region.x1 + part.x2, region.y1 + part.y2)
                crop = self.field.crop(Tile(*moved, part.own), scale)
                sizes.append(crop.shape[:2])
                yield crop

        model = self.detector.model
        found_in_each = model.run_each(pixels()) if len(parts) > 1 else map(model.run, pixels())
        for part, found in zip(parts, found_in_each, strict=True):
            rows, columns = sizes.pop(0)
            back = np.array([(part.x2 - part.x1) / columns, (part.y2 - part.y1) / rows] * 2, np.float32)
            shift = np.array([part.x1, part.y1] * 2, np.float32)
            kept, boxes = thin_and_place(found.boxes, found.scores, found.labels, _THIN_IOU, _VOTE_IOU)
            yield _Look(boxes[kept] * back + shift, found.scores[kept], found.labels[kept], found.capped)


def _with_least_padding(width: int, height: int, scale: float) -> float:
    """Return the scale near the given one at which an image has the smallest area after its sides are padded."""
    fitting = [
        pixels / side
        for side in (width, height)
        for pixels in range(STEP, int(side * scale * _LARGER) + 1, STEP)
        if _SMALLER <= pixels / (side * scale) <= _LARGER
    ]

    def area_and_change(one: float) -> tuple[int, float]:
        rows, columns = (-(-round(side * one) // STEP) for side in (height, width))
        return rows * columns, abs(math.log(one / scale))

    return min([scale, *fitting], key=area_and_change)


def _clip(boxes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
