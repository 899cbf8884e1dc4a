"""What the plots show, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from core.verification.verify import AP_IOUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.verification.figures import Answer, ClassAnswer


class Kind(Enum):
    """The plots, with their names; the first three of the chosen class, the others of all classes."""

    COUNTED = "Counted against threshold"
    SCATTER = "Your count against the program's"
    BLAND_ALTMAN = "Bland–Altman"
    F1 = "F1 against threshold"
    PRECISION_RECALL = "Precision–recall"
    AP_IOU = "Average precision against IoU"

    @property
    def of_one_class(self) -> bool:
        """Whether it shows the chosen class only."""
        return self in (Kind.COUNTED, Kind.SCATTER, Kind.BLAND_ALTMAN)


@dataclass(frozen=True, eq=False)
class Series:
    """Points of one class, or one model: float64 (P,) each; ``texts`` are read when one is pointed at.

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
    """One plot. ``ticks``: names along the x axis in place of numbers. ``missing``: why there is nothing in it."""

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
_NO_PLACES = "Typed totals say how many cells there are, not where. This plot needs boxes or points."


def make_chart(kind: Kind, answer: Answer | None, chosen: str) -> Chart:
    """Return a plot of an answer."""
    if answer is None or not answer.cases or chosen not in answer.classes:
        return Chart(kind.value, missing="No picture with a ground truth takes part yet.")
    one = answer.classes[chosen]
    if kind.of_one_class:
        if not one.images:
            return Chart(kind.value, missing=f"Nobody has counted {chosen} in these pictures.")
        label = list(answer.classes).index(chosen)
        if kind is Kind.COUNTED:
            return _counted(one, label)
        return _scatter(one, label) if kind is Kind.SCATTER else _bland_altman(one, label)
    located = [(label, each) for label, each in enumerate(answer.classes.values()) if each.located]
    if not located:
        return Chart(kind.value, missing=_NO_PLACES)
    if kind is Kind.F1:
        return _f1(located, one)
    return _precision_recall(located) if kind is Kind.PRECISION_RECALL else _ap_iou(located)


def _counted(one: ClassAnswer, label: int) -> Chart:
    counted = np.array([row.counted for row in one.rows], float)
    texts = tuple(
        f"{one.name} at {row.threshold:.2f}: {row.counted:,} counted, {row.truth:,} true, "
        f"accuracy {_share(row.accuracy)}"
        for row in one.rows
    )
    truth, now = one.rows[0].truth, one.rows[one.now].threshold
    marks = (
        Mark(f"ground truth {truth:,}", y=float(truth), strong=True),
        Mark(f"set to {now:.2f}", x=now),
    )
    top = 1.12 * max(float(counted.max()), float(truth), 1.0)
    series = Series(one.name, label, one.sweep.thresholds, counted, texts)
    return Chart(f"{one.name}: counted against threshold", "Threshold", "Cells", (series,), marks, y_range=(0, top))


def _f1(located: list[tuple[int, ClassAnswer]], one: ClassAnswer) -> Chart:
    series = [
        Series(
            each.name,
            label,
            each.sweep.thresholds,
            each.sweep.f1,
            tuple(
                f"{each.name} at {row.threshold:.2f}: F1 {_share(row.f1)}, precision {_share(row.precision)}, "
                f"recall {_share(row.recall)}"
                for row in each.rows
            ),
        )
        for label, each in located
    ]
    now = one.rows[one.now].threshold
    mark = Mark(f"{one.name} set to {now:.2f}", x=now)
    return Chart(Kind.F1.value, "Threshold", "F1", series, (mark,), y_range=(0, 1.05))


def _precision_recall(located: list[tuple[int, ClassAnswer]]) -> Chart:
    series = []
    for label, each in located:
        chosen = _some(len(each.curve.points[0]))
        thresholds, precision, recall = (column[chosen].astype(np.float64) for column in each.curve.points)
        texts = tuple(
            f"{each.name} at {threshold:.2f}: precision {_share(p)}, recall {_share(r)}"
            for threshold, p, r in zip(thresholds.tolist(), precision.tolist(), recall.tolist(), strict=True)
        )
        known = ~np.isnan(recall)
        name = f"{each.name}, AP {_share(each.average_precision)}"
        series.append(Series(name, label, recall[known], precision[known], texts, symbols=False))
    return Chart(
        Kind.PRECISION_RECALL.value, "Recall", "Precision", series, x_range=(0, 1.02), y_range=(0, 1.05)
    )  # fmt: skip


def _some(points: int) -> NDArray[np.int64]:
    """Return the places of not more points of a curve than a screen can show, the first and last among them."""
    return np.unique(np.linspace(0, max(points - 1, 0), min(points, _MOST_POINTS)).astype(np.int64))


def _ap_iou(located: list[tuple[int, ClassAnswer]]) -> Chart:
    series = []
    for label, each in located:
        texts = tuple(
            f"{each.name}, boxes that overlap by {iou:.2f}: AP {_share(ap)}"
            for iou, ap in zip(AP_IOUS.tolist(), each.at_ious.tolist(), strict=True)
        )
        name = f"{each.name}, mean {_share(float(each.at_ious.mean()))}"
        series.append(Series(name, label, AP_IOUS, each.at_ious, texts))
    return Chart(Kind.AP_IOU.value, "IoU at which boxes match", "Average precision", series, y_range=(0, 1.05))


def _scatter(one: ClassAnswer, label: int) -> Chart:
    texts = tuple(
        f"{name}: {manual:,} by hand, {counted:,} by the program"
        for name, manual, counted in zip(one.names, one.manual.tolist(), one.counted.tolist(), strict=True)
    )
    top = 1.08 * max(int(one.manual.max()), int(one.counted.max()), 1)
    series = Series(one.name, label, one.manual.astype(float), one.counted.astype(float), texts, line=False)
    return Chart(
        f"{one.name}: your count against the program's",
        "Counted by hand",
        "Counted by the program",
        (series,),
        (Mark("equal", x=0.0, y=0.0),),
        (0, top),
        (0, top),
    )


def _bland_altman(one: ClassAnswer, label: int) -> Chart:
    found = one.agreement
    assert found is not None
    texts = tuple(
        f"{name}: mean {mean:g}, the program counts {_signed(difference)}"
        for name, mean, difference in zip(one.names, found.means.tolist(), found.differences.tolist(), strict=True)
    )
    marks = [Mark(f"mean difference {_signed(found.bias)}", y=found.bias, strong=True)]
    if found.limits is not None:
        marks += [Mark(f"limit of agreement {_signed(limit)}", y=limit) for limit in found.limits]
    ends = [mark.y or 0.0 for mark in marks] + found.differences.tolist()
    room = 0.15 * max(max(ends) - min(ends), 2.0)
    return Chart(
        f"{one.name}: Bland–Altman",
        "Mean of the two counts",
        "Program minus hand",
        (Series(one.name, label, found.means, found.differences, texts, line=False),),
        marks,
        y_range=(min(ends) - room, max(ends) + room),
    )


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _share(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{100 * value:.1f} %"
