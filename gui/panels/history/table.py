"""The table of the history: when, who, what, on which picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QModelIndex,
    QRect,
    Qt,
    Slot,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from core.text import gettext
from gui.widgets.names import Names
from gui.widgets.tables import Column, CopyTable, Index, ValueTableModel
from gui.widgets.window_keys import LeavesLetters
from gui.workspace.history import HistoryLine

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gui.workspace.workspace import Workspace

_BATCH = 200
_WHEN, _WHO, _WHAT, _PICTURE = range(4)
_WIDE_ENOUGH_FOR_ONE_LINE = 560
_CELL_PADDING = 18


def _when(row: HistoryLine) -> str:
    return f"{row.time.astimezone():%Y-%m-%d %H:%M:%S}"


class HistoryModel(ValueTableModel["HistoryLine"]):
    """The lines of the history, the latest first, read in batches as they are scrolled to."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        columns = (
            Column[HistoryLine](gettext("When"), _when, number=False),
            Column[HistoryLine](gettext("Who"), lambda row: row.user or "–", number=False),
            Column[HistoryLine](gettext("What"), self.what, number=False),
            Column[HistoryLine](gettext("Image"), lambda row: row.path.name if row.path else "", number=False),
        )
        super().__init__(columns, parent)
        self.two_lines = False
        self._workspace = workspace
        self._image: int | None = None
        self._more = False
        self._takes_back: dict[int, bool] = {}
        self._names: Names | None = None
        workspace.images.changed.connect(self._forget_names)

    @property
    def names(self) -> Names:
        """The names of all images, to be shortened where they do not differ."""
        if self._names is None:
            self._names = Names(item.path.name for item in self._workspace.images.items)
        return self._names

    @Slot()
    def _forget_names(self) -> None:
        self._names = None

    def read(self, image: int | None) -> None:
        """Read the history of an image, or of all (None), from its latest line."""
        self.beginResetModel()
        self._image = image
        self._takes_back.clear()
        self.rows = self._history(_BATCH)
        self._more = len(self.rows) == _BATCH
        self.endResetModel()

    def _history(self, limit: int, before: int | None = None) -> list[HistoryLine]:
        rows = self._workspace.history.lines(self._image, limit, before)
        for row in reversed(rows):
            self._takes_back[row.number] = self._is_undo(row)
        return rows

    def _is_undo(self, row: HistoryLine) -> bool:
        """Tell whether a line takes another back; one that takes such a line back makes the correction again."""
        steps = 0
        while row.undoes is not None and row.undoes not in self._takes_back:
            earlier = self._workspace.history.lines(None, 1, before=row.undoes + 1)
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

    def canFetchMore(self, parent: Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: Index) -> None:
        if not self.rows:
            return
        older = self._history(_BATCH, before=self.rows[-1].number)
        self._more = len(older) == _BATCH
        if older:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(older) - 1)
            self.rows += older
            self.endInsertRows()

    def what(self, row: HistoryLine) -> str:
        """Return what was done, or what was taken back or made again."""
        if row.undoes is None:
            return row.text
        text = gettext("Undo: {edit}") if self._takes_back[row.number] else gettext("Redo: {edit}")
        return text.format(edit=row.text)

    def shown(self, row: int, column: int) -> str:
        if column == _WHEN and self.two_lines:
            return f"{self.rows[row].time.astimezone():%H:%M:%S\n%Y-%m-%d}"
        return "" if column == _WHAT and self.two_lines else super().shown(row, column)

    def tip(self, row: int, column: int) -> str:
        one = self.rows[row]
        if column == _WHEN:
            return one.time.astimezone().isoformat(timespec="seconds")
        if column == _PICTURE and one.path:
            return str(one.path)
        return self.columns[column].text(one)


class _RowPainter(QStyledItemDelegate):
    """Shortens names of images in their middle; in a narrow table, who and which image are a second line."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        model = index.model()
        assert isinstance(model, HistoryModel)
        if index.column() == _PICTURE:
            option.text = model.names.fitting(option.text, option.rect.width() - _CELL_PADDING, option.fontMetrics)
        aside = model.rows[index.row()].undoes is not None or index.column() in (_WHEN, _PICTURE)
        if aside and index.column() != _WHO:
            option.palette.setColor(QPalette.ColorRole.Text, option.palette.color(QPalette.ColorRole.PlaceholderText))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
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
        who = f"{row.user} · " if row.user and row.path else row.user
        room = width - option.fontMetrics.horizontalAdvance(who)
        picture = model.names.fitting(row.path.name, room, option.fontMetrics) if row.path else ""
        painter.save()
        painter.setFont(option.font)
        painter.setPen(ink)
        what = option.fontMetrics.elidedText(model.what(row), Qt.TextElideMode.ElideRight, width)
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, what)
        painter.setPen(faint)
        painter.drawText(first.translated(0, line), Qt.AlignmentFlag.AlignVCenter, who + picture)
        painter.restore()


class HistoryTable(LeavesLetters, CopyTable):
    """The history as a table; leaves letters and numbers to the window."""

    def __init__(self, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(gettext("History"), parent)
        self._model = model
        self._one_picture = False
        self.setModel(model)
        self.setItemDelegate(_RowPainter(self))
        self.setObjectName("historyTable")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_columns()
