"""The tiles of one class: a list of crops with their probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
)

from core.text import gettext
from gui.panels.gallery.tiles import Tiles
from gui.widgets.colour import ink_on
from gui.widgets.tiles.delegate import GAP, Index, Tile, TileDelegate, TileModel, tile_size
from gui.widgets.tiles.grid import TileGrid
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PySide6.QtGui import (
        QPaintEvent,
        QResizeEvent,
    )
    from PySide6.QtWidgets import QWidget

    from core.classes import Rgb
    from gui.widgets.tiles.crops import Crops
    from gui.workspace.selection import CellOf

SMALLEST_SIDE, USUAL_SIDE, LARGEST_SIDE = 48, 96, 192
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


class CellTiles(TileModel):
    """The cells of one class as tiles."""

    def __init__(self, class_name: str, about: Callable[[int], str], parent: QWidget) -> None:
        """``about``: what else a tile says, by the id of its image."""
        super().__init__(parent)
        self.class_name = class_name
        self.about = about
        self.tiles = Tiles.none()

    def tile(self, row: int) -> Tile:
        x1, y1, x2, y2 = self.tiles.boxes[row].tolist()
        return Tile(int(self.tiles.images[row]), self.tiles.region(row), (x1, y1, x2, y2), bare=True)

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

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.tiles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.tiles):
            return None
        by_hand = bool(self.tiles.by_hand[index.row()])
        score = f"{self.tiles.scores[index.row()]:.2f}"
        if role == Qt.ItemDataRole.DisplayRole:
            return "✓" if by_hand else score
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = gettext("{name}, added or confirmed by hand") if by_hand else gettext("{name}, confidence {score}")
            what = text.format(name=self.class_name, score=score)
            return f"{what}\n{self.about(int(self.tiles.images[index.row()]))}".rstrip()
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled


class TileView(LeavesLetters, TileGrid):
    """The tiles of one class."""

    chosen = Signal()
    opened = Signal(int)  # row of a tile that was double-clicked
    dragged = Signal()

    def __init__(
        self,
        class_name: str,
        crops: Crops,
        about: Callable[[int], str],
        parent: QWidget | None = None,
        model: type[CellTiles] = CellTiles,
    ) -> None:
        super().__init__(parent)
        self.tile_model = model(class_name, about, self)
        self.fresh = True
        self._painter = TileDelegate(crops, USUAL_SIDE, self)
        self._wanted_side = USUAL_SIDE
        self._following = False
        self.setAccessibleName(gettext("Cells of class {class_name}").format(class_name=class_name))
        self.setObjectName("tiles")
        self.setDragEnabled(True)
        self.setAcceptDrops(False)  # the section takes them, with its heading
        self.setMinimumSize(SMALLEST_SIDE + 24, SMALLEST_SIDE + 24)
        self.setItemDelegate(self._painter)
        self.setModel(self.tile_model)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.clicked.connect(lambda *_: self.chosen.emit())
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        crops.arrived.connect(self.viewport().update)
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
                again = None if number is None else tiles.row_of(number)
                self._set_current_row(min(row, len(tiles) - 1) if again is None else again)
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

    def selected_cells(self) -> list[CellOf]:
        """Return the selected cells and their images, the one that was chosen last at the end."""
        row = self.currentIndex().row()
        rows = [other for other in self._selected_rows().tolist() if other != row]
        if row >= 0 and self.selectionModel().isSelected(self.currentIndex()):
            rows.append(row)
        return [(int(self.tiles.images[one]), int(self.tiles.ids[one])) for one in rows]

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
        selected = np.zeros(len(self.tiles), bool)
        for run in map(chosen.at, range(chosen.size())):
            selected[run.top() : run.bottom() + 1] = True
        return np.flatnonzero(selected)

    def _set_current_row(self, row: int) -> None:
        """Make a tile the current one where it is: the view stays where the user has scrolled to."""
        place = self.verticalScrollBar().value()
        self.selectionModel().setCurrentIndex(self.tile_model.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(place)

    def _fit_tiles(self) -> None:
        room = self.width() - self.verticalScrollBar().sizeHint().width() - 2 * GAP - 2
        side = max(min(self._wanted_side, room), SMALLEST_SIDE // 2)
        grid = tile_size(side, self.fontMetrics().height()) + QSize(2, 2)
        if side != self.side or grid != self.cell_size():
            self._painter.side = side
            self.set_cell_size(grid)

    def _on_selection_changed(self, *_: object) -> None:
        if not self._following:
            self.chosen.emit()

    # -- events --------------------------------------------------------------------------------

    def selectionCommand(self, index: Index, event: QEvent | None = None) -> QItemSelectionModel.SelectionFlag:
        command = super().selectionCommand(index, event)
        if command != QItemSelectionModel.SelectionFlag.NoUpdate:
            self.fresh = bool(command & QItemSelectionModel.SelectionFlag.Clear)
        return command

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        self.dragged.emit()

    def is_own_key(self, event: QKeyEvent) -> bool:
        return event.key() in _NAVIGATION

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
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, gettext("none"))
            painter.end()
