"""The report of an evaluation: a page, its tables as CSV, and the document that ``compare`` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.files import write_whole
from trainer.evaluation.coco_metrics import SIDES, SIZES
from trainer.evaluation.compare import EVALUATION_FILE
from trainer.evaluation.confusion import INVENTED, MISSED
from trainer.report import plots
from trainer.report.page import Section, Strong, Table, write_page

if TYPE_CHECKING:
    from pathlib import Path

    from core.verification.sweep import SweepRow
    from trainer.evaluation.coco_metrics import CocoFigures
    from trainer.evaluation.dense_field import DenseFigures
    from trainer.evaluation.evaluate import Evaluation
    from trainer.report.page import Cell

PAGE_FILE = "report.html"
_SWEEP = ("threshold", "true", "counted", "accuracy", "precision", "recall", "F1", "TP", "FP", "FN")
_SIZE_WORDS = (
    f"Small cells have less than {SIDES[0]} × {SIDES[0]} pixels, large ones more than {SIDES[1]} × {SIDES[1]}."
)


def write_evaluation_report(folder: Path, evaluation: Evaluation, document: bytes) -> None:
    """Write ``report.html``, ``evaluation.json`` and the tables as CSV; the folder is made if need be.

    Parameters
    ----------
    document
        The evaluation as JSON.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "classes.csv": class_table(evaluation),
        "thresholds.csv": _all_sweeps(evaluation),
        "average_precision.csv": iou_table(evaluation),
        "sizes.csv": size_table(evaluation),
        "confusion.csv": confusion_table(evaluation),
        "pictures.csv": picture_table(evaluation),
    }
    for name, table in tables.items():
        write_whole(folder / name, table.csv())
    write_whole(folder / EVALUATION_FILE, document)
    data = evaluation.data
    title = f"{evaluation.model['name']} on {data['name']}, {data['split']}"
    write_page(folder / PAGE_FILE, title, sections(evaluation), facts(evaluation))


def facts(evaluation: Evaluation) -> dict[str, str]:
    """Return what the figures are of, as short facts."""
    data, settings = evaluation.data, evaluation.settings
    limits = ", ".join(f"{name} {value:.2f}" for name, value in settings["thresholds"].items())
    known = {
        "Model": f"{evaluation.model['name']} (SHA-256 {evaluation.model['sha256'][:12]}…)",
        "Data": f"{data['name']}, {data['split']}: {data['images']} pictures from {', '.join(data['sources'])}",
        "Thresholds": limits,
        "NMS IoU": f"{settings['nms_iou']:.2f}",
        "Made": f"{evaluation.made} by SmearCount {evaluation.version}",
    }
    if data["unknown_classes"]:
        known["Not known to the model"] = ", ".join(data["unknown_classes"])
    if data["unjudged_classes"]:
        known["Not judged"] = f"{', '.join(data['unjudged_classes'])}: not all of them are annotated"
    return known


def sections(evaluation: Evaluation) -> list[Section]:
    """Return the parts of the page."""
    parts = [_classes_section(evaluation)]
    if any(item.truth for item in evaluation.overall.classes.values()):  # or else there is nothing to plot
        parts += _detail_sections(evaluation)
    if evaluation.resized:
        parts.append(Section("Other sizes", ["The same pictures, enlarged or reduced."], [resized_table(evaluation)]))
    if evaluation.dense is not None:
        parts.append(_dense_section(evaluation.dense))
    return [*parts, _scale_section(evaluation)]


def _detail_sections(evaluation: Evaluation) -> list[Section]:
    return [
        Section("Counts", plots=[plots.count_scatter(evaluation)]),
        Section("Precision and recall", plots=[plots.precision_recall(evaluation), plots.f1_by_threshold(evaluation)]),
        Section(
            "Thresholds",
            ["Every class is counted at the same threshold. Bold: the best accuracy and the best F1 of a class."],
            [sweep_table(name, rows) for name, rows in evaluation.sweep.items() if rows[0].truth],
        ),
        _precision_section(evaluation),
        Section(
            "Confusion",
            [evaluation.confusion.matching],
            [confusion_table(evaluation)],
            [plots.confusion_map(evaluation)],
        ),
    ]


def _classes_section(evaluation: Evaluation) -> Section:
    text = (
        "Counted at the thresholds of the model's card. A cell is right where its box and the true one overlap by an "
        "IoU of 0.5. Accuracy is the smaller of the two counts over the larger, wherever the cells are (Entropy 2021, "
        "eq. 4)."
    )
    warning = "Look at the number of true cells beside each average precision: with few of them it says little."
    by_source = [source_table(evaluation)] if len(evaluation.by_source) > 1 else []
    return Section("Classes", [text, warning], [class_table(evaluation), *by_source])


def _precision_section(evaluation: Evaluation) -> Section:
    text = (
        f"As COCO defines it, with up to {evaluation.coco.max_detections:,} boxes a picture. Everything that the model "
        "ranks takes part, down to its score floor. Means are over the classes that are there."
    )
    small, large = SIDES
    sizes = (
        f"Small cells have less than {small} × {small} pixels of the picture, large ones more than {large} × {large}."
    )
    tables = [iou_table(evaluation), size_table(evaluation)]
    return Section("Average precision", [text, sizes], tables, [plots.ap_by_iou(evaluation)])


