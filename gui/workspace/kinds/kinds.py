"""The services of kinds, made and connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.workspace.kinds.differential import DifferentialCount
from gui.workspace.kinds.embeddings import CellEmbeddings
from gui.workspace.kinds.leaving_out import LeavingOut
from gui.workspace.kinds.piles import Piles
from gui.workspace.kinds.teaching import Teaching
from gui.workspace.kinds.tree import KindTreeModel
from gui.workspace.kinds.typed import TypedKinds

if TYPE_CHECKING:
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.editing import Editing
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


class Kinds(QObject):
    """What a window shows of kinds of cells, and asks for."""

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        editing: Editing,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.tree = KindTreeModel(store, history, messages, self)
        self.typed = TypedKinds(store, history, images, counts, editing, self.tree, self)
        self.differential = DifferentialCount(store, history, images, counts, self.tree, self.typed, messages, self)
        self.embeddings = CellEmbeddings(store, images, settings, counts, self.tree, self.typed, messages, self)
        self.teaching = Teaching(store, history, images, self.tree, self.embeddings, self.typed, messages, self)
        self.piles = Piles(store, images, settings, self.tree, self.embeddings, self.typed, self.teaching, self)
        self.leaving_out = LeavingOut(store, history, images, settings, counts, editing, self.typed, self.piles, self)

    def close(self) -> None:
        """End the threads."""
        self.piles.close()
        self.embeddings.close()
