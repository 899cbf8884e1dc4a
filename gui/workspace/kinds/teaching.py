"""Teaching sets in the window: the one that sorts the sample, and saving what was taught here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.reading import ImageError, read_image
from core.kinds.crops import cell_crops, cell_picture, even_pixels
from core.kinds.teaching_set import (
    Header,
    TaughtCell,
    TeachingSet,
    TeachingSetError,
    read_teaching_set,
    write_teaching_set,
)
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.kinds.embeddings import CellEmbeddings
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

_KEY = "teaching_set"


class Teaching(QObject):
    """The teaching set in use; which one it is, by name and version, is an edit of the session."""

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        tree: KindTreeModel,
        embeddings: CellEmbeddings,
        typed: TypedKinds,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._tree = tree
        self._embeddings = embeddings
        self._typed = typed
        self._messages = messages
        self.set: TeachingSet | None = None
        store.reading.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        self.set = None
        self.changed.emit()

    @property
    def title(self) -> str:
        """Name and version of the set that sorted this session last; "" if there is none."""
        return str(self._store.read(lambda session: session.settings.get(_KEY), None) or "")

    def use(self, path: Path) -> bool:
        """Sort by a teaching set, together with the examples of the sample; True if it is in use."""
        try:
            taught = read_teaching_set(path)
        except TeachingSetError as error:
            self._messages.error(str(error))
            return False
        if self._embeddings.sha256 and taught.header.embedding != self._embeddings.sha256:
            text = gettext("{path}: another embedding model described its cells; teach it again with this program.")
            self._messages.error(text.format(path=path))
            return False
        if not self._tree.take_over(taught.header.tree) or not self._note(taught.title):
            return False
        self.set = taught
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Sort by the examples of the sample alone."""
        if self.set is not None and self._note(None):
            self.set = None
            self.changed.emit()

    def _note(self, title: str | None) -> bool:
        if not self._store.writable:
            return False
        name = gettext("Kinds by {title}").format(title=title) if title else gettext("Kinds without a teaching set")
        return self._history.record([Edit(None, name, values=(ValueChange(Subject.SETTING, None, title, _KEY),))])

    def save(self, path: Path, name: str) -> bool:
        """Write what was taught in this sample to a file, together with the set in use; True if it is there."""
        mine = self._taught_here(name)
        if mine is None:
            self._messages.warning(gettext("Nothing is taught yet; give some cells a kind first."))
            return False
        try:
            whole = mine if self.set is None else self.set.copy_named(name).merged(mine)
        except TeachingSetError as error:
            self._messages.error(str(error))
            return False
        return self._store.save(path, lambda: write_teaching_set(path, whole))

    def _taught_here(self, name: str) -> TeachingSet | None:
        model = self._embeddings.model
        if model is None:
            return None
        said = datetime.now(UTC).isoformat()
        cells: list[TaughtCell] = []
        crops: list[bytes] = []
        steps, scales = [np.zeros((0, model.card.dimensions), np.int8)], [np.zeros(0, np.float32)]
        for item in self._images.items:
            found, typed = self._embeddings.of(item.id), self._typed.of(item.id)
            if found is None or not typed:
                continue
            rows = np.array([row for row, cell in enumerate(found.cells.tolist()) if cell in typed], np.int64)
            part = found.taken(rows)
            crops += self._crops(item, part.boxes)
            steps.append(part.steps)
            scales.append(part.scales)
            gone = self._typed.removed(item.id)
            image = item.stamp.sha256 if item.stamp else str(item.path)
            for cell, box in zip(part.cells.tolist(), part.boxes.tolist(), strict=True):
                kind = typed[cell]
                of = self._tree.tree.class_of(kind) or (gone[cell].class_name if cell in gone else "")
                cells.append(TaughtCell(image, tuple(box), 0, of, kind, self._store.user, said))
        if not cells:
            return None
        sample = self._store.path.stem if self._store.path else name
        header = Header(
            name=name,
            embedding=model.sha256,
            dimensions=model.card.dimensions,
            tree=self._tree.tree,
            samples=(sample,),
            cells=tuple(cells),
            made=said,
            made_by=self._store.user,
        )
        return TeachingSet(header, np.concatenate(steps), np.concatenate(scales), tuple(crops))

    def _crops(self, item: ImageItem, boxes: NDArray[np.float32]) -> list[bytes]:
        """Return small pictures of cells; none where the image is gone."""
        model = self._embeddings.model
        assert model is not None
        try:
            pixels = even_pixels(read_image(item.path, batch=self._images.scale(item)).pixels, model.card)
        except ImageError:
            return [b""] * len(boxes)
        return [cell_picture(crop) for crop in cell_crops(pixels, boxes, model.card)]