def _scale_section(evaluation: Evaluation) -> Section:
    text = (
        f"Median time for a picture: {evaluation.seconds_per_image:.3f} seconds. The program estimates how wide red "
        "cells are. "
    )
    if not evaluation.scale_misses:
        return Section("Time and scale", [text + "It was right to within a quarter in every picture with red cells."])
    rows = [(miss.file, miss.true_diameter, miss.estimated_diameter) for miss in evaluation.scale_misses]
    widths = ("true width", "estimated width")
    table = Table(("picture", *widths), rows, digits=dict.fromkeys(widths, 0))
    return Section("Time and scale", [text + "It was wrong by more than a quarter in these pictures."], [table])


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
    return Table((*counts, "AP50", "AP75", "AP50:95"), rows, digits={"threshold": 2, "error %": 1})


def source_table(evaluation: Evaluation) -> Table:
    """Return the figures of each source."""
    rows: list[list[Cell]] = []
    for group in evaluation.by_source:
        for name, item in group.classes.items():
            if item.truth or item.counted:
                counts: list[Cell] = [group.name, name, group.images, item.truth, item.counted]
                rows.append([*counts, item.count_error_percent, item.f1, item.ap50, item.ap])
    header = ("source", "class", "pictures", "true", "counted", "error %", "F1", "AP50", "AP50:95")
    return Table(header, rows, "By source", texts=2, digits={"error %": 1})


def sweep_table(name: str, rows: list[SweepRow]) -> Table:
    """Return the table of one class over the thresholds, as the paper has it."""
    return Table(_SWEEP, [_sweep_row(row) for row in rows], name, texts=0, digits={"threshold": 2})


def _sweep_row(row: SweepRow) -> list[Cell]:
    accuracy = Strong(row.accuracy) if row.most_accurate else row.accuracy
    f1 = Strong(row.f1) if row.best_f1 else row.f1
    counts: list[Cell] = [row.threshold, row.truth, row.counted]
    return [*counts, accuracy, row.precision, row.recall, f1, row.tp, row.fp, row.fn]


def _all_sweeps(evaluation: Evaluation) -> Table:
    rows = [[name, *_sweep_row(row)] for name, rows in evaluation.sweep.items() for row in rows]
    return Table(("class", *_SWEEP), rows)


def iou_table(evaluation: Evaluation) -> Table:
    """Return the average precision of each class at each overlap, beside the number of true cells."""
    coco = evaluation.coco
    header = ("class", "true", *(f"{iou:.2f}" for iou in coco.ious), "mean")
    every = {**coco.classes, "mean": coco.overall}
    rows = [[name, item.truth["all"], *item.ap_by_iou, item.ap["all"]] for name, item in every.items()]
    return Table(header, rows, "Average precision by IoU")


def size_table(evaluation: Evaluation) -> Table:
    """Return COCO's figures of each class by the size of the cells."""
    header = ["class", *(f"{what} {size}" for what in ("true", "AP", "recall") for size in SIZES)]
    every = {**evaluation.coco.classes, "mean": evaluation.coco.overall}
    return Table(header, [[name, *_by_size(item)] for name, item in every.items()], "By the size of the cells")


def _by_size(item: CocoFigures) -> list[Cell]:
    return [part[size] for part in (item.truth, item.ap, item.recall) for size in SIZES]


def confusion_table(evaluation: Evaluation) -> Table:
    """Return the confusion matrix; a line is what the true cells of a class were counted as."""
    matrix = evaluation.confusion
    names = [*matrix.classes, INVENTED]
    rows: list[list[Cell]] = []
    for place, (name, counts) in enumerate(zip(names, matrix.counts, strict=True)):
        cells: list[Cell] = list(counts)
        if name != INVENTED:
            cells[place] = Strong(counts[place])
        else:
            cells[-1] = None  # nobody can miss what is not there
        rows.append([name, *cells])
    return Table(("true class", *matrix.classes, MISSED), rows, "True cells by what they were counted as")


def picture_table(evaluation: Evaluation) -> Table:
    """Return the counts of each picture; empty where a class cannot be judged."""
    classes = list(evaluation.overall.classes)
    header = ["picture", "source", *(f"{name} {what}" for name in classes for what in ("true", "counted", "matched"))]
    rows: list[list[Cell]] = []
    for picture in evaluation.pictures:
        row: list[Cell] = [picture.file, picture.source]
        for name in classes:
            item = picture.classes.get(name)
            row += [None] * 3 if item is None else [item.truth, item.counted, item.matched]
        rows.append(row)
    return Table(header, rows, texts=2)


def resized_table(evaluation: Evaluation) -> Table:
    """Return the counts of the same fields at other sizes."""
    rows: list[list[Cell]] = []
    for item in evaluation.resized:
        for name, figures in item.classes.items():
            native = evaluation.overall.classes[name].counted
            counts: list[Cell] = [f"{item.factor:g}×", name, figures.truth, figures.counted, native]
            rows.append([*counts, item.change_percent[name], figures.count_error_percent, figures.f1])
    header = ("size", "class", "true", "counted", "at native size", "change %", "error %", "F1")
    return Table(header, rows, texts=2, digits={"change %": 1, "error %": 1})


def _dense_section(dense: DenseFigures) -> Section:
    lost = " There were more candidates than can be handled, and some cells are lost." if dense.capped else ""
    text = (
        f"A rendered field of {dense.width} × {dense.height} pixels with {dense.cells} cells, red ones "
        f"{dense.diameter:.0f} pixels wide, seed {dense.seed}, was counted in {dense.seconds:.1f} seconds. Cells of "
        f"which less than half is in the picture are no part of the truth.{lost}"
    )
    rows = [(name, v.truth, v.counted, v.count_error_percent, v.f1) for name, v in dense.classes.items()]
    return Section(
        "Dense field", [text], [Table(("class", "true", "counted", "error %", "F1"), rows, digits={"error %": 1})]
    )
