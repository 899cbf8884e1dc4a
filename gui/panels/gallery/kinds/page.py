"""Cells by kind: the tree of kinds at the left, piles in the middle, the selected cell in its field at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from core.kinds.tree import NO_CELL
from core.text import gettext, ngettext
from gui.panels.gallery.inspector import Inspector
from gui.panels.gallery.kinds.area import PilesArea
from gui.panels.gallery.kinds.bar import KindsBar
from gui.panels.gallery.kinds.content import (
    EXAMPLES,
    UNSORTED,
    UNSURE,
    USEFUL,
    CellList,
    ClassCells,
    arranged,
    cells_of_class,
)
from gui.panels.gallery.kinds.empty import EmptyKinds
from gui.panels.gallery.kinds.figures import FiguresPage
from gui.panels.gallery.kinds.naming import Naming
from gui.panels.gallery.kinds.tree import KindList
from gui.panels.gallery.pieces import missing_in_view
from gui.tasks import Debounce
from gui.widgets.layout.foldable import Foldable, Side
from gui.widgets.tiles.crops import Crops, Wanted

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.panels.gallery.kinds.pile import Pile
    from gui.workspace.workspace import Workspace

_MARGIN = 8
_TREE_WIDTH, _WIDE_TREE = 330, 376
_HINT = gettext(
    "Press the key of a kind, or drag cells on it: the next one without a kind is selected. Return accepts the "
    "suggestion. Double-click a cell to see it in its image."
)
_ROOM_BESIDE = 28
_WIDE_FOR_NAMES, _WIDE = 1240, 1060
"""From which widths on there is room for long names and for the selected cell."""


class KindsPage(QWidget):
    """Teaches kinds: a key or a drag gives a kind, and the rest of the sample is sorted.

    What the program suggests changes as soon as it has learnt; where a cell stands changes only while nobody works in
    the piles, after all the most useful cells were named, or when it is asked for.
    """

    open_wanted = Signal(int, int)  # image and cell to be shown in Review
    refreshed = Signal()

    def __init__(self, workspace: Workspace, actions: Actions, palette: Palette) -> None:
        super().__init__()
        self._workspace = workspace
        self._kinds = workspace.kinds
        self._selection = workspace.selection
        self._palette = palette
        self._later = Debounce(0, self.refresh, self)
        self._actions = actions
        self._diameters: dict[int, float] = {}
        self.naming = Naming(workspace, self)
        self.crops = Crops(self._missing_in_view, self)
        self.bar = KindsBar()
        self.tree = KindList(self.naming.dragged_cells)
        self.area = PilesArea(self.crops, self._about, self.naming.kind_of_key, self.naming.dragged_cells)
        self.figures = FiguresPage()
        self.empty = EmptyKinds()
        self.inspector = Inspector(workspace, actions, palette, ("accept_kind", "clear_kind", "remove"), _HINT)
        self.setAccessibleName(gettext("Cells by kind"))
        self._build()
        self._connect()

    def _build(self) -> None:
        self.waiting = QLabel()
        self.waiting.setObjectName("faint")
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.waiting.setWordWrap(True)
        self.middle = QStackedWidget()
        for page in (self.waiting, self.area, self.figures):
            self.middle.addWidget(page)
        self.fold = Foldable(self.tree, Side.LEFT, gettext("list of kinds"))
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.fold)
        row.addWidget(self.middle, 1)
        self.pages = QStackedWidget()
        for page in (self.empty, inside):
            self.pages.addWidget(page)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(_MARGIN)
        column.addWidget(self.bar)
        column.addWidget(self.pages, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(left, 1)
        whole.addWidget(self.inspector)

    def _connect(self) -> None:
        workspace, kinds = self._workspace, self._kinds
        self.area.made.connect(self._on_made)
        self.bar.sort_wanted.connect(self.sort_again)
        self.bar.side_chosen.connect(self.area.set_side)
        self.bar.figures_toggled.connect(self._refresh_later)
        self.bar.reading_ended.connect(lambda: self.set_reading(""))
        self.bar.differential_wanted.connect(self._actions["differential"].trigger)
        self.figures.cells_wanted.connect(self._show_examples)
        self.empty.ready_chosen.connect(kinds.tree.add_ready_set)
        self.empty.own_wanted.connect(self._actions["edit_kinds"].trigger)
        self.empty.set_wanted.connect(self._actions["teaching_sets"].trigger)
        self.tree.chosen.connect(self._on_tree_chosen)
        self.tree.given.connect(self.naming.give_selected)
        self.tree.dropped.connect(self.naming.note_drop)
        for part in (self.inspector, self.naming):
            part.open_wanted.connect(self.open_wanted)
        for signal in (
            kinds.piles.changed,
            kinds.differential.changed,
            kinds.leaving_out.changed,
            kinds.typed.changed,
            kinds.embeddings.changed,
            kinds.tree.changed,
            workspace.counts.changed,
            workspace.images.changed,
            workspace.settings.classes_changed,
            workspace.inference.image_loaded,
        ):
            signal.connect(self._refresh_later)
        workspace.counts.changed.connect(self._on_counts_changed)
        workspace.store.session_changed.connect(self._on_session_changed)
        workspace.images.changed.connect(self.crops.retry)
        self._selection.changed.connect(self._on_selection_changed)

    # -- what is shown -------------------------------------------------------------------------------

    def _on_session_changed(self) -> None:
        self.crops.forget()
        self._diameters.clear()
        self.naming.class_name = ""
        self.set_reading("")
        self._refresh_later()

    def _on_counts_changed(self, images: frozenset[int]) -> None:
        """Look up again how large the red cells of images are: they may be counted by another model."""
        for image in images:
            self._diameters.pop(image, None)

    def _refresh_later(self, *_: object) -> None:
        if self.isVisible():
            self._later.start()

    def refresh(self) -> None:
        """Show what users said and the program suggests; does nothing while the page is hidden."""
        self._later.stop()
        if not self.isVisible():
            return
        workspace, tree = self._workspace, self._kinds.tree.tree
        classes = workspace.settings.classes
        with_kinds = [name for name in tree.classes if name in classes]
        self.empty.show_classes(classes, writable=workspace.store.writable)
        self.pages.setCurrentIndex(1 if with_kinds else 0)
        self.bar.show_kinds(bool(with_kinds))
        self._show_inspector()
        if not with_kinds:
            self.bar.show_note("")
            self.setFocusProxy(next((one for one in self.empty.ready.values() if not one.isHidden()), self.bar.switch))
            return
        if self.naming.class_name not in with_kinds:
            self.naming.class_name = with_kinds[0]
        item, shown = workspace.images.current, workspace.inference.shown
        self.crops.use(item.id if item else None, shown.levels if shown else None)
        self.tree.show_tree(tree, classes, self._palette)
        self.area.show_class(self.naming.class_name, tree)
        self.naming.cells = self._cells_of(self.naming.class_name)
        self._show_piles()
        self._show_numbers(with_kinds)
        self._show_note()
        self._show_figures()
        self.waiting.setText(self._why_empty())
        self._show_selection()
        self.refreshed.emit()

    def _cells_of(self, class_name: str) -> ClassCells:
        return cells_of_class(self._workspace, class_name, self._diameters, self.naming.reading)

    def _show_piles(self) -> None:
        """Arrange the piles anew if nobody is disturbed by it, or else show only what their cells now are."""
        new = self._arranged()
        done = self.area.batch_done and bool(new.get(USEFUL))
        if not self.area.layout_ or done or not self.area.worked_in:
            self._arrange(new, go_on=done)
            return
        self.area.follow(self.naming.cells)
        self.bar.sort_button.setEnabled(new != self.area.layout_)

    def _arranged(self) -> dict[str, CellList]:
        name = self.naming.class_name
        return arranged(self._workspace, name, self.naming.cells, suggest=not self.naming.reading)

    def _arrange(self, layout: dict[str, CellList], *, go_on: bool) -> None:
        self.area.arrange(layout, self.naming.cells)
        if UNSORTED in layout:
            self.area.piles[UNSORTED].show_reading(bool(self.naming.reading))
        self.bar.sort_button.setEnabled(False)
        views = self.area.views
        self.setFocusProxy(views[0] if views else self.tree)
        if go_on:
            views[0].choose_row(0)

    def sort_again(self) -> None:
        """Put every cell into its pile."""
        if self.isVisible() and self.naming.class_name:
            self.naming.cells = self._cells_of(self.naming.class_name)
            self._arrange(self._arranged(), go_on=False)
            self._show_selection()

    def _show_figures(self) -> None:
        """Show the figures in place of the piles while they are wanted."""
        name, piles = self.naming.class_name, self._kinds.piles
        if self.bar.shows_figures:
            self.figures.show_figures(piles.figures(name), piles.too_few(name), self._kinds.tree.tree)
            self.middle.setCurrentWidget(self.figures)
        else:
            self.middle.setCurrentWidget(self.area if self.area.layout_ else self.waiting)

    def _show_examples(self, kind: str, suggested: str) -> None:
        """Show the examples behind an entry of the confusion matrix above the piles."""
        name, tree = self.naming.class_name, self._kinds.tree.tree
        cells, others = self._kinds.piles.confused(name, kind, suggested)
        if not cells:
            text = ngettext(
                "{n:,} cell, in the teaching set, not in this sample.",
                "{n:,} cells, all in the teaching set, not in this sample.",
                others,
            )
            self._workspace.messages.info(text.format(n=others) if others else gettext("There is no such cell."))
            return
        self.bar.show_figures(False)
        layout = {pile: mine for pile, mine in self.area.layout_.items() if pile != EXAMPLES}
        self.area.arrange({EXAMPLES: CellList.of(cells), **layout}, self.naming.cells)
        text = gettext("Called {kind}; the program would be unsure")
        if suggested:
            text = gettext("Called {kind}; the program would suggest {suggested}")
        self.area.piles[EXAMPLES].say(text.format(kind=tree.name(kind), suggested=tree.name(suggested)))
        self.bar.sort_button.setEnabled(True)
        self._show_figures()
        self.area.go_to(EXAMPLES)

    def set_reading(self, name: str) -> None:
        """Name the confirmed cells a second time, under a name; "" goes back to the sample's own reading."""
        if name != self.naming.reading:
            self.naming.reading = name
            self._kinds.differential.set_reading(name)
            self.bar.show_figures(False)
            self.bar.end_button.setVisible(bool(name))
            self.area.layout_ = {}
            self._refresh_later()

    def _show_numbers(self, with_kinds: list[str]) -> None:
        for name in with_kinds:
            shown = name == self.naming.class_name
            cells = self.naming.cells if shown else self._cells_of(name)
            self.tree.show_numbers(name, cells.numbers())

    def _show_note(self) -> None:
        """Say what is under way, what is missing, or what is to be thought of."""
        piles, tree = self._kinds.piles, self._kinds.tree.tree
        waiting = self._kinds.embeddings.waiting
        few = piles.too_few(self.naming.class_name)
        counted = self._kinds.differential.result(self.naming.reading)
        self.bar.show_differential(counted)
        if self.naming.reading:
            said = int(self.naming.cells.tiles.by_hand.sum())
            text = gettext("Second reading by {name}: {said:,} of {all:,} cells")
            text = text.format(name=self.naming.reading, said=said, all=len(self.naming.cells.tiles))
        elif piles.looks_different(self.naming.class_name):
            text = gettext("⚠ This sample looks unlike the teaching set: name some cells of each kind here too.")
        elif waiting:
            text = ngettext("Looking at the cells of {n:,} image…", "Looking at the cells of {n:,} images…", waiting)
            text = text.format(n=waiting)
        elif not few and (pair := self._alike()) is not None:
            text = gettext("Most are unsure: {one} and {other} are taken for one another. More of both help the most.")
            text = text.format(one=tree.name(pair[0]), other=tree.name(pair[1]))
        elif few:
            told = [gettext("{kind} ({n})").format(kind=tree.name(kind), n=number) for kind, number in few.items()]
            text = gettext("Not suggested with fewer than 3 examples: {kinds}").format(kinds=", ".join(told))
        else:
            text = ""
        self.bar.show_note(text, text)

    def _alike(self) -> tuple[str, str] | None:
        """Return the kinds that are hardest to tell apart, if that leaves more cells unsure than sorted."""
        figures = self._kinds.piles.figures(self.naming.class_name)
        numbers = self.naming.cells.numbers()
        unsure = numbers.get(UNSURE, (0, 0))[0]
        sorted_ = sum(suggested for name, (suggested, _) in numbers.items() if name not in (UNSURE, UNSORTED))
        return figures.alike if figures is not None and unsure > sorted_ else None

    def _why_empty(self) -> str:
        if self._workspace.images.current is None:
            return gettext("Open an image to see its cells here")
        if self._kinds.embeddings.waiting:
            return gettext("Looking at the cells…")
        return gettext("No cells of this class are counted yet")

    def _about(self, image: int) -> str:
        item = self._workspace.images.item(image)
        return "" if item is None else "\n".join(filter(None, (item.path.name, self.crops.error(image, item.path))))

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self.tree.set_palette(palette)
        self.inspector.set_palette(palette)

    def _missing_in_view(self) -> Wanted | None:
        if not self.isVisible():
            return None
        return missing_in_view(self.area.views, self.crops, self._workspace.images)

    # -- the selection -------------------------------------------------------------------------------

    def _on_selection_changed(self) -> None:
        if self.isVisible():
            self._show_selection()

    def _show_selection(self) -> None:
        self.area.show_selection(np.array([number for _, number in self._selection.all], np.int64))
        self.inspector.refresh()

    def select_all(self) -> None:
        """Select the cells of the pile where the focus is, or else all of the class."""
        focused = [view for view in self.area.views if view.hasFocus()]
        self.naming.select([cell for view in focused or self.area.views for cell in view.tiles.cells()])

    # -- what the user does --------------------------------------------------------------------------

    def _on_made(self, pile: Pile) -> None:
        self.naming.serve(pile)
        if pile.pile == NO_CELL:
            for name in ("leave_out", "leave_out_more"):
                button = QToolButton()
                button.setObjectName("segment" if self._actions[name].isCheckable() else "flat")
                button.setDefaultAction(self._actions[name])
                bold = QFont(button.font())
                bold.setBold(True)  # as it is while it is on
                button.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(button.text()) + _ROOM_BESIDE)
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                pile.add_tool(button)

    def _on_tree_chosen(self, class_name: str, pile: str) -> None:
        if class_name != self.naming.class_name or self.bar.shows_figures:
            self.naming.class_name = class_name
            self.bar.show_figures(self.bar.shows_figures and not pile)
            self.refresh()
        self.area.go_to(pile)

    # -- events --------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.crops.retry()
        self._later.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.crops.cancel()
        self.inspector.crops.cancel()
        self._selection.set(self._selection.cells)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.tree.setFixedWidth(_WIDE_TREE if self.width() >= _WIDE_FOR_NAMES else _TREE_WIDTH)
        self._show_inspector()

    def _show_inspector(self) -> None:
        self.inspector.setVisible(self.width() >= _WIDE and self.pages.currentIndex() == 1)

    def stop(self) -> None:
        """End the threads."""
        self._later.stop()
        self.crops.close()
        self.inspector.crops.close()
