"""The table of calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.evaluation.calibration import ClassCalibration


def calibration_table(classes: Mapping[str, ClassCalibration], title: str) -> Table:
    """Return how far the scores of each class are from the share of cells that is true."""
    rows = [[name, item.cells, item.error, item.temperature, item.error_after] for name, item in classes.items()]
    return Table(("class", "cells", "calibration error", "temperature", "error then"), rows, title)
