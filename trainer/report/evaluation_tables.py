"""The tables of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.text import gettext
from trainer.evaluation.coco_metrics import SIZES
from trainer.evaluation.confusion import INVENTED, MISSED
from trainer.report.tables import NOTHING, Strong, Table, number
from trainer.report.tuning import thresholds_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.verification.sweep import SweepRow
    from trainer.evaluation.coco_metrics import CocoFigures
    from trainer.evaluation.dense_field import DenseFigures
    from trainer.evaluation.evaluate import Evaluation
    from trainer.evaluation.overlapping_pairs import OverlapFigures
    from trainer.evaluation.points import PointEvaluation
    from trainer.report.tables import Cell

_SWEEP = ("threshold", "true", "counted", "accuracy", "precision", "recall", "F1", "TP", "FP", "FN")
_ERROR = {"error %": 1}


def main_tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yield the tables that sum an evaluation up: classes, sources, other sizes, a dense image, settings and time."""
    yield class_table(evaluation)
    if len(evaluation.by_source) > 1:
        yield source_table(evaluation)
    if evaluation.resized:
        yield resized_table(evaluation)
    if evaluation.dense is not None:
        yield dense_table(evaluation.dense)
    yield settings_table(evaluation)


def class_table(evaluation: Evaluation) -> Table:
    """Return the figures of each class at the card's thresholds."""
    coco, rows = evaluation.coco, []
    for name, item in evaluation.overall.classes.items():
        ranked = coco.classes[name]
        limit = evaluation.settings["thresholds"][name]
        row: list[Cell] = [name, limit, item.truth, item.counted, item.count_error_percent, item.accuracy]
        rows.append([*row, item.precision, item.recall, item.f1, ranked.ap50, ranked.ap75, ranked.ap["all"]])
    mean = [coco.overall.ap50, coco.overall.ap75, coco.overall.ap["all"]]
    rows.append(["mean", *[None] * 8, *mean])
    counts = ("class", "threshold", "true", "counted", "error %", "accuracy", "precision", "recall", "F1")
    data = evaluation.data
    caption = gettext("{model} on {data} {split}, IoU {iou:g}").format(
        model=evaluation.model["name"], data=data["name"], split=data["split"], iou=evaluation.iou
    )
    digits = {"threshold": 2, **_ERROR}
    return Table((*counts, "AP50", "AP75", "AP50:95"), rows, caption, digits=digits, signed=_ERROR)


def source_table(evaluation: Evaluation) -> Table:
    """Return the figures of each source."""
    rows: list[list[Cell]] = []
    for group in evaluation.by_source:
        for name, item in group.classes.items():
            if item.truth or item.counted:
                counts: list[Cell] = [group.name, name, group.images, item.truth, item.counted]
                rows.append([*counts, item.count_error_percent, item.f1, item.ap50, item.ap])
    header = ("source", "class", "images", "true", "counted", "error %", "F1", "AP50", "AP50:95")
    return Table(header, rows, gettext("By source"), texts=2, digits=_ERROR, signed=_ERROR)


def sweep_table(name: str, rows: list[SweepRow]) -> Table:
    """Return the table of one class over the thresholds, as the paper has it."""
    return Table(_SWEEP, [_sweep_row(row) for row in rows], name, texts=0, digits={"threshold": 2})


def _sweep_row(row: SweepRow) -> list[Cell]:
    accuracy = Strong(row.accuracy) if row.most_accurate else row.accuracy
    f1 = Strong(row.f1) if row.best_f1 else row.f1
    counts: list[Cell] = [row.threshold, row.truth, row.counted]
    return [*counts, accuracy, row.precision, row.recall, f1, row.tp, row.fp, row.fn]


def all_sweeps(evaluation: Evaluation) -> Table:
    """Return the tables of all classes over the thresholds in one."""
    rows = [[name, *_sweep_row(row)] for name, rows in evaluation.sweep.items() for row in rows]
    return Table(("class", *_SWEEP), rows)


def iou_table(evaluation: Evaluation) -> Table:
    """Return the average precision of each class at each overlap, beside the number of true cells."""
    coco = evaluation.coco
    header = ("class", "true", *(f"{iou:.2f}" for iou in coco.ious), "mean")
    every = {**coco.classes, "mean": coco.overall}
    rows = [[name, item.truth["all"], *item.ap_by_iou, item.ap["all"]] for name, item in every.items()]
    return Table(header, rows, gettext("Average precision by IoU"))


def size_table(evaluation: Evaluation) -> Table:
    """Return COCO's figures of each class by the size of the cells."""
    header = ["class", *(f"{what} {size}" for what in ("true", "AP", "recall") for size in SIZES)]
    every = {**evaluation.coco.classes, "mean": evaluation.coco.overall}
    return Table(header, [[name, *_by_size(item)] for name, item in every.items()], gettext("By cell size"))


def _by_size(item: CocoFigures) -> list[Cell]:
    return [part[size] for part in (item.truth, item.ap, item.recall) for size in SIZES]


def confusion_table(evaluation: Evaluation) -> Table:
    """Return the confusion matrix; a row shows what the true cells of a class were counted as."""
    matrix = evaluation.confusion
    names = [*matrix.classes, INVENTED]
    rows: list[list[Cell]] = []
    for place, (name, counts) in enumerate(zip(names, matrix.counts, strict=True)):
        cells: list[Cell] = list(counts)
        if name != INVENTED:
            cells[place] = Strong(counts[place])
        else:
            cells[-1] = None  # a cell that is not there cannot be missed
        rows.append([name, *cells])
    return Table(("true class", *matrix.classes, MISSED), rows, gettext("True cells by what they were counted as"))


