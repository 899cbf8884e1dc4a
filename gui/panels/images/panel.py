"""The panel on the left: the images with thumbnail, state and counts; a filter and an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QVBoxLayout,
    QWidget,
)

from core.classes import short_name
from core.text import gettext
from gui.panels.images.delegate import RowPainter, Rows
from gui.panels.images.model import ImageListModel, Order, Show
from gui.panels.images.thumbnails import Thumbnails
from gui.tasks import Debounce
from gui.widgets.wheel_safe import QuietComboBox
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtCore import QItemSelection
    from PySide6.QtGui import QCloseEvent

    from gui.workspace.workspace import Workspace

_MARGIN = 8
_ROWS_AT_ONCE = 20
_REARRANGE_MS = 300
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class _NameFilter(QLineEdit):
    """Return and Down lead on to the list, Escape clears; none of them reaches the window's actions."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down, Qt.Key.Key_Escape)
        if isinstance(event, QKeyEvent) and event.key() in keys and not event.modifiers() & ~_KEYPAD:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                if event.key() == Qt.Key.Key_Escape and self.text():
                    self.clear()
                else:
                    self.left.emit()
                return True
        return super().event(event)


class _NarrowBox(QuietComboBox):
    """A box that may be narrower than its texts; its list is as wide as they are."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.currentIndexChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Ask for the room of the present text, not of the longest: two boxes share a narrow panel."""
        hint = super().sizeHint()
        widths = [self.fontMetrics().horizontalAdvance(self.itemText(item)) for item in range(self.count())]
        spare = max(widths, default=0) - self.fontMetrics().horizontalAdvance(self.currentText())
        return QSize(hint.width() - spare, hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Shorten the text, which would be cut where the box is narrow."""
        super().initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, field.width() - 2
        )

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 12)
        super().showPopup()


class ImageList(QWidget):
    """Shows the images, and the one that the user chooses."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("imageList")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(200)
        self._workspace = workspace
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
        self.name_filter = _NameFilter()
        self.name_filter.setPlaceholderText(gettext("Filter by name"))
        self.name_filter.setAccessibleName(gettext("Filter images by name"))
        self.name_filter.setClearButtonEnabled(True)
        self.state_filter = _NarrowBox(gettext("Show images"), gettext("Which images are shown"))
        self.state_filter.addItems([show.value for show in Show])
        self.order_box = _NarrowBox(gettext("Sort images"), gettext("In which order they are shown"))
        self.header = QWidget()
        self.header.setObjectName("imageListHeader")
        self.header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        boxes = QHBoxLayout()
        boxes.setSpacing(6)
        boxes.addWidget(self.state_filter)
        boxes.addWidget(self.order_box)
        column = QVBoxLayout(self.header)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(6)
        column.addWidget(self.name_filter)
        column.addLayout(boxes)
        self.showing = QLabel()
        self.showing.setObjectName("faint")
        self.show_all = QPushButton(gettext("Show all"))
        self.show_all.setObjectName("link")
        self.show_all.setCursor(Qt.CursorShape.PointingHandCursor)
        self.reviewed = QLabel()
        self.reviewed.setObjectName("faint")
        self.footer = QWidget()
        self.footer.setObjectName("imageListFooter")
        self.footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        shown = QHBoxLayout()
        shown.addWidget(self.showing, 1)
        shown.addWidget(self.show_all)
        foot = QVBoxLayout(self.footer)
        foot.setContentsMargins(_MARGIN, 6, _MARGIN, 6)
        foot.setSpacing(3)
        foot.addLayout(shown)
        foot.addWidget(self.reviewed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 1, 0)  # the line at the right edge
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.footer)
        self.setFocusProxy(self.rows)

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
        self.show_all.clicked.connect(self.clear_filter)
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
        """Show all pictures."""
        with QSignalBlocker(self.name_filter), QSignalBlocker(self.state_filter):
            self.name_filter.clear()
            self.state_filter.setCurrentIndex(0)
        self._filter()

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

    def _show_footer(self) -> None:
        total = len(self._workspace.images.items)
        filtered = self.model.filtered
        self.showing.setText(gettext("Showing {n} of {total}").format(n=len(self.model.rows), total=total))
        self.showing.setVisible(filtered)
        self.show_all.setVisible(filtered)
        changed = len(self._workspace.reviews.outdated)
        since = gettext("; {changed:,} changed since").format(changed=changed) if changed else ""
        self.reviewed.setText(
            gettext("{reviewed:,} of {total:,} reviewed{since}").format(
                reviewed=self._workspace.counts.reviewed, total=total, since=since
            )
        )
        self.reviewed.setToolTip(
            gettext(
                "A threshold, rule or region changed the counts of images after they were reviewed; their tick is "
                "yellow. Look at them and mark them again, or take the change back."
            )
            if changed
            else ""
        )
        self.footer.setVisible(total > 0)
        self.header.setEnabled(total > 0)
        self.rows.empty_text = gettext("No image passes the filter.") if filtered and total else ""
