"""Count the same annotated fields with SmearCount and with rivals: ``make bench-accuracy DATA=FOLDER``.

The rivals are counting without a network, and the model files that ``MODELS`` names: for instance torchvision's
RetinaNet trained by a published recipe (``smearcount-train fit --preset entropy2021``, then ``export`` and ``tune``).
All are counted through ``core``, at the thresholds on their cards. ``CBC`` names the Python of an environment that has
the program ``cbc`` (``cbc_counts.py`` says what is in it and what is done for it); it has no boxes to compare.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from core.counting.count import CountSettings
from core.detection.loading import detector_for, open_model
from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from trainer.dataset.load import load_data_set
from trainer.evaluation.evaluate import group_figures
from trainer.evaluation.predict import predict
from trainer.report.tables import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.dataset.load import DataSet, LabelledImage
    from trainer.evaluation.predict import ImageResult


_CBC_CELLS = 83.0
"""Pixels: the middle of the radii of 28 to 55 among which ``cbc`` looks for red cells."""
_WIDTH = 110


def by_field(counts: Iterable[tuple[int, int]]) -> float:
    """Return 100 % less the mean error of single fields, (true, counted), that hold the class."""
    errors = [abs(counted - true) / true for true, counted in counts if true]
    return 100 * (1 - float(np.mean(errors))) if errors else float("nan")


def field_counts(results: Sequence[ImageResult], label: int) -> list[tuple[int, int]]:
    """Return how many cells of a class are in each field, and how many were counted."""
    return [
        (
            int((result.labels == label).sum()),
            int((result.image.result.counted & (result.image.found.detections.labels == label)).sum()),
        )
        for result in results
    ]


def add_rows(table: Table, path: Path | str, data: DataSet) -> None:
    """Count every field with one model and add its rows."""
    model = open_model(path)
    results = predict(data, detector_for(model), CountSettings.suggested_by(model.card), title=model.card.name)
    figures = group_figures(model.card.name, results, model.card.classes, model.card.nms_iou)
    seconds = statistics.median(result.image.seconds for result in results)
    first = model.card.name
    for name, item in figures.classes.items():
        field = by_field(field_counts(results, model.card.classes.index(name)))
        numbers = (number(item.count_error_percent, "+.1f"), number(field, ".1f"), number(item.f1), number(item.ap50))
        table.add_row(first, name, str(item.truth), *numbers, f"{seconds:.2f}" if first else "")
        first = ""
    table.add_section()


def add_cbc_rows(table: Table, python: Path, data: DataSet) -> None:
    """Count every field with ``cbc`` and add its rows."""
    command = [str(python), str(Path(__file__).with_name("cbc_counts.py"))]
    for image in data.images:
        command += [str(image.path.absolute()), f"{_CBC_CELLS / red_cell_width(image, data):.4f}"]
    counted = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    seconds = f"{statistics.median(one['seconds'] for one in counted):.1f}"
    for way in counted[0]["counts"]:
        label = data.classes.index(way.split()[0])
        pairs = [
            (int((image.labels == label).sum()), one["counts"][way])
            for image, one in zip(data.images, counted, strict=True)
        ]
        true, found = (sum(column) for column in zip(*pairs, strict=True))
        error = number(100 * (found - true) / true, "+.1f") if true else ""
        table.add_row(
            f"cbc, {way.split()[1]}", way.split()[0], str(true), error, number(by_field(pairs), ".1f"), "", "", seconds
        )
        seconds = ""
    table.add_section()


def red_cell_width(image: LabelledImage, data: DataSet) -> float:
    """Return the median width of the annotated red cells of an image in pixels."""
    red = np.isin(image.labels, sorted(data.red_labels))
    with Image.open(image.path) as opened:
        sides = (image.boxes[red, 2:] - image.boxes[red, :2]) * opened.size
    return float(np.median(np.sqrt(sides.prod(axis=1)))) if red.any() else _CBC_CELLS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="data set folder or manifest (.json)")
    parser.add_argument("models", type=Path, nargs="*", help="model files of rivals")
    parser.add_argument("--split", default="test")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="count only every N-th field")
    parser.add_argument("--cbc", type=Path, metavar="PYTHON", help="the Python of an environment with cbc")
    arguments = parser.parse_args()
    data = load_data_set(arguments.data, arguments.split)
    data = replace(data, images=data.images[:: arguments.every])
    table = Table(title=f"{len(data.images)} fields of {data.name} {data.split}")
    for column in ("model", "class"):
        table.add_column(column, no_wrap=True)
    for column in ("true", "total, %", "by field, %", "F1", "AP50", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for path in (default_model_path(), CLASSICAL, *arguments.models):
        add_rows(table, path, data)
    if arguments.cbc is not None:
        add_cbc_rows(table, arguments.cbc, data)
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


if __name__ == "__main__":
    main()
