"""The kinds at the left: name, key, and how many cells are confirmed and suggested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from core.kinds.tree import NO_CELL, no_cell
from core.text import gettext
from gui.panels.gallery.kinds.content import UNSORTED, UNSURE
from gui.widgets.class_names import plain_name
from gui.widgets.colour import swatch
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent

    from core.classes import Palette
    from core.kinds.tree import KindTree
    from gui.workspace.selection import CellOf

_HEADINGS = (gettext("Kind"), gettext("Key"), gettext("Confirmed"), gettext("Suggested"))
_NAME, _KEY, _CONFIRMED, _SUGGESTED = range(4)
_CLASS_ROLE, _KIND_ROLE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_ROUND_HEADING = 10
_TIP = gettext("Drop cells here, or select them and press the key; Return gives the kind too")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class KindList(LeavesLetters, QTreeWidget):
    """Shows kinds under their classes. Cells can be dropped on a kind; Return gives it to the selected cells."""

    chosen = Signal(str, str)  # class, and the pile or "" for the class itself
    given = Signal(str)  # key of a kind
    dropped = Signal(str, object)  # key of a kind, "" to take it away; cells

    def __init__(self, dragged: Callable[[QMimeData], list[CellOf]]) -> None:
        """``dragged``: the cells of a drag that may be dropped here."""
        super().__init__()
        self._dragged = dragged
        self._items: dict[tuple[str, str], QTreeWidgetItem] = {}
        self._tree: KindTree | None = None
        self._classes: tuple[str, ...] = ()
        self.setObjectName("kindList")
        self.setAccessibleName(gettext("Kinds of cells"))
        self.setHeaderLabels(list(_HEADINGS))
        self.setRootIsDecorated(False)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(14, 14))
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setDropIndicatorShown(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setItemsExpandable(False)
        header = self.header()
        header.setSectionsMovable(False)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(30)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column, text in enumerate(_HEADINGS):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(text) + _ROUND_HEADING)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self._on_chosen)
        self.itemActivated.connect(lambda item, _column: self._give(item))

    # -- what is shown -----------------------------------------------------------------------------

    def show_tree(self, tree: KindTree, classes: tuple[str, ...], palette: Palette) -> None:
        """Show the kinds of those classes that have any; ``classes``: all counted ones."""
        if tree == self._tree and classes == self._classes:
            return
        self._tree, self._classes = tree, classes
        self.blockSignals(True)
        self.clear()
        self._items.clear()
        for label, name in enumerate(classes):
            if name not in tree.classes:
                continue
            top = self._row(name, "", plain_name(name), None)
            top.setIcon(_NAME, swatch(palette.colour(classes, label)))
            font = top.font(_NAME)
            font.setBold(True)
            for column in range(4):
                top.setFont(column, font)
            self._add_kinds(tree, name, name, top)
            for pile, text in ((UNSORTED, gettext("Not sorted yet")), (UNSURE, gettext("Unsure"))):
                self._row(name, pile, text, top)
            nothing = no_cell()
            row = self._row(name, NO_CELL, nothing.name, top)
            row.setIcon(_NAME, swatch(nothing.colour))
            row.setText(_KEY, nothing.shortcut)
        self.expandAll()
        self.blockSignals(False)

    def _add_kinds(self, tree: KindTree, class_name: str, parent: str, above: QTreeWidgetItem) -> None:
        for kind in tree.children(parent):
            row = self._row(class_name, kind.key, kind.name, above)
            row.setIcon(_NAME, swatch(kind.colour))
            row.setText(_KEY, kind.shortcut)
            self._add_kinds(tree, class_name, kind.key, row)

    def _row(self, class_name: str, pile: str, text: str, above: QTreeWidgetItem | None) -> QTreeWidgetItem:
        row = QTreeWidgetItem([text, "", "", ""])
        row.setData(_NAME, _CLASS_ROLE, class_name)
        row.setData(_NAME, _KIND_ROLE, pile)
        row.setToolTip(_NAME, f"{text}\n{_TIP}" if pile not in ("", UNSORTED) else text)
        row.setTextAlignment(_KEY, Qt.AlignmentFlag.AlignCenter)
        for column in (_CONFIRMED, _SUGGESTED):
            row.setTextAlignment(column, _RIGHT)
        if above is None:
            self.addTopLevelItem(row)
        else:
            above.addChild(row)
        self._items[class_name, pile] = row
        return row

    def show_numbers(self, class_name: str, numbers: Mapping[str, tuple[int, int]]) -> None:
        """Show how many cells of each pile of a class are suggested and confirmed."""
        for (name, pile), row in self._items.items():
            if name != class_name:
                continue
            if not pile:
                kinds = [found for kind, found in numbers.items() if kind not in (UNSURE, UNSORTED, NO_CELL)]
                suggested, confirmed = sum(one for one, _ in kinds), sum(other for _, other in kinds)
            else:
                suggested, confirmed = numbers.get(pile, (0, 0))
            row.setText(_CONFIRMED, "" if pile in (UNSORTED, UNSURE) else f"{confirmed:,}" if confirmed else "–")
            row.setText(_SUGGESTED, f"{suggested:,}" if suggested else "–")

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        for label, name in enumerate(self._classes):
            row = self._items.get((name, ""))
            if row is not None:
                row.setIcon(_NAME, swatch(palette.colour(self._classes, label)))

    # -- what the user does ----------------------------------------------------------------------

    def _on_chosen(self) -> None:
        for item in self.selectedItems():
            self.chosen.emit(item.data(_NAME, _CLASS_ROLE), item.data(_NAME, _KIND_ROLE))

    def _give(self, item: QTreeWidgetItem) -> None:
        pile = str(item.data(_NAME, _KIND_ROLE))
        if pile not in ("", UNSORTED, UNSURE):
            self.given.emit(pile)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._give(item)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dragged(event.mimeData()):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        item = self.itemAt(event.position().toPoint())
        if item is not None and item.data(_NAME, _KIND_ROLE) not in ("", UNSORTED):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        cells = self._dragged(event.mimeData())
        if item is not None and cells:
            pile = str(item.data(_NAME, _KIND_ROLE))
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self.dropped.emit("" if pile == UNSURE else pile, cells)
