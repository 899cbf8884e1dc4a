"""The tree of kinds of the open session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.kinds.tree import KindError, KindTree, ready_sets
from core.session.tables.settings import KINDS
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.kinds.tree import Kind
    from gui.workspace.history import History
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


class KindTreeModel(QObject):
    """Which kinds there are; each change of them is an edit."""

    changed = Signal()

    def __init__(
        self, store: SessionStore, history: History, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._messages = messages
        self.tree = KindTree()
        store.reading.connect(self._read)
        history.recorded.connect(self._on_recorded)

    @Slot()
    def _read(self) -> None:
        try:
            self.tree = self._store.read(lambda session: session.settings.kinds(), KindTree())
        except (ValueError, KindError):
            self.tree = KindTree()
            self._messages.error(gettext("The kinds of this session cannot be read; choose a ready set again."))
        self.changed.emit()

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(value.subject is Subject.SETTING and value.key == KINDS for edit in edits for value in edit.values):
            self._read()

    def add_ready_set(self, class_name: str) -> bool:
        """Add the usual kinds of a counted class; True if they are there."""
        ready = ready_sets().get(class_name)
        if ready is None:
            return False
        text = gettext("Kinds of {name}: the usual ones").format(name=class_name)
        return self._set(lambda: self.tree.with_kinds(ready.kinds), text)

    def put(self, kind: Kind) -> bool:
        """Add a kind, or change the one of the same key."""
        return self._set(lambda: self.tree.with_kinds([kind]), gettext("Kind {name}").format(name=kind.name))

    def rename(self, key: str, kind: Kind) -> bool:
        """Put a kind in the place of another one, of which there are no cells."""
        text = gettext("Kind {name}").format(name=kind.name)
        return self._set(lambda: KindTree(tuple(kind if one.key == key else one for one in self.tree.kinds)), text)

    def taking_over(self, tree: KindTree) -> ValueChange:
        """Return the change that adds the kinds of another tree that are not there yet; raises KindError."""
        return ValueChange(Subject.SETTING, None, msgspec.to_builtins(tree.with_kinds(self.tree.kinds)), KINDS)

    def remove(self, key: str) -> bool:
        """Remove a kind and what stands under it; cells keep what they were called."""
        return self._set(
            lambda: self.tree.without(key), gettext("Kind {name} removed").format(name=self.tree.name(key))
        )

    def _set(self, make: Callable[[], KindTree], text: str) -> bool:
        if not self._store.writable:
            return False
        try:
            tree = make()
        except KindError as error:
            self._messages.error(str(error))
            return False
        change = ValueChange(Subject.SETTING, None, msgspec.to_builtins(tree), KINDS)
        return tree == self.tree or self._history.record([Edit(None, text, values=(change,))])
