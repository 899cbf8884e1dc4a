"""The gallery: all counted cells of the current picture side by side, by class, the least sure first."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDrag,
    QFont,
    QImage,
    QKeyEvent,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from core.detections import Origin
from gui.class_panel import QuietSlider, swatch
from gui.entries import State
from gui.layers import ink_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import (
        QDragEnterEvent,
        QDragLeaveEvent,
        QDropEvent,
        QPaintEvent,
        QResizeEvent,
        QShowEvent,
    )

    from core.classes import Palette, Rgb
    from gui.document import Document
    from gui.worker import Picture

_CELLS_MIME = "application/x-smearcount-cells"
_SMALLEST, _USUAL, _LARGEST = 48, 72, 128
_CONTEXT = 0.25
_GAP = 3
_MARGIN, _HANDLE = 8, 8
_BESIDE_TILES, _HEADING, _BAR = 32, 44, 36
_KEPT_BYTES = 64_000_000
_WIDE_ENOUGH_FOR_HINT = 640
_HINT = "Drag cells to another class, or select them and press its number."
_NOTHING_COUNTED = "No cells are counted in this picture yet"
_NAVIGATION = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, eq=False)
class Tiles:
    """The counted cells of one class in the order of their tiles.

    ``ids`` int64 (N,), ``boxes`` float32 (N, 4) in pixels of the picture, ``scores`` float32 (N,),
    ``by_hand`` bool (N,): put or confirmed by a person, or imported.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    by_hand: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tiles:
        """Return no tiles."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, bool))

    def same_as(self, other: Tiles) -> bool:
        """Tell whether nothing of the other tiles looks different."""
        return all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.ids, other.ids),
                (self.boxes, other.boxes),
                (self.scores, other.scores),
                (self.by_hand, other.by_hand),
            )
        )


class Crops:
    """Pieces of the photograph, cut when they are first drawn and kept while there is room."""

    def __init__(self) -> None:
        self._picture: Picture | None = None
        self._kept: OrderedDict[tuple[int, tuple[float, ...], int], QPixmap] = OrderedDict()
        self._bytes = 0

    def take(self, picture: Picture | None) -> bool:
        """Cut from a photograph from now on; True if it is another one than before."""
        if picture is self._picture:
            return False
        self._picture = picture
        self._kept.clear()
        self._bytes = 0
        return True

    @staticmethod
    def region(box: Sequence[float]) -> tuple[int, int, int]:
        """Return left, top and side of the square of the photograph that shows a box with what is round it."""
        x1, y1, x2, y2 = box
        half = max(x2 - x1, y2 - y1) * (0.5 + _CONTEXT)
        side = max(round(2 * half), 2)
        return round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side

    def crop(self, number: int, box: tuple[float, ...], side: int) -> QPixmap | None:
        """Return the piece round a cell, ``side`` pixels wide and high; None without a photograph."""
        if self._picture is None:
            return None
        key = (number, box, side)
        crop = self._kept.get(key)
        if crop is not None:
            self._kept.move_to_end(key)
            return crop
        crop = self._cut(self._picture, box, side)
        self._kept[key] = crop
        self._bytes += 4 * side * side
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= 4 * old.width() * old.height()
        return crop

    def _cut(self, picture: Picture, box: tuple[float, ...], side: int) -> QPixmap:
        """Cut a square out; what lies outside the photograph stays transparent."""
        left, top, size = self.region(box)
        level = min(int(np.log2(max(size / side, 1.0))), len(picture.levels) - 1)
        pixels = picture.levels[level]
        height, width = pixels.shape[:2]
        step_x, step_y = picture.image.width / width, picture.image.height / height
        x1, x2 = _within(left / step_x, (left + size) / step_x, width)
        y1, y2 = _within(top / step_y, (top + size) / step_y, height)
        scale = side / size
        target = QRect(
            QPoint(round((x1 * step_x - left) * scale), round((y1 * step_y - top) * scale)),
            QPoint(round((x2 * step_x - left) * scale) - 1, round((y2 * step_y - top) * scale) - 1),
        )
        crop = QPixmap(side, side)
        crop.fill(Qt.GlobalColor.transparent)
        if target.isEmpty() or x2 <= x1 or y2 <= y1:
            return crop
        shrinks = target.width() < x2 - x1
        piece = cv2.resize(
            np.ascontiguousarray(pixels[y1:y2, x1:x2]),
            (target.width(), target.height()),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
        )
        image = QImage(piece.data, target.width(), target.height(), piece.strides[0], QImage.Format.Format_RGB888)
        painter = QPainter(crop)
        painter.drawImage(target.topLeft(), image)
        painter.end()
        return crop


def _within(low: float, high: float, limit: int) -> tuple[int, int]:
    return min(max(round(low), 0), limit), min(max(round(high), 0), limit)


class TileModel(QAbstractListModel):
    """The cells of one class as rows."""

    def __init__(self, class_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.class_name = class_name
        self.tiles = Tiles.none()

    def show(self, tiles: Tiles) -> bool:
        """Show other tiles; True if rows came, went or moved."""
        old = self.tiles
        if np.array_equal(old.ids, tiles.ids):
            self.tiles = tiles
            if len(tiles) and not old.same_as(tiles):
                self.dataChanged.emit(self.index(0), self.index(len(tiles) - 1))
            return False
        self.beginResetModel()
        self.tiles = tiles
        self.endResetModel()
        return True

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.tiles)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.tiles):
            return None
        by_hand = bool(self.tiles.by_hand[index.row()])
        score = f"{self.tiles.scores[index.row()]:.2f}"
        if role == Qt.ItemDataRole.DisplayRole:
            return "✓" if by_hand else score
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{self.class_name}, " + ("put or confirmed by hand" if by_hand else f"probability {score}")
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled


class _TilePainter(QStyledItemDelegate):
    """Draws the piece of the photograph, the box in it and the probability below it."""

    def __init__(self, crops: Crops, parent: QWidget) -> None:
        super().__init__(parent)
        self._crops = crops
        self.colour = QColor("gray")
        self.side = _USUAL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, TileModel)
        tiles, row = model.tiles, index.row()
        palette = option.palette
        box = tuple(tiles.boxes[row].tolist())
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        frame = QRect(option.rect.topLeft(), tile_size(self.side, option.fontMetrics.height())).adjusted(1, 1, -1, -1)
        photo = QRect(frame.x() + _GAP - 1, frame.y() + _GAP - 1, self.side, self.side)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected:
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(frame, 4, 4)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            hover = QColor(palette.color(QPalette.ColorRole.Text))
            hover.setAlpha(36)
            painter.setBrush(hover)
            painter.drawRoundedRect(frame, 4, 4)
        beyond = QColor(palette.color(QPalette.ColorRole.Text))
        beyond.setAlpha(40)
        painter.fillRect(photo, palette.color(QPalette.ColorRole.Base))
        painter.fillRect(photo, beyond)
        ratio = painter.device().devicePixelRatioF()
        crop = self._crops.crop(int(tiles.ids[row]), box, round(self.side * ratio))
        if crop is not None:
            painter.drawPixmap(photo, crop)
        self._draw_box(painter, photo, box)
        text = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        painter.setPen(text)
        below = QRect(photo.x(), photo.bottom() + 1, self.side, frame.bottom() - photo.bottom() - 1)
        painter.setFont(option.font)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        if option.state & QStyle.StateFlag.State_HasFocus and not selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawRoundedRect(frame, 4, 4)
        painter.restore()

    def _draw_box(self, painter: QPainter, photo: QRect, box: tuple[float, ...]) -> None:
        left, top, size = Crops.region(box)
        scale = photo.width() / size
        corners = [
            QPointF(photo.x() + (x - left) * scale, photo.y() + (y - top) * scale)
            for x, y in ((box[0], box[1]), (box[2], box[3]))
        ]
        outline = QRectF(*corners)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(255, 255, 255, 190), 3.2), (self.colour, 1.6)):
            pen = QPen(colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(outline)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return tile_size(self.side, option.fontMetrics.height())


def tile_size(side: int, text_height: int) -> QSize:
    """Return the size of a tile with a photograph of ``side`` and a line of text below it."""
    return QSize(side + 2 * _GAP, side + text_height + 2 * _GAP + 2)


class TileView(QListView):
    """The tiles of one class."""

    chosen = Signal()
    dragged = Signal()

    def __init__(self, class_name: str, crops: Crops, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tile_model = TileModel(class_name, self)
        self.fresh = True
        self._painter = _TilePainter(crops, self)
        self._wanted_side = _USUAL
        self._following = False
        self.setAccessibleName(f"Cells of class {class_name}")
        self.setObjectName("tiles")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionRectVisible(True)
        self.setDragEnabled(True)
        self.setAcceptDrops(False)  # the section takes them, with its heading
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setMinimumSize(_SMALLEST + 24, _SMALLEST + 24)
        self.setItemDelegate(self._painter)
        self.setModel(self.tile_model)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.clicked.connect(lambda *_: self.chosen.emit())
        self._fit_tiles()

    # -- what is shown -------------------------------------------------------------------------

    @property
    def tiles(self) -> Tiles:
        """The cells of the class."""
        return self.tile_model.tiles

    @property
    def side(self) -> int:
        """Width and height of the piece of photograph of a tile, in pixels of the screen."""
        return self._painter.side

    def set_colour(self, colour: Rgb) -> None:
        """Draw the boxes in the colour of the class."""
        self._painter.colour = QColor(*colour)
        self.viewport().update()

    def set_side(self, side: int) -> None:
        """Draw larger or smaller tiles, as far as there is room."""
        self._wanted_side = side
        self._fit_tiles()

    def show_tiles(self, tiles: Tiles, *, from_top: bool) -> None:
        """Show the cells of the class; stay where the person has scrolled to unless ``from_top``."""
        row, place = self.currentIndex().row(), self.verticalScrollBar().value()
        number = int(self.tiles.ids[row]) if 0 <= row < len(self.tiles) else None
        moved = self.tile_model.show(tiles)
        if moved:
            self.doItemsLayout()
            if not from_top and len(tiles) and row >= 0:
                again = np.flatnonzero(tiles.ids == number)
                row = int(again[0]) if len(again) else min(row, len(tiles) - 1)
                self._set_current_row(row)
        self.verticalScrollBar().setValue(0 if from_top else place)

    def show_selection(self, numbers: NDArray[np.int64], *, reveal: bool) -> None:
        """Mark the tiles of some cells; ``reveal``: a single one is brought into view."""
        rows = np.flatnonzero(np.isin(self.tiles.ids, numbers))
        if not np.array_equal(rows, self._selected_rows()):
            selection = QItemSelection()
            for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
                if len(run):
                    selection.select(self.tile_model.index(int(run[0])), self.tile_model.index(int(run[-1])))
            self._following = True
            self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self._following = False
        if len(rows) == 1 and len(numbers) == 1:
            self._set_current_row(int(rows[0]))
            if reveal:
                self.scrollTo(self.tile_model.index(int(rows[0])))

    def selected_ids(self) -> list[int]:
        """Return the ids of the selected cells, the one that was chosen last at the end."""
        ids = self.tiles.ids[self._selected_rows()].tolist()
        row = self.currentIndex().row()
        last = int(self.tiles.ids[row]) if 0 <= row < len(self.tiles) else None
        return [number for number in ids if number != last] + ([last] if last in ids else [])

    def drag_picture(self, count: int) -> QPixmap:
        """Return what hangs on the pointer while cells are dragged: the tile under it, and how many there are."""
        tile = self.visualRect(self.currentIndex())
        shot = self.viewport().grab(tile) if tile.isValid() else QPixmap(1, 1)
        if count > 1:
            font = QFont(self.font())
            font.setBold(True)
            painter = QPainter(shot)
            painter.setFont(font)
            text = str(count)
            width = max(painter.fontMetrics().horizontalAdvance(text) + 12, 20)
            badge = QRect(tile.width() - width - 2, 2, width, 20)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colour = self._painter.colour
            painter.setBrush(colour)
            painter.setPen(QPen(QColor("white"), 1.5))
            painter.drawRoundedRect(badge, 10, 10)
            painter.setPen(ink_on(colour))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
            painter.end()
        return shot

    def _selected_rows(self) -> NDArray[np.int64]:
        chosen = self.selectionModel().selection()
        runs = [np.arange(run.top(), run.bottom() + 1) for run in map(chosen.at, range(chosen.size()))]
        return np.unique(np.concatenate(runs)) if runs else np.zeros(0, np.int64)

    def _set_current_row(self, row: int) -> None:
        self.selectionModel().setCurrentIndex(self.tile_model.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _fit_tiles(self) -> None:
        room = self.width() - self.verticalScrollBar().sizeHint().width() - 2 * _GAP - 2
        side = max(min(self._wanted_side, room), _SMALLEST // 2)
        grid = tile_size(side, self.fontMetrics().height()) + QSize(2, 2)
        if side != self.side or grid != self.gridSize():
            self._painter.side = side
            self.setGridSize(grid)
            self.verticalScrollBar().setSingleStep(grid.height() // 2)

    def _on_selection_changed(self, *_: object) -> None:
        if not self._following:
            self.chosen.emit()

    # -- events --------------------------------------------------------------------------------

    def selectionCommand(self, index: _Index, event: QEvent | None = None) -> QItemSelectionModel.SelectionFlag:
        command = super().selectionCommand(index, event)
        if command != QItemSelectionModel.SelectionFlag.NoUpdate:
            self.fresh = bool(command & QItemSelectionModel.SelectionFlag.Clear)
        return command

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        self.dragged.emit()

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters and numbers are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _NAVIGATION:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_tiles()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_tiles()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if len(self.tiles) == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, "none")
            painter.end()


class ClassSection(QFrame):
    """One class: its name and count, and its tiles. Cells of other classes can be dropped on it."""

    dropped = Signal(str, object)  # class name, ids

    def __init__(self, class_name: str, gallery: Gallery) -> None:
        super().__init__(gallery)
        self.class_name = class_name
        self._gallery = gallery
        self._aimed_at = False
        self.setObjectName("card")
        self.setAcceptDrops(True)
        self.swatch = QLabel()
        self.name = QLabel(class_name)
        self.name.setObjectName("className")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.name.setToolTip(f"{class_name}: drop cells here to make them {class_name}")
        self.count = QLabel("0")
        self.count.setObjectName("className")
        self.line = QFrame()
        self.line.setFixedHeight(3)
        self.line.setAutoFillBackground(True)
        self.view = TileView(class_name, gallery.crops)
        heading = QHBoxLayout()
        heading.setContentsMargins(6, 3, 8, 3)
        heading.setSpacing(6)
        heading.addWidget(self.swatch)
        heading.addWidget(self.name, 1)
        heading.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(2)
        layout.addLayout(heading)
        layout.addWidget(self.line)
        layout.addWidget(self.view, 1)

    def set_colour(self, colour: Rgb) -> None:
        """Show the colour of the class."""
        self.swatch.setPixmap(swatch(colour, 14).pixmap(14, 14))
        palette = self.line.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(*colour))
        self.line.setPalette(palette)
        self.view.set_colour(colour)

    def show_tiles(self, tiles: Tiles, *, from_top: bool) -> None:
        """Show the cells of the class and how many they are."""
        self.count.setText(str(len(tiles)))
        self.view.show_tiles(tiles, from_top=from_top)

    def _dropped_ids(self, mime: QMimeData) -> list[int]:
        """Return which cells a drag would bring here that are not here yet."""
        here = set(self.view.tiles.ids.tolist())
        return [number for number in self._gallery.dragged_ids(mime) if number not in here]

    def _aim(self, aimed_at: bool) -> None:
        self._aimed_at = aimed_at
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped_ids(event.mimeData()):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self._aim(True)
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._aim(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._aim(False)
        numbers = self._dropped_ids(event.mimeData())
        if numbers:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self.dropped.emit(self.class_name, numbers)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._aimed_at:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 7, 7)
            painter.end()


def shares(room: int, wishes: Sequence[int]) -> list[int]:
    """Share room out: whoever wishes less than an equal share gets the wish, the others the rest in equal parts."""
    given = [0] * len(wishes)
    for done, place in enumerate(sorted(range(len(wishes)), key=wishes.__getitem__)):
        left = len(wishes) - done
        given[place] = room if left == 1 else min(wishes[place], room // left)
        room -= given[place]
    return given


class Gallery(QWidget):
    """All counted cells of the current picture, class beside class.

    A click selects a cell and brings it into view on the canvas; a drag to another class gives it that class.
    """

    def __init__(self, document: Document, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.editing = document.editing
        self.crops = Crops()
        self.sections: dict[str, ClassSection] = {}
        self._colours = palette
        self._shown_image: int | None = None
        self._sizes_by_person = False
        self._dropped: list[tuple[str, list[int]]] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.refresh)
        self._build()
        for signal in (
            document.cells_changed,
            document.counts_changed,
            document.current_changed,
            document.picture_loaded,
            document.model_changed,
            document.session_changed,
        ):
            signal.connect(self._refresh_later)
        document.editing.selection_changed.connect(self._on_selection_changed)

    def _build(self) -> None:
        self.doubtful_first = QCheckBox("Least sure first")
        self.doubtful_first.setChecked(True)
        self.doubtful_first.setToolTip("The lowest probabilities at the top; without it, the highest")
        self.doubtful_first.toggled.connect(lambda *_: self.refresh(from_top=True))
        self.hint = QLabel()
        self.hint.setObjectName("faint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.size_slider = QuietSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(_SMALLEST, _LARGEST)
        self.size_slider.setPageStep(16)
        self.size_slider.setValue(_USUAL)
        self.size_slider.setFixedWidth(96)
        self.size_slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.size_slider.setAccessibleName("Size of the tiles")
        self.size_slider.setToolTip("Size of the tiles")
        self.size_slider.valueChanged.connect(self._on_size)
        bar = QHBoxLayout()
        bar.setContentsMargins(2, 0, 2, 0)
        bar.setSpacing(16)
        bar.addWidget(self.doubtful_first)
        bar.addWidget(self.hint, 1)
        bar.addWidget(self.size_slider)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(_HANDLE)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.splitterMoved.connect(self._on_splitter_moved)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(_MARGIN, 6, _MARGIN, _MARGIN)
        column.setSpacing(6)
        column.addLayout(bar)
        column.addWidget(self.splitter, 1)
        self.empty = QLabel(_NOTHING_COUNTED)
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setAccessibleName("Gallery")

    # -- what is shown -------------------------------------------------------------------------

    @property
    def tile_side(self) -> int:
        """Width and height of a tile's piece of photograph, to be kept in the preferences."""
        return self.size_slider.value()

    @tile_side.setter
    def tile_side(self, side: int) -> None:
        self.size_slider.setValue(side)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._colours = palette
        classes = tuple(self.sections)
        for label, section in enumerate(self.sections.values()):
            section.set_colour(palette.colour(classes, label))

    def refresh(self, *, from_top: bool = False) -> None:
        """Show the counted cells as they now are; does nothing while the gallery is hidden."""
        self._later.stop()
        if not self.isVisible():
            return
        document = self.document
        entry = document.current_entry
        if tuple(self.sections) != document.classes:
            self._make_sections(document.classes)
        if self.crops.take(document.picture):
            for section in self.sections.values():
                section.view.viewport().update()
        image = entry.id if entry else None
        from_top = from_top or image != self._shown_image
        self._shown_image = image
        tiles = self._counted_tiles()
        for name, section in self.sections.items():
            section.show_tiles(tiles[name], from_top=from_top)
        self.empty.setText(self._why_empty())
        self.pages.setCurrentIndex(1 if any(len(mine) for mine in tiles.values()) else 0)
        if from_top:
            self._share_room()
        self._show_selection(reveal=from_top)

    def _counted_tiles(self) -> dict[str, Tiles]:
        document = self.document
        tiles = dict.fromkeys(document.classes, Tiles.none())
        entry = document.current_entry
        result = document.result(entry) if entry else None
        cells = document.current_cells()
        if result is None or cells is None:
            return tiles
        counted = np.flatnonzero(result.counted)
        all_cells = cells.cells
        by_hand = all_cells.origin[counted] != Origin.MODEL
        sure = np.where(by_hand, np.float32(2.0), all_cells.scores[counted])
        order = np.lexsort((all_cells.ids[counted], sure if self.doubtful_first.isChecked() else -sure))
        counted, by_hand = counted[order], by_hand[order]
        labels = all_cells.labels[counted]
        for label, name in enumerate(document.classes):
            mine = labels == label
            rows = counted[mine]
            tiles[name] = Tiles(all_cells.ids[rows], all_cells.boxes[rows], all_cells.scores[rows], by_hand[mine])
        return tiles

    def _why_empty(self) -> str:
        entry = self.document.current_entry
        if entry is None:
            return "Open a picture to see its cells here"
        if entry.state is State.FAILED:
            return "This picture could not be counted"
        if entry.state is State.COUNTING:
            return "This picture is being counted …"
        return _NOTHING_COUNTED

    def _make_sections(self, classes: tuple[str, ...]) -> None:
        for section in self.sections.values():
            section.setParent(None)
            section.deleteLater()
        self.sections = {name: ClassSection(name, self) for name in classes}
        for section in self.sections.values():
            view = section.view
            view.set_side(self.size_slider.value())
            view.chosen.connect(lambda view=view: self._on_chosen(view))
            view.dragged.connect(lambda view=view: self._on_dragged(view))
            section.dropped.connect(self._on_dropped)
            self.splitter.addWidget(section)
        self.set_palette(self._colours)
        self._sizes_by_person = False

    def _share_room(self) -> None:
        """Give every class the room its tiles need, or else the same as the others."""
        if self._sizes_by_person or not self.sections:
            return
        tile = tile_size(self.size_slider.value(), self.fontMetrics().height()) + QSize(2, 2)
        width, height = self.width() - 2 * _MARGIN, self.height() - _BAR - _MARGIN
        if self.splitter.orientation() == Qt.Orientation.Horizontal:
            room, step, beside, across = width, tile.width(), _BESIDE_TILES, (height - _HEADING) // tile.height()
        else:
            room, step, beside, across = height, tile.height(), _HEADING, (width - _BESIDE_TILES) // tile.width()
        counts = [max(len(section.view.tiles), 1) for section in self.sections.values()]
        wishes = [math.ceil(count / max(across, 1)) * step + beside for count in counts]
        self.splitter.setSizes(shares(room - _HANDLE * (len(counts) - 1), wishes))

    def _on_selection_changed(self) -> None:
        if self.isVisible():
            self._show_selection(reveal=True)

    def _show_selection(self, *, reveal: bool) -> None:
        numbers = np.array(self.editing.selection, np.int64)
        for section in self.sections.values():
            section.view.show_selection(numbers, reveal=reveal)

    def _refresh_later(self) -> None:
        if self.isVisible():
            self._later.start()

    # -- what the person does ------------------------------------------------------------------

    def _on_chosen(self, view: TileView) -> None:
        """Select in the document what is selected here; Ctrl leaves what is selected in other classes."""
        mine = view.selected_ids()
        here = set(view.tiles.ids.tolist())
        others = [] if view.fresh else [number for number in self.editing.selection if number not in here]
        self.editing.select([*others, *mine])
        if len(mine) == 1 and not others:
            self.editing.show_cell.emit(mine[0])

    def _on_size(self, side: int) -> None:
        for section in self.sections.values():
            section.view.set_side(side)
        self._share_room()

    def _on_splitter_moved(self, *_: int) -> None:
        self._sizes_by_person = True

    def drag_data(self) -> QMimeData | None:
        """Return the selected cells to be dragged; None if there are none, or they may not be changed."""
        document = self.document
        entry, session = document.current_entry, document.session
        shown = {number for section in self.sections.values() for number in section.view.tiles.ids.tolist()}
        numbers = [number for number in document.editing.selection if number in shown]
        if entry is None or session is None or not numbers or not document.editing.editable:
            return None
        mime = QMimeData()
        content = {"session": str(session.path), "image": entry.id, "cells": numbers}
        mime.setData(_CELLS_MIME, json.dumps(content).encode())
        return mime

    def dragged_ids(self, mime: QMimeData) -> list[int]:
        """Return the cells of a drag, if they are of the picture that is shown."""
        entry, session = self.document.current_entry, self.document.session
        if not mime.hasFormat(_CELLS_MIME) or entry is None or session is None or not self.editing.editable:
            return []
        content = json.loads(bytes(mime.data(_CELLS_MIME).data()))
        at_home = content["session"] == str(session.path) and content["image"] == entry.id
        return content["cells"] if at_home else []

    def _on_dragged(self, view: TileView) -> None:
        mime = self.drag_data()
        if mime is None:
            return
        picture = view.drag_picture(len(self.dragged_ids(mime)))
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(picture)
        ratio = picture.devicePixelRatio()
        drag.setHotSpot(QPoint(round(picture.width() / ratio / 2), round(picture.height() / ratio / 2)))
        self._dropped.clear()
        drag.exec(Qt.DropAction.MoveAction)
        # Not before the drag has ended: the document may ask for a name, and a dialog inside a drop hangs.
        for class_name, numbers in self._dropped:
            self.editing.reclassify(numbers, class_name)
        self._dropped.clear()

    def _on_dropped(self, class_name: str, numbers: list[int]) -> None:
        self._dropped.append((class_name, numbers))

    # -- events --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_later()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.hint.setText(_HINT if self.width() >= _WIDE_ENOUGH_FOR_HINT else "")
        wide = self.width() >= self.height()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.splitter.orientation() != orientation:
            self.splitter.setOrientation(orientation)
            self._sizes_by_person = False
        self._share_room()
