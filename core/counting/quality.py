"""The quality of a field: whether its count can be trusted, and if not, why.

The limits were found on the 142 validation fields of TXL-PBC, blurred and seen at wrong scales on purpose, and
on rendered smears that are ever more crowded: ``CHECK`` where the count of red cells begins to suffer (2 to 5 %),
``POOR`` where about a tenth of them is lost. Blur is reported earlier, where outlines are visibly smeared: of the 206
test fields of TXL-PBC 1 % are reported at 0.045, and 95 % when they are blurred by another 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from core.counting.likeness import unlike
from core.detection.look import BLUR, SIZE
from core.imaging.doubts import Doubt
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from core.counting.count import CountIndex, CountResult
    from core.detection.detector import DetectorResult
    from core.models.card import ModelCard

FRAGILE_REACH = 0.05
"""A count is fragile if it changes much when its threshold moves this far."""

FRAGILE_CHANGE = 0.05
"""How much is much: more than this share of the count, and more than one cell."""

_BLUR_CHECK, _BLUR_POOR = 0.045, 0.08  # standard deviation in red cell diameters
_TOO_DARK, _TOO_BRIGHT = 80.0, 215.0  # grey values: a background below, cells above
_COVER_CHECK = 0.75  # of the field
_OVERLAP_CHECK, _OVERLAP_POOR = 0.20, 0.30  # of what cells cover
_FEW_CELLS = 10
_SMALLEST, _LARGEST = 0.25, 6.0  # red cells in the image, against those that the model sees
_MISMATCH_CHECK, _MISMATCH_POOR = (0.75, 1.4), (0.55, 1.9)  # measured red cells against the size that set the scale
_ROUND = np.sqrt(np.pi) / 2  # a square of this share of a circle's diameter has the circle's area
_GRID = 10.0  # steps on a red cell


class Grade(StrEnum):
    """Whether the count of a field can be trusted; the values are the words of JSON schema 1."""

    GOOD = "good"
    CHECK = "look"
    POOR = "bad"


_WORDS = {Grade.GOOD: gettext("Good"), Grade.CHECK: gettext("Check"), Grade.POOR: gettext("Poor")}


@dataclass(frozen=True)
class Reason:
    """One reason against a field; ``text`` is a sentence for the user.

    ``actionable``: the user can do something about the count. A field with few cells is one with few cells.
    """

    grade: Grade
    text: str
    actionable: bool = True


_DOUBTS = {
    Doubt.DAMAGED: Reason(Grade.POOR, gettext("The file is damaged inside; a part of the image may be lost.")),
    Doubt.SUSPECT: Reason(Grade.CHECK, gettext("A part of the image looks damaged.")),
    Doubt.ONE_OF_SEVERAL: Reason(Grade.CHECK, gettext("Only one of several images in the file was counted.")),
    Doubt.COMBINED: Reason(Grade.CHECK, gettext("Three grey pages were taken for red, green and blue.")),
    Doubt.HIDDEN: Reason(Grade.CHECK, gettext("A part of the image is transparent; what lies there does not count.")),
    Doubt.REPEATED: Reason(Grade.CHECK, gettext("A part of the image is there twice; its cells are counted twice.")),
    Doubt.SIZE: Reason(
        Grade.POOR,
        gettext("The red cell size that was set does not fit this image; let it be estimated (Counting settings)."),
    ),
    Doubt.SHIFTED: Reason(Grade.CHECK, gettext("Too pale: even the darkest pixels are half as bright as white.")),
}


@dataclass(frozen=True)
class FieldQuality:
    """The reasons against a field; a good one has none."""

    reasons: tuple[Reason, ...] = ()

    @property
    def grade(self) -> Grade:
        """The worst grade of the reasons."""
        grades = {reason.grade for reason in self.reasons}
        return next((grade for grade in (Grade.POOR, Grade.CHECK) if grade in grades), Grade.GOOD)

    @property
    def quiet(self) -> bool:
        """Whether what there is to know asks for nothing."""
        return self.grade is Grade.CHECK and self.pressing is None

    @property
    def word(self) -> str:
        """What a table says of the field."""
        return gettext("Note") if self.quiet else _WORDS[self.grade]

    @property
    def texts(self) -> tuple[str, ...]:
        """The sentences of the reasons."""
        return tuple(reason.text for reason in self.reasons)

    @property
    def pressing(self) -> Reason | None:
        """The reason that asks most for the user: the worst one about which something can be done."""
        reasons = [reason for reason in self.reasons if reason.actionable or reason.grade is Grade.POOR]
        return next((reason for reason in reasons if reason.grade is Grade.POOR), reasons[0] if reasons else None)


def fragile_counts(
    index: CountIndex, thresholds: Mapping[str, float], classes: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    """Find the classes with a threshold-sensitive count.

    Returns
    -------
    Class name -> the counts at ``FRAGILE_REACH`` above and below its threshold, for each class whose count
    changes there by more than ``FRAGILE_CHANGE`` and more than one cell (in a small field one cell is
    always a large share).
    """
    fragile: dict[str, tuple[int, int]] = {}
    for name in classes:
        few, here, many = (
            index.count_of(name, {**thresholds, name: thresholds[name] + step}, classes)
            for step in (FRAGILE_REACH, 0.0, -FRAGILE_REACH)
        )
        change = max(here - few, many - here)
        if change > 1 and change > FRAGILE_CHANGE * here:
            fragile[name] = (few, many)
    return fragile


def field_quality(
    found: DetectorResult,
    result: CountResult,
    card: ModelCard,
    size: tuple[int, int],
    fragile: Mapping[str, tuple[int, int]],
) -> FieldQuality:
    """Judge a field by what was found in it.

    Parameters
    ----------
    found, result
        The detections and the cells of the user, how they were found, and which count. Cells outside the frame
        are cells of the field like others.
    card
        The card of the model that found them.
    size
        Width and height of the image in pixels.
    fragile
        From ``fragile_counts``.
    """
    there = result.counted | result.excluded
    if card.red_labels:
        there = there & np.isin(found.detections.labels, card.red_labels)
    boxes = found.detections.boxes[there]
    reasons = [
        *_of_light(found.levels),
        *_of_focus(found.blur),
        *_of_number(len(boxes), gettext("red cell") if card.red_labels else gettext("cell")),
        *_of_crowding(boxes, *size),
        *_of_scale(boxes, found.diameter, card),
    ]
    reasons += _of_look(found, card, said=bool(list(_of_focus(found.blur))))
    reasons += [_DOUBTS[doubt] for doubt in found.doubts]
    if found.capped:
        reasons.append(
            Reason(Grade.POOR, gettext("There were more candidates than can be handled; cells may be missing."))
        )
    for name, (few, many) in fragile.items():
        text = gettext("{name} count depends on the threshold: {few} at {reach:g} above, {many} below.").format(
            name=name, few=few, reach=FRAGILE_REACH, many=many
        )
        reasons.append(Reason(Grade.CHECK, text))
    return FieldQuality(tuple(reasons))


def _of_light(levels: tuple[float, float] | None) -> Iterator[Reason]:
    if levels is not None and levels[1] < _TOO_DARK:
        yield Reason(Grade.POOR, gettext("Too dark: even the empty background is nearly black."))
    elif levels is not None and levels[0] > _TOO_BRIGHT:
        yield Reason(Grade.POOR, gettext("Too bright: even the darkest cells are nearly white."))


def _of_focus(blur: float | None) -> Iterator[Reason]:
    if blur is not None and blur >= _BLUR_CHECK:
        grade = Grade.POOR if blur >= _BLUR_POOR else Grade.CHECK
        how = gettext("Out of focus") if grade is Grade.POOR else gettext("Slightly out of focus")
        text = gettext("{how}: borders are smeared over {blur:.0%} of a red cell.").format(how=how, blur=blur)
        yield Reason(grade, text, actionable=False)


def _of_number(number: int, what: str) -> Iterator[Reason]:
    if number == 0:
        yield Reason(Grade.POOR, gettext("No {what} is counted here.").format(what=what))
    elif number < _FEW_CELLS:
        text = ngettext("Too few cells to say much: {n} {what}.", "Too few cells to say much: {n} {what}s.", number)
        yield Reason(Grade.CHECK, text.format(n=number, what=what), actionable=False)


def _of_crowding(boxes: NDArray[np.float32], width: int, height: int) -> Iterator[Reason]:
    cover, overlap = crowding(boxes, width, height)
    if overlap >= _OVERLAP_CHECK:
        grade = Grade.POOR if overlap >= _OVERLAP_POOR else Grade.CHECK
        yield Reason(
            grade,
            gettext("Cells lie on each other: in {overlap:.0%} of the area that they cover.").format(overlap=overlap),
        )
    elif cover >= _COVER_CHECK:
        text = gettext("Too dense: cells cover {cover:.0%} of the field.").format(cover=cover)
        yield Reason(Grade.CHECK, text, actionable=False)


def _of_look(found: DetectorResult, card: ModelCard, *, said: bool) -> Iterator[Reason]:
    """Yield what is unlike the training images, but for blur that was ``said`` and a size that is."""
    too_small_or_large = not _SMALLEST <= found.diameter / card.red_cell_diameter <= _LARGEST
    known = {BLUR: said, SIZE: too_small_or_large}
    for measure, text in unlike(found.look, card.look):
        if not known.get(measure, False):
            yield Reason(Grade.CHECK, text)


def _of_scale(boxes: NDArray[np.float32], diameter: float, card: ModelCard) -> Iterator[Reason]:
    share = diameter / card.red_cell_diameter
    if not _SMALLEST <= share <= _LARGEST:
        size = "small" if share < _SMALLEST else "large"
        yield Reason(
            Grade.CHECK,
            gettext("Red cells are very {size} here, {diameter:.0f} pixels; the model learned from others.").format(
                size=size, diameter=diameter
            ),
        )
    if len(boxes) < _FEW_CELLS or not card.red_labels:
        return
    measured = float(np.median(np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))))
    mismatch = measured / diameter
    if not _MISMATCH_CHECK[0] <= mismatch <= _MISMATCH_CHECK[1]:
        fits = _MISMATCH_POOR[0] <= mismatch <= _MISMATCH_POOR[1]
        text = gettext(
            "Red cells are {measured:.0f} pixels wide, but were looked for at {diameter:.0f}; set their size."
        ).format(measured=measured, diameter=diameter)
        yield Reason(Grade.CHECK if fits else Grade.POOR, text)


def crowding(boxes: NDArray[np.float32], width: int, height: int) -> tuple[float, float]:
    """Return how crowded a field is.

    Each cell stands as a rectangle of the area of its ellipse, so that round cells that touch do not overlap.

    Parameters
    ----------
    boxes
        Cells, float32 (N, 4), in a field of ``width`` by ``height`` pixels.

    Returns
    -------
    The share of the field that cells cover, and the share of that where they lie on each other.
    """
    if not len(boxes):
        return 0.0, 0.0
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * _ROUND
    step = max(2 * float(np.median(half)) / _GRID, max(width, height) / 2048)
    columns, rows = int(np.ceil(width / step)), int(np.ceil(height / step))
    corners = np.rint(np.concatenate([middle - half, middle + half], axis=1) / step).astype(np.int64)
    x1, y1, x2, y2 = np.clip(corners, 0, [columns, rows, columns, rows]).T
    change = np.zeros((rows + 1, columns + 1), np.int32)
    for y, x, sign in ((y1, x1, 1), (y2, x2, 1), (y1, x2, -1), (y2, x1, -1)):
        np.add.at(change, (y, x), sign)
    depth = change.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
    covered = int((depth > 0).sum())
    return covered / depth.size, int((depth > 1).sum()) / max(covered, 1)
