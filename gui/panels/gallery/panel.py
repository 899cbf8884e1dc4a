"""The gallery: all counted cells of the current image, or of all images, by class, the least sure first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext, ngettext
from gui.panels.gallery.model import SessionCells
from gui.panels.gallery.sections import Sections
from gui.panels.gallery.tiles import Tiles, packed, unpacked
from gui.panels.gallery.view import LARGEST_SIDE, SMALLEST_SIDE, USUAL_SIDE, TileView
from gui.tasks import Debounce
from gui.widgets.tiles.crops import Crops, Wanted
from gui.widgets.wheel_safe import QuietComboBox, QuietSlider
from gui.workspace.images import State

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from core.cells import Detections
    from core.classes import Palette
    from gui.panels.gallery.section import ClassSection
    from gui.workspace.selection import CellOf
    from gui.workspace.workspace import Workspace

_MARGIN, _ABOVE_TILES = 8, 12
_WIDE_ENOUGH_FOR_HINT = 640
_WIDE_ENOUGH_FOR_ONE_LINE = 480
_WIDE_ENOUGH_SIDE_BY_SIDE = 340
_CONTEXT = 0.25
_HINT = gettext("Drag cells to another class, or select them and press its number.")
_SCOPES = (gettext("This image"), gettext("All images"))
_MOST_TOLD = 12
_NOTHING_COUNTED = gettext("No cells are counted in this image yet")


class Gallery(QWidget):
    """All counted cells of the current image, or of all images, class beside class.

    A click selects a cell and brings it into view on the canvas, with its image; a drag to another class gives it
    that class.
    """

    all_changed = Signal(bool)

    def __init__(self, workspace: Workspace, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.editing = workspace.editing
        self.selection = workspace.selection
        self.crops = Crops(_CONTEXT, self._missing_in_view, self)
        self._all = False
        self._all_cells = SessionCells(workspace)
        self._all_tiles: dict[str, Tiles] | None = None
        self.splitter = Sections(palette)
        self._shown: int | str | None = None
        self._dropped: list[tuple[str, list[CellOf]]] = []
        self._later = Debounce(0, self.refresh, self)
        self._build()
        for signal in (
            workspace.counts.changed,
            workspace.images.current_changed,
            workspace.inference.image_loaded,
            workspace.inference.model_changed,
            workspace.store.session_changed,
        ):
            signal.connect(self._refresh_later)
        workspace.store.session_changed.connect(self.crops.forget)
        workspace.images.changed.connect(self.crops.retry)
        self._all_cells.changed.connect(self._on_all_cells)
        workspace.selection.changed.connect(self._on_selection_changed)

    def _build(self) -> None:
        self.doubtful_first = QCheckBox(gettext("Least certain first"))
        self.doubtful_first.setChecked(True)
        self.doubtful_first.setToolTip(gettext("The lowest probabilities at the top; without it, the highest"))
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
        self.size_slider.setAccessibleName(gettext("Size of the tiles"))
        self.size_slider.setToolTip(gettext("Size of the tiles"))
        self.size_slider.valueChanged.connect(self._on_size)
        self.scope_box = QuietComboBox()
        self.scope_box.addItems(_SCOPES)
        self.scope_box.setAccessibleName(gettext("Which cells the gallery shows"))
        self.scope_box.setToolTip(gettext("The cells of the current image, or of all counted images of the session"))
        self.scope_box.currentIndexChanged.connect(lambda place: self.set_all(place == 1))
        self.bar = QWidget()
        self.bar.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._bar_layout = QGridLayout(self.bar)
        self._bar_layout.setContentsMargins(2, 0, 2, 0)
        self._bar_layout.setHorizontalSpacing(16)
        self._bar_layout.setVerticalSpacing(4)
        self._arrange_bar()
        self.empty = QLabel(_NOTHING_COUNTED)
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, 6, _MARGIN, _MARGIN)
        layout.setSpacing(6)
        layout.addWidget(self.bar)
        layout.addWidget(self.pages, 1)
        self.setAccessibleName(gettext("Gallery"))

    def _arrange_bar(self) -> None:
        """Put what is above the tiles into one line, or into two where there is little room."""
        wide = self.width() >= _WIDE_ENOUGH_FOR_ONE_LINE
        for widget, place in (
            (self.scope_box, (0, 0)),
            (self.doubtful_first, (0, 1) if wide else (1, 0)),
            (self.hint, (0, 2)),
            (self.size_slider, (0, 3)),
        ):
            self._bar_layout.addWidget(widget, *place)
        self._bar_layout.setColumnStretch(2, 1)

    @property
    def sections(self) -> dict[str, ClassSection]:
        """The tiles of each class."""
        return self.splitter.by_class

    # -- what is shown -------------------------------------------------------------------------

    @property
    def all_images(self) -> bool:
        """Whether the cells of all images are shown."""
        return self._all

    def set_all(self, everything: bool) -> None:
        """Show the cells of all images, or of the current one alone."""
        if everything == self._all:
            return
        self._all = everything
        self.scope_box.setCurrentIndex(int(everything))
        self._all_cells.set_active(everything and self.isVisible())
        self._forget_elsewhere()
        self.all_changed.emit(everything)
        self.refresh(from_top=True)

    @property
    def tile_side(self) -> int:
        """Width and height of a tile's piece of photograph, to be kept in the preferences."""
        return self.size_slider.value()

    @tile_side.setter
    def tile_side(self, side: int) -> None:
        self.size_slider.setValue(side)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self.splitter.set_palette(palette)

    def refresh(self, *, from_top: bool = False) -> None:
        """Show the counted cells as they now are; does nothing while the gallery is hidden."""
        self._later.stop()
        if not self.isVisible():
            return
        workspace = self.workspace
        item = workspace.images.current
        if tuple(self.sections) != workspace.settings.classes:
            self._make_sections(workspace.settings.classes)
        picture = workspace.inference.shown
        if self.crops.use(item.id if item else None, picture.levels if picture else None):
            for section in self.sections.values():
                section.view.viewport().update()
        shown = "all" if self._all else item.id if item else None
        tiles = self._tiles(fresh=from_top)
        any_tiles = any(len(mine) for mine in tiles.values())
        from_top = from_top or shown != self._shown or (any_tiles and self.pages.currentWidget() is self.empty)
        self._shown = shown
        for name, section in self.sections.items():
            section.show_tiles(tiles[name], from_top=from_top)
        self.empty.setText(self._why_empty())
        self.pages.setCurrentIndex(1 if any_tiles else 0)
        with_tiles = [section.view for section in self.sections.values() if len(section.view.tiles)]
        self.setFocusProxy(with_tiles[0] if with_tiles else self.scope_box)
        self._show_hint()
        if from_top:
            self._share_room()
        self._forget_hidden(tiles)
        self._show_selection(reveal=from_top)

    def _tiles(self, *, fresh: bool) -> dict[str, Tiles]:
        workspace, doubtful_first = self.workspace, self.doubtful_first.isChecked()
        if not self._all:
            return Tiles.by_class(self._current_cells(), workspace.settings.classes, doubtful_first=doubtful_first)
        if fresh or self._all_tiles is None or tuple(self._all_tiles) != workspace.settings.classes:
            counted = self._all_cells.counted()
            self._all_tiles = Tiles.by_class(counted, workspace.settings.classes, doubtful_first=doubtful_first)
        return self._all_tiles

    def _current_cells(self) -> list[tuple[int, Detections]]:
        item = self.workspace.images.current
        result = self.workspace.counts.result(item.id if item else None)
        cells = self.workspace.counts.current_cells()
        if item is None or result is None or cells is None:
            return []
        return [(item.id, cells.cells.taken(np.flatnonzero(result.counted)))]

    def _why_empty(self) -> str:
        item = self.workspace.images.current
        if item is None:
            return gettext("Open an image to see its cells here")
        if self._all:
            missing = self._all_cells.missing
            if not missing:
                return gettext("No cells counted yet")
            text = ngettext("{n:,} image still to be read …", "{n:,} images still to be read …", missing)
            return text.format(n=missing)
        if item.state is State.FAILED:
            return gettext("This image could not be counted")
        if item.state is State.COUNTING:
            return gettext("This image is being counted …")
        return _NOTHING_COUNTED

    def _show_hint(self) -> None:
        """Say what can be done here, or which images have no tiles."""
        failed = [item for item in self.workspace.images.items if item.state is State.FAILED] if self._all else []
        hint = _HINT
        if failed:
            hint = ngettext("{n:,} image could not be counted", "{n:,} images could not be counted", len(failed))
            hint = hint.format(n=len(failed))
        self.hint.setText(hint if self.width() >= _WIDE_ENOUGH_FOR_HINT else "")
        told = [item.error or item.path.name for item in failed[:_MOST_TOLD]]
        self.hint.setToolTip("\n".join([*told, *(["…"] if len(failed) > _MOST_TOLD else [])]))

    def about(self, image: int) -> str:
        """Return what a tile says of its image: its name, and why it cannot be shown."""
        item = self.workspace.images.item(image)
        if item is None:
            return ""
        error = self.crops.error(image, item.path)
        return "\n".join([*([item.path.name] if self._all else []), *([error] if error else [])])

    def _missing_in_view(self) -> Wanted | None:
        if not self._all or not self.isVisible():
            return None
        images = self.workspace.images
        return self.splitter.missing_in_view(
            self.crops, lambda image: item.path if (item := images.item(image)) is not None else None
        )

    def _make_sections(self, classes: tuple[str, ...]) -> None:
        for section in self.splitter.make(classes, self.crops, self.about, self.dragged_cells):
            view = section.view
            view.chosen.connect(lambda view=view: self._on_chosen(view))
            view.dragged.connect(lambda view=view: self._on_dragged(view))
            section.dropped.connect(self._on_dropped)

    def _share_room(self) -> None:
        height = self.height() - self.bar.sizeHint().height() - _ABOVE_TILES - _MARGIN
        self.splitter.share_room(self.width() - 2 * _MARGIN, height)

    def _on_selection_changed(self) -> None:
        if self.isVisible():
            self._show_selection(reveal=True)

    def _show_selection(self, *, reveal: bool) -> None:
        numbers = np.array([number for _, number in self.selection.all], np.int64)
        self.splitter.show_selection(numbers, reveal=reveal)

    def _forget_elsewhere(self) -> None:
        """Let go of the cells of other images: nobody sees any more that they are selected."""
        self.selection.set(self.selection.cells)

    def _forget_hidden(self, tiles: dict[str, Tiles]) -> None:
        """Let go of the cells of other images that have no tile any more."""
        elsewhere = self.selection.elsewhere
        if elsewhere:
            there = set(np.concatenate([mine.ids for mine in tiles.values()]).tolist())
            self.selection.set(self.selection.cells, [cell for cell in elsewhere if cell[1] in there])

    def _on_all_cells(self) -> None:
        self._all_tiles = None
        self._refresh_later()

    def _refresh_later(self, *_: object) -> None:
        if self.isVisible():
            self._later.start()

    # -- what the person does ------------------------------------------------------------------

    def _on_chosen(self, view: TileView) -> None:
        """Select in the workspace what is selected here; Ctrl leaves what is selected in other classes."""
        mine = view.selected_cells()
        others: list[CellOf] = []
        if not view.fresh and self.selection.all:
            here = np.isin([number for _, number in self.selection.all], view.tiles.ids)
            others = [cell for cell, is_here in zip(self.selection.all, here, strict=True) if not is_here]
        current = self.workspace.images.current
        if len(mine) == 1 and not others and (current is None or mine[0][0] != current.id):
            self._jump_to(view, *mine[0])
            return
        image = current.id if current else None
        chosen = [*others, *mine]
        self.selection.set(
            [number for one, number in chosen if one == image], [cell for cell in chosen if cell[0] != image]
        )
        if len(mine) == 1 and not others:
            self.selection.reveal_cell.emit(mine[0][1])

    def _jump_to(self, view: TileView, image: int, number: int) -> None:
        row = int(np.flatnonzero(view.tiles.ids == number)[0])
        self.selection.show_box(image, view.tiles.boxes[row].tolist(), number)

    def _on_size(self, side: int) -> None:
        self.splitter.set_side(side)
        self._share_room()

    def drag_data(self) -> QMimeData | None:
        """Return the selected cells to be dragged; None if there are none, or they may not be changed."""
        path = self.workspace.store.path
        cells = self.splitter.with_tiles(self.selection.all)
        if path is None or not cells or not self._may_change:
            return None
        return packed(cells, path)

    def dragged_cells(self, mime: QMimeData) -> list[CellOf]:
        """Return the cells of a drag, if they are among those that are shown."""
        path = self.workspace.store.path
        if path is None or not self._may_change:
            return []
        return self.splitter.with_tiles(unpacked(mime, path))

    @property
    def _may_change(self) -> bool:
        return self.workspace.store.writable if self._all else self.editing.editable

    def _on_dragged(self, view: TileView) -> None:
        mime = self.drag_data()
        if mime is None:
            return
        picture = view.drag_picture(len(self.dragged_cells(mime)))
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(picture)
        ratio = picture.devicePixelRatio()
        drag.setHotSpot(QPoint(round(picture.width() / ratio / 2), round(picture.height() / ratio / 2)))
        self._dropped.clear()
        drag.exec(Qt.DropAction.MoveAction)
        # Not before the drag has ended: the workspace may ask for a name, and a dialog inside a drop hangs.
        for class_name, cells in self._dropped:
            self.editing.make(cells, class_name)
        self._dropped.clear()

    def _on_dropped(self, class_name: str, cells: list[CellOf]) -> None:
        self._dropped.append((class_name, cells))

    # -- events --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._all_cells.set_active(self._all)
        self.crops.retry()
        self._refresh_later()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._all_cells.set_active(False)
        self.crops.cancel()
        self._forget_elsewhere()

    def stop(self) -> None:
        """End the thread that reads pictures."""
        self.crops.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange_bar()
        self._show_hint()
        wide = self.width() >= max(self.height(), _WIDE_ENOUGH_SIDE_BY_SIDE)
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        self.splitter.turn(orientation)
        self._share_room()
