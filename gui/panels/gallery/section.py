"""One class in the gallery: its name, its count and its tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from core.text import gettext
from gui.panels.gallery.dragging import DropCard
from gui.panels.gallery.view import TileView
from gui.widgets.class_names import long_name
from gui.widgets.colour import class_ink, swatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.classes import Rgb
    from gui.panels.gallery.tiles import Tiles
    from gui.widgets.tiles.crops import Crops
    from gui.workspace.selection import CellOf

_WIDEST_NAME = 160


class ClassSection(DropCard):
    """One class: its name and count, and its tiles. Cells of other classes can be dropped on it."""

    dropped = Signal(str, object)  # class name, cells and their images

    def __init__(
        self,
        class_name: str,
        crops: Crops,
        about: Callable[[int], str],
        dragged: Callable[[QMimeData], list[CellOf]],
        parent: QWidget,
    ) -> None:
        """``about``: what a tile says of its image; ``dragged``: the cells of a drag that may be dropped here."""
        super().__init__(lambda data: self._new_cells(data), parent)
        self.class_name = class_name
        self._dragged = dragged
        self.cells_dropped.connect(lambda cells: self.dropped.emit(class_name, cells))
        self.swatch = QLabel()
        self.name = QLabel(long_name(class_name))
        self.name.setObjectName("className")
        self.name.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.name.setMaximumWidth(_WIDEST_NAME)
        self.name.setToolTip(
            gettext("{class_name}: drop cells here to make them {class_name}").format(class_name=long_name(class_name))
        )
        self.count = QLabel("0")
        self.count.setObjectName("className")
        self.line = QFrame()
        self.line.setFixedHeight(3)
        self.view = TileView(class_name, crops, about)
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
        self.swatch.setPixmap(swatch(colour).pixmap(14, 14))
        self.line.setStyleSheet(f"background: {class_ink(colour).name()};")  # a palette is lost with another theme
        self.view.set_colour(colour)

    def show_tiles(self, tiles: Tiles, *, from_top: bool) -> None:
        """Show the cells of the class and how many they are."""
        self.count.setText(f"{len(tiles):,}")
        self.view.show_tiles(tiles, from_top=from_top)

    def _new_cells(self, mime: QMimeData) -> list[CellOf]:
        """Return which cells a drag would bring here that are not here yet."""
        cells = self._dragged(mime)
        here = np.isin(np.array([number for _, number in cells], np.int64), self.view.tiles.ids)
        return [cell for cell, is_here in zip(cells, here, strict=True) if not is_here]


def shares(room: int, wishes: Sequence[int]) -> list[int]:
    """Share room out: whoever wishes less than an equal share gets the wish, the others the rest in equal parts."""
    given = [0] * len(wishes)
    for done, place in enumerate(sorted(range(len(wishes)), key=wishes.__getitem__)):
        left = len(wishes) - done
        given[place] = room if left == 1 else min(wishes[place], room // left)
        room -= given[place]
    return given
