"""Who did what and when, and where a correction and a later count do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gui.session_holder import Level

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent

    from core.session_values import Conflict, HistoryRow
    from gui.document import Document

_BATCH = 200
_WHEN, _WHO, _WHAT, _PICTURE = range(4)
_HEADINGS = ("When", "Who", "What", "Picture")
_WIDE_ENOUGH_FOR_ONE_LINE = 560
_NOT_LISTED = "That picture is no longer on the list; open it again to see it."
_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractTableModel):
    """The lines of the history, the latest first, read in batches as they are scrolled to."""

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[HistoryRow] = []
        self.two_lines = False
        self._document = document
        self._image: int | None = None
        self._more = False
        self._takes_back: dict[int, bool] = {}

    def read(self, image: int | None) -> None:
        """Read the history of a picture, or of all (None), from its latest line."""
        self.beginResetModel()
        self._image = image
        self._takes_back.clear()
        self.rows = self._history(_BATCH)
        self._more = len(self.rows) == _BATCH
        self.endResetModel()

    def _history(self, limit: int, before: int | None = None) -> list[HistoryRow]:
        rows = self._document.history(self._image, limit, before)
        for row in reversed(rows):
            self._takes_back[row.number] = self._is_undo(row)
        return rows

    def _is_undo(self, row: HistoryRow) -> bool:
        """Tell whether a line takes another back; one that takes such a line back makes the correction again."""
        steps = 0
        while row.undoes is not None and row.undoes not in self._takes_back:
            earlier = self._document.history(None, 1, before=row.undoes + 1)
            if not earlier or earlier[0].number != row.undoes:
                return steps % 2 == 0
            row, steps = earlier[0], steps + 1
        undo = row.undoes is not None and not self._takes_back[row.undoes]
        return undo if steps % 2 == 0 else not undo

    def read_on(self) -> None:
        """Put the lines at the top that came since the last reading; the rest stays where it is."""
        latest = self._history(_BATCH)
        last = self.rows[0].number if self.rows else None
        new = next((place for place, row in enumerate(latest) if row.number == last), None)
        if new is None:
            self.read(self._image)
        elif new:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self.rows[:0] = latest[:new]
            self.endInsertRows()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def canFetchMore(self, parent: _Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        if not self.rows:
            return
        older = self._history(_BATCH, before=self.rows[-1].number)
        self._more = len(older) == _BATCH
        if older:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(older) - 1)
            self.rows += older
            self.endInsertRows()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _HEADINGS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        return None

    def what(self, row: HistoryRow) -> str:
        """Return what was done, or what was taken back or made again."""
        if row.undoes is None:
            return row.text
        return f"{'Undo' if self._takes_back[row.number] else 'Redo'}: {row.text}"

    def _text(self, row: HistoryRow, column: int) -> str:
        if column == _WHEN:
            when = row.time.astimezone()
            return f"{when:%H:%M:%S\n%Y-%m-%d}" if self.two_lines else f"{when:%Y-%m-%d %H:%M:%S}"
        if column == _WHO:
            return row.person or "–"
        if column == _WHAT:
            return "" if self.two_lines else self.what(row)
        return row.path.name if row.path else ""

    def _tip(self, row: HistoryRow, column: int) -> str:
        if column == _WHEN:
            return row.time.astimezone().isoformat(timespec="seconds")
        if column == _PICTURE and row.path:
            return str(row.path)
        return self.what(row) if column == _WHAT else self._text(row, column)


class _RowPainter(QStyledItemDelegate):
    """Shortens names of pictures in their middle; in a narrow table, who and which picture are a second line."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        model = index.model()
        assert isinstance(model, HistoryModel)
        if index.column() == _PICTURE:
            option.textElideMode = Qt.TextElideMode.ElideMiddle
        aside = model.rows[index.row()].undoes is not None or index.column() in (_WHEN, _PICTURE)
        if aside and index.column() != _WHO:
            option.palette.setColor(QPalette.ColorRole.Text, option.palette.color(QPalette.ColorRole.PlaceholderText))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        model = index.model()
        assert isinstance(model, HistoryModel)
        if not model.two_lines or index.column() != _WHAT:
            return
        self.initStyleOption(option, index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = option.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        faint = ink if selected else option.palette.color(QPalette.ColorRole.PlaceholderText)
        line = option.fontMetrics.lineSpacing()
        width = option.rect.width() - 18
        first = QRect(option.rect.x() + 9, option.rect.center().y() - line + 1, width, line)
        row = model.rows[index.row()]
        who = f"{row.person} · " if row.person and row.path else row.person
        room = width - option.fontMetrics.horizontalAdvance(who)
        picture = option.fontMetrics.elidedText(row.path.name if row.path else "", Qt.TextElideMode.ElideMiddle, room)
        painter.save()
        painter.setFont(option.font)
        painter.setPen(ink)
        what = option.fontMetrics.elidedText(model.what(row), Qt.TextElideMode.ElideRight, width)
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, what)
        painter.setPen(faint)
        painter.drawText(first.translated(0, line), Qt.AlignmentFlag.AlignVCenter, who + picture)
        painter.restore()


