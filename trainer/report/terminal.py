"""Results of the trainer as tables on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.statistics.intervals import Interval
    from trainer.evaluation.calibration import ClassCalibration
    from trainer.evaluation.compare import Comparison, Figure
    from trainer.evaluation.dense_field import DenseFigures
    from trainer.evaluation.evaluate import Evaluation, GroupFigures
    from trainer.evaluation.points import PointEvaluation
    from trainer.evaluation.tune import SettingsFigures, Tuning


def number(value: float, form: str = ".3f") -> str:
    """Return a number as text; a dash where it is not defined."""
    return "–" if math.isnan(value) else format(value, form)


def _table(title: str, first: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in first:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def evaluation_tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yield the tables of an evaluation: accuracy, sizes, and the rest."""
    data = evaluation.data
    title = f"{evaluation.model['name']} on {data['name']} {data['split']}, IoU {evaluation.iou:g}"
    columns = ("true", "counted", "error %", "precision", "recall", "F1", "AP50", "AP50:95")
    table = _table(title, ("fields", "class"), columns)
    for group in (evaluation.overall, *evaluation.by_source):
        _add_group(table, group)
    yield table
    if evaluation.resized:
        yield _resized_table(evaluation)
    if evaluation.dense is not None:
        yield _dense_table(evaluation.dense)
    yield _summary_table(evaluation)


def _add_group(table: Table, group: GroupFigures) -> None:
    first = f"{group.name} ({group.images})"
    for name, figures in group.classes.items():
        table.add_row(
            first,
            name,
            str(figures.truth),
            str(figures.counted),
            number(figures.count_error_percent, "+.1f"),
            number(figures.precision),
            number(figures.recall),
            number(figures.f1),
            number(figures.ap50),
            number(figures.ap),
        )
        first = ""
    table.add_row("", "mean", *[""] * 6, number(group.mean_ap50), number(group.mean_ap))
    table.add_section()


def _resized_table(evaluation: Evaluation) -> Table:
    table = _table(
        "The same fields at other sizes",
        ("size", "class"),
        ("counted", "native", "change %", "error %", "F1", "scale unsure"),
    )
    for item in evaluation.resized:
        first, unsure = f"{item.factor:g}x", str(item.unknown_scale)
        for name, figures in item.classes.items():
            table.add_row(
                first,
                name,
                str(figures.counted),
                str(evaluation.overall.classes[name].counted),
                number(item.change_percent[name], "+.1f"),
                number(figures.count_error_percent, "+.1f"),
                number(figures.f1),
                unsure,
            )
            first = unsure = ""
        table.add_section()
    return table


def _dense_table(dense: DenseFigures) -> Table:
    title = f"A rendered field of {dense.cells} cells, {dense.seconds:.1f} seconds"
    lost = "; there were more candidates than can be handled, and some cells are lost" if dense.capped else ""
    table = _table(title + lost, ("class",), ("true", "counted", "error %", "F1"))
    for name, item in dense.classes.items():
        error = number(item.count_error_percent, "+.1f")
        table.add_row(name, str(item.truth), str(item.counted), error, number(item.f1))
    return table


def _summary_table(evaluation: Evaluation) -> Table:
    table = _table("Settings, time and scale", ("", ""), ())
    table.show_header = False
    settings = evaluation.settings
    table.add_row("thresholds", _thresholds(settings["thresholds"]))
    table.add_row("NMS IoU", number(settings["nms_iou"], ".2f"))
    for what, key in (("not known to the model", "unknown_classes"), ("not all annotated", "unjudged_classes")):
        if evaluation.data[key]:
            table.add_row(what, ", ".join(evaluation.data[key]))
    table.add_row("median seconds per picture", number(evaluation.seconds_per_image))
    ratio = ", ".join(f"{quantile} %: {value:.2f}" for quantile, value in evaluation.scale_ratio.items())
    table.add_row("true / estimated red cell width", ratio or "no red cells")
    missed = [
        f"{miss.file}: {miss.true_diameter:.0f} px taken for {miss.estimated_diameter:.0f}"
        for miss in evaluation.scale_misses
    ]
    table.add_row("off by more than a quarter", "\n".join(missed) or "none")
    return table


def _thresholds(thresholds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in thresholds.items())


def tuning_table(tunings: Sequence[Tuning], name: str) -> Table:
    """Return a table of tunings, the chosen one first."""
    table = _table(
        f"Thresholds tuned on {name}; the first row is chosen",
        ("NMS IoU", "class"),
        ("threshold", "true", "counted", "error %", "F1", "mean F1"),
    )
    for tuning in tunings:
        first, mean = number(tuning.settings.nms_iou, ".2f"), number(tuning.mean_f1, ".4f")
        for cls, score in tuning.scores.items():
            table.add_row(
                first,
                cls,
                number(tuning.settings.thresholds[cls], ".2f"),
                str(score.truth),
                str(score.counted),
                number(100 * score.count_error, "+.1f"),
                number(score.f1, ".4f"),
                mean,
            )
            first = mean = ""
        table.add_section()
    return table


