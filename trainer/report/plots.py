"""The plots of the trainer's reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from core.classes import COLOUR_BLIND_SAFE
from core.statistics.metrics import PrecisionRecall
from core.text import gettext
from trainer.evaluation.compare import FIGURES, ClassCells
from trainer.report.page import Plot, plot_style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes

    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.compare import Figure as Compared
    from trainer.evaluation.evaluate import Evaluation

_TOGETHER = 6
"""More classes than this get a plot each: in one plot their curves could not be told apart."""
_DASHES = ("-", "--", "-.", ":")
_RUN_COLOURS = ("RBC", "WBC", "Platelets", "d", "e", "f", "g", "h")
"""Runs take the colours of as many classes."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def _colour(classes: tuple[str, ...], name: str) -> tuple[float, float, float]:
    red, green, blue = COLOUR_BLIND_SAFE.colour(classes, classes.index(name))
    return red / 255, green / 255, blue / 255


def _dash(classes: tuple[str, ...], name: str) -> str:
    """Return the line style of a class, which distinguishes it without colour."""
    return _DASHES[classes.index(name) % len(_DASHES)]


def _grid(count: int, side: float = 2.5) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many small plots."""
    columns = min(count, 3 if count <= _TOGETHER else 4)
    rows = math.ceil(count / columns)
    figure = Figure((side * columns, side * rows))
    every = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in every[count:]:
        axes.set_axis_off()
    return figure, every[:count]


def _shown(evaluation: Evaluation) -> list[str]:
    """Return the classes that are there, or were counted."""
    return [name for name, item in evaluation.overall.classes.items() if item.truth or item.counted]


def count_scatter(evaluation: Evaluation) -> Plot:
    """Plot the count of each image against the truth, class by class."""
    classes, shown = tuple(evaluation.overall.classes), _shown(evaluation)
    with plot_style():
        figure, every = _grid(len(shown))
        for axes, name in zip(every, shown, strict=True):
            here = [image.classes[name] for image in evaluation.images if name in image.classes]
            pairs = np.array([(item.truth, item.counted) for item in here]).reshape(-1, 2)
            places, times = np.unique(pairs, axis=0, return_counts=True)
            top = max(float(pairs.max(initial=0)), 1.0) * 1.06
            axes.plot([0, top], [0, top], color="#888888", linewidth=0.8)
            axes.scatter(
                *places.T, s=10 + 6 * np.sqrt(times - 1), color=_colour(classes, name), alpha=0.6, linewidths=0
            )
            axes.set(
                title=name,
                xlabel=gettext("true"),
                ylabel=gettext("counted"),
                xlim=(-0.03 * top, top),
                ylim=(-0.03 * top, top),
            )
            axes.set_aspect("equal")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(5, integer=True))
    caption = gettext(
        "Cells per image: counted against true. Both agree on the line; larger dots stand for several images."
    )
    return Plot(figure, caption)


def _curves(
    evaluation: Evaluation, labels: tuple[str, str], height: float, draw: Callable[[Axes, str, dict[str, Any]], object]
) -> Figure:
    """Let ``draw`` draw the curve of each class that is there, which gets the look of the class."""
    classes = tuple(evaluation.overall.classes)
    there = [name for name, item in evaluation.overall.classes.items() if item.truth]
    together = len(there) <= _TOGETHER
    with plot_style():
        if together:
            figure = Figure((6.5, height))
            every = [figure.subplots()] * len(there)
        else:
            figure, every = _grid(len(there), 2.2)
        for axes, name in zip(every, there, strict=True):
            look = {"color": _colour(classes, name), "label": name, "linewidth": 1.4}
            draw(axes, name, look | ({"linestyle": _dash(classes, name)} if together else {}))
            axes.set(xlabel=labels[0], ylabel=labels[1], ylim=(0, 1.02))
            if together:
                axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
            else:
                axes.set_title(name)
    return figure


def precision_recall(evaluation: Evaluation) -> Plot:
    """Plot precision against recall over all thresholds at IoU 0.5, and mark the card's thresholds."""

    def draw(axes: Axes, name: str, look: dict[str, Any]) -> None:
        item, cells = evaluation.overall.classes[name], ClassCells.of(evaluation.images, name)
        _, precision, recall = PrecisionRecall(cells.scores, cells.is_true[0], item.truth).points
        axes.plot(recall, precision, **look)
        axes.plot(item.recall, item.precision, "o", color=look["color"], markersize=5)
        axes.set_xlim(0, 1.02)

    figure = _curves(evaluation, (gettext("recall"), gettext("precision")), 4, draw)
    return Plot(
        figure, gettext("Precision against recall at IoU 0.5 over all thresholds. The dot marks the model's threshold.")
    )


