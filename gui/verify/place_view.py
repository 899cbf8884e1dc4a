"""The cells behind a number of the table, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMargins, Qt

from core.text import gettext
from core.verification.errors import Place, Verdict
from gui.widgets.tiles.crops import EXTENT, Crops, Wanted, scaled_region
from gui.widgets.tiles.delegate import Index, Tile, TileDelegate, TileModel, tile_size
from gui.widgets.tiles.grid import TileGrid
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QColor

    from gui.workspace.workspace import Workspace

_SIDE = 96


class PlaceModel(TileModel):
    """Cells as tiles."""

    def __init__(self, workspace: Workspace, crops: Crops, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._crops = crops
        self.places: list[Place] = []

    def show(self, places: Sequence[Place]) -> None:
        """Show other cells."""
        if list(places) != self.places:
            self.beginResetModel()
            self.places = list(places)
            self.endResetModel()

    def tile(self, row: int) -> Tile:
        place = self.places[row]
        region = scaled_region(place.box, EXTENT * place.diameter)
        missed = place.verdict is Verdict.MISSED
        return Tile(place.image, region, place.box, dashed=missed, veiled=place.settled)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.places)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.places):
            return None
        place = self.places[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            if place.settled:
                return gettext("✓ edited")
            if place.note:
                return place.note
            return gettext("not detected") if place.score is None else f"{place.score:.2f}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            item = self._workspace.images.item(place.image)
            problem = self._crops.error(place.image, item.path) if item else ""
            return "\n".join(filter(None, (item.path.name if item else "", _explain(place), problem)))
        return None


def _explain(place: Place) -> str:
    """Return what happened to a cell, as a sentence."""
    if place.note:
        return place.note
    if place.settled:
        text = gettext("{name}, edited")
    elif place.verdict is Verdict.MISSED:
        text = gettext("{name} of the ground truth, missed: the model gave it {score:.2f}")
        if place.score is None:
            text = gettext("{name} of the ground truth, missed: the model detected nothing here")
    elif place.verdict is Verdict.TRUE:
        text = gettext("Counted as {name} with probability {score:.2f}, correct")
    else:
        text = gettext("Counted as {name} with probability {score:.2f}, not in the ground truth")
    return text.format(name=place.class_name, score=place.score or 0.0)


class PlaceView(LeavesLetters, TileGrid):
    """The tiles; a click goes to the image."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.crops = Crops(self._missing_in_view, self)
        self.place_model = PlaceModel(workspace, self.crops, self)
        self._delegate = TileDelegate(self.crops, _SIDE, self)
        self.setObjectName("tiles")
        self.setAccessibleName(gettext("Cells behind the number"))
        self.setItemDelegate(self._delegate)
        self.setModel(self.place_model)
        size = tile_size(_SIDE, self.fontMetrics().height())
        self.set_cell_size(size.grownBy(QMargins(1, 1, 1, 1)))
        self.crops.arrived.connect(self.viewport().update)
        workspace.store.session_changed.connect(self.crops.forget)

    def set_colour(self, colour: QColor) -> None:
        """Draw the outlines in the colour of a class."""
        self._delegate.colour = colour
        self.viewport().update()

    def selected(self) -> list[Place]:
        """Return the chosen cells in their order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.place_model.places[row] for row in rows]

    def _missing_in_view(self) -> Wanted | None:
        """Return the pieces of the first image of which one is missing in view."""
        visible = self.visible_rows()
        for row in visible:
            tile = self.place_model.tile(row)
            item = self._workspace.images.item(tile.image)
            if item is not None and self.crops.is_missing(tile.image, item.path, tile.region):
                rows = [row for row, place in enumerate(self.place_model.places) if place.image == tile.image]
                rows.sort(key=lambda row: row in visible)
                regions = tuple(dict.fromkeys(self.place_model.tile(row).region for row in rows))
                return Wanted(tile.image, item.path, regions, self._workspace.images.scale(item))
        return None
