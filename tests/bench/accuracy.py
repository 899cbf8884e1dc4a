"""Count the same annotated fields with SmearCount and with rivals: ``make bench-accuracy DATA=FOLDER``.

The rivals are counting without a network, and the model files that ``MODELS`` names: for instance torchvision's
RetinaNet trained by a published recipe (``smearcount-train fit --preset entropy2021``, then ``export`` and ``tune``).
All are counted through ``core``, at the thresholds on their cards.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
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
    from collections.abc import Sequence

    from trainer.dataset.load import DataSet
    from trainer.evaluation.predict import ImageResult


def by_field(results: Sequence[ImageResult], label: int) -> float:
    """Return 100 % less the mean error of the counts of single fields that hold the class."""
    errors = []
    for result in results:
        true = int((result.labels == label).sum())
        if true:
            found = result.image.found.detections
            errors.append(abs(int((result.image.result.counted & (found.labels == label)).sum()) - true) / true)
    return 100 * (1 - float(np.mean(errors))) if errors else float("nan")


def add_rows(table: Table, path: Path | str, data: DataSet) -> None:
    """Count every field with one model and add its rows."""
    model = open_model(path)
    results = predict(data, detector_for(model), CountSettings.suggested_by(model.card), title=model.card.name)
    figures = group_figures(model.card.name, results, model.card.classes, model.card.nms_iou)
    seconds = statistics.median(result.image.seconds for result in results)
    first = model.card.name
    for name, item in figures.classes.items():
        field = by_field(results, model.card.classes.index(name))
        numbers = (number(item.count_error_percent, "+.1f"), number(field, ".1f"), number(item.f1), number(item.ap50))
        table.add_row(first, name, str(item.truth), *numbers, f"{seconds:.2f}" if first else "")
        first = ""
    table.add_section()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="data set folder or manifest (.json)")
    parser.add_argument("models", type=Path, nargs="*", help="model files of rivals")
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    data = load_data_set(arguments.data, arguments.split)
    table = Table(title=f"{len(data.images)} fields of {data.name} {data.split}")
    for column in ("model", "class"):
        table.add_column(column, no_wrap=True)
    for column in ("true", "total, %", "by field, %", "F1", "AP50", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for path in (default_model_path(), CLASSICAL, *arguments.models):
        add_rows(table, path, data)
    Console().print(table)


if __name__ == "__main__":
    main()
