"""The gallery: all counted cells of all images, or of one, by class and all at the same scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.panels.gallery.bar import GalleryBar
from gui.panels.gallery.dragging import drag_cells
from gui.panels.gallery.inspector import Inspector
from gui.panels.gallery.sections import Sections
from gui.panels.gallery.source import TileSource
from gui.panels.gallery.tiles import Order, Tiles, packed, unpacked
from gui.tasks import Debounce
from gui.widgets.tiles.crops import Crops, Wanted
from gui.workspace.images import State

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.panels.gallery.section import ClassSection
    from gui.panels.gallery.view import TileView
    from gui.workspace.images import ImageItem
    from gui.workspace.selection import CellOf
    from gui.workspace.workspace import Workspace

_MARGIN, _ABOVE_TILES = 8, 12
_WIDE_ENOUGH_SIDE_BY_SIDE = 340
_MOST_TOLD = 12


class Gallery(QWidget):
    """All counted cells, class beside class, and the selected one in its field.

    A click selects a cell; a double click asks for it in its image. A drag to another class gives it that class.
    """

    all_changed = Signal(bool)
    open_wanted = Signal(int, int)  # image and cell to be shown in Review

    def __init__(self, workspace: Workspace, actions: Actions, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.editing = workspace.editing
        self.selection = workspace.selection
        self.crops = Crops(self._missing_in_view, self)
        self.source = TileSource(workspace)
        self.splitter = Sections(palette)
        self.inspector = Inspector(workspace, actions, palette)
        self.bar = GalleryBar()
        self._shown: int | str | None = None
        self._dropped: list[tuple[str, list[CellOf]]] = []
        self._later = Debounce(0, self.refresh, self)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.empty = QLabel()
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.splitter)
        self.tiles_area = QWidget()
        column = QVBoxLayout(self.tiles_area)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(_MARGIN)
        column.addWidget(self.bar)
        column.addWidget(self.pages, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.tiles_area, 1)
        row.addWidget(self.inspector)
        self.setAccessibleName(gettext("Cells"))

    def _connect(self) -> None:
        workspace = self.workspace
        self.bar.scope_chosen.connect(self.set_all)
        self.bar.order_chosen.connect(self._on_order)
        self.bar.side_chosen.connect(self._on_size)
        self.inspector.open_wanted.connect(self.open_wanted)
        self.source.changed.connect(self._refresh_later)
        for signal in (workspace.inference.image_loaded, workspace.images.item_changed, workspace.images.changed):
            signal.connect(self._refresh_later)
        workspace.store.session_changed.connect(self.crops.forget)
        workspace.images.changed.connect(self.crops.retry)
        self.crops.arrived.connect(self._show_note)
        workspace.selection.changed.connect(self._on_selection_changed)
        workspace.counts.changed.connect(self._show_cell_again)

    @property
    def sections(self) -> dict[str, ClassSection]:
        """The tiles of each class."""
        return self.splitter.by_class

    # -- what is shown -------------------------------------------------------------------------

    @property
    def all_images(self) -> bool:
        """Whether the cells of all images are shown."""
        return self.source.everywhere

    def set_all(self, everything: bool) -> None:
        """Show the cells of all images, or of the current one alone."""
        if everything == self.all_images:
            return
        self.bar.show_scope(everything)
        self._forget_elsewhere()
        self._shown = None
        self.source.show(everywhere=everything, order=self.source.order)
        self.all_changed.emit(everything)
        self.refresh()

    @property
    def tile_side(self) -> int:
        """Width and height of a tile's piece of photograph, to be kept in the preferences."""
        return self.bar.size_slider.value()

    @tile_side.setter
    def tile_side(self, side: int) -> None:
        self.bar.size_slider.setValue(side)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self.splitter.set_palette(palette)
        self.inspector.set_palette(palette)

    def refresh(self) -> None:
        """Show the counted cells as they now are; does nothing while the gallery is hidden."""
        self._later.stop()
        if not self.isVisible():
            return
        workspace = self.workspace
        self.source.refresh()
        item, picture = workspace.images.current, workspace.inference.shown
        if tuple(self.sections) != workspace.settings.classes:
            self._make_sections(workspace.settings.classes)
        if self.crops.use(item.id if item else None, picture.levels if picture else None):
            for section in self.sections.values():
                section.view.viewport().update()
        shown = "all" if self.all_images else item.id if item else None
        piles = self.source.piles
        any_tiles = any(len(mine) for mine in piles.values())
        from_top = shown != self._shown or (any_tiles and self.pages.currentWidget() is self.empty)
        if not self.source.busy:
            self._shown = shown
        for name, section in self.sections.items():
            section.show_tiles(piles.get(name) or Tiles.none(), from_top=from_top)
        if not any_tiles:
            self.empty.setText(self._why_empty())
        self.pages.setCurrentIndex(1 if any_tiles else 0)
        with_tiles = [section.view for section in self.sections.values() if len(section.view.tiles)]
        self.setFocusProxy(with_tiles[0] if with_tiles else self.bar.scope_box)
        self._show_note()
        if from_top:
            self._share_room()
        self._forget_hidden()
        self._show_selection(reveal=from_top)

    def _why_empty(self) -> str:
        item = self.workspace.images.current
        if item is None:
            return gettext("Open an image to see its cells here")
        if self.source.busy:
            return gettext("Sorting the cells…")
        if self.all_images:
            missing = self.workspace.counts.unread
            if not missing:
                return gettext("No cells counted yet")
            text = ngettext("{n:,} image still to be read…", "{n:,} images still to be read…", missing)
            return text.format(n=missing)
        if item.state is State.FAILED:
            return gettext("This image could not be counted")
        if item.state is State.COUNTING:
            return gettext("This image is being counted…")
        return gettext("No cells are counted in this image yet")

    def _show_note(self) -> None:
        """Say which images have no tiles, or what is still under way."""
        any_failed = self.all_images and self.workspace.counts.states[State.FAILED]
        items = self.workspace.images.items if any_failed else []
        failed = [item for item in items if item.state is State.FAILED]
        dark = self.source.darkness.missing if self.source.order is Order.DARKEST else 0
        text = ""
        if dark:
            text = ngettext("{n:,} image still to be measured…", "{n:,} images still to be measured…", dark)
            text = text.format(n=dark)
        elif unseen := self._unseen_images():
            failed = unseen
            text = ngettext("{n:,} image cannot be seen", "{n:,} images cannot be seen", len(failed))
            text = text.format(n=len(failed))
        elif failed:
            text = ngettext("{n:,} image could not be counted", "{n:,} images could not be counted", len(failed))
            text = text.format(n=len(failed))
        told = [item.error or item.path.name for item in failed[:_MOST_TOLD]]
        self.bar.show_note(text, "\n".join([*told, *(["…"] if len(failed) > _MOST_TOLD else [])]))

    def _unseen_images(self) -> list[ImageItem]:
        """Return the images whose cells have empty tiles: their files are gone, or cannot be read."""
        if not self.crops.failed:
            return []
        items, current = self.workspace.images.items, self.workspace.images.current
        shown = items if self.all_images else [] if current is None else [current]
        return [item for item in shown if self.crops.error(item.id, item.path)]

    def about(self, image: int) -> str:
        """Return what a tile says of its image: its name, and why it cannot be shown."""
        item = self.workspace.images.item(image)
        if item is None:
            return ""
        error = self.crops.error(image, item.path)
        return "\n".join([*([item.path.name] if self.all_images else []), *([error] if error else [])])

    def _missing_in_view(self) -> Wanted | None:
        if not self.isVisible():
            return None
        return self.splitter.missing_in_view(self.crops, self.workspace.images)

    def _make_sections(self, classes: tuple[str, ...]) -> None:
        for section in self.splitter.make(classes, self.crops, self.about, self.dragged_cells):
            view = section.view
            view.chosen.connect(lambda view=view: self._on_chosen(view))
            view.opened.connect(lambda row, view=view: self._on_opened(view, row))
            view.dragged.connect(lambda view=view: self._on_dragged(view))
            section.dropped.connect(self._on_dropped)

    def _share_room(self) -> None:
        height = self.height() - self.bar.sizeHint().height() - _ABOVE_TILES - _MARGIN
        self.splitter.share_room(self.tiles_area.width() - 2 * _MARGIN, height)

    def _on_selection_changed(self) -> None:
        if self.isVisible():
            self._show_selection(reveal=True)

    def _show_selection(self, *, reveal: bool) -> None:
        numbers = np.array([number for _, number in self.selection.all], np.int64)
        self.splitter.show_selection(numbers, reveal=reveal)
        self.inspector.refresh()

    def _show_cell_again(self, images: frozenset[int]) -> None:
        if self.isVisible() and any(image in images for image, _ in self.selection.all):
            self.inspector.refresh()

    def _forget_elsewhere(self) -> None:
        """Let go of the cells of other images: nobody sees any more that they are selected."""
        self.selection.set(self.selection.cells)

    def _forget_hidden(self) -> None:
        """Let go of the cells of other images that have no tile any more."""
        elsewhere = self.selection.elsewhere
        if elsewhere and not self.source.busy:
            self.selection.set(self.selection.cells, self.splitter.with_tiles(list(elsewhere)))

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
        self._select([*others, *mine])

    def select_all(self) -> None:
        """Select the cells of the class where the focus is, or else all that are shown."""
        views = [section.view for section in self.sections.values()]
        focused = [view for view in views if view.hasFocus()]
        self._select([cell for view in focused or views for cell in view.tiles.cells()])

    def _select(self, chosen: list[CellOf]) -> None:
        image = self.workspace.images.current_id
        self.selection.set(
            [number for one, number in chosen if one == image], [cell for cell in chosen if cell[0] != image]
        )

    def _on_opened(self, view: TileView, row: int) -> None:
        self.open_wanted.emit(int(view.tiles.images[row]), int(view.tiles.ids[row]))

    def _on_order(self, order: Order) -> None:
        self._shown = None
        self.source.show(everywhere=self.all_images, order=order)
        self.refresh()

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
        return self.workspace.store.writable if self.all_images else self.editing.editable

    def _on_dragged(self, view: TileView) -> None:
        mime = self.drag_data()
        if mime is None:
            return
        self._dropped.clear()
        drag_cells(self, view, mime, len(self.dragged_cells(mime)))
        # Not before the drag has ended: the workspace may ask for a name, and a dialog inside a drop hangs.
        for class_name, cells in self._dropped:
            self.editing.make(cells, class_name)
        self._dropped.clear()

    def _on_dropped(self, class_name: str, cells: list[CellOf]) -> None:
        self._dropped.append((class_name, cells))

    # -- events --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.source.set_active(True)
        self.crops.retry()
        self._refresh_later()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.source.set_active(False)
        self.crops.cancel()
        self.inspector.crops.cancel()
        self._forget_elsewhere()

    def stop(self) -> None:
        """End the threads."""
        self.source.close()
        self.crops.close()
        self.inspector.crops.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.tiles_area.width() >= max(self.height(), _WIDE_ENOUGH_SIDE_BY_SIDE)
        self.splitter.turn(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
        self._share_room()
