"""Kinds of cells: what users called them against what the ground truth or a second reading says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from core.verification.errors import Place, Verdict
from gui.verify.place_view import PlaceView
from gui.widgets.forms import heading
from gui.widgets.plots.confusion import ConfusionTable, interval_text, share_columns, share_text
from gui.widgets.plots.plot import scrolling
from gui.widgets.tables import Column, CopyTable, ValueTableModel
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kinds.figures import KindFigures
    from core.verification.kinds import KindTruth, NamedCell
    from gui.workspace.workspace import Workspace

_TILES_HEIGHT = 150


class KindsPage(QWidget):
    """One class: precision and recall of each kind, which kinds are taken for which, and the cells of an entry."""

    images_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._truths = workspace.kind_truths
        self._asked: tuple[str, str] | None = None
        self._build_figures()
        self._build_cells()
        column = QVBoxLayout()
        column.setContentsMargins(0, 8, 0, 0)
        head = QHBoxLayout()
        head.addWidget(self.which)
        head.addWidget(self.summary, 1)
        head.addWidget(self.copy_button)
        column.addLayout(head)
        column.addWidget(self.table)
        column.addWidget(
            heading(gettext("True kinds (rows) and what users said (columns); click a number to see its cells"))
        )
        column.addWidget(self.confusion)
        column.addWidget(self.about)
        column.addWidget(self.view, 1)
        inside = QWidget()
        inside.setLayout(column)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(inside))
        self._truths.changed.connect(self.refresh)
        self.refresh()

    def _build_figures(self) -> None:
        self.which = QuietComboBox()
        self.which.setAccessibleName(gettext("Class, and what it is compared with"))
        self.which.activated.connect(lambda *_: self.refresh())
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.copy_button = QPushButton(gettext("Cop&y table"))
        self.copy_button.setToolTip(gettext("To paste it into a spreadsheet"))
        self.table = CopyTable(gettext("Precision and recall of each kind"))
        self.copy_button.clicked.connect(lambda *_: self.table.copy())
        self.model = ValueTableModel["KindFigures"](self._columns(), self.table)
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.confusion = ConfusionTable(gettext("True kinds, and what users called the cells"))
        self.confusion.wanted.connect(self.show_cells)

    def _build_cells(self) -> None:
        self.about = QLabel()
        self.about.setObjectName("faint")
        self.view = PlaceView(self._workspace)
        self.view.setMinimumHeight(_TILES_HEIGHT)
        self.view.clicked.connect(lambda *_: self.look())
        self.view.activated.connect(lambda *_: self._look_closely())

    def _columns(self) -> tuple[Column[KindFigures], ...]:
        return (
            Column(gettext("Kind"), self._name, number=False, widest=gettext("Immature granulocyte")),
            Column(gettext("True cells"), lambda row: f"{row.examples:,}", gettext("Cells of this kind by the truth")),
            *share_columns(
                gettext("Of the cells that users called this kind, the share that is of it"),
                gettext("Of the cells of this kind, the share that users called so"),
            ),
        )

    def _name(self, row: KindFigures) -> str:
        return self._workspace.kinds.tree.tree.name(row.kind)

    # -- what is shown ---------------------------------------------------------------------------------

    @property
    def shown(self) -> KindTruth | None:
        """What is shown; None while nothing is to be compared."""
        place = self.which.currentIndex()
        return self._truths.found[place] if 0 <= place < len(self._truths.found) else None

    def refresh(self) -> None:
        """Show the comparisons as they now are."""
        found, chosen = self._truths.found, self.which.currentText()
        names = [gettext("{name}: {truth}").format(name=one.class_name, truth=one.compared_with) for one in found]
        if [self.which.itemText(place) for place in range(self.which.count())] != names:
            self.which.clear()
            self.which.addItems(names)
            self.which.setCurrentIndex(max(self.which.findText(chosen), 0))
        shown, tree = self.shown, self._workspace.kinds.tree.tree
        self.summary.setText("" if shown is None else _summary(shown))
        rows = () if shown is None else shown.found.rows
        self.model.show(rows)
        line = self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + line * max(len(rows), 1) + 4)
        for part in (self.table, self.confusion, self.copy_button):
            part.setEnabled(bool(rows))
        if shown is not None:
            kinds = shown.found.kinds
            self.confusion.show_counts(kinds, kinds, shown.found.confusion, tree.name, _entry)
        self._show_cells()

    def show_cells(self, true: str, said: str) -> None:
        """Show the cells of an entry of the matrix."""
        self._asked = true, said
        self._show_cells()

    def _show_cells(self) -> None:
        shown, tree = self.shown, self._workspace.kinds.tree.tree
        if shown is None or self._asked is None or not set(self._asked) <= set(shown.found.kinds):
            self.about.setText("")
            self.view.place_model.show(())
            return
        true, said = self._asked
        text = gettext("{true} by the truth, called {said}: {n:,}")
        cells = shown.found.of(true, said)
        self.about.setText(text.format(true=tree.name(true), said=tree.name(said), n=len(cells)))
        kind = tree.get(said)
        self.view.set_colour(QColor(*kind.colour) if kind is not None else QColor())
        self.view.place_model.show(self._places(cells, shown.class_name, tree.name(said)))

    def _places(self, cells: Sequence[NamedCell], class_name: str, note: str) -> list[Place]:
        """Return where cells are; those that are gone since have no place."""
        places: list[Place] = []
        for one in cells:
            known = self._workspace.counts.cells(one.image)
            rows = [] if known is None else (known.cells.ids == one.cell).nonzero()[0].tolist()
            if known is not None and rows:
                x1, y1, x2, y2 = known.cells.boxes[rows[0]].tolist()
                verdict = Verdict.TRUE if one.true == one.said else Verdict.FALSE
                diameter = known.found.diameter
                places.append(
                    Place(verdict, one.image, class_name, (x1, y1, x2, y2), diameter, cell=one.cell, note=note)
                )
        return places

    # -- what the user does ------------------------------------------------------------------------------

    def look(self) -> None:
        """Show the chosen cell on its image."""
        row = self.view.currentIndex().row()
        if 0 <= row < len(self.view.place_model.places):
            place = self.view.place_model.places[row]
            self._workspace.selection.show_box(place.image, place.box, place.cell)

    def _look_closely(self) -> None:
        self.look()
        self.images_wanted.emit()

    def close_down(self) -> None:
        """End the threads."""
        self.view.crops.close()


def _summary(shown: KindTruth) -> str:
    """Return how many cells are of the same kind, and of how many nobody said one."""
    agreed = shown.found.agreed
    parts: list[str] = []
    if agreed.whole:
        text = gettext("{share} of {n:,} cells are of the same kind, 95 % interval {interval}.")
        parts.append(text.format(share=share_text(agreed), n=agreed.whole, interval=interval_text(agreed)))
    if shown.found.unnamed:
        text = ngettext(
            "{n:,} cell with a true kind has no confirmed kind.",
            "{n:,} cells with a true kind have no confirmed kind.",
            shown.found.unnamed,
        )
        parts.append(text.format(n=shown.found.unnamed))
    return " ".join(parts)


def _entry(number: int, true: str, said: str) -> str:
    """Return what an entry of the matrix says."""
    text = ngettext(
        "{n:,} cell that is {true} by the truth, called {said}",
        "{n:,} cells that are {true} by the truth, called {said}",
        number,
    )
    return text.format(n=number, true=true, said=said)
