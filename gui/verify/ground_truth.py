"""Where a person types their own counts, and sees which ground truth each picture has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QIntValidator, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.verification.ground_truth import GroundTruth, TruthSource
from gui.tasks import Debounce
from gui.verify.ground_truth_model import TruthModel
from gui.widgets.wheel_safe import QuietComboBox
from gui.workspace.ground_truth import describe

if TYPE_CHECKING:
    from gui.workspace.images import Entry
    from gui.workspace.verification.verifier import Verifier

_LARGEST = 9_999_999
_NAME_WIDTH = 280  # pixels of a file name
_Index = QModelIndex | QPersistentModelIndex


class _CountEditor(QStyledItemDelegate):
    """Takes whole numbers, or nothing."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setValidator(QIntValidator(0, _LARGEST, editor))
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.setFrame(False)
        editor.setAccessibleName("Your count")
        return editor


class CountGrid(QTableView):
    """The table of manual counts: Enter goes down, Delete empties, columns can be pasted."""

    refused = Signal(int)  # row of a picture where a count was typed that is not typed there

    def __init__(self, model: TruthModel) -> None:
        super().__init__()
        self.truth_model = model
        self.setModel(model)
        self.setItemDelegate(_CountEditor(self))
        self.setObjectName("figures")
        self.setAccessibleName("Your own counts")
        self.setAlternatingRowColors(True)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        model.modelReset.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        header = self.horizontalHeader()
        header.setMinimumSectionSize(72)
        header.setResizeContentsPrecision(50)  # of thousands of pictures not all are measured
        for column in range(self.truth_model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        if hint == QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self._go_down()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == QAbstractItemView.State.EditingState and not self.hasFocus():
            super().keyPressEvent(event)  # the editor let it through, and takes care of it
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self._paste()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._go_down()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            for index in self.selectionModel().selectedIndexes():
                self.truth_model.setData(index, "")
        else:
            index = self.currentIndex()
            super().keyPressEvent(event)
            if event.text().isdigit() and self.truth_model.refuses(index):
                self.refused.emit(index.row())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if self.truth_model.refuses(index):
            self.refused.emit(index.row())

    def _go_down(self) -> None:
        index = self.currentIndex()
        below = self.truth_model.index(index.row() + 1, index.column())
        if below.isValid():
            self.setCurrentIndex(below)

    def _copy(self) -> None:
        indexes = self.selectionModel().selectedIndexes()
        rows = sorted({index.row() for index in indexes})
        columns = sorted({index.column() for index in indexes})
        lines = ["\t".join(str(self.truth_model.index(row, column).data()) for column in columns) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _paste(self) -> None:
        index = self.currentIndex()
        lines = QGuiApplication.clipboard().text().rstrip("\r\n").splitlines()
        if index.isValid() and lines:
            self.truth_model.paste(index.row(), index.column(), [line.split("\t") for line in lines])


class TruthPage(QWidget):
    """The manual counts of all pictures, and the truths of the current one."""

    import_wanted = Signal()

    def __init__(self, verifier: Verifier, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = verifier.document
        self.model = TruthModel(verifier, self)
        self.grid = CountGrid(self.model)
        self.used = QuietComboBox()
        self.used.setAccessibleName("Which truth of the picture is used")
        self.used.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.used.activated.connect(self._on_used)
        self.picture = QLabel()
        self.clear_button = QPushButton("&Clear")
        self.clear_button.setToolTip("Take the truths of the selected pictures away; undo (Ctrl+Z) brings them back")
        self.clear_button.clicked.connect(self._clear)
        self.reviewed_button = QPushButton()
        self.reviewed_button.setToolTip("Take the corrected counts of the pictures marked reviewed, as they are now")
        self.reviewed_button.clicked.connect(self._take_reviewed)
        self.import_button = QPushButton("Import a&nnotations …")
        self.import_button.clicked.connect(self.import_wanted)
        hint = QLabel(
            "Type what you counted yourself; leave empty what you did not count. Enter goes down, and columns can be "
            "pasted from a spreadsheet. The program's counts are not shown here, so that they do not lead you. Tick "
            "pictures to check only those."
        )
        hint.setObjectName("faint")
        hint.setWordWrap(True)
        self.refusal = QLabel()
        self.refusal.setObjectName("caution")
        self.refusal.setWordWrap(True)
        self.refusal.hide()
        self.grid.refused.connect(self._on_refused)
        below = QHBoxLayout()
        for widget in (self.picture, self.used, self.clear_button):
            below.addWidget(widget)
        below.addStretch(1)
        below.addWidget(self.reviewed_button)
        below.addWidget(self.import_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.addWidget(hint)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.refusal)
        layout.addLayout(below)
        self.grid.selectionModel().currentChanged.connect(lambda *_: self._show_truths())
        self.model.dataChanged.connect(lambda *_: self._show_truths())
        self.model.modelReset.connect(self._show_truths)
        self._later = Debounce(0, self._show_reviewed, self)
        self._document.image_changed.connect(lambda *_: self._later.start())
        self._show_truths()

    @property
    def entry(self) -> Entry | None:
        """The picture of the current row."""
        return self.model.entry(self.grid.currentIndex().row())

    def go_to(self, image: int, column: int = 1) -> None:
        """Make a picture the current one, ready to type its count."""
        entry = self._document.entry(image)
        if entry is not None:
            index = self.model.index(entry.row, column)
            self.grid.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.grid.scrollTo(index)

    def _show_truths(self) -> None:
        """Offer the truths of the current picture."""
        entry = self.entry
        truths = self._document.truths.all_of(entry.id) if entry else {}
        self.used.clear()
        for source, truth in truths.items():
            self.used.addItem(describe(truth), source)
        if TruthSource.TYPED not in truths:
            self.used.addItem("typed totals", TruthSource.TYPED)
        self.refusal.hide()
        self.used.setEnabled(entry is not None and self._document.writable)
        self.clear_button.setEnabled(bool(truths) and self._document.writable)
        name = entry.path.name if entry else ""
        shown = self.picture.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
        self.picture.setText(f"{shown}:" if entry else "")
        self.picture.setToolTip(name)
        self._show_reviewed()

    def _on_refused(self, row: int) -> None:
        """Say why a number that was typed is not taken."""
        entry = self.model.entry(row)
        truth = self._document.truths.of(entry.id) if entry is not None else None
        if entry is not None and truth is not None:
            self.refusal.setText(
                f"What you type is not taken: the counts of {entry.path.name} come from cells with a place "
                f"({describe(truth)}). To type totals instead, choose “typed totals” below; the others are kept."
            )
            self.refusal.show()

    def _show_reviewed(self) -> None:
        left = self._untaken()
        self.reviewed_button.setVisible(bool(left))
        self.reviewed_button.setText(f"Take &reviewed pictures ({len(left)})")

    def _untaken(self) -> list[Entry]:
        """Return the reviewed pictures without a truth: those that were reviewed before truths were kept."""
        truths = self._document.truths
        return [entry for entry in self._document.entries if entry.reviewed and truths.of(entry.id) is None]

    def _take_reviewed(self) -> None:
        for entry in self._untaken():
            self._document.truths.keep_review(entry)

    def _on_used(self, place: int) -> None:
        entry = self.entry
        if entry is None:
            return
        source = TruthSource(self.used.itemData(place))  # Qt gives a plain text back
        if source is TruthSource.TYPED and TruthSource.TYPED not in self._document.truths.all_of(entry.id):
            self._document.truths.put(entry.id, GroundTruth.typed({}))
        else:
            self._document.truths.choose(entry.id, source)

    def _clear(self) -> None:
        rows = {index.row() for index in self.grid.selectionModel().selectedIndexes()} | {
            self.grid.currentIndex().row()
        }
        self._document.truths.take_away(entry.id for entry in map(self.model.entry, sorted(rows)) if entry is not None)