def image_table(evaluation: Evaluation) -> Table:
    """Return the counts of each image; empty where a class cannot be judged."""
    classes = list(evaluation.overall.classes)
    header = ["image", "source", *(f"{name} {what}" for name in classes for what in ("true", "counted", "matched"))]
    rows: list[list[Cell]] = []
    for image in evaluation.images:
        row: list[Cell] = [image.file, image.source]
        for name in classes:
            item = image.classes.get(name)
            row += [None] * 3 if item is None else [item.truth, item.counted, item.matched]
        rows.append(row)
    return Table(header, rows, texts=2)


def resized_table(evaluation: Evaluation) -> Table:
    """Return the counts of the same images at other sizes."""
    rows: list[list[Cell]] = []
    for item in evaluation.resized:
        for name, figures in item.classes.items():
            native = evaluation.overall.classes[name].counted
            counts: list[Cell] = [f"{item.factor:g}×", name, figures.truth, figures.counted, native]
            change = [item.change_percent[name], figures.count_error_percent]
            rows.append([*counts, *change, figures.f1, item.unknown_scale])
    header = ("size", "class", "true", "counted", "at native size", "change %", "error %", "F1", "scale uncertain")
    signed = {"change %": 1, **_ERROR}
    return Table(header, rows, gettext("The same images at other sizes"), texts=2, digits=signed, signed=signed)


def dense_table(dense: DenseFigures) -> Table:
    """Return the counts in a dense synthetic image."""
    rows = [[name, v.truth, v.counted, v.count_error_percent, v.f1] for name, v in dense.classes.items()]
    caption = gettext("A synthetic image of {n:,} cells, counted in {seconds:.1f} s").format(
        n=dense.cells, seconds=dense.seconds
    )
    header = ("class", "true", "counted", "error %", "F1")
    return Table(header, rows, caption, digits=_ERROR, signed=_ERROR, note=capped_text(dense))


def overlaps_table(figures: Sequence[OverlapFigures]) -> Table:
    """Return how many red cells were found in pairs, for each overlap."""
    percent = gettext("{share:.0f} %")
    rows: list[list[Cell]] = [
        [percent.format(share=100 * item.overlap), item.cells, item.counted, 100 * item.found / item.cells]
        for item in figures
    ]
    header = ("overlap", "true", "counted", "found %")
    caption = gettext("Red cells in pairs, by the share of a diameter that overlaps")
    return Table(header, rows, caption, digits={"found %": 1})


def capped_text(dense: DenseFigures) -> str:
    """Return a warning where a dense image had more candidates than can be handled, '' elsewhere."""
    if not dense.capped:
        return ""
    return gettext("There were more candidates than can be processed, so some cells were lost.")


def scale_table(evaluation: Evaluation) -> Table:
    """Return the images whose red cell diameter was estimated wrong by more than a quarter."""
    rows = [[miss.file, miss.true_diameter, miss.estimated_diameter] for miss in evaluation.scale_misses]
    widths = ("true diameter, px", "estimated diameter, px")
    caption = gettext("Red cell diameter off by more than a quarter")
    return Table(("image", *widths), rows, caption, digits=dict.fromkeys(widths, 0))


def settings_table(evaluation: Evaluation) -> Table:
    """Return the settings, the time and how well the scale was estimated."""
    settings = evaluation.settings
    facts = {
        gettext("Thresholds"): thresholds_text(settings["thresholds"]),
        gettext("NMS IoU"): number(settings["nms_iou"], ".2f"),
        gettext("Unknown to the model"): ", ".join(evaluation.data["unknown_classes"]),
        gettext("Not fully annotated"): ", ".join(evaluation.data["unjudged_classes"]),
        gettext("Median seconds per image"): number(evaluation.seconds_per_image),
        gettext("True / estimated red cell diameter"): ", ".join(
            f"{quantile} %: {value:.2f}" for quantile, value in evaluation.scale_ratio.items()
        )
        or gettext("no red cells"),
        gettext("Off by more than a quarter"): "\n".join(
            gettext("{file}: {true:.0f} px estimated as {estimated:.0f}").format(
                file=miss.file, true=miss.true_diameter, estimated=miss.estimated_diameter
            )
            for miss in evaluation.scale_misses
        )
        or NOTHING,
    }
    rows = [[name, text] for name, text in facts.items() if text]
    return Table(("", ""), rows, gettext("Settings, time and scale"), texts=2)


def points_table(evaluation: PointEvaluation) -> Table:
    """Return the figures of an evaluation against points."""

    def percent(value: float, form: str = "+.1f") -> str:
        return f"{number(value, form)} %"

    files = [f"{file}: {count}" for file, count in evaluation.white_cell_files.items()]
    facts: dict[str, Cell] = {
        gettext("Images"): evaluation.images,
        gettext("Points"): evaluation.points,
        gettext("Points inside a counted red cell"): percent(100 * evaluation.points_inside_share, ".2f"),
        gettext("Red cells counted"): evaluation.red_cells,
        gettext("Error against the points"): percent(evaluation.red_error_percent),
        gettext("Error of whole cells, clear of the border"): percent(evaluation.whole_red_error_percent),
    }
    if evaluation.unmarked:
        name = gettext("Error against the points and {n:,} unmarked cells").format(n=evaluation.unmarked)
        facts[name] = percent(evaluation.red_error_with_unmarked_percent)
    facts |= {
        gettext("White cells counted"): evaluation.white_cells,
        gettext("White cells per image"): evaluation.white_cells_per_field,
        gettext("Images with a white cell"): "\n".join(files) or NOTHING,
        gettext("Platelets counted"): evaluation.platelets,
        gettext("Median seconds per image"): evaluation.seconds_per_image,
    }
    rows = [[name, value] for name, value in facts.items()]
    return Table(("", ""), rows, gettext("{model} against points").format(model=evaluation.model["name"]), texts=2)
