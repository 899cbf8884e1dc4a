"""Counted cells of a session into annotation files."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.annotations.base import AnnotatedImage, AnnotationError
from core.exchange.export_items import (
    ExportItem,
    Format,
    Written,
    counted_cells,
    first_sentences,
    image_names,
    write_export,
)
from core.exchange.kind_classes import KindClasses
from core.kinds.tree import KindError, KindTree
from core.text import gettext, ngettext
from gui.tasks import IdleLoop, Task
from gui.workspace.images import State
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages
    from gui.workspace.review.reviews import Reviews
    from gui.workspace.store import SessionStore


class Scope(Enum):
    """Which images are exported."""

    CURRENT = gettext("This image")
    COUNTED = gettext("All counted images")
    REVIEWED = gettext("Reviewed images")


class Exporter(QObject):
    """What can be exported of the session, and the exports."""

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        reviews: Reviews,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._reviews = reviews
        self._messages = messages

    def items(self, scope: Scope) -> list[ImageItem]:
        """Return the counted images of a scope, in the order of the list.

        An image that was reviewed before its count changed is not among the reviewed: nobody saw its present cells.
        """
        current = self._images.current
        return [
            item
            for item in self._images.items
            if item.state is State.COUNTED
            and (scope is not Scope.CURRENT or item is current)
            and (scope is not Scope.REVIEWED or self._reviews.is_reviewed(item))
        ]

    def outdated_reviews(self) -> str:
        """Return a sentence if images were reviewed before their count changed, or ""."""
        number = len(self._reviews.outdated)
        if not number:
            return ""
        return ngettext(
            "{n:,} image was reviewed before its count changed, and will be left out; look at it again and press R.",
            "{n:,} images were reviewed before their count changed, and will be left out; look at them again and "
            "press R.",
            number,
        ).format(n=number)

    def problem(self, scope: Scope) -> str:
        """Return why a scope has nothing to export, or ""."""
        if self.items(scope):
            return ""
        if not self._images.items:
            return gettext("No image is open.")
        return {
            Scope.CURRENT: gettext("This image is not counted yet."),
            Scope.COUNTED: gettext("No image is counted yet."),
            Scope.REVIEWED: self.outdated_reviews() or gettext("No image is marked as reviewed yet."),
        }[scope]

    @property
    def tree(self) -> KindTree:
        """The kinds of the session; empty without any."""
        try:
            return self._store.read(lambda session: session.settings.kinds(), KindTree())
        except (ValueError, KindError):
            return KindTree()

    def start(
        self, items: Sequence[ImageItem], kind: Format, target: Path, *, kinds_as_classes: bool = False
    ) -> Exporting:
        """Export images in a format; it goes on when the dialog that began it is closed.

        ``kinds_as_classes``: cells that users gave a kind are exported under it.
        """
        classes = KindClasses(self._settings.classes, self.tree if kinds_as_classes else KindTree())
        return Exporting(self._store, self._counts, self._messages, items, kind, target, classes, self)


class Exporting(QObject):
    """Gathers the counted cells of images between other events, and writes them on another thread.

    ``ended`` tells whether the files were written; the message says what was done, or the
    one sentence why not. It lives on when the dialog that began it is closed.
    """

    progressed = Signal(int)  # images gathered
    writing = Signal()
    ended = Signal(bool)

    def __init__(
        self,
        store: SessionStore,
        counts: Counts,
        messages: Messages,
        items: Sequence[ImageItem],
        kind: Format,
        target: Path,
        classes: KindClasses,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._classes = classes
        self._counts = counts
        self._messages = messages
        self._images = list(items)
        self._kind = kind
        self._target = target
        self._items: list[ExportItem] = []
        self._notices: list[str] = []
        self._stopped = False
        path = store.path
        # the trainer takes names of sources divided by commas
        self._source = path.stem.replace(",", " ") if path else "reviewed"
        self._gathering = IdleLoop(self)
        self._gathering.progressed.connect(self.progressed)
        self._gathering.ended.connect(self._on_gathered)
        self._gathering.start(self._gather())
        self._writing = Task("export", self._on_written, self, on_error=self._on_failed)

    def stop(self) -> None:
        """Write nothing; what is being written already is finished."""
        self._stopped = True

    def _gather(self) -> Iterator[None]:
        path = self._store.path
        names = image_names([item.path for item in self._images])
        for item, name in zip(self._images, names, strict=True):
            if self._stopped or self._store.path != path:
                self._stopped = True
                return
            annotated = self._annotated(item, name)
            if annotated is None:
                text = gettext("{path}: not counted, so it was left out; count it again (F5).")
                self._notices.append(text.format(path=item.path))
            else:
                self._items.append(ExportItem(item.path, item.stamp, annotated))
            yield

    def _annotated(self, item: ImageItem, name: str) -> AnnotatedImage | None:
        """Return the cells of an image that count, edits included; None if it has no cells to read.

        Training data also has those that only the counting frame leaves out.
        """
        self._counts.read_now(item.id)
        cells, result = self._counts.cells(item.id), self._counts.result(item.id)
        if cells is None or result is None:
            return None
        kinds: dict[int, str] = self._store.read(lambda session: session.edits.kinds(item.id), {})
        training = self._kind is Format.TRAINING
        return counted_cells(name, item.size, cells.cells, result, self._classes, kinds, excluded=training)

    @Slot()
    def _on_gathered(self) -> None:
        if self._stopped:
            self._end(written=False)
            return
        if not self._items:
            text = gettext("{path}: nothing was written. {reason}")
            self._messages.error(text.format(path=self._target, reason=first_sentences(self._notices)))
            self._end(written=False)
            return
        self.writing.emit()
        target, kind, items, classes = self._target, self._kind, self._items, self._classes
        source = self._source
        self._writing.start(lambda _: write_export(target, kind, items, classes, source))

    @Slot(object)
    def _on_written(self, written: Written) -> None:
        images = ngettext("{n:,} image", "{n:,} images", written.images).format(n=written.images)
        boxes = ngettext("{n:,} box", "{n:,} boxes", written.boxes).format(n=written.boxes)
        text = gettext("Exported {images} with {boxes} to {path}.").format(
            images=images, boxes=boxes, path=self._target
        )
        notices = [*self._notices, *written.notices]
        if notices:
            left = ngettext("{n:,} image was left out: {first}", "{n:,} images were left out: {first}", len(notices))
            text += " " + left.format(n=len(notices), first=first_sentences(notices))
        self._messages.posted.emit(Level.WARNING if notices else Level.INFO, text)
        self._end(written=True)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, AnnotationError):
            text = str(error)
        elif isinstance(error, OSError):
            text = gettext("{path}: cannot be written ({reason}); choose another place.")
            text = text.format(path=self._target, reason=error.strerror or type(error).__name__)
        else:
            text = gettext("{path}: exporting stopped unexpectedly ({error}).").format(path=self._target, error=error)
        self._messages.error(text)
        self._end(written=False)

    def _end(self, written: bool) -> None:
        self.ended.emit(written)
        self.deleteLater()
