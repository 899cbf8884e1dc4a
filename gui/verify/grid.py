"""The table of the comparison: counts are typed in it, and its totals stand below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPalette,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from core.text import gettext, ngettext, percent
from gui.verify.comparison_model import NAME, PARTS, TICK, ComparisonModel, Part, difference_text
from gui.widgets.colour import blend, readable
from gui.widgets.numbers import NumberEdit

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent
    from PySide6.QtWidgets import QScrollBar

    from core.classes import Palette
    from gui.widgets.tables import Index

_LARGEST = 9_999_999
_DOT, _GAP = 10, 6  # pixels of the colour of a class and beside it
_NUMBER_WIDTH, _NAME_WIDTH, _SOURCE_WIDTH = 66, 110, 96
_LONGEST_SOURCE = 160


def _line_colour(palette: QPalette) -> QColor:
    """Return the colour of thin lines on the ground of tables."""
    return blend(palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base), 0.22)


class ClassHeader(QHeaderView):
    """Headings in two lines: the class with its colour over its three columns."""

    def __init__(self, model: ComparisonModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._comparison = model
        self._colours: dict[str, QColor] = {}
        self.setHighlightSections(False)

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        classes = self._comparison.classes
        self._colours = {name: QColor(*palette.colour(classes, label)) for label, name in enumerate(classes)}
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        for name in self._comparison.classes:
            first, last = self._comparison.column_of(name), self._comparison.column_of(name, PARTS[-1])
            left = self.sectionViewportPosition(first)
            right = self.sectionViewportPosition(last) + self.sectionSize(last)
            self._paint_class(painter, name, QRect(left, 0, right - left, self.height() // 2))
        painter.end()

    def _paint_class(self, painter: QPainter, name: str, area: QRect) -> None:
        painter.setPen(_line_colour(self.palette()))
        painter.drawLine(area.left(), 4, area.left(), self.height())
        width = painter.fontMetrics().horizontalAdvance(name) + _DOT + _GAP
        left = area.center().x() - width // 2
        painter.setPen(Qt.PenStyle.NoPen)
        ground = self.palette().color(QPalette.ColorRole.Window)
        painter.setBrush(readable(self._colours.get(name, QColor("grey")), ground))
        painter.drawEllipse(QRectF(left, area.center().y() - _DOT / 2 + 2, _DOT, _DOT))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        place = QRect(left + _DOT + _GAP, area.top() + 2, width, area.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


class _CountEditor(QStyledItemDelegate):
    """Takes whole numbers, or nothing; a count that can be typed looks like a field."""

    def __init__(self, model: ComparisonModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison = model

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = NumberEdit(parent, largest=_LARGEST, whole=True)
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.setFrame(False)
        editor.setAccessibleName(gettext("Your count"))
        return editor

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        typed = self._comparison.is_typed(index.column())
        if typed and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self._paint_field(painter, option)
        super().paint(painter, option, index)
        if typed:
            painter.setPen(_line_colour(option.palette))
            painter.drawLine(option.rect.topLeft(), option.rect.bottomLeft())

    def _paint_field(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        """Paint what can be typed in, alike in all rows."""
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_line_colour(palette))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(5.5, 2.5, -2.5, -2.5), 3, 3)
        painter.restore()


class CountGrid(QTableView):
    """The table: Enter goes down, Delete empties, columns can be pasted, a click on a name opens the image."""

    refused = Signal(int)  # row of an image where a count was typed that is not typed there
    image_wanted = Signal(int)  # row

    def __init__(self, model: ComparisonModel) -> None:
        super().__init__()
        self.comparison = model
        self.header = ClassHeader(model, self)
        self.setHorizontalHeader(self.header)
        self.setModel(model)
        self.setItemDelegate(_CountEditor(model, self))
        self.setObjectName("figures")
        self.setAccessibleName(gettext("Your counts beside the program's"))
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        self.verticalHeader().hide()
        self.clicked.connect(self._on_clicked)
        model.modelReset.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        """Give the numbers the same room whatever they are, and the names the rest."""
        header, model = self.horizontalHeader(), self.comparison
        header.setMinimumSectionSize(28)
        unit = self.fontMetrics().horizontalAdvance("0")
        for column in range(model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            place = model.place(column)
            needed = header.sectionSizeHint(column) if column > NAME else 28
            widest = max(needed, _NUMBER_WIDTH if place else _SOURCE_WIDTH) if column > NAME else 28
            header.resizeSection(column, max(widest, 9 * unit) if column > NAME else widest)
        self._fit_names()

    def _fit_names(self) -> None:
        """Give the names the room that the numbers leave, but never so little that they cannot be read."""
        if self.comparison.columnCount() > NAME:
            source = self.comparison.columnCount() - 1
            others = self.horizontalHeader().length() - self.columnWidth(NAME) - self.columnWidth(source)
            room = self.viewport().width() - others
            self.setColumnWidth(source, min(max(room - 2 * _NAME_WIDTH, _SOURCE_WIDTH), _LONGEST_SOURCE))
            self.setColumnWidth(NAME, max(room - self.columnWidth(source), _NAME_WIDTH))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_names()

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
            self._on_clicked(self.currentIndex()) if self.currentIndex().column() == NAME else self._go_down()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            for index in self.selectionModel().selectedIndexes():
                self.comparison.setData(index, "")
        else:
            index = self.currentIndex()
            super().keyPressEvent(event)
            if event.text().isdigit() and self.comparison.refuses(index):
                self.refused.emit(index.row())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if self.comparison.refuses(index):
            self.refused.emit(index.row())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        leads = self.indexAt(event.position().toPoint()).column() == NAME
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def _on_clicked(self, index: Index) -> None:
        if index.column() == NAME:
            self.image_wanted.emit(index.row())

    def _go_down(self) -> None:
        index = self.currentIndex()
        below = self.comparison.index(index.row() + 1, index.column())
        if below.isValid():
            self.setCurrentIndex(below)

    def _copy(self) -> None:
        indexes = self.selectionModel().selectedIndexes()
        rows = sorted({index.row() for index in indexes})
        columns = sorted({index.column() for index in indexes} - {TICK})
        whole = Qt.ItemDataRole.EditRole
        lines = ["\t".join(str(self.comparison.index(row, column).data(whole)) for column in columns) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _paste(self) -> None:
        index = self.currentIndex()
        lines = QGuiApplication.clipboard().text().rstrip("\r\n").splitlines()
        if index.isValid() and lines:
            self.comparison.paste(index.row(), index.column(), [line.split("\t") for line in lines])


class _TotalsModel(QAbstractTableModel):
    """Two lines: the sums over the images that take part, and the accuracy of them."""

    def __init__(self, model: ComparisonModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison = model
        model.modelReset.connect(self._on_reset)
        model.figures_changed.connect(self._on_figures)

    def _on_reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _on_figures(self) -> None:
        if self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(1, self.columnCount() - 1))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 2

    def columnCount(self, parent: Index | None = None) -> int:
        return self._comparison.columnCount(parent)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and self._comparison.place(index.column()):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and index.row() == 0:
            font = QFont(QGuiApplication.font())
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and index.row() == 1 and index.column() == NAME:
            return QBrush(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        return self._tip(index) if role == Qt.ItemDataRole.ToolTipRole else None

    def _text(self, row: int, column: int) -> str:
        place = self._comparison.place(column)
        if place is None:
            return (gettext("Total"), gettext("Accuracy"))[row] if column == NAME else ""
        figures = self._comparison.figures(place[0])
        if figures is None:
            return "–" if place[1] is Part.YOU and row == 0 else ""
        now = figures.rows[figures.now]
        if row == 1:
            return percent(now.accuracy) if place[1] is Part.PROGRAM else ""
        return {
            Part.YOU: f"{now.truth:,}",
            Part.PROGRAM: f"{now.counted:,}",
            Part.DIFFERENCE: difference_text(now.counted - now.truth),
        }[place[1]]

    def _tip(self, index: Index) -> str | None:
        place = self._comparison.place(index.column())
        figures = None if place is None else self._comparison.figures(place[0])
        if figures is None:
            return None
        if index.row() == 1:
            return gettext("The smaller of the two totals as a share of the larger")
        images = len(figures.images)
        text = ngettext(
            "{name}: the sum over {n:,} image with a count of yours",
            "{name}: the sum over {n:,} images with a count of yours",
            images,
        )
        return text.format(name=figures.name, n=images)


class Totals(QTableView):
    """The totals below a grid, in the same columns."""

    def __init__(self, grid: CountGrid) -> None:
        super().__init__()
        self._grid = grid
        self.setModel(_TotalsModel(grid.comparison, self))
        self.setObjectName("figures")
        self.setAccessibleName(gettext("Totals of the images that take part"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setMinimumSectionSize(20)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(grid.fontMetrics().height() + 10)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(2 * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth() + 2)
        grid.horizontalHeader().sectionResized.connect(self._follow)
        grid.comparison.modelReset.connect(self._follow_all)
        bar: QScrollBar = grid.horizontalScrollBar()
        bar.valueChanged.connect(self.horizontalScrollBar().setValue)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        grid.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._follow_all()

    def _follow(self, column: int, _before: int, width: int) -> None:
        self.setColumnWidth(column, width)

    def _follow_all(self) -> None:
        for column in range(self._grid.comparison.columnCount()):
            self.setColumnWidth(column, self._grid.columnWidth(column))
