"""How well the kinds are told apart: precision and recall of each, and which are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.kinds.examples import FEWEST
from core.kinds.figures import KindFigures, LeftOut, Share
from core.text import gettext, ngettext
from gui.widgets.colour import faded
from gui.widgets.forms import heading
from gui.widgets.tables import Column, CopyTable, ValueTableModel
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QKeyEvent

    from core.kinds.figures import Figures
    from core.kinds.tree import KindTree

_HOW = {
    LeftOut.SAMPLE: gettext("Measured on samples that were left out of learning, one after the other."),
    LeftOut.IMAGE: gettext("Measured on images that were left out of learning, one after the other."),
    LeftOut.CELL: gettext(
        "Measured on cells that were left out of learning, in images that others of them are from: another image will "
        "not be sorted quite so well. Name cells of each kind in two images at least."
    ),
}
_ROW_HEIGHT, _COLUMN_WIDTH = 26, 68
_DARKEST = 150


class ConfusionTable(LeavesLetters, QTableWidget):
    """What users said against what would be suggested; a click or Return shows the cells of an entry."""

    wanted = Signal(str, str)  # kind, and what is suggested, "" unsure

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self.setObjectName("figures")
        self.setAccessibleName(gettext("Which kinds are taken for which"))
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

    def show_figures(self, figures: Figures, tree: KindTree) -> None:
        """Show the counts; the darker, the more of a row."""
        order = in_order(figures.kinds, tree)
        kinds = [figures.kinds[place] for place in order]
        self._names = (*kinds, "")
        names = [tree.name(kind) for kind in kinds]
        confusion = figures.confusion[order][:, [*order, len(order)]]
        self.setRowCount(len(names))
        self.setColumnCount(len(self._names))
        self.setVerticalHeaderLabels(names)
        self.setHorizontalHeaderLabels([*names, gettext("Unsure")])
        for column, name in enumerate(names):
            header = self.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(name)
        ink = self.palette().color(QPalette.ColorRole.Highlight)
        for row, counts in enumerate(confusion.tolist()):
            whole = max(sum(counts), 1)
            for column, number in enumerate(counts):
                item = QTableWidgetItem(f"{number:,}" if number else "·")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setBackground(QBrush(faded(ink, round(_DARKEST * number / whole))))
                suggested = [*names, gettext("unsure")][column]
                text = ngettext(
                    "{n:,} cell that a user calls {kind}, suggested as {suggested}",
                    "{n:,} cells that a user calls {kind}, suggested as {suggested}",
                    number,
                )
                told = text.format(n=number, kind=names[row], suggested=suggested)
                item.setToolTip(told)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, told)
                self.setItem(row, column, item)
        top, bar = self.horizontalHeader().sizeHint().height(), self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(top + len(names) * _ROW_HEIGHT + bar + 4)

    def _want(self, row: int, column: int) -> None:
        self.wanted.emit(self._names[row], self._names[column])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self._want(self.currentRow(), self.currentColumn())
        else:
            super().keyPressEvent(event)


class FiguresPage(QScrollArea):
    """Honest figures of the kinds of one class."""

    cells_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("piles")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._tree: KindTree | None = None
        self.how, self.few, self.balanced = QLabel(), QLabel(), QLabel()
        for label in (self.how, self.few):
            label.setWordWrap(True)
            label.setObjectName("faint")
        self.balanced.setObjectName("pageHeading")
        self.table = CopyTable(gettext("Precision and recall of each kind"))
        self.model = ValueTableModel[KindFigures](self._columns(), self.table)
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.confusion = ConfusionTable()
        self.confusion.wanted.connect(self.cells_wanted)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(4, 4, 12, 12)
        column.setSpacing(8)
        self._parts = (
            self.table,
            heading(gettext("What users said (rows) and what would be suggested (columns); click to see the cells")),
            self.confusion,
        )
        for part in (self.balanced, self.how, self.few, *self._parts):
            column.addWidget(part)
        column.addStretch()
        self.setWidget(inside)

    def _columns(self) -> tuple[Column[KindFigures], ...]:
        return (
            Column(gettext("Kind"), self._name, number=False, widest=gettext("Immature granulocyte")),
            Column(gettext("Examples"), lambda row: f"{row.examples:,}", gettext("Cells that users gave this kind")),
            Column(
                gettext("Precision"),
                lambda row: _text(row.precision),
                gettext("Of the cells suggested as this kind, the share that is of it"),
            ),
            Column(gettext("95 % interval"), lambda row: _interval(row.precision)),
            Column(
                gettext("Recall"),
                lambda row: _text(row.recall),
                gettext("Of the cells of this kind, the share that is suggested as it"),
            ),
            Column(gettext("95 % interval"), lambda row: _interval(row.recall)),
        )

    def _name(self, row: KindFigures) -> str:
        return row.kind if self._tree is None else self._tree.name(row.kind)

    def show_figures(self, figures: Figures | None, few: Mapping[str, int], tree: KindTree) -> None:
        """Show what cross-validation says; ``few``: kinds with too few examples, and how many they have."""
        self._tree = tree
        for part in self._parts:
            part.setVisible(figures is not None)
        lines = [_too_few(tree.name(kind), number) for kind, number in few.items()]
        self.few.setText("\n".join(lines))
        self.few.setVisible(bool(lines))
        if figures is None:
            self.balanced.setText(gettext("No figures yet"))
            self.how.setText(gettext("They come as soon as two kinds have three examples each."))
            return
        self.balanced.setText(gettext("{percent:.0f} % found on average").format(percent=100 * figures.balanced))
        self.how.setText(_HOW[figures.left_out])
        self.model.show([figures.rows[place] for place in in_order(figures.kinds, tree)])
        rows = self.table.verticalHeader().defaultSectionSize() * len(figures.rows)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + rows + 4)
        self.confusion.show_figures(figures, tree)


def in_order(kinds: Sequence[str], tree: KindTree) -> list[int]:
    """Return the places of kinds in the order of a tree; those that are not in it come last."""
    places = {kind.key: place for place, kind in enumerate(tree.kinds)}
    return sorted(range(len(kinds)), key=lambda place: places.get(kinds[place], len(places)))


def _too_few(kind: str, examples: int) -> str:
    text = ngettext(
        "{kind}: needs at least {least} examples, has {n}.",
        "{kind}: needs at least {least} examples, has {n}.",
        examples,
    )
    return text.format(kind=kind, least=FEWEST, n=examples)


def _text(share: Share) -> str:
    return "–" if share.value is None else f"{100 * share.value:.0f} %"


def _interval(share: Share) -> str:
    if share.value is None:
        return "–"
    low, high = share.interval
    return gettext("{low:.0f} to {high:.0f} %").format(low=100 * low, high=100 * high)
