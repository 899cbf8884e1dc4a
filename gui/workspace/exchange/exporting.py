"""Annotations in and out of a session: which picture a file is about, and what becomes of its boxes."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.annotations.base import AnnotatedImage, AnnotationError
from core.annotations.coco import write_coco
from core.annotations.table import write_csv
from core.annotations.training_set import export_training_set
from core.annotations.voc import write_voc
from core.annotations.writing import file_stem, same_on_every_disk
from core.annotations.yolo import write_yolo
from core.session.session import SessionError, stamp_of
from core.text import gettext, ngettext
from gui.tasks import IdleLoop, Task
from gui.workspace.images import State
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.session.values import FileStamp
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_NAMED = 3
_HERE = Path()


class Scope(Enum):
    """Which pictures are exported."""

    CURRENT = "This picture"
    COUNTED = "All counted pictures"
    REVIEWED = "Reviewed pictures"


class Format(Enum):
    """What is written."""

    VOC = "Pascal VOC (LabelImg)"
    YOLO = "YOLO"
    COCO = "COCO JSON"
    CSV = "CSV"
    TRAINING = "Training data for smearcount-train"

    @property
    def suffix(self) -> str:
        """The suffix of the one file that is written; "" if it is a folder of files."""
        return {Format.COCO: ".json", Format.CSV: ".csv"}.get(self, "")

    @property
    def explanation(self) -> str:
        """What it holds, and for what."""
        return {
            Format.VOC: "One XML file for each picture, as LabelImg writes it; whole pixels.",
            Format.YOLO: "A folder labels with one text file for each picture, and classes.txt.",
            Format.COCO: "One JSON file with all pictures and boxes, and the contours of cells that have one.",
            Format.CSV: "One table with a line for each cell.",
            Format.TRAINING: "Copies of the pictures with their labels, split for training and validation.",
        }[self]


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


@dataclass(frozen=True, eq=False)
class ExportItem:
    """A picture file, as it was when it was counted, with its boxes."""

    path: Path
    stamp: FileStamp | None
    annotated: AnnotatedImage


def counted_boxes(document: Document, entry: Entry, name: str, *, whole: bool = False) -> AnnotatedImage | None:
    """Return the cells of a picture that count, corrections included; None if it has no cells to read.

    ``whole``: also those that only the counting frame leaves out.
    """
    cells, settings, classes = document.cells_of(entry), document.settings, document.classes
    if cells is None or settings is None:
        return None
    countable = entry.countable or cells.countable(settings.nms_iou, document.frames.of(entry))
    result = countable.count(settings.thresholds, classes)
    # a picture to learn from that lacks the boxes of some cells would teach that those are none
    chosen = cells.cells.taken(np.flatnonzero(result.counted | result.excluded if whole else result.counted))
    names = tuple(classes[label] for label in chosen.labels.tolist())
    return AnnotatedImage(name, *entry.size, chosen.boxes, names, chosen.scores, contours=chosen.contours)


def picture_names(paths: Sequence[Path]) -> list[str]:
    """Return the names of pictures in a file about all of them: with folders if they need them to differ."""
    names = [path.name for path in paths]
    if len({same_on_every_disk(name) for name in names}) == len(names):
        return names
    return [(folder / path.name).as_posix() for folder, path in zip(_folders(paths), paths, strict=True)]


def subfolders(paths: Sequence[Path]) -> list[Path]:
    """Return the folder for each picture's own annotation file, below the chosen one.

    That is the chosen one itself, unless pictures in different folders have the same name.
    """
    stems = {same_on_every_disk(file_stem(path.name)) for path in paths}
    return _folders(paths) if len(stems) < len(paths) else [_HERE] * len(paths)


def _folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of pictures, relative to the one that holds all of them."""
    try:
        common = os.path.commonpath([path.parent for path in paths])
    except ValueError:  # on different drives
        return [_HERE] * len(paths)
    return [path.parent.relative_to(common) for path in paths]


