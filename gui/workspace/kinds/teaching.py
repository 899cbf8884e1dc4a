"""Teaching sets in the window: the one that sorts the sample, and saving what was taught here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.reading import ImageError, read_image
from core.kinds.crops import cell_crops, cell_picture, even_pixels
from core.kinds.teaching_set import (
    Header,
    TaughtCell,
    TeachingSet,
    TeachingSetError,
    UsedSet,
    example_key,
    read_teaching_set,
    reopen,
    used_set,
    write_teaching_set,
)
from core.kinds.tree import KindError
from core.session.tables.settings import TEACHING_SET
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from core.kinds.teaching_set import ExampleKey
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.kinds.embeddings import CellEmbeddings
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


def _change(used: UsedSet | None) -> ValueChange:
    return ValueChange(Subject.SETTING, None, None if used is None else msgspec.to_builtins(used), TEACHING_SET)


class Teaching(QObject):
    """The teaching set that sorts the session: which file it is, of which content, is an edit.

    The session keeps its title, path and hash, and opens it again. ``set`` is None while it cannot be: ``used`` still
    says which it was.
    """

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
        self.used: UsedSet | None = None
        self.set: TeachingSet | None = None
        self.path: Path | None = None
        store.reading.connect(self._read)
        store.session_changed.connect(self._open)
        history.recorded.connect(self._on_recorded)
        embeddings.changed.connect(self._on_described)

    # -- the set in use ----------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Name and version of the set that sorts this session, even if its file is gone; "" without one."""
        return "" if self.used is None else self.used.title

    @property
    def locked(self) -> str:
        """Who locked the set in use, and when; "" if it is open."""
        lock = None if self.set is None else self.set.header.lock
        if lock is None:
            return ""
        return gettext("Locked by {user} on {date}").format(user=lock.user, date=lock.time[:10])

    def use(self, path: Path) -> bool:
        """Sort by a teaching set, together with the examples of the sample; True if it is in use."""
        try:
            taught, used = used_set(path)
            self._check_model(taught, path)
            values = (self._tree.taking_over(taught.header.tree), _change(used))
        except (TeachingSetError, KindError) as error:
            self._messages.error(str(error))
            return False
        return self._note(gettext("Kinds by {title}").format(title=taught.title), values)

    def stop(self) -> None:
        """Sort by the examples of the sample alone."""
        if self.used is not None:
            self._note(gettext("Kinds without a teaching set"), (_change(None),))

    def _note(self, name: str, values: tuple[ValueChange, ...]) -> bool:
        return self._store.writable and self._history.record([Edit(None, name, values=values)])

    def _check_model(self, taught: TeachingSet, path: Path) -> None:
        if self._embeddings.sha256 and taught.header.embedding != self._embeddings.sha256:
            text = gettext("{path}: another embedding model described its cells; teach it again with this program.")
            raise TeachingSetError(text.format(path=path))

    @Slot()
    def _read(self) -> None:
        """Take over which set sorts the session; ``_open`` follows once its messages can be seen."""
        try:
            self.used = self._store.read(lambda session: session.settings.teaching_set(), None)
        except ValueError:
            self.used = None
        self.set, self.path = None, None

    @Slot()
    def _open(self) -> None:
        """Open the set that sorts the session again; say in a sentence why if it cannot be."""
        used = self.used
        if used is not None and used.path:
            try:
                self._take(used)
            except TeachingSetError as error:
                self._messages.warning(str(error))
        self.changed.emit()

    def _take(self, used: UsedSet) -> None:
        path, taught = reopen(used, self._store.path)
        self._check_model(taught, path)
        self.set, self.path = taught, path

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(value.key == TEACHING_SET for edit in edits for value in edit.values):
            self._read()
            self._open()

    @Slot(object)
    def _on_described(self, _image: int) -> None:
        """Put a set aside that another embedding model described, now that the present one is known."""
        if self.set is None or self.path is None:
            return
        try:
            self._check_model(self.set, self.path)
        except TeachingSetError as error:
            self.set = None
            self._messages.warning(str(error))
            self.changed.emit()

    # -- its file ----------------------------------------------------------------------------------------

    def add(self) -> bool:
        """Add what was taught in this sample to the set in use, as its next version; True if it is stored."""
        mine = self._taught_here(self.title)
        if mine is None:
            self._messages.warning(gettext("Nothing is taught yet; give some cells a kind first."))
            return False
        return self._rewrite(lambda taught: taught.merged(mine))

    def merge(self, path: Path) -> bool:
        """Add the examples of another set to the one in use, as its next version; True if it is stored."""
        return self._rewrite(lambda taught: taught.merged(read_teaching_set(path)))

    def lock(self) -> bool:
        """Lock the set in use, by the present user: nobody can add to it any more. True if it is stored."""
        if not self._store.user:
            self._messages.warning(gettext("Enter your name first; a lock says who set it."))
            return False
        return self._rewrite(lambda taught: taught.with_lock(self._store.user, datetime.now(UTC).isoformat()))

    def export(self, path: Path) -> bool:
        """Write the set in use to another file; a locked one as an open copy of that name. True if it is there."""
        if self.set is None:
            return False
        taught = self.set.copy_named(path.stem) if self.set.locked else self.set
        return self._store.save(path, lambda: write_teaching_set(path, taught))

    def _rewrite(self, change: Callable[[TeachingSet], TeachingSet]) -> bool:
        """Change the file of the set in use, as it is now, and sort by what it has become."""
        path = self.path
        if path is None or not self._store.writable:
            return False
        try:
            whole = change(read_teaching_set(path))
        except TeachingSetError as error:
            self._messages.error(str(error))
            return False
        return self._store.save(path, lambda: write_teaching_set(path, whole)) and self.use(path)

    @property
    def for_sorting(self) -> TeachingSet | None:
        """The set in use without those examples that this sample has itself."""
        if self.set is None:
            return None
        return self.set.without(frozenset(self._own_keys()))

    def _own_keys(self) -> Iterator[ExampleKey]:
        for item in self._images.items:
            found, typed = self._embeddings.of(item.id), self._typed.of(item.id)
            if found is not None and typed and item.stamp is not None:
                rows = zip(found.cells.tolist(), found.boxes.tolist(), strict=True)
                yield from (example_key(item.stamp.sha256, box) for cell, box in rows if cell in typed)

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
            gone, accepted = self._typed.removed(item.id), self._typed.accepted(item.id)
            image = item.stamp.sha256 if item.stamp else str(item.path)
            for cell, box in zip(part.cells.tolist(), part.boxes.tolist(), strict=True):
                kind = typed[cell]
                of = self._tree.tree.class_of(kind) or (gone[cell].class_name if cell in gone else "")
                cells.append(
                    TaughtCell(image, tuple(box), 0, of, kind, self._store.user, said, accepted=cell in accepted)
                )
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
