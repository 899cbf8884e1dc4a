"""The manual counts as a table: pictures by classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QGuiApplication, QPalette

from core.session.values import SessionError
from core.verification.ground_truth import GroundTruth, TruthSource
from gui.workspace.ground_truth import describe
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from gui.workspace.document import Document
    from gui.workspace.images import Entry
    from gui.workspace.verification.verifier import Verifier

_Index = QModelIndex | QPersistentModelIndex
_LARGEST = 10_000_000
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


class TruthModel(QAbstractTableModel):
    """The pictures of the session, a person's count of each class, and where it comes from.

    Totals are typed here. The program's own counts are not shown, so that they cannot lead the person.
    """

    def __init__(self, verifier: Verifier, parent: QObject) -> None:
        super().__init__(parent)
        self._verifier = verifier
        self._document: Document = verifier.document
        self._classes: tuple[str, ...] = ()
        for signal in (self._document.images_changed, self._document.model_changed, self._document.session_changed):
            signal.connect(self.reset)
        self._document.truths.changed.connect(self._on_truth_changed)
        verifier.options_changed.connect(self._on_options_changed)
        self.reset()

    def reset(self) -> None:
        """Show the pictures of the session anew."""
        self.beginResetModel()
        self._classes = self._document.classes
        self.endResetModel()

    def entry(self, row: int) -> Entry | None:
        """Return the picture of a row."""
        entries = self._document.entries
        return entries[row] if 0 <= row < len(entries) else None

    def is_count(self, column: int) -> bool:
        """Tell whether a column has the counts of a class."""
        return 0 < column <= len(self._classes)

    # -- what Qt asks --------------------------------------------------------------------------------

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._document.entries)

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
        return ("Picture", *self._classes, "Counted by")[section] if section < self.columnCount() else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == 0:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        entry = self.entry(index.row())
        if self.is_count(index.column()) and entry is not None and self._may_type(entry):
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index.row())
        if entry is None:
            return None
        column, truth = index.column(), self._document.truths.of(entry.id)
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            ticked = entry.id in self._verifier.options.ticked
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if column == 0:
                return entry.path.name
            if self.is_count(column):
                count = None if truth is None else truth.counts_for(self._classes)[column - 1]
                return "" if count is None else str(count)
            return "" if truth is None or not truth.classes else describe(truth)
        if role == Qt.ItemDataRole.TextAlignmentRole and self.is_count(column):
            return Qt.AlignmentFlag.AlignRight | _MIDDLE
        if role == Qt.ItemDataRole.ForegroundRole and column > 0 and not self._may_type(entry):
            return QBrush(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry, column)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry = self.entry(index.row())
        if entry is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            ticked = self._verifier.options.ticked
            on = Qt.CheckState(value) == Qt.CheckState.Checked
            self._verifier.set_options(ticked=ticked | {entry.id} if on else ticked - {entry.id})
            return True
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        number = _number(str(value))
        if number is None:
            return False
        return self._type(entry, {self._classes[index.column() - 1]: number})

    # -- typing ----------------------------------------------------------------------------------------

    def paste(self, row: int, column: int, cells: Sequence[Sequence[str]]) -> int:
        """Type a block of numbers from a place on, as it comes from a spreadsheet; return how many were taken.

        What is no number is left out, such as headings, and so are pictures whose counts are not typed.
        """
        session, taken = self._document.session, 0
        if session is None:
            return 0
        try:
            with session.together():
                for entry, texts in zip(self._document.entries[row:], cells, strict=False):
                    names = self._classes[max(column, 1) - 1 :]
                    numbers = {name: _number(text) for name, text in zip(names, texts, strict=False)}
                    good = {name: number for name, number in numbers.items() if number is not None}
                    if good and self._may_type(entry) and self._type(entry, good):
                        taken += len(good)
        except SessionError as error:
            self._document.message.emit(Level.ERROR, str(error))
        return taken

    def refuses(self, index: _Index) -> bool:
        """Tell whether a count cannot be typed at a place because it comes from cells with a place."""
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None or not self.is_count(index.column()) or not self._document.writable:
            return False
        return not self._may_type(entry)

    def _may_type(self, entry: Entry) -> bool:
        truth = self._document.truths.of(entry.id)
        return self._document.writable and (truth is None or truth.source is TruthSource.TYPED)

    def _type(self, entry: Entry, numbers: dict[str, int]) -> bool:
        """Type totals of some classes; a negative number is one that was taken away."""
        truth = self._document.truths.of(entry.id)
        before = {} if truth is None else truth.counts()
        totals = {**before, **numbers}
        totals = {name: totals[name] for name in self._classes if totals.get(name, -1) >= 0}
        if totals == before:
            return False
        if totals:
            text = ", ".join(f"{name} {number}" for name, number in totals.items())
            self._document.truths.put(entry.id, GroundTruth.typed(totals), f"Counted by hand: {text}")
        else:
            self._document.truths.clear(entry.id, TruthSource.TYPED)
        return True

    # -- what changes ------------------------------------------------------------------------------------

    def _on_truth_changed(self, image: int) -> None:
        entry = self._document.entry(image)
        if entry is not None:
            self.dataChanged.emit(self.index(entry.row, 0), self.index(entry.row, self.columnCount() - 1))

    def _on_options_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def _tip(self, entry: Entry, column: int) -> str:
        if column == 0:
            return f"{entry.path}\nTick it to verify only the ticked pictures (Space)"
        if self.is_count(column) and not self._may_type(entry):
            return "These come from cells with a place. To type totals, choose “typed totals” below."
        return ""


def _number(text: str) -> int | None:
    """Return a typed count; -1 for an empty one, None if it is no count."""
    plain = "".join(text.split()).replace("'", "")
    if not plain:
        return -1
    return int(plain) if plain.isascii() and plain.isdigit() and int(plain) <= _LARGEST else None
