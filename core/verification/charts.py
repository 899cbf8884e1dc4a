"""The contents of the verification plots, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from core.text import gettext, percent, signed
from core.verification.verify import AP_IOUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.verification.figures import ClassFigures, VerificationFigures


class ChartKind(Enum):
    """The plots, with their names; the first three show the chosen class, the others all classes."""

    COUNTED = gettext("Counted against threshold")
    SCATTER = gettext("Your count against the program's")
    BLAND_ALTMAN = gettext("Bland–Altman")
    F1 = gettext("F1 against threshold")
    PRECISION_RECALL = gettext("Precision–recall")
    AP_IOU = gettext("Average precision against IoU")

    @property
    def of_one_class(self) -> bool:
        """Whether it shows the chosen class only."""
        return self in (ChartKind.COUNTED, ChartKind.SCATTER, ChartKind.BLAND_ALTMAN)


@dataclass(frozen=True, eq=False)
class Series:
    """Points of one class, or one model: float64 (P,) each; ``texts`` are their tool tips.

    ``label`` is the place of its colour, symbol and line style. ``low`` and ``high`` are the ends of intervals.
    """

    name: str
    label: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    texts: tuple[str, ...]
    line: bool = True
    symbols: bool = True
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Mark:
    """A straight line over the whole plot: at ``x``, at ``y``, or where both are equal."""

    text: str
    x: float | None = None
    y: float | None = None
    strong: bool = False


@dataclass(frozen=True, eq=False)
class Chart:
    """One plot. ``ticks``: names along the x axis in place of numbers. ``missing``: why it is empty."""

    title: str
    x_name: str = ""
    y_name: str = ""
    series: Sequence[Series] = ()
    marks: Sequence[Mark] = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    ticks: Sequence[tuple[float, str]] = field(default_factory=tuple)
    missing: str = ""


_MOST_POINTS = 1500
_NO_PLACES = gettext("This plot needs boxes or points; typed counts do not say where the cells are.")


def make_chart(kind: ChartKind, figures: VerificationFigures | None, chosen: str) -> Chart:
    """Return a plot of the figures."""
    if figures is None or not figures.cases or chosen not in figures.classes:
        return Chart(kind.value, missing=gettext("None of these images has a ground truth yet."))
    one = figures.classes[chosen]
    if kind.of_one_class:
        if not one.images:
            return Chart(
                kind.value, missing=gettext("There is no ground truth of {name} in these images.").format(name=chosen)
            )
        label = list(figures.classes).index(chosen)
        if kind is ChartKind.COUNTED:
            return _counted(one, label)
        return _scatter(one, label) if kind is ChartKind.SCATTER else _bland_altman(one, label)
    located = [(label, each) for label, each in enumerate(figures.classes.values()) if each.located]
    if not located:
        return Chart(kind.value, missing=_NO_PLACES)
    if kind is ChartKind.F1:
        return _f1(located, one)
    return _precision_recall(located) if kind is ChartKind.PRECISION_RECALL else _ap_iou(located)


def _counted(one: ClassFigures, label: int) -> Chart:
    counted = np.array([row.counted for row in one.rows], float)
    texts = tuple(
        gettext("{name} at {threshold:.2f}: {counted:,} counted, {truth:,} true, accuracy {accuracy}").format(
            name=one.name,
            threshold=row.threshold,
            counted=row.counted,
            truth=row.truth,
            accuracy=percent(row.accuracy),
        )
        for row in one.rows
    )
    truth, now = one.rows[0].truth, one.rows[one.now].threshold
    marks = (
        Mark(gettext("{whose} {truth:,}").format(whose=_whose(one), truth=truth), y=float(truth), strong=True),
        Mark(gettext("set to {threshold:.2f}").format(threshold=now), x=now),
    )
    top = 1.12 * max(float(counted.max()), float(truth), 1.0)
    series = Series(one.name, label, one.sweep.thresholds, counted, texts)
    title = gettext("{name}: counted against threshold").format(name=one.name)
    return Chart(title, gettext("Threshold"), gettext("Cells"), (series,), marks, y_range=(0, top))


def _f1(located: list[tuple[int, ClassFigures]], one: ClassFigures) -> Chart:
    series = [
        Series(
            each.name,
            label,
            each.sweep.thresholds,
            100 * each.sweep.f1,
            tuple(
                gettext("{name} at {threshold:.2f}: F1 {f1}, precision {precision}, recall {recall}").format(
                    name=each.name,
                    threshold=row.threshold,
                    f1=percent(row.f1),
                    precision=percent(row.precision),
                    recall=percent(row.recall),
                )
                for row in each.rows
            ),
        )
        for label, each in located
    ]
    now = one.rows[one.now].threshold
    mark = Mark(gettext("{name} set to {threshold:.2f}").format(name=one.name, threshold=now), x=now)
    return Chart(ChartKind.F1.value, gettext("Threshold"), gettext("F1, %"), series, (mark,), y_range=(0, 105))


def _precision_recall(located: list[tuple[int, ClassFigures]]) -> Chart:
    series = []
    for label, each in located:
        chosen = _some(len(each.curve.points[0]))
        thresholds, precision, recall = (column[chosen].astype(np.float64) for column in each.curve.points)
        texts = tuple(
            gettext("{name} at {threshold:.2f}: precision {precision}, recall {recall}").format(
                name=each.name, threshold=threshold, precision=percent(p), recall=percent(r)
            )
            for threshold, p, r in zip(thresholds.tolist(), precision.tolist(), recall.tolist(), strict=True)
        )
        known = ~np.isnan(recall)
        name = gettext("{name}, AP {ap}").format(name=each.name, ap=percent(each.average_precision))
        series.append(Series(name, label, 100 * recall[known], 100 * precision[known], texts, symbols=False))
    names = ChartKind.PRECISION_RECALL.value, gettext("Recall, %"), gettext("Precision, %")
    return Chart(*names, series, x_range=(0, 102), y_range=(0, 105))


def _some(points: int) -> NDArray[np.int64]:
    """Return the places of not more points of a curve than a screen can show, the first and last among them."""
    return np.unique(np.linspace(0, max(points - 1, 0), min(points, _MOST_POINTS)).astype(np.int64))


def _ap_iou(located: list[tuple[int, ClassFigures]]) -> Chart:
    series = []
    for label, each in located:
        texts = tuple(
            gettext("{name}, boxes that overlap by {iou:.2f}: AP {ap}").format(name=each.name, iou=iou, ap=percent(ap))
            for iou, ap in zip(AP_IOUS.tolist(), each.at_ious.tolist(), strict=True)
        )
        name = gettext("{name}, mean {mean}").format(name=each.name, mean=percent(float(each.at_ious.mean())))
        series.append(Series(name, label, AP_IOUS, 100 * each.at_ious, texts))
    x_name, y_name = gettext("IoU at which boxes match"), gettext("Average precision, %")
    return Chart(ChartKind.AP_IOU.value, x_name, y_name, series, y_range=(0, 105))


def _whose(one: ClassFigures) -> str:
    """Return what the program's count is compared with."""
    if not one.reviewed:
        return gettext("count by hand")
    return gettext("reviewed count") if one.reviewed == len(one.images) else gettext("count by hand, or reviewed")


