"""Kinds taken for one another: a matrix of numbers to click, and the columns of precision and recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem

from core.text import gettext
from gui.widgets.colour import faded
from gui.widgets.tables import Column
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QKeyEvent

    from core.kinds.figures import KindFigures, Share
    from core.kinds.tree import KindTree

_ROW_HEIGHT, _COLUMN_WIDTH = 26, 68
_DARKEST = 150


class ConfusionTable(LeavesLetters, QTableWidget):
    """Numbers of cells by two words about them; a click or Return shows the cells of an entry."""

    wanted = Signal(str, str)  # the keys of row and column

    def __init__(self, name: str) -> None:
        """``name``: what the table is, for those who cannot see it."""
        super().__init__()
        self._keys: tuple[Sequence[str], Sequence[str]] = (), ()
        self.setObjectName("figures")
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setDefaultSectionSize(_COLUMN_WIDTH)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.cellClicked.connect(self._want)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_counts(
        self,
        rows: Sequence[str],
        columns: Sequence[str],
        counts: NDArray[np.int64],
        name: Callable[[str], str],
        told: Callable[[int, str, str], str],
    ) -> None:
        """Show how many cells there are of each pair; the darker, the more of a row.

        Parameters
        ----------
        rows, columns
            Keys.
        counts
            int64 (rows, columns).
        name, told
            What people read for a key, and for an entry: its number, and the names of row and column.
        """
        self._keys = rows, columns
        names, titles = [name(key) for key in rows], [name(key) for key in columns]
        self.setRowCount(len(names))
        self.setColumnCount(len(titles))
        self.setVerticalHeaderLabels(names)
        self.setHorizontalHeaderLabels(titles)
        for column, title in enumerate(titles):
            header = self.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(title)
        ink = self.palette().color(QPalette.ColorRole.Highlight)
        for row, numbers in enumerate(counts.tolist()):
            whole = max(sum(numbers), 1)
            for column, number in enumerate(numbers):
                item = QTableWidgetItem(f"{number:,}" if number else "·")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setBackground(QBrush(faded(ink, round(_DARKEST * number / whole))))
                text = told(number, names[row], titles[column])
                item.setToolTip(text)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, text)
                self.setItem(row, column, item)
        top, bar = self.horizontalHeader().sizeHint().height(), self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(top + len(names) * _ROW_HEIGHT + bar + 4)

    def _want(self, row: int, column: int) -> None:
        rows, columns = self._keys
        self.wanted.emit(rows[row], columns[column])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self._want(self.currentRow(), self.currentColumn())
        else:
            super().keyPressEvent(event)


def share_columns(precision_tip: str, recall_tip: str) -> tuple[Column[KindFigures], ...]:
    """Return the columns of precision and recall with their intervals; the tips say what they are shares of."""
    return (
        Column(gettext("Precision"), lambda row: share_text(row.precision), precision_tip),
        Column(gettext("95 % interval"), lambda row: interval_text(row.precision)),
        Column(gettext("Recall"), lambda row: share_text(row.recall), recall_tip),
        Column(gettext("95 % interval"), lambda row: interval_text(row.recall)),
    )


def in_order(kinds: Sequence[str], tree: KindTree) -> list[int]:
    """Return the places of kinds in the order of a tree; those that are not in it come last."""
    places = {kind.key: place for place, kind in enumerate(tree.kinds)}
    return sorted(range(len(kinds)), key=lambda place: places.get(kinds[place], len(places)))


def share_text(share: Share) -> str:
    """Return a share in per cent, a dash for one of nothing."""
    return "–" if share.value is None else f"{100 * share.value:.0f} %"


def interval_text(share: Share) -> str:
    """Return the 95 % interval of a share in per cent, a dash for one of nothing."""
    if share.value is None:
        return "–"
    low, high = share.interval
    return gettext("{low:.0f} to {high:.0f} %").format(low=100 * low, high=100 * high)
