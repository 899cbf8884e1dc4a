"""The table that compares models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication

from core.text import gettext
from gui.widgets.tables import Column, ValueTableModel

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from core.statistics.intervals import Interval
    from core.verification.comparison import Difference, ModelRow

_INTERVAL = gettext("In per cent, with the 95 % interval over the images (bootstrap)")
_DIFFERENCE = gettext(
    "From the first model of the class, in percentage points, with its 95 % interval; bold where it leaves out 0"
)
AVERAGE_PRECISION = 8
_DIFFERENCES = {5: "accuracy_difference", 7: "f1_difference"}


def with_interval(value: float | None, interval: Interval | None) -> str:
    """Return a share in percent with its interval."""
    if value is None:
        return "–"
    within = "" if interval is None else f" ({100 * interval.low:.0f}–{100 * interval.high:.0f})"
    return f"{100 * value:.1f}{within}"


def _difference(found: Difference | None) -> str:
    """Return a difference in percentage points with its interval, and a mark if it is clear."""
    if found is None:
        return ""
    low, high = found.interval
    mark = ("▲ " if found.value > 0 else "▼ ") if found.clear else ""
    interval = gettext("{low} to {high}").format(low=_points(low, 0), high=_points(high, 0))
    return f"{mark}{_points(found.value, 1)} ({interval})"


def _points(value: float, digits: int) -> str:
    """Return a difference in percentage points with its sign."""
    rounded = round(100 * value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "\N{MINUS SIGN}") if rounded else "0"


def _counted(row: ModelRow) -> str:
    return gettext("{counted:,} of {truth:,}").format(counted=row.counted, truth=row.truth)


_COLUMNS: tuple[Column[ModelRow], ...] = (
    Column(gettext("Class"), lambda row: row.class_name, number=False),
    Column(gettext("Model"), lambda row: row.model, number=False),
    Column(gettext("Threshold"), lambda row: f"{row.threshold:.2f}"),
    Column(gettext("Counted\nof yours"), _counted),
    Column(gettext("Count\naccuracy %"), lambda row: with_interval(row.accuracy, row.accuracy_interval), _INTERVAL),
    Column(gettext("Difference"), lambda row: _difference(row.accuracy_difference), _DIFFERENCE),
    Column(gettext("F1\n%"), lambda row: with_interval(row.f1, row.f1_interval), _INTERVAL),
    Column(gettext("Difference"), lambda row: _difference(row.f1_difference), _DIFFERENCE),
    Column(
        gettext("AP\n%"),
        lambda row: "–" if row.average_precision is None else f"{100 * row.average_precision:.1f}",
        gettext("Average precision as in COCO, at the IoU chosen under Details"),
    ),
)


class ModelTableModel(ValueTableModel["ModelRow"]):
    """The rows of the comparison, class by class; the name of a class stands in its first row."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(_COLUMNS, parent)

    def shown(self, row: int, column: int) -> str:
        again = column == 0 and row > 0 and self.rows[row - 1].class_name == self.rows[row].class_name
        return "" if again else super().shown(row, column)

    def look(self, row: int, column: int, role: int) -> Any:
        if role != Qt.ItemDataRole.FontRole:
            return None
        found = getattr(self.rows[row], _DIFFERENCES[column]) if column in _DIFFERENCES else None
        font = QFont(QGuiApplication.font())
        font.setBold(column == 0 or (found is not None and found.clear))
        return font
