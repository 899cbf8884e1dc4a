"""The gallery: all counted cells of the current picture side by side, by class, the least sure first."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import (
    QMimeData,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDrag,
    QPainter,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.detections import Origin
from gui.class_panel import swatch
from gui.entries import State
from gui.gallery_tiles import Crops, Tiles
from gui.gallery_view import LARGEST_SIDE, SMALLEST_SIDE, USUAL_SIDE, TileView, tile_size
from gui.quiet import QuietSlider

if TYPE_CHECKING:
    from collections.abc import Sequence

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

_CELLS_MIME = "application/x-smearcount-cells"
_MARGIN, _HANDLE = 8, 8
_BESIDE_TILES, _HEADING, _BAR = 32, 44, 36
_WIDE_ENOUGH_FOR_HINT = 640
_WIDEST_NAME = 160
_HINT = "Drag cells to another class, or select them and press its number."
_NOTHING_COUNTED = "No cells are counted in this picture yet"


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
        self.name.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.name.setMaximumWidth(_WIDEST_NAME)
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
        heading.addWidget(self.name)
        heading.addStretch(1)
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
        self.size_slider.setRange(SMALLEST_SIDE, LARGEST_SIDE)
        self.size_slider.setPageStep(16)
        self.size_slider.setValue(USUAL_SIDE)
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