def _scatter(one: ClassFigures, label: int) -> Chart:
    texts = tuple(
        gettext("{name}: {whose} {manual:,}, program {counted:,}").format(
            name=name, whose=_whose(one), manual=manual, counted=counted
        )
        for name, manual, counted in zip(one.names, one.manual.tolist(), one.counted.tolist(), strict=True)
    )
    top = 1.08 * max(int(one.manual.max()), int(one.counted.max()), 1)
    series = Series(one.name, label, one.manual.astype(float), one.counted.astype(float), texts, line=False)
    return Chart(
        gettext("{name}: {whose} against the program's").format(name=one.name, whose=_whose(one)),
        _whose(one).capitalize(),
        gettext("Counted by the program"),
        (series,),
        (Mark(gettext("equal"), x=0.0, y=0.0),),
        (0, top),
        (0, top),
    )


def _bland_altman(one: ClassFigures, label: int) -> Chart:
    found = one.agreement
    assert found is not None
    texts = tuple(
        gettext("{name}: mean {mean:g}, the program counts {difference}").format(
            name=name, mean=mean, difference=signed(difference)
        )
        for name, mean, difference in zip(one.names, found.means.tolist(), found.differences.tolist(), strict=True)
    )
    marks = [
        Mark(gettext("mean difference {difference}").format(difference=signed(found.bias)), y=found.bias, strong=True)
    ]
    if found.limits is not None:
        marks += [
            Mark(gettext("limit of agreement {limit}").format(limit=signed(limit)), y=limit) for limit in found.limits
        ]
    ends = [mark.y or 0.0 for mark in marks] + found.differences.tolist()
    room = 0.15 * max(max(ends) - min(ends), 2.0)
    return Chart(
        gettext("{name}: Bland–Altman").format(name=one.name),
        gettext("Mean of the two counts"),
        gettext("Program minus {whose}").format(whose=_whose(one)),
        (Series(one.name, label, found.means, found.differences, texts, line=False),),
        marks,
        y_range=(min(ends) - room, max(ends) + room),
    )