class HistoryTable(QTableView):
    """The history as a table; leaves letters and numbers to the window."""

    def __init__(self, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._one_picture = False
        self.setModel(model)
        self.setItemDelegate(_RowPainter(self))
        self.setObjectName("historyTable")
        self.setAccessibleName("History")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)

    def fit_columns(self, *, one_picture: bool | None = None) -> None:
        """Share the width out; ``one_picture``: all rows are about the same one, which need not be told."""
        if one_picture is not None:
            self._one_picture = one_picture
        width, metrics, model = self.viewport().width(), self.fontMetrics(), self._model
        model.two_lines = width < _WIDE_ENOUGH_FOR_ONE_LINE
        lines = 2 if model.two_lines else 1
        self.verticalHeader().setDefaultSectionSize(lines * metrics.lineSpacing() + 12)
        self.setColumnWidth(
            _WHEN, metrics.horizontalAdvance("2000-00-00" if model.two_lines else "2000-00-00 00:00:00") + 26
        )
        self.setColumnHidden(_WHO, model.two_lines)
        self.setColumnHidden(_PICTURE, model.two_lines or self._one_picture)
        self.setColumnWidth(_WHO, min(width // 5, 160))
        self.setColumnWidth(_PICTURE, min(width // 3, 260))
        self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters and numbers are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_columns()


class ConflictModel(QAbstractListModel):
    """The open conflicts as rows."""

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Conflict] = []
        self._document = document

    def read(self) -> None:
        """Take the conflicts that are open now."""
        self.beginResetModel()
        self.rows = list(self._document.conflicts())
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        conflict = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return conflict.text
        if role == Qt.ItemDataRole.ToolTipRole:
            entry = self._document.entry(conflict.image)
            return str(entry.path) if entry else ""
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{conflict.text} {self.picture_of(index.row())}"
        return None

    def picture_of(self, row: int) -> str:
        """Return the name of the picture of a conflict."""
        entry = self._document.entry(self.rows[row].image)
        return entry.path.name if entry else "not on the list"


class _ConflictPainter(QStyledItemDelegate):
    """The sentence on as many lines as it needs, and below it the picture."""

    _MARGIN = 8

    def _sentence_height(self, option: QStyleOptionViewItem, text: str, width: int) -> int:
        room = QRect(0, 0, max(width - 2 * self._MARGIN, 40), 10_000)
        return option.fontMetrics.boundingRect(room, Qt.TextFlag.TextWordWrap.value, text).height()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        view = self.parent()
        assert isinstance(view, QListView)
        width = view.viewport().width()
        height = self._sentence_height(option, str(index.data()), width)
        return QSize(0, height + option.fontMetrics.lineSpacing() + 2 * self._MARGIN + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
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
        name = option.fontMetrics.elidedText(model.picture_of(index.row()), Qt.TextElideMode.ElideMiddle, area.width())
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

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.model = ConflictModel(document, self)
        intro = QLabel(
            "After counting again, the model does not agree with your corrections about these cells. "
            "Your corrections were kept; look at each cell once more."
        )
        intro.setObjectName("faint")
        intro.setWordWrap(True)
        self.list = _ConflictList(self.model)
        self.previous = QPushButton("Previous")
        self.next = QPushButton("Next")
        self.done = QPushButton("Done")
        self.done.setToolTip("You have looked at it: takes it off this list and shows the next")
        self.empty = QLabel("Your corrections and the counts agree: there is nothing to look at.")
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
            self.model.index(row), QItemSelectionModel.SelectionFlag.ClearAndSelect
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
        self.document.resolve_conflict(self.model.rows[row])
        if 0 < len(self.model.rows) < before:
            self._go_to_current()

    def _go_to_current(self) -> None:
        row = self._row()
        if row >= 0:
            conflict = self.model.rows[row]
            self.document.editing.go_to(conflict.image, conflict.cell)


class _ConflictList(QListView):
    """The conflicts, one below the other; leaves letters and numbers to the window."""

    def __init__(self, model: ConflictModel) -> None:
        super().__init__()
        self.setObjectName("conflicts")
        self.setAccessibleName("Conflicts")
        self.setModel(model)
        self.setItemDelegate(_ConflictPainter(self))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters and numbers are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)


class HistoryPanel(QWidget):
    """Who did what and when; and the conflicts of a count that was repeated."""

    name_wanted = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self._stale = True
        self.model = HistoryModel(document, self)
        self.signed = QLabel()
        self.signed.setTextFormat(Qt.TextFormat.PlainText)
        self.signed.setObjectName("className")
        self.signed.setWordWrap(True)
        self.change = QPushButton("Change …")
        self.change.setToolTip("The name that signs your corrections from now on")
        self.change.clicked.connect(lambda *_: self.name_wanted.emit())
        self.only_current = QCheckBox("Only this picture")
        self.only_current.toggled.connect(lambda *_: self._read_again())
        self.table = HistoryTable(self.model)
        self.table.doubleClicked.connect(self._on_double_click)
        self.empty = QLabel()
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        self.conflicts = ConflictPage(document)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("historyTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self._build_history(), "History")
        self.tabs.addTab(self.conflicts, "Conflicts")
        name = QHBoxLayout()
        name.setContentsMargins(10, 8, 8, 4)
        name.addWidget(self.signed, 1)
        name.addWidget(self.change)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(name)
        layout.addWidget(self.tabs, 1)
        self.setAccessibleName("History")
        document.history_changed.connect(self._on_history_changed)
        document.session_changed.connect(self._read_again)
        document.current_changed.connect(self._on_current_changed)
        document.conflicts_changed.connect(self._show_conflicts)
        document.images_changed.connect(self._show_conflicts)
        self.show_person()
        self._show_conflicts()

    def _build_history(self) -> QWidget:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.table)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 0)
        inset = QHBoxLayout()
        inset.setContentsMargins(10, 0, 8, 0)
        inset.addWidget(self.only_current)
        column.addLayout(inset)
        column.addWidget(self.pages, 1)
        return page

    def show_person(self) -> None:
        """Show who signs the corrections; call it when the document's ``person`` was changed."""
        person = self.document.person
        self.signed.setText(f"Signed as {person}" if person else "Your corrections bear no name")
        self.change.setText("Change …" if person else "Your name …")

    def show_conflicts(self) -> None:
        """Bring the conflicts to the front."""
        self.tabs.setCurrentWidget(self.conflicts)

    # -- what is shown -------------------------------------------------------------------------

    def _read_again(self) -> None:
        self._stale = True
        if self.isVisible():
            entry = self.document.current_entry
            only = self.only_current.isChecked()
            self._stale = False
            self.model.read(None if not only else entry.id if entry else -1)
            self.table.scrollToTop()
            self._show_state()

    def _show_state(self) -> None:
        self.show_person()
        self.empty.setText(
            "Nothing was done in this picture yet" if self.only_current.isChecked() else "Nothing was done yet"
        )
        self.pages.setCurrentIndex(1 if self.model.rows else 0)
        self.table.fit_columns(one_picture=self.only_current.isChecked())

    def _on_history_changed(self) -> None:
        if self.isVisible() and not self._stale:
            self.model.read_on()
            self._show_state()
        else:
            self._stale = True

    def _on_current_changed(self) -> None:
        if self.only_current.isChecked():
            self._read_again()

    def _show_conflicts(self) -> None:
        self.conflicts.refresh()
        count = len(self.conflicts.model.rows)
        self.tabs.setTabText(1, f"Conflicts ({count})" if count else "Conflicts")

    def _on_double_click(self, index: QModelIndex) -> None:
        image = self.model.rows[index.row()].image
        if image is None:
            return
        entry = self.document.entry(image)
        if entry is None:
            self.document.message.emit(Level.INFO, _NOT_LISTED)
        else:
            self.document.set_current(entry.row)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_person()
        if self._stale:
            self._read_again()
