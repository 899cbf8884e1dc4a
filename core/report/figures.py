"""Ratios of the counts, and estimates from what the laboratory gave besides; nothing is assumed for what it did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.detector import RED_CELL
from core.estimates import density, disagreement, per_other, platelets_by_field, platelets_by_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.estimates import Estimate
    from core.report.content import ReportContent

_WHITE_CELL, _PLATELETS = "WBC", "Platelets"


@dataclass(frozen=True)
class Figure:
    """A figure that follows from the counts of all images; ``unit`` may be empty."""

    text: str
    estimate: Estimate
    unit: str = ""

    @property
    def name(self) -> str:
        """What it is, with its unit."""
        return f"{self.text} ({self.unit})" if self.unit else self.text


def figures(content: ReportContent) -> list[Figure]:
    """Return the figures whose classes and inputs there are."""
    return [*_ratios(content), *_platelets(content), *_densities(content)]


def _count(content: ReportContent, name: str) -> int | None:
    return next((row.count for row in content.totals if row.name == name), None)


def _ratios(content: ReportContent) -> Iterator[Figure]:
    red = _count(content, RED_CELL) or 0
    for name, unit, text in (
        (_WHITE_CELL, 1000.0, "White cells per 1,000 red cells"),
        (_PLATELETS, 1.0, "Platelets per red cell"),
    ):
        part = _count(content, name)
        if part is not None and (estimate := per_other(part, red, unit)) is not None:
            yield Figure(text, estimate)


def _by_ratio_and_field(content: ReportContent) -> tuple[Estimate | None, Estimate | None]:
    if _PLATELETS not in content.classes or RED_CELL not in content.classes:
        return None, None
    fields = [image.result.counts[_PLATELETS] for image in content.counted]
    red = _count(content, RED_CELL) or 0
    by_ratio = platelets_by_ratio(sum(fields), red, content.inputs.analyser_rbc)
    return by_ratio, platelets_by_field(fields, content.inputs.field_factor)


def _platelets(content: ReportContent) -> Iterator[Figure]:
    for estimate, how in zip(_by_ratio_and_field(content), ("by ratio", "by field"), strict=True):
        if estimate is not None:
            yield Figure(f"Platelets {how}", estimate, "×10⁹/L")


def platelet_disagreement(content: ReportContent) -> float | None:
    """Return by which part of their mean the estimate by field is above that by ratio; None without both."""
    return disagreement(*_by_ratio_and_field(content))


def _densities(content: ReportContent) -> Iterator[Figure]:
    area = sum(image.frame.area for image in content.counted if image.frame is not None)
    for row in content.totals if area > 0 else ():
        if (estimate := density(row.count, area, content.inputs.micrometres_per_pixel)) is not None:
            yield Figure(f"{row.name} per mm²", estimate)


def inputs(content: ReportContent) -> list[tuple[str, str]]:
    """Return what the laboratory gave, as names and values."""
    given = content.inputs
    values = (
        ("Analyser's RBC", given.analyser_rbc, "×10¹²/L"),
        ("Platelet factor", given.field_factor, "×10⁹/L for one platelet to a field"),
        ("Scale", given.micrometres_per_pixel, "µm per pixel"),
    )
    return [(name, f"{value:g} {unit}") for name, value, unit in values if value is not None]
