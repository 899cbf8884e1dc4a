"""Which kinds there are: names, keys, colours, and under what they stand. Each change acts at once, and is an edit."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.kinds.tree import Kind, KindTree, ready_sets
from core.text import gettext, ngettext
from gui.dialogs.kinds.form import KindForm
from gui.widgets.class_names import long_name
from gui.widgets.colour import swatch
from gui.widgets.forms import faint, open_at, row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gui.workspace.workspace import Workspace

_SIZE, _ROW = QSize(760, 560), QSize(0, 26)  # rows with and without a colour are of one height
_KEY_ROLE = Qt.ItemDataRole.UserRole
_NEW_COLOURS = ((200, 90, 40), (60, 140, 90), (70, 110, 190), (160, 80, 160), (120, 120, 40), (40, 130, 140))


class KindEditor(QDialog):
    """A list of classes and kinds, and the form of the one that is chosen."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Edit kinds"))
        self._workspace = workspace
        self._model = workspace.kinds.tree
        self.list = QTreeWidget()
        self.list.setObjectName("kindList")
        self.list.setAccessibleName(gettext("Classes and kinds"))
        self.list.setHeaderLabels([gettext("Kind"), gettext("Key")])
        self.list.setRootIsDecorated(False)
        self.list.setItemsExpandable(False)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.setColumnWidth(1, 60)
        self.list.currentItemChanged.connect(lambda *_: self._show_form())
        self.form = KindForm()
        self.form.changed.connect(self._put)
        self.add_button = _button(gettext("&Add a kind"), self._add)
        self.ready_button = _button(gettext("Add the &usual kinds"), self._add_ready)
        self.remove_button = _button(gettext("&Delete"), self._remove)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        self._lay_out(close)
        open_at(self, _SIZE)
        self._model.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self, close: QDialogButtonBox) -> None:
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addLayout(row(self.add_button, self.ready_button, self.remove_button, None))
        right = QVBoxLayout()
        right.addWidget(self.form)
        right.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addLayout(left, 5)
        both.addLayout(right, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(both, 1)
        layout.addWidget(
            faint(gettext("Every change takes effect at once in this sample and can be undone (Ctrl+Z in the window)."))
        )
        layout.addWidget(close)

    # -- what is shown -------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the kinds as they now are; the one that is chosen stays chosen."""
        tree, chosen = self._model.tree, self.chosen
        self.list.blockSignals(True)
        self.list.clear()
        found: QTreeWidgetItem | None = None
        for name in self._workspace.settings.classes:
            top = QTreeWidgetItem([long_name(name), ""])
            top.setData(0, _KEY_ROLE, name)
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            top.setSizeHint(0, _ROW)
            self.list.addTopLevelItem(top)
            below = self._add_items(tree, name, top, chosen)
            found = top if name == chosen else below or found
        self.list.expandAll()
        item = found or self.list.topLevelItem(0)
        if item is not None:
            self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._show_form()

    def _add_items(self, tree: KindTree, parent: str, above: QTreeWidgetItem, chosen: str) -> QTreeWidgetItem | None:
        found: QTreeWidgetItem | None = None
        for kind in tree.children(parent):
            item = QTreeWidgetItem([kind.name, kind.shortcut])
            item.setData(0, _KEY_ROLE, kind.key)
            item.setIcon(0, swatch(kind.colour))
            item.setSizeHint(0, _ROW)
            above.addChild(item)
            found = self._add_items(tree, kind.key, item, chosen) or (item if kind.key == chosen else found)
        return found

    @property
    def chosen(self) -> str:
        """The key of the kind, or the name of the class, that is chosen; "" for none."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(0, _KEY_ROLE))

    def _show_form(self) -> None:
        tree, writable = self._model.tree, self._workspace.store.writable
        classes = self._workspace.settings.classes
        kind = tree.get(self.chosen)
        self.form.show_kind(kind, tree, classes)
        self.form.setEnabled(kind is not None and writable)
        self.add_button.setEnabled(writable and bool(self.chosen))
        self.remove_button.setEnabled(kind is not None and writable)
        name = self._class_name
        missing = name in ready_sets() and bool(set(ready_sets()[name].kinds) - set(tree.kinds))
        self.ready_button.setEnabled(writable and missing)

    @property
    def _class_name(self) -> str:
        chosen = self.chosen
        return chosen if chosen in self._workspace.settings.classes else self._model.tree.class_of(chosen)

    # -- what the user changes -----------------------------------------------------------------------

    def _put(self, kind: Kind) -> None:
        """Change a kind; one that has just been added is called in files what it is named first."""
        tree = self._model.tree
        old = tree.get(kind.key)
        named = old is not None and kind.name != old.name and old.key.startswith(free_key(gettext("New kind"), ()))
        if not named or tree.children(kind.key) or self._cells_of({kind.key}):
            self._model.put(kind)
            return
        key = free_key(kind.name, {one.key for one in tree.kinds})
        if self._model.rename(kind.key, msgspec.structs.replace(kind, key=key)):
            self._choose(key)

    def _add(self) -> None:
        """Add a kind under the class or kind that is chosen, and let its name be typed."""
        tree = self._model.tree
        name = _free_name(gettext("New kind"), {kind.name for kind in tree.kinds})
        key = free_key(name, {kind.key for kind in tree.kinds})
        colour = _NEW_COLOURS[len(tree.kinds) % len(_NEW_COLOURS)]
        if self._model.put(Kind(key=key, name=name, parent=self.chosen, colour=colour)):
            self._choose(key)
            self.form.name.setFocus()
            self.form.name.selectAll()

    def _choose(self, key: str) -> None:
        items = [self.list.topLevelItem(place) for place in range(self.list.topLevelItemCount())]
        while items:
            item = items.pop()
            if item is not None and item.data(0, _KEY_ROLE) == key:
                self.list.setCurrentItem(item)
                return
            items += [] if item is None else [item.child(place) for place in range(item.childCount())]

    def _add_ready(self) -> None:
        self._model.add_ready_set(self._class_name)

    def _remove(self) -> None:
        """Remove a kind, unless cells are of it: they would be in no pile and no count any more."""
        tree, chosen = self._model.tree, self.chosen
        if tree.get(chosen) is None:
            return
        cells = self._cells_of(tree.within(chosen))
        if not cells:
            self._model.remove(chosen)
            return
        text = ngettext(
            "{n:,} cell is {kind}. Give it another kind first: select it in its pile and press a key.",
            "{n:,} cells are {kind}. Give them another kind first: select them in their pile and press a key.",
            cells,
        )
        box = QMessageBox(
            QMessageBox.Icon.Information,
            gettext("Delete a kind"),
            text.format(n=cells, kind=tree.name(chosen)),
            QMessageBox.StandardButton.Ok,
            self,
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _cells_of(self, kinds: Collection[str]) -> int:
        typed = self._workspace.kinds.typed
        return sum(kind in kinds for item in self._workspace.images.items for kind in typed.of(item.id).values())


def free_key(name: str, taken: Collection[str]) -> str:
    """Return a key for a kind that no other has: its name in small letters without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "kind"
    return next(one for one in (key, *(f"{key}-{n}" for n in range(2, 10_000))) if one not in taken)


def _free_name(name: str, taken: Collection[str]) -> str:
    return next(one for one in (name, *(f"{name} {n}" for n in range(2, 10_000))) if one not in taken)


def _button(text: str, do: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda *_: do())
    return button