def f1_by_threshold(evaluation: Evaluation) -> Plot:
    """Plot F1 of each class over the thresholds of the tables."""

    def draw(axes: Axes, name: str, look: dict[str, Any]) -> None:
        rows = evaluation.sweep[name]
        values = [math.nan if row.f1 is None else row.f1 for row in rows]
        axes.plot([row.threshold for row in rows], values, marker=".", **look)

    figure = _curves(evaluation, (gettext("threshold"), "F1"), 3.6, draw)
    return Plot(figure, gettext("F1 at IoU 0.5 by threshold, with the same threshold for every class."))


def ap_by_iou(evaluation: Evaluation) -> Plot:
    """Plot the average precision of each class over the overlaps."""

    def draw(axes: Axes, name: str, look: dict[str, Any]) -> None:
        axes.plot(evaluation.coco.ious, evaluation.coco.classes[name].ap_by_iou, marker=".", **look)

    figure = _curves(evaluation, ("IoU", "AP"), 3.6, draw)
    return Plot(figure, gettext("Average precision by required overlap: how well the boxes fit."))


def confusion_map(evaluation: Evaluation) -> Plot:
    """Plot the shares of the true cells of each class that were counted as what."""
    matrix = evaluation.confusion
    counts = np.array(matrix.counts, np.float64)
    used = np.flatnonzero(counts[:-1].any(axis=1))
    totals = counts[used].sum(axis=1, keepdims=True)
    shares = counts[used] / totals
    columns = [*matrix.classes, gettext("missed")]
    with plot_style():
        side = 0.5 if len(columns) > 8 else 0.8
        figure = Figure((1.8 + side * len(columns), 1.2 + side * max(len(used), 1)))
        axes = figure.subplots()
        axes.grid(visible=False)
        axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="#ffffff", linewidth=0.8)
        for (row, column), share in np.ndenumerate(shares):
            if counts[used[row], column]:
                ink = "white" if share > 0.55 else "black"
                text = f"{100 * share:.0f}" if share >= 0.01 else "<1"
                axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink, fontsize=8)
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90 if len(columns) > 4 else 0)
        axes.set_yticks(np.arange(len(used)) + 0.5, [matrix.classes[label] for label in used])
        axes.set(xlabel=gettext("counted as"), ylabel=gettext("true"))
        axes.invert_yaxis()
    return Plot(
        figure, gettext("Share in % of the true cells of each class that was counted as each class, or missed.")
    )


def compared(comparison: Comparison, names: Iterable[str] = FIGURES) -> list[Plot]:
    """Plot each figure of each class, the runs beside each other, with their intervals."""
    return [_compared(comparison, name) for name in names]


def _compared(comparison: Comparison, figure_name: str) -> Plot:
    runs = [run["name"] for run in comparison.runs]
    rows = [row for row in comparison.rows if row.figures[figure_name].interval is not None]
    classes = list(dict.fromkeys(row.class_name for row in rows))
    with plot_style():
        figure = Figure((6.5, 1.1 + 0.22 * len(classes) * (len(runs) + 1)))
        axes = figure.subplots()
        for place, run in enumerate(runs):
            mine = [row for row in rows if row.run == run]
            heights = [classes.index(row.class_name) + (place + 1) / (len(runs) + 1) - 0.5 for row in mine]
            _intervals(axes, [row.figures[figure_name] for row in mine], heights, run, place)
        axes.set_yticks(range(len(classes)), classes)
        axes.set(xlabel=figure_name, ylim=(len(classes) - 0.5, -0.5))
        axes.grid(visible=False, axis="y")
        for line in range(len(classes) - 1):
            axes.axhline(line + 0.5, color="#888888", linewidth=0.4)
        if figure_name.endswith("%"):
            axes.axvline(0, color="#888888", linewidth=0.8)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.6 / figure.get_figheight()), ncols=3)
    return Plot(figure, gettext("{figure} of each class and run, with 95 % intervals.").format(figure=figure_name))


def _intervals(axes: Axes, figures: Sequence[Compared], heights: Sequence[float], run: str, place: int) -> None:
    values = np.array([figure.value for figure in figures])
    ends = np.array([figure.interval or (math.nan, math.nan) for figure in figures]).reshape(-1, 2)
    reach = np.abs(ends.T - values)
    red, green, blue = COLOUR_BLIND_SAFE.colour(_RUN_COLOURS, place % len(_RUN_COLOURS))
    axes.errorbar(
        values,
        heights,
        xerr=reach,
        fmt=_MARKERS[place % len(_MARKERS)],
        color=(red / 255, green / 255, blue / 255),
        label=run,
        markersize=4,
        linewidth=1.2,
        capsize=2,
    )
