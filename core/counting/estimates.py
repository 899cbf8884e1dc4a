"""The figures that follow from counts, with names and units: the same in the window and in every report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core.classes import PLATELETS, RED_CELL, WHITE_CELL
from core.statistics.agreement import (
    density,
    diameters,
    disagreement,
    per_other,
    platelets_by_field,
    platelets_by_ratio,
)
from core.statistics.intervals import Interval
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from core.statistics.agreement import Estimate

_HALF = (0.25, 0.75)
_BY_RATIO, _BY_FIELD = gettext("Platelets by ratio"), gettext("Platelets by field")
_TOO_FAR = 2.0
"""Two estimates of the same platelets: chance does not part them by this factor."""


class Span(StrEnum):
    """What the two ends beside a figure are."""

    INTERVAL = "95 % interval"
    HALF = gettext("the middle half of the cells")


@dataclass(frozen=True)
class Figure:
    """A figure with its unit, which may be empty.

    ``value`` None: it cannot be formed, as there are no red cells to divide by. ``ends`` None: it has none.
    """

    what: str
    value: float | None
    unit: str = ""
    ends: Interval | None = None
    span: Span = Span.INTERVAL

    @property
    def name(self) -> str:
        """What it is, with its unit."""
        return f"{self.what} ({self.unit})" if self.unit else self.what


class EstimateInputs(msgspec.Struct, frozen=True):
    """What the laboratory knows besides the images; what is None was not given, and nothing is assumed for it.

    ``analyser_rbc``: red cells in 10¹²/L of the same blood; ``field_factor``: platelets in 10⁹/L for one platelet to
    a field; ``micrometres_per_pixel``: the calibrated scale of the pictures.
    """

    analyser_rbc: float | None = None
    field_factor: float | None = None
    micrometres_per_pixel: float | None = None


@dataclass(frozen=True, eq=False)
class Fields:
    """What was counted, field by field.

    ``counts``: class name -> its count in each field; ``area``: the square pixels that all counts together
    are of; ``boxes``: class name -> its counted cells in each field where they are known, each with the width
    and height of the field: float32 (N, 4) ``x1 y1 x2 y2`` in pixels.
    """

    counts: Mapping[str, Sequence[int]]
    area: float = 0.0
    boxes: Mapping[str, Sequence[tuple[NDArray[np.float32], tuple[int, int]]]] = field(default_factory=dict)


def figures(fields: Fields, inputs: EstimateInputs) -> list[Figure]:
    """Return the figures of fields whose classes were counted and whose inputs were given."""
    scale = inputs.micrometres_per_pixel
    found = [*_ratios(fields), *_platelets(fields, inputs)]
    if scale is not None:
        found += [*_densities(fields, scale), *_diameters(fields, scale)]
    return found


def contradiction(found: Iterable[Figure]) -> str:
    """Return that the two platelet estimates among figures cannot both be right, in a sentence for the user, or ""."""
    values = {one.what: one.value for one in found if one.value is not None}
    pair = values.get(_BY_RATIO), values.get(_BY_FIELD)
    if pair[0] is None or pair[1] is None or max(pair[0], pair[1]) <= _TOO_FAR * min(pair[0], pair[1]):
        return ""
    by_ratio, by_field = (numbers(value)[0] for value in (pair[0], pair[1]))
    return gettext(
        "The two platelet estimates, {by_ratio} and {by_field} ×10⁹/L, differ so much that one of the values they are "
        "made of must be wrong. Check the analyser's red cells and the platelet factor."
    ).format(by_ratio=by_ratio, by_field=by_field)


def given(inputs: EstimateInputs) -> list[tuple[str, str]]:
    """Return what the laboratory gave, as names and values."""
    values = (
        (gettext("Analyser's RBC"), inputs.analyser_rbc, "×10¹²/L"),
        (gettext("Platelet factor"), inputs.field_factor, gettext("×10⁹/L for one platelet to a field")),
        ("Scale", inputs.micrometres_per_pixel, gettext("µm per pixel")),
    )
    return [(name, f"{value:g} {unit}") for name, value, unit in values if value is not None]


def numbers(*values: float) -> list[str]:
    """Return numbers that belong together with as many decimals as the largest finite one deserves."""
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    decimals = 0 if largest >= 100 else 1 if largest >= 1 else 3
    return [f"{value:,.{decimals}f}" if np.isfinite(value) else "∞" for value in values]


def _figure(what: str, estimate: Estimate | None, unit: str = "") -> Figure:
    if estimate is None:
        return Figure(what, None, unit)
    return Figure(what, estimate.value, unit, estimate.interval)


def _ratios(fields: Fields) -> Iterator[Figure]:
    for name, unit, what in (
        (WHITE_CELL, 1000.0, gettext("White cells per 1,000 red cells")),
        (PLATELETS, 1.0, gettext("Platelets per red cell")),
    ):
        if name in fields.counts and RED_CELL in fields.counts:
            yield _figure(what, per_other(sum(fields.counts[name]), sum(fields.counts[RED_CELL]), unit))


def _platelets(fields: Fields, inputs: EstimateInputs) -> Iterator[Figure]:
    if PLATELETS not in fields.counts:
        return
    platelets, red = fields.counts[PLATELETS], sum(fields.counts.get(RED_CELL, ()))
    by_ratio = platelets_by_ratio(sum(platelets), red, inputs.analyser_rbc)
    by_field = platelets_by_field(platelets, inputs.field_factor)
    named = ((by_ratio, _BY_RATIO), (by_field, _BY_FIELD))
    for estimate, name in named:
        if estimate is not None:
            yield _figure(name, estimate, "×10⁹/L")
    apart = disagreement(by_ratio, by_field)
    if apart is not None:
        yield Figure(gettext("Platelets by field against by ratio"), 100 * apart, gettext("% of the mean of both"))


def _densities(fields: Fields, scale: float) -> Iterator[Figure]:
    for name, counts in fields.counts.items() if fields.area > 0 else ():
        yield _figure(gettext("{name} per mm²").format(name=name), density(sum(counts), fields.area, scale))


def _diameters(fields: Fields, scale: float) -> Iterator[Figure]:
    for name, boxes in fields.boxes.items():
        sizes = np.concatenate([np.zeros(0), *(diameters(cells, *size, scale) for cells, size in boxes)])
        if len(sizes):
            low, high = np.quantile(sizes, _HALF).tolist()
            yield Figure(
                gettext("{name} diameter, median").format(name=name),
                float(np.median(sizes)),
                "µm",
                Interval(low, high),
                Span.HALF,
            )
