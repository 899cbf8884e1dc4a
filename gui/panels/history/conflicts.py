"""The list of conflicts: where a correction and a later count do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QItemSelectionModel,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from gui.widgets.tables import Column, Index, ValueTableModel
from gui.widgets.window_keys import LeavesLetters
from gui.workspace.conflicts import Conflict

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace


class ConflictModel(ValueTableModel["Conflict"]):
    """The open conflicts as rows."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__((Column[Conflict](gettext("Conflict"), lambda row: row.text, number=False),), parent)
        self._workspace = workspace

    def read(self) -> None:
        """Take the conflicts that are open now."""
        self.show(self._workspace.conflicts.all)

    def tip(self, row: int, column: int) -> str:
        item = self._workspace.images.item(self.rows[row].image)
        return str(item.path) if item else ""

    def look(self, row: int, column: int, role: int) -> Any:
        spoken = role == Qt.ItemDataRole.AccessibleTextRole
        return f"{self.rows[row].text} {self.image_of(row)}" if spoken else None

    def image_of(self, row: int) -> str:
        """Return the name of the image of a conflict."""
        item = self._workspace.images.item(self.rows[row].image)
        return item.path.name if item else gettext("not on the list")


class _ConflictPainter(QStyledItemDelegate):
    """The sentence on as many lines as it needs, and below it the picture."""

    _MARGIN = 8

    def _sentence_height(self, option: QStyleOptionViewItem, text: str, width: int) -> int:
        room = QRect(0, 0, max(width - 2 * self._MARGIN, 40), 10_000)
        return option.fontMetrics.boundingRect(room, Qt.TextFlag.TextWordWrap.value, text).height()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = self.parent()
        assert isinstance(view, QListView)
        width = view.viewport().width()
        height = self._sentence_height(option, str(index.data()), width)
        return QSize(0, height + option.fontMetrics.lineSpacing() + 2 * self._MARGIN + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, ConflictModel)
        palette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setFont(option.font)
        if selected:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.AlternateBase))
        text = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        faint = QColor(text) if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        area = option.rect.adjusted(self._MARGIN, self._MARGIN, -self._MARGIN, -self._MARGIN)
        line = option.fontMetrics.lineSpacing()
        painter.setPen(text)
        painter.drawText(area.adjusted(0, 0, 0, -line - 2), Qt.TextFlag.TextWordWrap.value, str(index.data()))
        painter.setPen(faint)
        name = option.fontMetrics.elidedText(model.image_of(index.row()), Qt.TextElideMode.ElideMiddle, area.width())
        below = QRect(area.x(), area.bottom() - line, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        if index.row() < model.rowCount() - 1 and not selected:
            rule = QColor(palette.color(QPalette.ColorRole.PlaceholderText))
            rule.setAlpha(60)
            painter.setPen(QPen(rule, 1))
            painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.restore()


class ConflictPage(QWidget):
    """Walks the person through the conflicts, one after the other."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.model = ConflictModel(workspace, self)
        intro = QLabel(
            gettext(
                "After counting again, the model does not agree with your corrections about these cells. "
                "Your corrections were kept; look at each cell once more."
            )
        )
        intro.setObjectName("faint")
        intro.setWordWrap(True)
        self.list = _ConflictList(self.model)
        self.previous = QPushButton(gettext("Previous"))
        self.next = QPushButton(gettext("Next"))
        self.done = QPushButton(gettext("Done"))
        self.done.setToolTip(gettext("Mark as seen: remove it from this list and show the next"))
        self.empty = QLabel(gettext("Your corrections and the counts agree: there is nothing to look at."))
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        buttons = QHBoxLayout()
        buttons.addWidget(self.previous)
        buttons.addWidget(self.next)
        buttons.addStretch(1)
        buttons.addWidget(self.done)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(intro)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.previous.clicked.connect(lambda *_: self._walk(-1))
        self.next.clicked.connect(lambda *_: self._walk(1))
        self.done.clicked.connect(lambda *_: self._resolve())
        self.list.clicked.connect(lambda *_: self._go_to_current())
        self.refresh()

    def refresh(self) -> None:
        """Show the conflicts that are open now; the marked one stays marked, or else its successor is."""
        row = self._row()
        number = self.model.rows[row].number if row >= 0 else None
        self.model.read()
        self.pages.setCurrentIndex(1 if self.model.rows else 0)
        if self.model.rows and row >= 0:
            again = [place for place, conflict in enumerate(self.model.rows) if conflict.number == number]
            self._mark(again[0] if again else min(row, len(self.model.rows) - 1))

    def _row(self) -> int:
        row = self.list.currentIndex().row()
        return row if row < len(self.model.rows) else -1

    def _mark(self, row: int) -> None:
        self.list.selectionModel().setCurrentIndex(
            self.model.index(row, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )

    def _walk(self, by: int) -> None:
        if self.model.rows:
            row = self._row()
            self._mark((row + by) % len(self.model.rows) if row >= 0 else (0 if by > 0 else len(self.model.rows) - 1))
            self._go_to_current()

    def _resolve(self) -> None:
        row = self._row()
        if row < 0:
            self._walk(1)
            return
        before = len(self.model.rows)
        self.workspace.conflicts.resolve(self.model.rows[row])
        if 0 < len(self.model.rows) < before:
            self._go_to_current()

    def _go_to_current(self) -> None:
        row = self._row()
        if row >= 0:
            conflict = self.model.rows[row]
            self.workspace.selection.show_cell(conflict.image, conflict.cell)


class _ConflictList(LeavesLetters, QListView):
    """The conflicts, one below the other; leaves letters and numbers to the window."""

    def __init__(self, model: ConflictModel) -> None:
        super().__init__()
        self.setObjectName("conflicts")
        self.setAccessibleName(gettext("Conflicts"))
        self.setModel(model)
        self.setItemDelegate(_ConflictPainter(self))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
