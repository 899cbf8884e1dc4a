"""The sections of the gallery, class beside class or one below the other, and the room that each gets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSplitter

from gui.panels.gallery.pieces import missing_in_view
from gui.panels.gallery.section import ClassSection, shares
from gui.panels.gallery.view import SMALLEST_SIDE, USUAL_SIDE
from gui.widgets.tiles.delegate import tile_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PySide6.QtCore import QMimeData

    from core.classes import Palette
    from gui.widgets.tiles.crops import Crops, Wanted
    from gui.workspace.images import Images
    from gui.workspace.selection import CellOf

_HANDLE = 8
_BESIDE_TILES, _HEADING = 32, 44


class Sections(QSplitter):
    """One section of tiles for each class. The user may move the handles; until then every class gets what it needs."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.by_class: dict[str, ClassSection] = {}
        self._palette = palette
        self._side = USUAL_SIDE
        self._sized_by_user = False
        self.setHandleWidth(_HANDLE)
        self.setChildrenCollapsible(False)
        self.setMinimumSize(SMALLEST_SIDE + 60, SMALLEST_SIDE + 60)  # not the sum of its parts: it can turn
        self.splitterMoved.connect(self._on_moved)

    def make(
        self,
        classes: tuple[str, ...],
        crops: Crops,
        about: Callable[[int], str],
        dragged_cells: Callable[[QMimeData], list[CellOf]],
    ) -> list[ClassSection]:
        """Replace the sections by those of other classes, and return them."""
        for section in self.by_class.values():
            section.setParent(None)
            section.deleteLater()
        self.by_class = {name: ClassSection(name, crops, about, dragged_cells, self) for name in classes}
        for section in self.by_class.values():
            section.view.set_side(self._side)
            self.addWidget(section)
        self.set_palette(self._palette)
        self._sized_by_user = False
        return list(self.by_class.values())

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        classes = tuple(self.by_class)
        for label, section in enumerate(self.by_class.values()):
            section.set_colour(palette.colour(classes, label))

    def set_side(self, side: int) -> None:
        """Draw larger or smaller tiles."""
        self._side = side
        for section in self.by_class.values():
            section.view.set_side(side)

    def turn(self, orientation: Qt.Orientation) -> None:
        """Put the classes side by side, or one below the other."""
        if self.orientation() != orientation:
            self.setOrientation(orientation)
            self._sized_by_user = False

    def share_room(self, width: int, height: int) -> None:
        """Give every class the room in pixels that its tiles need, or else the same as the others."""
        if self._sized_by_user or not self.by_class:
            return
        side = self._fitting_side(width)
        for section in self.by_class.values():
            section.view.set_side(side)
        tile = tile_size(side, self.fontMetrics().height()) + QSize(2, 2)
        if self.orientation() == Qt.Orientation.Horizontal:
            room, step, beside, across = width, tile.width(), _BESIDE_TILES, (height - _HEADING) // tile.height()
        else:
            room, step, beside, across = height, tile.height(), _HEADING, (width - _BESIDE_TILES) // tile.width()
        counts = [max(len(section.view.tiles), 1) for section in self.by_class.values()]
        wishes = [math.ceil(count / max(across, 1)) * step + beside for count in counts]
        self.setSizes(shares(room - _HANDLE * (len(counts) - 1), wishes))

    def _fitting_side(self, width: int) -> int:
        """Return how large tiles are drawn: the usual ones smaller where not even two would stand side by side."""
        if self.orientation() != Qt.Orientation.Horizontal or self._side > USUAL_SIDE:
            return self._side
        share = (width - _HANDLE * (len(self.by_class) - 1)) // len(self.by_class)
        beside = tile_size(0, 0).width() + 2
        return min(self._side, max((share - _BESIDE_TILES) // 2 - beside, SMALLEST_SIDE))

    def show_selection(self, numbers: NDArray[np.int64], *, reveal: bool) -> None:
        """Mark the tiles of these cells, by their ids."""
        for section in self.by_class.values():
            section.view.show_selection(numbers, reveal=reveal)

    def with_tiles(self, cells: list[CellOf]) -> list[CellOf]:
        """Return those of the cells that have a tile."""
        numbers = np.array([number for _, number in cells], np.int64)
        there: set[int] = set()
        for section in self.by_class.values():
            there |= set(numbers[np.isin(numbers, section.view.tiles.ids)].tolist())
        return [cell for cell in cells if cell[1] in there]

    def missing_in_view(self, crops: Crops, images: Images) -> Wanted | None:
        """Return pieces of the first image of which one is missing in view, and others of it that come soon."""
        return missing_in_view([section.view for section in self.by_class.values()], crops, images)

    def _on_moved(self, *_: int) -> None:
        self._sized_by_user = True
