"""Where a person types their own counts, and sees which ground truth each image has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from core.verification.ground_truth import GroundTruth, TruthSource
from gui.tasks import Debounce
from gui.verify.ground_truth_model import TruthModel
from gui.widgets.numbers import NumberEdit
from gui.widgets.wheel_safe import QuietComboBox
from gui.workspace.ground_truth import describe

if TYPE_CHECKING:
    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

_LARGEST = 9_999_999
_NAME_WIDTH = 280  # pixels of a file name
_Index = QModelIndex | QPersistentModelIndex


class _CountEditor(QStyledItemDelegate):
    """Takes whole numbers, or nothing."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = NumberEdit(parent, largest=_LARGEST, whole=True)
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.setFrame(False)
        editor.setAccessibleName(gettext("Your count"))
        return editor


class CountGrid(QTableView):
    """The table of manual counts: Enter goes down, Delete empties, columns can be pasted."""

    refused = Signal(int)  # row of an image where a count was typed that is not typed there

    def __init__(self, model: TruthModel) -> None:
        super().__init__()
        self.truth_model = model
        self.setModel(model)
        self.setItemDelegate(_CountEditor(self))
        self.setObjectName("figures")
        self.setAccessibleName(gettext("Your own counts"))
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
        header.setResizeContentsPrecision(50)  # of thousands of images not all are measured
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
    """The manual counts of all images, and the truths of the current one."""

    import_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.model = TruthModel(workspace, self)
        self.grid = CountGrid(self.model)
        self.used = QuietComboBox()
        self.used.setAccessibleName(gettext("Which truth of the image is used"))
        self.used.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.used.activated.connect(self._on_used)
        self.picture = QLabel()
        self.clear_button = QPushButton(gettext("&Clear"))
        self.clear_button.setToolTip(
            gettext("Take the truths of the selected images away; undo (Ctrl+Z) brings them back")
        )
        self.clear_button.clicked.connect(self._clear)
        self.reviewed_button = QPushButton()
        self.reviewed_button.setToolTip(
            gettext("Take the corrected counts of the images marked reviewed, as they are now")
        )
        self.reviewed_button.clicked.connect(self._take_reviewed)
        self.import_button = QPushButton(gettext("Import a&nnotations …"))
        self.import_button.clicked.connect(self.import_wanted)
        hint = QLabel(
            gettext(
                "Type what you counted yourself; leave empty what you did not count. Enter goes down, and columns can "
                "be pasted from a spreadsheet. The program's counts are hidden here to keep your count unbiased. Tick "
                "images to check only those."
            )
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
        self._workspace.images.item_changed.connect(self._on_item_changed)
        self._show_truths()

    @property
    def item(self) -> ImageItem | None:
        """The image of the current row."""
        return self.model.item(self.grid.currentIndex().row())

    def go_to(self, image: int, column: int = 1) -> None:
        """Make an image the current one, ready to type its count."""
        item = self._workspace.images.item(image)
        if item is not None:
            index = self.model.index(self._workspace.images.position(item.id), column)
            self.grid.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.grid.scrollTo(index)

    def _show_truths(self) -> None:
        """Offer the truths of the current picture."""
        item = self.item
        truths = self._workspace.truths.all(item.id) if item else {}
        self.used.clear()
        for source, truth in truths.items():
            self.used.addItem(describe(truth), source)
        if TruthSource.TYPED not in truths:
            self.used.addItem(gettext("typed totals"), TruthSource.TYPED)
        self.refusal.hide()
        self.used.setEnabled(item is not None and self._workspace.store.writable)
        self.clear_button.setEnabled(bool(truths) and self._workspace.store.writable)
        name = item.path.name if item else ""
        shown = self.picture.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
        self.picture.setText(f"{shown}:" if item else "")
        self.picture.setToolTip(name)
        self._show_reviewed()

    def _on_refused(self, row: int) -> None:
        """Say why a number that was typed is not taken."""
        item = self.model.item(row)
        truth = self._workspace.truths.used(item.id) if item is not None else None
        if item is not None and truth is not None:
            self.refusal.setText(
                gettext(
                    "What you type is not taken: the counts of {path} come from cells with a place "
                    "({describe}). To type totals instead, choose “typed totals” below; the others are kept."
                ).format(path=item.path.name, describe=describe(truth))
            )
            self.refusal.show()

    def _on_item_changed(self, _image: int) -> None:
        self._later.start_unless_due()

    def _show_reviewed(self) -> None:
        left = self._untaken()
        self.reviewed_button.setVisible(bool(left))
        self.reviewed_button.setText(gettext("Take &reviewed images ({n})").format(n=len(left)))

    def _untaken(self) -> list[ImageItem]:
        """Return the reviewed images without a truth: those that were reviewed before truths were kept."""
        truths = self._workspace.truths
        return [item for item in self._workspace.images.items if item.reviewed and truths.used(item.id) is None]

    def _take_reviewed(self) -> None:
        self._workspace.truths.take_review(self._untaken())

    def _on_used(self, place: int) -> None:
        item = self.item
        if item is None:
            return
        source = TruthSource(self.used.itemData(place))  # Qt gives a plain text back
        if source is TruthSource.TYPED and TruthSource.TYPED not in self._workspace.truths.all(item.id):
            self._workspace.truths.set(item.id, GroundTruth.typed({}), gettext("Ground truth: type totals"))
        else:
            self._workspace.truths.choose(item.id, source)

    def _clear(self) -> None:
        rows = {index.row() for index in self.grid.selectionModel().selectedIndexes()} | {
            self.grid.currentIndex().row()
        }
        self._workspace.truths.clear_used(item.id for item in map(self.model.item, sorted(rows)) if item is not None)
