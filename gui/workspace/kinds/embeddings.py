"""The embeddings of the cells of a session, computed in the background."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.reading import ImageError, read_image
from core.kinds.cells import kind_cells
from core.kinds.embeddings import Embeddings, embed_cells
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.models.network import ModelError
from gui.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.kinds.cells import KindCells
    from gui.tasks import Job
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import Images
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Described:
    image: int
    found: Embeddings


class CellEmbeddings(QObject):
    """Describes the counted cells of all images whose classes have kinds: those of the image that is shown first.

    Nothing is computed while there are no kinds. What is computed is kept in the session.
    """

    changed = Signal(object)  # id of an image whose cells are described now
    progress = Signal(int, int)  # images that are described, and all that are to be

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        tree: KindTreeModel,
        typed: TypedKinds,
        messages: Messages,
        parent: QObject | None = None,
        path: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._tree = tree
        self._typed = typed
        self._messages = messages
        self._path = path or default_embedding_path()
        self._model: EmbeddingModel | None = None
        self._known: dict[int, Embeddings] = {}
        self._cells: dict[int, KindCells] = {}
        self._waiting: dict[int, None] = {}
        self._busy: int | None = None
        self._failed: set[int] = set()
        self._task = Task("kinds", self._on_described, self, on_error=self._on_error, on_part=self._on_opened)
        store.reading.connect(self._forget)
        counts.changed.connect(self._on_counts_changed)
        typed.changed.connect(self._on_counts_changed)
        images.current_changed.connect(self._go_on)
        tree.changed.connect(self._want_all)

    @property
    def sha256(self) -> str:
        """The hash of the embedding model; "" until it is open."""
        return "" if self._model is None else self._model.sha256

    @property
    def dimensions(self) -> int:
        """How many numbers describe a cell; 0 until the model is open."""
        return 0 if self._model is None else self._model.card.dimensions

    @property
    def model(self) -> EmbeddingModel | None:
        """The embedding model; None until it is open."""
        return self._model

    @property
    def waiting(self) -> int:
        """How many images are still to be looked at."""
        return len(self._waiting) + (self._busy is not None) if self._tree.tree.kinds else 0

    def of(self, image: int) -> Embeddings | None:
        """Return what is known of the cells of an image, from the session if need be; some cells may be missing."""
        if image not in self._known and self._model is not None:
            sha256 = self._model.sha256
            stored = self._store.read(lambda session: session.kinds.embeddings(image, sha256), None)
            if stored is not None:
                self._known[image] = stored
        return self._known.get(image)

    def cells_of(self, image: int) -> KindCells | None:
        """Return the counted cells of an image whose class has kinds, and those that users gave a kind.

        None while it has no count.
        """
        if image not in self._cells:
            found = self._find_cells(image)
            if found is None:
                return None
            self._cells[image] = found
        return self._cells[image]

    def _find_cells(self, image: int) -> KindCells | None:
        cells, result = self._counts.cells(image), self._counts.result(image)
        if cells is None or result is None:
            return None
        typed = self._typed.of(image)
        return kind_cells(cells.cells, result.counted, cells.changes, typed, self._tree.tree, self._settings.classes)

    @Slot()
    def _forget(self) -> None:
        self._task.cancel()
        self._busy = None
        self._known.clear()
        self._cells.clear()
        self._waiting.clear()
        self._failed.clear()

    @Slot()
    def _want_all(self) -> None:
        self._cells.clear()
        self._waiting = dict.fromkeys(item.id for item in self._images.items)
        self._go_on()

    @Slot(object)
    def _on_counts_changed(self, images: frozenset[int]) -> None:
        for image in images:
            self._cells.pop(image, None)
            self._waiting[image] = None
        self._go_on()

    @Slot()
    def _go_on(self, *_: object) -> None:
        """Describe the next image: the one that is shown if it waits."""
        if self._busy is not None or not self._tree.tree.kinds:
            return
        if self._model is None:
            if not self._failed:
                self._busy = -1
                path = self._path
                self._task.start(lambda job: job.report(EmbeddingModel(path)))
            return
        current = self._images.current_id
        while self._waiting:
            image = current if current in self._waiting else next(iter(self._waiting))
            assert image is not None
            del self._waiting[image]
            work = self._work(image)
            if work is not None:
                self._busy = image
                self._task.start(work)
                return
        self.progress.emit(len(self._known), len(self._images.items))

    def _work(self, image: int) -> Callable[[Job], _Described] | None:
        """Return how to describe those cells of an image that are not described yet; None if there are none."""
        item, wanted, model = self._images.item(image), self.cells_of(image), self._model
        if item is None or wanted is None or model is None or image in self._failed:
            return None
        known = self.of(image) or Embeddings.none(model.card.dimensions)
        missing = np.flatnonzero(known.rows_of(wanted.cells, wanted.boxes) < 0)
        if not len(missing):
            return None
        path, cells, boxes = item.path, wanted.cells[missing], wanted.boxes[missing]
        scale = self._images.scale(item)

        def work(job: Job) -> _Described:
            new = embed_cells(model, read_image(path, batch=scale).pixels, cells, boxes, job.cancelled)
            return _Described(image, new.joined(known))

        return work

    @Slot(object)
    def _on_opened(self, model: EmbeddingModel) -> None:
        self._model = model

    @Slot(object)
    def _on_described(self, described: _Described | None) -> None:
        self._busy = None
        if described is not None and self._model is not None and self._images.item(described.image) is not None:
            self._known[described.image] = described.found
            if self._store.writable:
                with self._store.write() as write:
                    write.session.kinds.save_embeddings(described.image, self._model.sha256, described.found)
            self.changed.emit(described.image)
            self.progress.emit(len(self._known), len(self._images.items))
        self._go_on()

    @Slot(object)
    def _on_error(self, error: Exception) -> None:
        """Go on with the other images; without a model there is nothing to go on with."""
        if not isinstance(error, (ImageError, ModelError, MemoryError)):
            raise error
        image, self._busy = self._busy, None
        LOG.warning("cells not described: %s", error)
        self._messages.warning(str(error))
        self._failed.add(-1 if image is None else image)
        self._go_on()

    @Slot()
    def close(self) -> None:
        """End the thread."""
        self._task.close()
