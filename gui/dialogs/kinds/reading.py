"""A second reading of the same cells by another user, and how the two agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QHeaderView, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.widgets.forms import faint, heading, row
from gui.widgets.tables import Column, CopyTable, ValueTableModel
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex

    from gui.workspace.kinds.differential import Disagreement
    from gui.workspace.workspace import Workspace

_MARGIN, _SPACE = 16, 12


class ReadingPage(QWidget):
    """Begins a second reading, and shows the disagreements side by side."""

    reading_wanted = Signal(str)
    cell_wanted = Signal(int, int)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._users: tuple[str, ...] = ()
        self.name = QLineEdit()
        self.name.setPlaceholderText(gettext("Name of the second user"))
        self.name.setAccessibleName(gettext("Name of the second user"))
        self.name.textChanged.connect(lambda *_: self._show_button())
        self.begin_button = QPushButton(gettext("Begin the second reading"))
        self.begin_button.setAutoDefault(False)
        self.begin_button.clicked.connect(lambda *_: self.reading_wanted.emit(self.name.text().strip()))
        self.same = faint("")
        self.which = QuietComboBox()
        self.which.setAccessibleName(gettext("Which second reading"))
        self.which.activated.connect(lambda *_: self._show())
        self.agreement = QLabel()
        self.agreement.setObjectName("figureValue")
        self.agreement.setWordWrap(True)
        self.table = CopyTable(gettext("Cells that the two readings call by another kind"))
        self.model = ValueTableModel["Disagreement"](self._columns(), self.table)
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.activated.connect(self._go_to)
        self.table.doubleClicked.connect(self._go_to)
        form = QFormLayout()
        form.addRow(gettext("Reading"), self.which)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(_SPACE)
        column.addWidget(
            faint(
                gettext(
                    "Another user names the same cells without seeing what the first said. Both stay in the sample; "
                    "the differential count is that of the first."
                )
            )
        )
        column.addLayout(row(self.name, self.begin_button))
        column.addWidget(self.same)
        column.addLayout(form)
        column.addWidget(self.agreement)
        column.addWidget(heading(gettext("Disagreements; a double click shows the cell in its image")))
        column.addWidget(self.table, 1)

    def _columns(self) -> tuple[Column[Disagreement], ...]:
        tree = self._workspace.kinds.tree
        return (
            Column(gettext("Image"), self._image, number=False, widest="DSC_0123-20x.jpg"),
            Column(gettext("First reading"), lambda one: tree.tree.name(one.first), number=False),
            Column(gettext("Second reading"), lambda one: tree.tree.name(one.second), number=False),
        )

    def _image(self, one: Disagreement) -> str:
        item = self._workspace.images.item(one.image)
        return "" if item is None else item.path.name

    def refresh(self) -> None:
        """Show the readings that there are."""
        readings, chosen = self._workspace.kinds.typed.readings, self.which.currentText()
        if [self.which.itemText(place) for place in range(self.which.count())] != list(readings):
            self.which.clear()
            self.which.addItems(list(readings))
            self.which.setCurrentIndex(max(self.which.findText(chosen), 0))
        self.which.setEnabled(bool(readings))
        self._users = self._workspace.kinds.typed.users
        self._show_button()
        self._show()

    def _show_button(self) -> None:
        name = self.name.text().strip()
        first = [user for user in self._users if user.strip().casefold() == name.casefold()]
        text = gettext("{name} named the cells in the first reading; a second one is by another user.")
        self.same.setText(text.format(name=first[0]) if name and first else "")
        self.begin_button.setEnabled(bool(name) and not first and self._workspace.store.writable)
        known = name in self._workspace.kinds.typed.readings
        self.begin_button.setText(gettext("Go on with it") if known else gettext("Begin the second reading"))

    def _show(self) -> None:
        count, reading = self._workspace.kinds.differential, self.which.currentText()
        if count.reading and reading == count.reading:
            text = gettext("{name} is naming the cells now. How the two agree is shown once the reading has ended.")
            self.agreement.setText(text.format(name=reading))
            self.model.show(())
            return
        if not reading or count.class_name is None:
            self.agreement.setText(gettext("There is no second reading yet."))
            self.model.show(())
            return
        found = count.agreement(count.class_name, reading)
        cells = ngettext("{n:,} cell named by both", "{n:,} cells named by both", found.cells).format(n=found.cells)
        if found.kappa is None:
            self.agreement.setText(gettext("{cells}; kappa needs two kinds at least.").format(cells=cells))
        else:
            low, high = found.kappa.interval
            text = gettext("{cells}, {percent:.0f} % alike; kappa {value:.2f}, 95 % interval {low:.2f} to {high:.2f}")
            self.agreement.setText(
                text.format(cells=cells, percent=100 * found.kappa.agreed, value=found.kappa.value, low=low, high=high)
            )
        self.model.show(found.apart)

    def _go_to(self, index: QModelIndex) -> None:
        if index.row() < len(self.model.rows):
            one = self.model.rows[index.row()]
            self.cell_wanted.emit(one.image, one.cell)
