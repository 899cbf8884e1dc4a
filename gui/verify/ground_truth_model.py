"""The manual counts as a table: images by classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QGuiApplication, QPalette

from core.numbers import NumberError, read_number
from core.text import gettext, ngettext
from core.verification.ground_truth import TruthSource
from gui.workspace.ground_truth import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

_Index = QModelIndex | QPersistentModelIndex
_LARGEST = 10_000_000
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


class TruthModel(QAbstractTableModel):
    """The images of the session, a person's count of each class, and where it comes from.

    Totals are typed here. The program's own counts are not shown, so that they cannot lead the person.
    """

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._verifier = verifier = workspace.verifier
        self._workspace = workspace
        self._classes: tuple[str, ...] = ()
        for signal in (
            self._workspace.images.changed,
            self._workspace.inference.model_changed,
            self._workspace.store.session_changed,
        ):
            signal.connect(self.reset)
        self._workspace.truths.changed.connect(self._on_truth_changed)
        verifier.options_changed.connect(self._on_options_changed)
        self.reset()

    def reset(self) -> None:
        """Show the images of the session anew."""
        self.beginResetModel()
        self._classes = self._workspace.settings.classes
        self.endResetModel()

    def item(self, row: int) -> ImageItem | None:
        """Return the image of a row."""
        items = self._workspace.images.items
        return items[row] if 0 <= row < len(items) else None

    def is_count(self, column: int) -> bool:
        """Tell whether a column has the counts of a class."""
        return 0 < column <= len(self._classes)

    # -- what Qt asks --------------------------------------------------------------------------------

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._workspace.images.items)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._classes) + 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            side = Qt.AlignmentFlag.AlignRight if self.is_count(section) else Qt.AlignmentFlag.AlignLeft
            return side | _MIDDLE
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return section + 1
        return ("Image", *self._classes, gettext("Counted by"))[section] if section < self.columnCount() else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == 0:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        item = self.item(index.row())
        if self.is_count(index.column()) and item is not None and self._may_type(item):
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.item(index.row())
        if item is None:
            return None
        column, truth = index.column(), self._workspace.truths.used(item.id)
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            ticked = item.id in self._verifier.options.ticked
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if column == 0:
                return item.path.name
            if self.is_count(column):
                count = None if truth is None else truth.counts_for(self._classes)[column - 1]
                return "" if count is None else str(count)
            return "" if truth is None or not truth.classes else describe(truth)
        if role == Qt.ItemDataRole.TextAlignmentRole and self.is_count(column):
            return Qt.AlignmentFlag.AlignRight | _MIDDLE
        if role == Qt.ItemDataRole.ForegroundRole and column > 0 and not self._may_type(item):
            return QBrush(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(item, column)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        item = self.item(index.row())
        if item is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            ticked = self._verifier.options.ticked
            on = Qt.CheckState(value) == Qt.CheckState.Checked
            self._verifier.set_options(ticked=ticked | {item.id} if on else ticked - {item.id})
            return True
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        number = _number(str(value))
        if number is None:
            return False
        return self._type(item, {self._classes[index.column() - 1]: number})

    # -- typing ----------------------------------------------------------------------------------------

    def paste(self, row: int, column: int, cells: Sequence[Sequence[str]]) -> int:
        """Type a block of numbers from a place on, as it comes from a spreadsheet; return how many were taken.

        What is no number is left out, such as headings, and so are images whose counts are not typed.
        """
        totals: dict[int, dict[str, int]] = {}
        taken = 0
        for item, texts in zip(self._workspace.images.items[row:], cells, strict=False):
            names = self._classes[max(column, 1) - 1 :]
            numbers = {name: _number(text) for name, text in zip(names, texts, strict=False)}
            good = {name: number for name, number in numbers.items() if number is not None}
            changed = self._typed(item, good) if good and self._may_type(item) else None
            if changed is not None:
                totals[item.id] = changed
                taken += len(good)
        text = ngettext("Type the counts of {n:,} image", "Type the counts of {n:,} images", len(totals))
        return taken if self._workspace.truths.set_totals(totals, text.format(n=len(totals))) else 0

    def refuses(self, index: _Index) -> bool:
        """Tell whether a count cannot be typed at a place because it comes from cells with a place."""
        item = self.item(index.row()) if index.isValid() else None
        if item is None or not self.is_count(index.column()) or not self._workspace.store.writable:
            return False
        return not self._may_type(item)

    def _may_type(self, item: ImageItem) -> bool:
        truth = self._workspace.truths.used(item.id)
        return self._workspace.store.writable and (truth is None or truth.source is TruthSource.TYPED)

    def _typed(self, item: ImageItem, numbers: dict[str, int]) -> dict[str, int] | None:
        """Return the totals of an image with other numbers of some classes (-1: none); None if they are the same."""
        truth = self._workspace.truths.used(item.id)
        before = {} if truth is None else truth.counts()
        totals = {**before, **numbers}
        totals = {name: totals[name] for name in self._classes if totals.get(name, -1) >= 0}
        return None if totals == before else totals

    def _type(self, item: ImageItem, numbers: dict[str, int]) -> bool:
        totals = self._typed(item, numbers)
        if totals is None:
            return False
        text = ", ".join(f"{name} {number:,}" for name, number in totals.items()) or gettext("nothing")
        return self._workspace.truths.set_totals(
            {item.id: totals}, gettext("Counted by hand: {counts}").format(counts=text)
        )

    # -- what changes ------------------------------------------------------------------------------------

    def _on_truth_changed(self, image: int) -> None:
        row = self._workspace.images.position(image)
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def _on_options_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def _tip(self, item: ImageItem, column: int) -> str:
        if column == 0:
            return gettext("{path}\nTick it to verify only the ticked images (Space)").format(path=item.path)
        if self.is_count(column) and not self._may_type(item):
            return gettext("These come from cells with a place. To type totals, choose “typed totals” below.")
        return ""


def _number(text: str) -> int | None:
    """Return a typed count; -1 for an empty one, None if it is no count."""
    if not text.strip():
        return -1
    try:
        value = int(read_number(text, whole=True))
    except NumberError:
        return None
    return value if 0 <= value <= _LARGEST else None
