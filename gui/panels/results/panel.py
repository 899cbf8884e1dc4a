"""The results of a sample: totals, a table of images, manual counts, estimates, and the way to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.classes import PAPER
from core.text import gettext, ngettext
from gui.panels.results.columns import TOTAL, ComparedModel, FieldsModel
from gui.panels.results.differential import DifferentialLine
from gui.panels.results.estimates import EstimatesPage
from gui.panels.results.side import ReportSide
from gui.panels.results.table import ImagesTable
from gui.panels.results.totals import TotalsBar
from gui.tasks import Debounce
from gui.widgets.icons import icon
from gui.widgets.layout.message_page import MessagePage
from gui.widgets.tables import copy_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

_SETTLE_MS = 200
_SAID_MS = 2000
_NARROW = 1000


class ResultsPanel(QWidget):
    """A table of the images with their counts, and what they add up to."""

    image_wanted = Signal(object)  # id

    def __init__(
        self, workspace: Workspace, actions: Actions, palette: Palette = PAPER, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(gettext("Results"))
        self._workspace = workspace
        self.totals = TotalsBar(workspace, palette)
        self.differential = DifferentialLine(workspace, actions["differential"])
        self.fields = FieldsModel(workspace, self)
        self.table = ImagesTable(self.fields, gettext("Counts of the images"))
        self.compared = ComparedModel(workspace, self)
        self.compared_table = ImagesTable(self.compared, gettext("Manual counts beside the program's"))
        self.estimates = EstimatesPage(workspace)
        self.side = ReportSide(workspace, actions)
        self._compare_later = Debounce(_SETTLE_MS, self._show_compared, self)
        self._build_tabs(actions)
        self._lay_out()
        self._connect()
        self.set_palette(palette)
        self.setFocusProxy(self.table)
        self._show_classes()

    # -- construction --------------------------------------------------------------------------

    def _build_tabs(self, actions: Actions) -> None:
        self.pages = QStackedWidget()
        self.no_compared = MessagePage(
            gettext("Nothing is counted by hand yet"),
            gettext("Count an image by hand, or type its totals in Verification: both counts then stand here."),
        )
        by_hand = self.no_compared.add_button(gettext("Count by hand"))
        by_hand.clicked.connect(lambda *_: actions["tally"].trigger())
        verify = self.no_compared.add_button(gettext("Verification…"))
        verify.clicked.connect(lambda *_: actions["verify"].trigger())
        self.compared_pages = QStackedWidget()
        self.compared_pages.addWidget(self.compared_table)
        self.compared_pages.addWidget(self.no_compared)
        self.tabs = QButtonGroup(self)
        pages = (
            (gettext("Images"), self.table),
            (gettext("Manual counts"), self.compared_pages),
            (gettext("Ratios and estimates"), self.estimates),
        )
        for place, (text, page) in enumerate(pages):
            tab = QToolButton()
            tab.setObjectName("resultTab")
            tab.setText(text)
            tab.setCheckable(True)
            tab.setChecked(place == 0)
            self.tabs.addButton(tab, place)
            self.pages.addWidget(page)
        self.tabs.idClicked.connect(self.show_page)
        self.show_button = QPushButton(icon("image-square"), gettext("Show image"))
        self.show_button.setToolTip(gettext("Go to the chosen image (Enter, or a double click)"))
        self.copy_button = QPushButton(icon("copy"), gettext("Copy table"))
        self.copy_button.setToolTip(gettext("Copy the table for a spreadsheet (Ctrl+C)"))
        self.copied = QLabel()
        self.copied.setObjectName("faint")
        self._forget_copied = Debounce(_SAID_MS, self.copied.clear, self)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(4)
        for tab in self.tabs.buttons():
            bar.addWidget(tab)
        bar.addStretch()
        bar.addWidget(self.copied)
        bar.addWidget(self.show_button)
        bar.addWidget(self.copy_button)
        left = QVBoxLayout()
        left.setContentsMargins(12, 12, 12, 12)
        left.setSpacing(8)
        left.addWidget(self.totals)
        left.addWidget(self.differential)
        left.addLayout(bar)
        left.addWidget(self.pages, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(left, 1)
        layout.addWidget(self.side)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.settings.classes_changed.connect(self._show_classes)
        workspace.images.changed.connect(self._show_images)
        workspace.images.item_changed.connect(lambda image: self._refresh([image]))
        workspace.counts.changed.connect(self._refresh)
        workspace.quality.changed.connect(lambda image: self._refresh([image]))
        workspace.reviews.changed.connect(self.fields.refresh_all)
        workspace.manual_counts.changed.connect(self._compare_later.start_unless_due)
        workspace.manual_counts.counts_changed.connect(self.compared.refresh)
        workspace.counts.totals_changed.connect(self._compare_later.start_unless_due)
        for table in (self.table, self.compared_table):
            table.image_wanted.connect(self.image_wanted)
            table.selectionModel().currentRowChanged.connect(lambda *_: self._show_what_can_be_done())
        self.show_button.clicked.connect(lambda *_: self._want_image())
        self.copy_button.clicked.connect(lambda *_: self.copy())

    # -- what is shown -------------------------------------------------------------------------

    def show_page(self, place: int) -> None:
        """Show the images (0), the manual counts (1) or the estimates (2)."""
        self.tabs.button(place).setChecked(True)
        self.pages.setCurrentIndex(place)
        if place == 1:
            self._show_compared()
        self._show_what_can_be_done()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self.totals.set_palette(palette)
        self._workspace.preview.set_palette(palette)

    def stop(self) -> None:
        """End the threads."""
        self._workspace.preview.set_wanted(False)
        self.side.preview.close_threads()

    @Slot()
    def _show_classes(self) -> None:
        self.fields.show_classes()
        self.compared.show_classes()
        self._show_images()
        for table in (self.table, self.compared_table):
            table.fit_columns()

    @Slot()
    def _show_images(self) -> None:
        chosen = self.table.current_image
        self.fields.show_images([item.id for item in self._workspace.images.items])
        self._choose(chosen)
        self._compare_later.start_unless_due()

    @Slot(object)
    def _refresh(self, images: Iterable[int]) -> None:
        """Show what has changed of images; tables that nobody sees are painted when they are shown."""
        if self.isVisible():
            self.fields.refresh(images)
            self.compared.refresh(images)

    @Slot()
    def _show_compared(self) -> None:
        """Show which images were counted by hand; only while somebody looks at them."""
        if self.pages.currentIndex() != 1 or not self.isVisible():
            return
        images = self._workspace.manual_counts.images()
        if set(images) != {row for row in self.compared.rows if row != TOTAL}:
            self.compared.show_images([*images, TOTAL] if images else [])
        else:
            self.compared.refresh_all()
        self.compared_pages.setCurrentWidget(self.compared_table if images else self.no_compared)
        self._show_what_can_be_done()

    def _choose(self, image: int | None) -> None:
        """Choose the row of an image without scrolling to it."""
        place = -1 if image is None else self.fields.place(image)
        if place >= 0:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().setCurrentIndex(self.fields.index(place, 0), flags)

    def _show_what_can_be_done(self) -> None:
        table = self._current_table
        self.show_button.setEnabled(table is not None and table.current_image is not None)
        self.copy_button.setEnabled(self._current_copyable)

    @property
    def _current_table(self) -> ImagesTable | None:
        place = self.pages.currentIndex()
        return self.table if place == 0 else self.compared_table if place == 1 else None

    @property
    def _current_copyable(self) -> bool:
        return self.pages.currentIndex() != 1 or bool(self.compared.rows)

    # -- what is done --------------------------------------------------------------------------

    def copy(self) -> None:
        """Put the table that is shown into the clipboard, for a spreadsheet."""
        table = self._current_table
        if table is None:
            copy_lines(self.estimates.model.lines())
            rows = len(self.estimates.model.rows)
        else:
            table.copy()
            rows = len(self.fields.rows) if table is self.table else len(self.compared.rows)
        self.copied.setText(ngettext("{n:,} row copied", "{n:,} rows copied", rows).format(n=rows))
        self._forget_copied.start()

    def _want_image(self) -> None:
        table = self._current_table
        if table is not None and table.current_image is not None:
            self.image_wanted.emit(table.current_image)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.side.set_narrow(self.width() < _NARROW)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._workspace.preview.set_wanted(True)
        current = self._workspace.images.current_id
        self.table.choose(current)
        self._show_compared()
        self.differential.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._workspace.preview.set_wanted(False)