def files_there(target: Path, kind: Format, paths: Sequence[Path]) -> int:
    """Return how many annotation files an export of pictures into a folder would replace."""
    if kind not in (Format.VOC, Format.YOLO):
        return 0
    inner, suffix = ("", ".xml") if kind is Format.VOC else ("labels", ".txt")
    present: dict[Path, set[str]] = {}
    number = 0
    for folder, path in zip(subfolders(paths), paths, strict=True):
        place = target / folder / inner
        if place not in present:
            try:
                present[place] = {same_on_every_disk(name) for name in os.listdir(place)}
            except OSError:
                present[place] = set()
        number += same_on_every_disk(file_stem(path.name) + suffix) in present[place]
    return number


@dataclass(frozen=True)
class Written:
    """What an export wrote; ``notices`` are sentences about what it left out."""

    pictures: int
    boxes: int
    notices: tuple[str, ...] = ()


def write_export(
    target: Path, kind: Format, items: Sequence[ExportItem], classes: Sequence[str], source: str
) -> Written:
    """Write annotations into a file or folder.

    Parameters
    ----------
    target
        A file for formats with a suffix, else a folder.
    source
        What the manifest of training data says of where the pictures come from.

    Raises
    ------
    AnnotationError
        If something cannot be written, or nothing is left to write.
    """
    notices: list[str] = []
    if kind is Format.TRAINING:
        faults = [_fault(item) for item in items]
        notices = [fault for fault in faults if fault]
        items = [item for item, fault in zip(items, faults, strict=True) if not fault]
        if not items:
            raise AnnotationError(f"{target}: nothing was written. {_first(notices)}")
        export_training_set(target, [(item.path, item.annotated) for item in items], classes, source=source)
    elif kind is Format.COCO:
        write_coco(target, [item.annotated for item in items], classes)
    elif kind is Format.CSV:
        write_csv(target, [item.annotated for item in items])
    else:
        folders: defaultdict[Path, list[AnnotatedImage]] = defaultdict(list)
        for folder, item in zip(subfolders([item.path for item in items]), items, strict=True):
            folders[folder].append(item.annotated)
        for folder, images in folders.items():
            if kind is Format.VOC:
                write_voc(target / folder, images)
            else:
                write_yolo(target / folder, images, classes)
    return Written(len(items), sum(len(item.annotated) for item in items), tuple(notices))


def _first(notices: Sequence[str]) -> str:
    more = len(notices) - _NAMED
    return " ".join([*notices[:_NAMED], *([f"(And {more:,} more.)"] if more > 0 else [])])


def _fault(item: ExportItem) -> str:
    """Return why a picture cannot be training data: its file must be the one that was counted."""
    try:
        now, stamp = item.path.stat(), item.stamp
        if stamp is None or (now.st_size, now.st_mtime_ns) == (stamp.size, stamp.modified_ns):
            return ""
        same = stamp_of(item.path).sha256 == stamp.sha256
    except (OSError, SessionError):
        return f"{item.path}: the picture is missing or cannot be read; put it back and export again."
    return "" if same else f"{item.path}: the file has changed since it was counted; count it again (F5)."


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
        names = picture_names([entry.path for entry in self._entries])
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
            self._document.message.emit(Level.ERROR, f"{self._target}: nothing was written. {_first(self._notices)}")
            self._end(written=False)
            return
        self.writing.emit()
        target, kind, items, classes = self._target, self._kind, self._items, self._document.classes
        source = self._source
        self._writing.start(lambda _: write_export(target, kind, items, classes, source))

    @Slot(object)
    def _on_written(self, written: Written) -> None:
        images = ngettext("{n:,} image", "{n:,} images", written.pictures).format(n=written.pictures)
        boxes = ngettext("{n:,} box", "{n:,} boxes", written.boxes).format(n=written.boxes)
        text = gettext("Exported {images} with {boxes} to {path}.").format(
            images=images, boxes=boxes, path=self._target
        )
        notices = [*self._notices, *written.notices]
        if notices:
            left = ngettext("{n:,} image was left out: {first}", "{n:,} images were left out: {first}", len(notices))
            text += " " + left.format(n=len(notices), first=_first(notices))
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
