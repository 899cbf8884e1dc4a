"""The tables of tuning: thresholds, counting methods, and how good derived masks are."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from core.text import gettext, ngettext
from trainer.evaluation.tune_counting import VARIED
from trainer.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.models.method import CountingMethod
    from trainer.evaluation.tune import SettingsFigures, Tuning
    from trainer.evaluation.tune_counting import Trial
    from trainer.report.tables import Cell


def tuning_table(tunings: Sequence[Tuning], name: str) -> Table:
    """Return the tunings at each NMS IoU, the chosen one first."""
    rows: list[list[Cell]] = [
        [
            f"{tuning.settings.nms_iou:.2f}",
            class_name,
            tuning.settings.thresholds[class_name],
            score.truth,
            score.counted,
            100 * score.count_error,
            score.f1,
            tuning.mean_f1,
        ]
        for tuning in tunings
        for class_name, score in tuning.scores.items()
    ]
    return Table(
        ("NMS IoU", "class", "threshold", "true", "counted", "error %", "F1", "mean F1"),
        rows,
        gettext("Thresholds tuned on {data}; the first row is chosen").format(data=name),
        texts=2,
        digits={"threshold": 2, "error %": 1, "F1": 4, "mean F1": 4},
        signed={"error %"},
    )


def settings_table(figures: Sequence[SettingsFigures], name: str) -> Table:
    """Return the figures of settings before and after tuning."""
    columns = ("mean F1", "mean AP50, counted", "mean AP50, all")
    rows: list[list[Cell]] = [
        [
            item.name,
            thresholds_text(item.settings.thresholds) if any(item.settings.thresholds.values()) else gettext("none"),
            item.settings.nms_iou,
            item.mean_f1,
            item.mean_ap50_counted,
            item.mean_ap50,
        ]
        for item in figures
    ]
    return Table(
        ("settings", "thresholds", "NMS IoU", *columns),
        rows,
        gettext("Before and after, on {data}").format(data=name),
        texts=2,
        digits={"NMS IoU": 2, **dict.fromkeys(columns, 4)},
        note=gettext(
            "AP50, counted: ranks only cells above their thresholds. AP50, all: ranks every candidate that survives "
            "suppression, whatever the thresholds."
        ),
    )


def thresholds_text(thresholds: Mapping[str, float]) -> str:
    """Return thresholds by class name as text."""
    return ", ".join(f"{name} {value:.2f}" for name, value in thresholds.items())


def counting_table(trials: Sequence[Trial], chosen: Mapping[str, CountingMethod], title: str) -> Table:
    """Return a table of counting methods, as the paper has it; the chosen one of each class has a star."""
    timed = any(trial.seconds for trial in trials)
    rows: list[list[Cell]] = []
    for trial in trials:
        how, score = trial.how, trial.score
        keys = ("threshold", "edge_threshold", "smallest", *VARIED[how.method])
        rows.append(
            [
                trial.class_name,
                f"{how.method} *" if how == chosen.get(trial.class_name) else how.method.value,
                ", ".join(f"{key} {getattr(how, key):g}" for key in keys),
                score.truth,
                score.counted,
                100 * score.accuracy,
                100 * trial.accuracy,
                score.f1,
                *([median(trial.seconds)] if timed else []),
            ]
        )
    shares = ("all images, %", "image by image, %")
    header = ("class", "method", "parameters", "true", "counted", *shares, "F1", *(["seconds"] if timed else []))
    return Table(header, rows, title, texts=3, digits={**dict.fromkeys(shares, 1), "seconds": 2})


def mask_quality_table(quality: Mapping[str, Sequence[float]], count: int) -> Table:
    """Return how well masks derived from boxes agree with the true ones, by mask."""
    caption = ngettext(
        "Masks derived from boxes, on {n:,} synthetic smear",
        "Masks derived from boxes, on {n:,} synthetic smears",
        count,
    )
    rows = [[name, *values] for name, values in quality.items()]
    return Table(("mask", "IoU", "Dice", "Tversky", "accuracy"), rows, caption.format(n=count))
