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
from core.text import gettext, ngettext
from gui.tasks import IdleLoop, Task
from gui.workspace.images import State
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gui.workspace.document import Document
    from gui.workspace.images import Entry


class Scope(Enum):
    """Which pictures are exported."""

    CURRENT = "This picture"
    COUNTED = "All counted pictures"
    REVIEWED = "Reviewed pictures"


def entries_in(document: Document, scope: Scope) -> list[Entry]:
    """Return the counted pictures of a scope, in the order of the list.

    A picture that was reviewed before its count changed is none of the reviewed: nobody saw the cells it has now.
    """
    current = document.current_entry
    return [
        entry
        for entry in document.entries
        if entry.state is State.COUNTED
        and (scope is not Scope.CURRENT or entry is current)
        and (scope is not Scope.REVIEWED or (entry.reviewed and not document.reviews.changed(entry)))
    ]


def outdated_reviews(document: Document) -> str:
    """Return that some pictures were reviewed before their count changed, "" if none was."""
    number = sum(document.reviews.changed(entry) for entry in document.entries)
    if not number:
        return ""
    which = "1 picture was reviewed before its" if number == 1 else f"{number:,} pictures were reviewed before their"
    return f"{which} count changed, and will be left out; look again and press R."


def why_no_export(document: Document, scope: Scope) -> str:
    """Return why a scope has nothing to export, "" if it has."""
    if entries_in(document, scope):
        return ""
    if not document.entries:
        return "No picture is open."
    return {
        Scope.CURRENT: "This picture is not counted yet.",
        Scope.COUNTED: "No picture is counted yet.",
        Scope.REVIEWED: outdated_reviews(document) or "No picture is marked as reviewed yet.",
    }[scope]


def counted_boxes(document: Document, entry: Entry, name: str, *, whole: bool = False) -> AnnotatedImage | None:
    """Return the cells of an image that count, edits included; None if it has no cells to read.

    ``whole``: also those that only the counting frame leaves out.
    """
    cells, settings, classes = document.cells_of(entry), document.settings, document.classes
    if cells is None or settings is None:
        return None
    countable = entry.countable or cells.countable(settings.nms_iou, document.frames.of(entry))
    result = countable.count(settings.thresholds, classes)
    return counted_cells(name, entry.size, cells.cells, result, classes, excluded=whole)


class Exporting(QObject):
    """Gathers the counted cells of pictures between other events, and writes them on another thread.

    ``ended`` tells whether the files were written; the document's message says what was done, or the
    one sentence why not. It lives on when the dialog that began it is closed.
    """

    progressed = Signal(int)  # pictures gathered
    writing = Signal()
    ended = Signal(bool)

    def __init__(self, document: Document, entries: Sequence[Entry], kind: Format, target: Path) -> None:
        super().__init__(document)
        self._document = document
        self._entries = list(entries)
        self._kind = kind
        self._target = target
        self._items: list[ExportItem] = []
        self._notices: list[str] = []
        self._stopped = False
        session = document.session
        # The trainer takes names of sources divided by commas
        self._source = session.path.stem.replace(",", " ") if session else "reviewed"
        self._gathering = IdleLoop(self)
        self._gathering.progressed.connect(self.progressed)
        self._gathering.ended.connect(self._on_gathered)
        self._gathering.start(self._gather())
        self._writing = Task("export", self._on_written, self, on_error=self._on_failed)

    def stop(self) -> None:
        """Write nothing; what is being written already is finished."""
        self._stopped = True

    def _gather(self) -> Iterator[None]:
        document, session = self._document, self._document.session
        names = image_names([entry.path for entry in self._entries])
        for entry, name in zip(self._entries, names, strict=True):
            if self._stopped or document.session is not session:
                self._stopped = True
                return
            annotated = counted_boxes(document, entry, name, whole=self._kind is Format.TRAINING)
            if annotated is None:
                self._notices.append(f"{entry.path}: it is not counted, so it was left out; count it again (F5).")
            else:
                self._items.append(ExportItem(entry.path, entry.stamp, annotated))
            yield

    @Slot()
    def _on_gathered(self) -> None:
        if self._stopped:
            self._end(written=False)
            return
        if not self._items:
            self._document.message.emit(
                Level.ERROR, f"{self._target}: nothing was written. {first_sentences(self._notices)}"
            )
            self._end(written=False)
            return
        self.writing.emit()
        target, kind, items, classes = self._target, self._kind, self._items, self._document.classes
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
        self._document.message.emit(Level.WARNING if notices else Level.INFO, text)
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
        self._document.message.emit(Level.ERROR, text)
        self._end(written=False)

    def _end(self, written: bool) -> None:
        self.ended.emit(written)
        self.deleteLater()
