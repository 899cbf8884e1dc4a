"""The panel on the left: the images with thumbnail, state and counts; a filter and an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from core.classes import short_name
from core.text import gettext
from gui.panels.images.delegate import RowPainter, Rows
from gui.panels.images.filters import Order, Show
from gui.panels.images.footer import Footer
from gui.panels.images.inputs import NameFilter, NarrowBox
from gui.panels.images.legend import Legend
from gui.panels.images.model import ImageListModel
from gui.panels.images.thumbnails import Thumbnails
from gui.tasks import Debounce
from gui.widgets.icons import icon
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtCore import QItemSelection
    from PySide6.QtGui import QCloseEvent

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

_MARGIN = 8
_ROWS_AT_ONCE = 20
_REARRANGE_MS = 300
_NARROWEST = 200


class ImageList(QWidget):
    """Shows the images, and the one that the user chooses."""

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("imageList")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(_NARROWEST)
        self._workspace = workspace
        self._actions = actions
        self._anchor: int | None = None
        self._scrolled = 0
        self._orders: list[Order | str] = []
        self.model = ImageListModel(workspace)
        self.rows = Rows(self)
        self.rows.setModel(self.model)
        self._thumbnails = Thumbnails(self._visible_paths, self)
        self.rows.setItemDelegate(RowPainter(self.model, self._thumbnails, self.rows))
        self._build()
        self._later = Debounce(_REARRANGE_MS, self._arrange, self)
        self._prefer_visible = Debounce(_REARRANGE_MS, self._prefer, self)
        self._connect()
        self._fill_orders()
        self._show_footer()

    def _build(self) -> None:
        self.name_filter = NameFilter()
        self.name_filter.setPlaceholderText(gettext("Filter by name"))
        self.name_filter.setAccessibleName(gettext("Filter images by name"))
        self.name_filter.setClearButtonEnabled(True)
        self.state_filter = NarrowBox(gettext("Show images"), gettext("Which images are shown"))
        self.state_filter.addItems([show.value for show in Show])
        self.order_box = NarrowBox(gettext("Sort images"), gettext("In which order they are shown"))
        self.legend_button = QToolButton()
        self.legend_button.setAutoRaise(True)
        self.legend_button.setIcon(icon("info"))
        self.legend_button.setToolTip(gettext("What the marks mean"))
        self.legend_button.setAccessibleName(gettext("What the marks mean"))
        self._build_header()
        self.footer = Footer()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 1, 0)  # the line at the right edge
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.footer)
        self.rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setFocusProxy(self.rows)

    def _build_header(self) -> None:
        self.header = QWidget()
        self.header.setObjectName("imageListHeader")
        self.header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QHBoxLayout()
        name.setSpacing(4)
        name.addWidget(self.name_filter, 1)
        name.addWidget(self.legend_button)
        boxes = QHBoxLayout()
        boxes.setSpacing(6)
        boxes.addWidget(self.state_filter)
        boxes.addWidget(self.order_box)
        column = QVBoxLayout(self.header)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(6)
        column.addLayout(name)
        column.addLayout(boxes)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.images.changed.connect(self._on_images_changed)
        workspace.images.item_changed.connect(self._on_item_changed)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.counts.changed.connect(self._on_counts_changed)
        workspace.counts.totals_changed.connect(self._on_totals_changed)
        workspace.quality.changed.connect(self._on_item)
        workspace.reviews.changed.connect(self._on_reviews_changed)
        workspace.settings.classes_changed.connect(self._fill_orders)
        workspace.store.session_changed.connect(self._on_session_changed)
        workspace.tally.active_changed.connect(self._show_rows_again)
        workspace.tally.options_changed.connect(self._show_rows_again)
        self.rows.verticalScrollBar().valueChanged.connect(lambda *_: self._prefer_visible.start_unless_due())
        self.model.modelAboutToBeReset.connect(self._remember_place)
        self.model.modelReset.connect(self._find_place)
        self.rows.selectionModel().selectionChanged.connect(self._on_selection)
        self.name_filter.textChanged.connect(self._filter)
        self.name_filter.left.connect(self._leave_filter)
        self.state_filter.currentIndexChanged.connect(self._filter)
        self.order_box.currentIndexChanged.connect(self._on_order)
        self.footer.show_all.clicked.connect(self.clear_filter)
        self.footer.show_rest.clicked.connect(lambda *_: self.show_only(Show.NOT_REVIEWED))
        self.legend_button.clicked.connect(lambda *_: Legend(self).open_below(self.legend_button))
        self.rows.customContextMenuRequested.connect(self._open_menu)
        self._thumbnails.ready.connect(self._on_thumbnail)

    # -- what the window asks ------------------------------------------------------------------

    def listed_images(self) -> list[int]:
        """Return the ids of the images that pass the filter, in the order shown."""
        items = self._workspace.images.items
        return [items[row].id for row in self.model.rows]

    def neighbour(self, by: int) -> int | None:
        """Return the id of the image ``by`` places after (before) the current one; None past the ends."""
        images = self._workspace.images
        row = self.model.neighbour(images.current_position, by)
        return None if row is None else images.items[row].id

    def clear_filter(self) -> None:
        """Show all images."""
        self.name_filter.clear()
        self.show_only(Show.ALL)

    def show_only(self, show: Show) -> None:
        """List only the images that are so far."""
        self.state_filter.setCurrentIndex(list(Show).index(show))

    def stop(self) -> None:
        """End the thread that reads thumbnails; the list shows no new ones afterwards."""
        self._later.stop()
        self._prefer_visible.stop()
        self._thumbnails.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    # -- what the workspace says ----------------------------------------------------------------

    def _on_images_changed(self) -> None:
        self.model.reload()
        self._arrange_later()
        self._prefer_visible.start_unless_due()

    def _on_item_changed(self, image: int) -> None:
        item = self._workspace.images.item(image)
        if item is not None and item.state is State.WAITING:
            self._thumbnails.refresh(item.path)
        self._on_item(image)

    def _on_item(self, image: int) -> None:
        self.model.update(image)
        self._arrange_later()

    def _on_reviews_changed(self) -> None:
        self._show_footer()
        self._show_rows_again()
        if self.model.show is Show.OUTDATED:
            self._arrange_later()

    def _on_totals_changed(self) -> None:
        self._show_footer()
        if isinstance(self.model.order, str):
            self._arrange_later()

    def _on_current_changed(self, _image: int | None) -> None:
        self._select_current()
        self._arrange_later()

    def _on_counts_changed(self, images: frozenset[int]) -> None:
        if len(images) > _ROWS_AT_ONCE:
            self._show_rows_again()
        else:
            for image in images:
                self.model.update(image)

    def _show_rows_again(self) -> None:
        self.rows.viewport().update()

    def _prefer(self) -> None:
        """Have the images in view counted first."""
        self._workspace.counts.prefer([item.id for _, item in self._visible_items()])

    def _on_session_changed(self) -> None:
        self._fill_orders()
        self.clear_filter()

    def _fill_orders(self) -> None:
        """Offer an order for each class; the one that was chosen stays if it still can."""
        orders: list[Order | str] = [*Order, *self._workspace.settings.classes]
        if orders == self._orders:
            return
        chosen, self._orders = self.model.order, orders
        with QSignalBlocker(self.order_box):
            self.order_box.clear()
            self.order_box.addItems(
                [
                    order.value
                    if isinstance(order, Order)
                    else gettext("Most {short_name}").format(short_name=short_name(order))
                    for order in orders
                ]
            )
            self.order_box.setCurrentIndex(orders.index(chosen) if chosen in orders else 0)
        if chosen not in orders:
            self._on_order()

    # -- filter and order ----------------------------------------------------------------------

    def _filter(self) -> None:
        self.model.set_filter(self.name_filter.text(), list(Show)[self.state_filter.currentIndex()])
        self._show_footer()

    def _on_order(self) -> None:
        self.model.order = self._orders[self.order_box.currentIndex()]
        self._arrange()

    def _leave_filter(self) -> None:
        """Go on in the list, with the first image that passes if the current one does not."""
        self.rows.setFocus()
        if self.model.rows and not self.model.index_of(self._workspace.images.current_position).isValid():
            images = self._workspace.images
            images.set_current(images.items[self.model.rows[0]].id)

    def _arrange_later(self) -> None:
        if self.model.depends_on_progress:
            self._later.start_unless_due()

    def _arrange(self) -> None:
        """Filter and sort again, unless the user holds a row, or counts that the order needs are still being made."""
        if self.rows.held:
            self._later.start()
        elif self._workspace.counts.complete or isinstance(self.model.order, Order):
            self.model.arrange(keep=self._workspace.images.current_position)
            self._show_footer()

    def _remember_place(self) -> None:
        """Note where the current row is on the screen, to find it there again."""
        bar, rect = self.rows.verticalScrollBar(), self.rows.visualRect(self.rows.currentIndex())
        self._scrolled = bar.value()
        self._anchor = rect.top() if rect.intersects(self.rows.viewport().rect()) else None

    def _find_place(self) -> None:
        self.rows.doItemsLayout()
        self._select_current()
        bar, index = self.rows.verticalScrollBar(), self.rows.currentIndex()
        if index.isValid() and self._anchor is not None:
            bar.setValue(bar.value() + self.rows.visualRect(index).top() - self._anchor)
        elif not index.isValid():
            bar.setValue(self._scrolled)
        self._show_footer()

    # -- rows ------------------------------------------------------------------------------------

    def _select_current(self) -> None:
        index = self.model.index_of(self._workspace.images.current_position)
        if index.isValid():
            self.rows.setCurrentIndex(index)
        else:
            self.rows.selectionModel().clear()

    def _on_selection(self, selected: QItemSelection, _old: QItemSelection) -> None:
        indexes = selected.indexes()
        item = self.model.item(indexes[0]) if indexes else None
        if item is not None:
            self._workspace.images.set_current(item.id)

    def _visible_items(self) -> Iterator[tuple[QModelIndex, ImageItem]]:
        for place in self.rows.visible_places():
            index = self.model.index(place)
            item = self.model.item(index)
            if item is not None:
                yield index, item

    def _visible_paths(self) -> Iterator[Path]:
        return (item.path for _, item in self._visible_items())

    def _on_thumbnail(self, path: Path) -> None:
        for index, item in self._visible_items():
            if item.path == path:
                self.rows.update(index)

    def _open_menu(self, place: QPoint) -> None:
        """Open what can be done with the image below the pointer, which is the current one by then."""
        item = self.model.item(self.rows.indexAt(place))
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("reviewed", "count_again", "remove_picture"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        folder, name = QUrl.fromLocalFile(str(item.path.parent)), item.path.name
        menu.addAction(gettext("Open its folder"), lambda: QDesktopServices.openUrl(folder))
        menu.addAction(gettext("Copy its name"), lambda: QGuiApplication.clipboard().setText(name))
        menu.popup(self.rows.viewport().mapToGlobal(place))

    def _show_footer(self) -> None:
        total, filtered = len(self._workspace.images.items), self.model.filtered
        self.footer.show_filtered(len(self.model.rows), total, filtered=filtered)
        self.footer.show_reviewed(self._workspace.counts.reviewed, total, len(self._workspace.reviews.outdated))
        self.footer.setVisible(total > 0)
        self.header.setEnabled(total > 0)
        self.rows.empty_text = gettext("No image passes the filter.") if filtered and total else ""
