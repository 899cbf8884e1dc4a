"""The report of an evaluation: a page, its tables as CSV, and the document that ``compare`` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.files import write_whole
from core.text import gettext
from trainer.evaluation.coco_metrics import SIDES
from trainer.evaluation.compare import EVALUATION_FILE
from trainer.report import plots
from trainer.report.evaluation_tables import (
    all_sweeps,
    capped_text,
    class_table,
    confusion_table,
    dense_table,
    image_table,
    iou_table,
    resized_table,
    scale_table,
    size_table,
    source_table,
    sweep_table,
)
from trainer.report.page import Section, write_page
from trainer.report.tuning import thresholds_text

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.evaluation.dense_field import DenseFigures
    from trainer.evaluation.evaluate import Evaluation

PAGE_FILE = "report.html"


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
        "thresholds.csv": all_sweeps(evaluation),
        "average_precision.csv": iou_table(evaluation),
        "sizes.csv": size_table(evaluation),
        "confusion.csv": confusion_table(evaluation),
        "pictures.csv": image_table(evaluation),
    }
    for name, table in tables.items():
        write_whole(folder / name, table.csv())
    write_whole(folder / EVALUATION_FILE, document)
    data = evaluation.data
    title = gettext("{model} on {data}, {split}").format(
        model=evaluation.model["name"], data=data["name"], split=data["split"]
    )
    write_page(folder / PAGE_FILE, title, sections(evaluation), facts(evaluation))


def facts(evaluation: Evaluation) -> dict[str, str]:
    """Return what was measured, as short facts."""
    data, settings = evaluation.data, evaluation.settings
    known = {
        gettext("Model"): f"{evaluation.model['name']} (SHA-256 {evaluation.model['sha256'][:12]}…)",
        gettext("Data"): gettext("{data}, {split}: {n:,} images from {sources}").format(
            data=data["name"], split=data["split"], n=data["images"], sources=", ".join(data["sources"])
        ),
        gettext("Thresholds"): thresholds_text(settings["thresholds"]),
        gettext("NMS IoU"): f"{settings['nms_iou']:.2f}",
        gettext("Made"): gettext("{time} by SmearCount {version}").format(
            time=evaluation.made, version=evaluation.version
        ),
    }
    if data["unknown_classes"]:
        known[gettext("Unknown to the model")] = ", ".join(data["unknown_classes"])
    if data["unjudged_classes"]:
        known[gettext("Not judged")] = gettext("{classes}: not fully annotated").format(
            classes=", ".join(data["unjudged_classes"])
        )
    return known


def sections(evaluation: Evaluation) -> list[Section]:
    """Return the parts of the page."""
    parts = [_classes_section(evaluation)]
    if any(item.truth for item in evaluation.overall.classes.values()):  # or there is nothing to plot
        parts += _detail_sections(evaluation)
    if evaluation.resized:
        text = gettext("The same images, enlarged or reduced.")
        parts.append(Section(gettext("Other sizes"), [text], [resized_table(evaluation)]))
    if evaluation.dense is not None:
        parts.append(_dense_section(evaluation.dense))
    return [*parts, _scale_section(evaluation)]


def _detail_sections(evaluation: Evaluation) -> list[Section]:
    return [
        Section(gettext("Counts"), plots=[plots.count_scatter(evaluation)]),
        Section(
            gettext("Precision and recall"),
            plots=[plots.precision_recall(evaluation), plots.f1_by_threshold(evaluation)],
        ),
        Section(
            gettext("Thresholds"),
            [
                gettext(
                    "Every class is counted at the same threshold. The best accuracy and the best F1 of a class are in "
                    "bold."
                )
            ],
            [sweep_table(name, rows) for name, rows in evaluation.sweep.items() if rows[0].truth],
        ),
        _precision_section(evaluation),
        Section(
            gettext("Confusion"),
            [evaluation.confusion.matching],
            [confusion_table(evaluation)],
            [plots.confusion_map(evaluation)],
        ),
    ]


def _classes_section(evaluation: Evaluation) -> Section:
    text = gettext(
        "Counted at the thresholds of the model card. A counted cell is correct where its box overlaps a true one by "
        "an IoU of at least 0.5. Accuracy is the smaller of the two counts divided by the larger, wherever the cells "
        "are (Entropy 2021, eq. 4)."
    )
    warning = gettext(
        "Note the number of true cells beside each average precision: with only a few of them it means little."
    )
    by_source = [source_table(evaluation)] if len(evaluation.by_source) > 1 else []
    return Section(gettext("Classes"), [text, warning], [class_table(evaluation), *by_source])


def _precision_section(evaluation: Evaluation) -> Section:
    text = gettext(
        "As defined by COCO, with up to {n:,} boxes per image, over every candidate down to the model's score floor. "
        "Means are over the classes that are present."
    ).format(n=evaluation.coco.max_detections)
    small, large = SIDES
    sizes = gettext(
        "Small cells cover less than {small} × {small} pixels of the image, large ones more than {large} × {large}."
    ).format(small=small, large=large)
    tables = [iou_table(evaluation), size_table(evaluation)]
    return Section(gettext("Average precision"), [text, sizes], tables, [plots.ap_by_iou(evaluation)])


def _scale_section(evaluation: Evaluation) -> Section:
    heading = gettext("Time and scale")
    text = gettext("Median time per image: {seconds:.3f} seconds.").format(seconds=evaluation.seconds_per_image)
    if evaluation.scale_misses:
        return Section(heading, [text], [scale_table(evaluation)])
    scale = gettext("The estimated red cell diameter was right to within a quarter in every image with red cells.")
    return Section(heading, [f"{text} {scale}"])


def _dense_section(dense: DenseFigures) -> Section:
    text = gettext(
        "A synthetic image of {width} × {height} pixels with {cells:,} cells, red cells {diameter:.0f} pixels wide, "
        "seed {seed}, was counted in {seconds:.1f} seconds. Cells less than half inside the image are not part of the "
        "truth."
    ).format(
        width=dense.width,
        height=dense.height,
        cells=dense.cells,
        diameter=dense.diameter,
        seed=dense.seed,
        seconds=dense.seconds,
    )
    return Section(gettext("Dense image"), [part for part in (text, capped_text(dense)) if part], [dense_table(dense)])
