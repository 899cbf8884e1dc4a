"""The first page of the verification: your counts beside the program's, image by image, and how they sum up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.text import gettext
from core.verification.ground_truth import GroundTruth, TruthSource, describe
from gui.tasks import Debounce
from gui.verify.comparison_model import ComparisonModel
from gui.verify.grid import CountGrid, Totals
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from core.classes import Palette
    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

_NAME_WIDTH = 240  # pixels of a file name


class ComparisonPage(QWidget):
    """The comparison of all images, where totals are typed, and the ground truths of the current one."""

    import_wanted = Signal()
    image_wanted = Signal(object)  # id
    count_wanted = Signal(object)  # id, or None for the image that is shown

    def __init__(self, workspace: Workspace, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._palette = palette
        self.model = ComparisonModel(workspace, self)
        self.grid = CountGrid(self.model)
        self.totals = Totals(self.grid)
        self._build()
        self.grid.refused.connect(self._on_refused)
        self.grid.image_wanted.connect(self._on_image_wanted)
        self.grid.selectionModel().currentChanged.connect(lambda *_: self._show_truths())
        self.model.dataChanged.connect(lambda *_: self._show_truths())
        self.model.modelReset.connect(self._on_reset)
        self._later = Debounce(0, self._show_reviewed, self)
        self._workspace.images.item_changed.connect(self._on_item_changed)
        self._on_reset()

    def _build(self) -> None:
        self.hint = QLabel(
            gettext(
                "Type what you counted, or count by hand on the image; leave empty what you did not count. The "
                "program's count of a class appears once you have yours. Enter goes down; columns can be pasted."
            )
        )
        self.hint.setObjectName("faint")
        self.refusal = QLabel()
        self.refusal.setObjectName("caution")
        self._above = QStackedWidget()  # both in the same room: nothing below moves
        for label in (self.hint, self.refusal):
            label.setWordWrap(True)
            self._above.addWidget(label)
        self._above.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 14)
        self.used = QuietComboBox()
        self.used.setAccessibleName(gettext("Which ground truth of the image is used"))
        self.used.setToolTip(gettext("An image can have several counts of yours; this one is compared"))
        self.used.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.used.activated.connect(self._on_used)
        self.image_name = QLabel()
        self.clear_button = QPushButton(gettext("&Clear"))
        self.clear_button.setToolTip(
            gettext("Remove your counts of the selected images; undo (Ctrl+Z) brings them back")
        )
        self.clear_button.clicked.connect(self._clear)
        self.reviewed_button = QPushButton()
        self.reviewed_button.setToolTip(
            gettext("Use the corrected counts of the images marked reviewed, as they are now")
        )
        self.reviewed_button.clicked.connect(self._take_reviewed)
        self.count_button = QPushButton(gettext("Count by &hand"))
        self.count_button.setToolTip(
            gettext("Click each cell on this image; the program's count can be hidden meanwhile")
        )
        self.count_button.clicked.connect(self._on_count_wanted)
        self.import_button = QPushButton(gettext("Import a&nnotations…"))
        self.import_button.clicked.connect(self.import_wanted)
        below = QHBoxLayout()
        for widget in (self.image_name, self.used, self.clear_button):
            below.addWidget(widget)
        below.addStretch(1)
        for button in (self.reviewed_button, self.count_button, self.import_button):
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._above)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.totals)
        layout.addLayout(below)

    @property
    def item(self) -> ImageItem | None:
        """The image of the current row."""
        return self.model.item(self.grid.currentIndex().row())

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self.grid.header.set_palette(palette)

    def go_to(self, image: int, class_name: str = "") -> None:
        """Make an image the current one, ready to type its count."""
        item, classes = self._workspace.images.item(image), self.model.classes
        if item is not None and classes:
            column = self.model.column_of(class_name or classes[0])
            index = self.model.index(self._workspace.images.position(item.id), column)
            self.grid.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.grid.scrollTo(index)

    # -- what is shown ---------------------------------------------------------------------------------

    def _on_reset(self) -> None:
        self.grid.header.set_palette(self._palette)
        self._show_truths()

    def _show_truths(self) -> None:
        """Offer the truths of the current image."""
        item = self.item
        truths = self._workspace.truths.all(item.id) if item else {}
        self.used.clear()
        for source, truth in truths.items():
            self.used.addItem(describe(truth), source)
        if TruthSource.TYPED not in truths:
            self.used.addItem(gettext("typed counts"), TruthSource.TYPED)
        self._above.setCurrentWidget(self.hint)
        writable = self._workspace.store.writable
        self.used.setEnabled(item is not None and writable)
        self.clear_button.setEnabled(bool(truths) and writable)
        self.count_button.setEnabled(bool(self._workspace.images.items) and writable)
        name = item.path.name if item else gettext("No image selected")
        shown = self.image_name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
        self.image_name.setText(f"{shown}:" if item else shown)
        self.image_name.setToolTip(name)
        self._show_reviewed()

    def _on_refused(self, row: int) -> None:
        """Say why a number that was typed is not taken."""
        item = self.model.item(row)
        truth = self._workspace.truths.used(item.id) if item is not None else None
        if item is not None and truth is not None:
            self.refusal.setText(
                gettext(
                    "What you type is not taken: the counts of {path} come from cells with a place "
                    "({describe}). To type counts instead, choose “typed counts” below; the others are kept."
                ).format(path=item.path.name, describe=describe(truth))
            )
            self._above.setCurrentWidget(self.refusal)

    def _on_item_changed(self, _image: int) -> None:
        self._later.start_unless_due()

    def _show_reviewed(self) -> None:
        left = self._untaken()
        self.reviewed_button.setVisible(bool(left))
        self.reviewed_button.setText(gettext("Use &reviewed images ({n})").format(n=len(left)))

    def _untaken(self) -> list[ImageItem]:
        """Return the reviewed images without a truth: those that were reviewed before truths were kept."""
        truths = self._workspace.truths
        return [item for item in self._workspace.images.items if item.reviewed and truths.used(item.id) is None]

    # -- what the user does ----------------------------------------------------------------------------

    def _on_image_wanted(self, row: int) -> None:
        item = self.model.item(row)
        if item is not None:
            self.image_wanted.emit(item.id)

    def _on_count_wanted(self) -> None:
        item = self.item
        self.count_wanted.emit(item.id if item is not None else None)

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