def settings_table(figures: Sequence[SettingsFigures], name: str) -> Table:
    """Return a table of what settings are worth, before and after tuning."""
    columns = ("NMS IoU", "mean F1", "mean AP50, counted", "mean AP50, all")
    table = _table(f"Before and after, on {name}", ("settings", "thresholds"), columns)
    for item in figures:
        settings = item.settings
        table.add_row(
            item.name,
            _thresholds(settings.thresholds) if any(settings.thresholds.values()) else "none",
            number(settings.nms_iou, ".2f"),
            number(item.mean_f1, ".4f"),
            number(item.mean_ap50_counted, ".4f"),
            number(item.mean_ap50, ".4f"),
        )
    table.caption = (
        "AP50, counted: only cells above their thresholds are ranked. AP50, all: every candidate that is left "
        "after suppression; thresholds do not change it."
    )
    table.caption_justify = "left"
    return table


def comparison_tables(comparison: Comparison) -> Iterator[Table]:
    """Yield the tables of a comparison: the figures, and how they differ from the first run's."""
    data, first = comparison.data, comparison.runs[0]["name"]
    columns = list(comparison.rows[0].figures)
    table = _table(
        f"{data['name']} {data['split']}, {comparison.pictures} pictures, with 95 % intervals",
        ("class", "run"),
        ("true", "counted", *columns),
    )
    changes = _table(f"Differences to {first}; * leaves out 0", ("class", "run"), columns)
    for column in [*table.columns[-len(columns) :], *changes.columns[-len(columns) :]]:
        column.no_wrap = True
    before = ""
    for row in comparison.rows:
        new = row.class_name != before
        if new and before:
            table.add_section()
            changes.add_section()
        before = row.class_name
        cells = ["\n".join(with_interval(name, figure)) for name, figure in row.figures.items()]
        table.add_row(row.class_name if new else "", row.run, str(row.truth), str(row.counted), *cells)
        if row.run != first:
            cells = ["\n".join(difference_with_interval(name, figure)) for name, figure in row.figures.items()]
            changes.add_row(row.class_name, row.run, *cells)
    yield table
    yield changes


def with_interval(name: str, figure: Figure) -> tuple[str, ...]:
    """Return a figure of a comparison as text, and its interval if it has one."""
    signed = name.endswith("%")
    form = "+.1f" if signed else ".3f"
    value = number(figure.value, form)
    return (value,) if figure.interval is None else (value, _interval(figure.interval, form, signed))


def difference_with_interval(name: str, figure: Figure) -> tuple[str, ...]:
    """Return the difference of a figure to the first run's as text, with a star if it leaves out 0; its interval."""
    form = "+.1f" if name.endswith("%") else "+.3f"
    if (difference := figure.difference) is None:
        return (number(float("nan")),)
    star = " *" if difference.clear else ""
    return f"{difference.value:{form}}{star}", _interval(difference.interval, form, signed=True)


def _interval(interval: Interval, form: str, signed: bool) -> str:
    return (" to " if signed else "–").join(format(value, form) for value in interval)


def points_table(evaluation: PointEvaluation) -> Table:
    """Return the table of an evaluation against points."""
    table = _table(f"{evaluation.model['name']} against points", ("", ""), ())
    table.show_header = False
    table.add_row("pictures", str(evaluation.images))
    table.add_row("points", str(evaluation.points))
    table.add_row("inside a counted red cell", f"{number(100 * evaluation.points_inside_share, '.2f')} %")
    table.add_row("red cells counted", str(evaluation.red_cells))
    table.add_row("against the points", f"{number(evaluation.red_error_percent, '+.1f')} %")
    table.add_row("of whole cells, away from the border", f"{number(evaluation.whole_red_error_percent, '+.1f')} %")
    if evaluation.unmarked:
        error = number(evaluation.red_error_with_unmarked_percent, "+.1f")
        table.add_row(f"against these and {evaluation.unmarked} unmarked cells", f"{error} %")
    table.add_row("white cells counted", str(evaluation.white_cells))
    table.add_row("white cells per picture", number(evaluation.white_cells_per_field))
    files = [f"{file}: {count}" for file, count in evaluation.white_cell_files.items()]
    table.add_row("pictures with a white cell", "\n".join(files) or "none")
    table.add_row("platelets counted", str(evaluation.platelets))
    table.add_row("median seconds per picture", number(evaluation.seconds_per_image))
    return table


def calibration_table(classes: Mapping[str, ClassCalibration], title: str) -> Table:
    """Return the table of how well the scores of each class are calibrated."""
    table = _table(title, ("class",), ("cells", "calibration error", "temperature", "error then"))
    for name, item in classes.items():
        table.add_row(name, str(item.cells), number(item.error), number(item.temperature), number(item.error_after))
    return table
