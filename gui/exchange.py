"""Annotations in and out of a session: which picture a file is about, and what becomes of its boxes."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image
from PySide6.QtCore import QCoreApplication, QObject, QThread, QTimer, Signal, Slot

from core.annotations import (
    AnnotatedImage,
    AnnotationError,
    export_training_set,
    read_annotations,
    write_coco,
    write_csv,
    write_voc,
    write_yolo,
)
from core.annotations.writing import file_stem, same_on_every_disk
from core.boxes import NeighbourIndex
from core.corrections import Corrections
from core.counting import SAME_CELL_IOU, count
from core.detections import Detections, Origin
from core.images import ImageError, read_image
from core.recount import found_cell
from core.session import SessionError, stamp_of
from core.session_values import Cell, Change
from gui.entries import State
from gui.session_holder import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from core.counting import CountSettings
    from core.session_values import FileStamp
    from gui.document import Document
    from gui.entries import Entry, ImageCells

Size = tuple[int, int]
NamedBox = tuple[str, tuple[float, float, float, float]]

_ON_THEIR_SIDE = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_SLICE_S = 0.02
_NAMED = 3
_HERE = Path()


def many(number: int, one: str, more: str = "") -> str:
    """Return a number with its noun: ``1 picture``, ``4,812 boxes``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


# -- work that takes long ------------------------------------------------------------------------


class Background(QThread):
    """One piece of work on a thread of its own.

    The work gets ``stopped`` to look at. ``ended`` carries this object and the result, or the exception
    that ended the work; after ``stop`` the result is of no interest.
    """

    ended = Signal(object, object)

    def __init__(self, work: Callable[[threading.Event], object], parent: QObject) -> None:
        super().__init__(parent)
        self.stopped = threading.Event()
        self._work = work
        self.finished.connect(self.deleteLater)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._stop_and_wait)

    def run(self) -> None:
        try:
            outcome = self._work(self.stopped)
        except Exception as error:  # noqa: BLE001  it is the receiver's to explain
            outcome = error
        self.ended.emit(self, outcome)

    def stop(self) -> None:
        """Ask the work to end soon; does not wait."""
        self.stopped.set()

    @Slot()
    def _stop_and_wait(self) -> None:
        self.stop()
        self.wait()


class Steps(QObject):
    """Long work on the window's own thread, done step by step between other events."""

    progressed = Signal(int)
    ended = Signal()

    def __init__(self, work: Iterator[object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._done = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def stop(self) -> None:
        """Take no further step; ``ended`` follows at once."""
        self._timer.stop()
        self.ended.emit()

    @Slot()
    def _go_on(self) -> None:
        until = time.monotonic() + _SLICE_S
        while time.monotonic() < until:
            try:
                next(self._work)
            except StopIteration:
                self.ended.emit()
                return
            self._done += 1
        self.progressed.emit(self._done)
        self._timer.start()


# -- reading annotations -------------------------------------------------------------------------


class ReadingStopped(Exception):
    """The person does not want the annotations any more."""


@dataclass(frozen=True)
class ListedPicture:
    """A picture of the session as it was when reading began."""

    id: int
    path: Path
    folders: tuple[str, ...]


class PictureIndex:
    """Finds the pictures of a session by the names that annotations give them.

    Made on the window's thread, and used on one other afterwards: it opens pictures that were not
    counted yet to learn their size.
    """

    def __init__(self, entries: Iterable[Entry], stopped: threading.Event | None = None) -> None:
        self._stopped = stopped or threading.Event()
        self._sizes: dict[int, Size | None] = {}
        self._by_name: defaultdict[str, list[ListedPicture]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[ListedPicture]] = defaultdict(list)
        for entry in entries:
            folders = tuple(same_on_every_disk(part) for part in entry.path.parent.parts)
            picture = ListedPicture(entry.id, entry.path, folders)
            self._by_name[same_on_every_disk(entry.path.name)].append(picture)
            self._by_stem[same_on_every_disk(file_stem(entry.path.name))].append(picture)
            if all(entry.size):
                self._sizes[entry.id] = entry.size

    def find(self, name: str) -> list[ListedPicture]:
        """Return the pictures that a name may mean: by file name, else by stem.

        Of several in different folders, those that share the most folders with the name.
        """
        *folders, last = [same_on_every_disk(part) for part in re.split(r"[/\\]", name)]
        found = self._by_name.get(last) or self._by_stem.get(same_on_every_disk(file_stem(name))) or []
        if len(found) > 1 and folders:
            shared = [_shared_end(folders, picture.folders) for picture in found]
            found = [picture for picture, number in zip(found, shared, strict=True) if number == max(shared)]
        return list(found)

    def size(self, name: str) -> Size | None:
        """Return width and height of the picture of a name; None if there is none, or several that differ.

        Raises
        ------
        ReadingStopped
            If reading is no longer wanted: this is what readers ask for each picture.
        """
        if self._stopped.is_set():
            raise ReadingStopped
        sizes = {self._size(picture) for picture in self.find(name)}
        return sizes.pop() if len(sizes) == 1 else None

    def match(self, image: AnnotatedImage) -> list[ListedPicture]:
        """Return the pictures that an annotation may be about; of several, those of its size."""
        found = self.find(image.file_name)
        if len(found) > 1:
            found = [picture for picture in found if self._size(picture) == (image.width, image.height)] or found
        return found

    def is_named(self, image: AnnotatedImage) -> bool:
        """Tell whether an annotation gives a picture's whole file name, not its stem alone."""
        return same_on_every_disk(re.split(r"[/\\]", image.file_name)[-1]) in self._by_name

    def _size(self, picture: ListedPicture) -> Size | None:
        if picture.id not in self._sizes:
            self._sizes[picture.id] = upright_size(picture.path)
        return self._sizes[picture.id]


def _shared_end(first: Sequence[str], second: Sequence[str]) -> int:
    pairs = zip(reversed(first), reversed(second), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def upright_size(path: Path) -> Size | None:
    """Return width and height in pixels of the orientation-corrected picture; None if it cannot be read."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in _ON_THEIR_SIDE
    except Exception:  # noqa: BLE001  Pillow raises what its plugins raise; the program may know better
        try:
            image = read_image(path)
        except ImageError:
            return None
        return image.width, image.height
    return (height, width) if turned else (width, height)


@dataclass(frozen=True, eq=False)
class FoundPicture:
    """The boxes of one picture of the session."""

    id: int
    path: Path
    annotated: AnnotatedImage


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """What annotation files hold for a session.

    ``absent`` are the names of pictures that the session does not have; ``notices`` are sentences.
    """

    pictures: tuple[FoundPicture, ...]
    absent: tuple[str, ...]
    notices: tuple[str, ...]

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of boxes by class name, the most frequent first."""
        names: Counter[str] = Counter()
        for picture in self.pictures:
            names.update(picture.annotated.names)
        return dict(names.most_common())

    def unknown(self, classes: Sequence[str]) -> dict[str, int]:
        """Return the number of boxes by class name for the names that are not among the classes."""
        return {name: number for name, number in self.counts.items() if name not in classes}

    def summary(self) -> str:
        """Return what was found in a sentence or two."""
        if not self.pictures:
            text = "No boxes were found for the pictures of this session."
        else:
            parts = ", ".join(f"{name} {number:,}" for name, number in self.counts.items())
            text = f"{many(len(self.pictures), 'picture')}, {many(sum(self.counts.values()), 'box', 'boxes')}"
            text += f": {parts}." if parts else "."
        if self.absent:
            verb = "is" if len(self.absent) == 1 else "are"
            text += f" {many(len(self.absent), 'annotated picture')} {verb} not in this session."
        return text

    def details(self) -> str:
        """Return what the person may want to look into, a line each; "" if there is nothing."""
        absent = [f"Not in this session: {', '.join(self.absent)}."] if self.absent else []
        return "\n".join([*self.notices, *absent])


def read_boxes(paths: Sequence[Path], index: PictureIndex, classes: Sequence[str]) -> FoundBoxes:
    """Read annotation files and folders, and match them to the pictures of a session.

    Raises
    ------
    ReadingStopped
        If the index was told that it is no longer wanted.
    """
    read = read_annotations(paths, index.size, classes)
    pictures: dict[int, FoundPicture] = {}
    absent: list[str] = []
    notices = list(read.notices)
    # Whole names first: what gives a stem alone must not take the place of what is meant by its name
    for image in sorted(read.images, key=lambda image: not index.is_named(image)):
        found = index.match(image)
        if not found:
            absent.append(image.file_name)
        elif len(found) > 1:
            places = " and ".join(str(picture.path) for picture in found)
            notices.append(f"{image.file_name}: it may be {places}; rename one of them, or import it by itself.")
        elif found[0].id in pictures:
            other = pictures[found[0].id].annotated.file_name
            notices.append(
                f"{image.file_name}: {found[0].path.name} has its boxes from {other} already; import one of them."
            )
        else:
            pictures[found[0].id] = FoundPicture(found[0].id, found[0].path, image)
    result = FoundBoxes(tuple(pictures.values()), tuple(absent), tuple(notices))
    result.summary()  # counts the boxes now, not when the window waits for it
    return result


# -- importing -----------------------------------------------------------------------------------


class Use(Enum):
    """What imported boxes are taken for."""

    ADD = "add"
    REPLACE = "replace"
    TRUTH = "truth"


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """What is to be imported, and as what.

    ``mapping`` gives the known class for each unknown name; names it does not have, or has None for,
    are left out.
    """

    found: FoundBoxes
    use: Use
    classes: tuple[str, ...]
    mapping: Mapping[str, str | None]

    def class_of(self, name: str) -> str | None:
        """Return the class that boxes of a name become, None if they are left out."""
        return name if name in self.classes else self.mapping.get(name)

    def boxes(self, picture: FoundPicture) -> list[NamedBox]:
        """Return the boxes of a picture with their classes."""
        rows = zip(picture.annotated.names, picture.annotated.boxes.tolist(), strict=True)
        return [
            (known, (x1, y1, x2, y2)) for name, (x1, y1, x2, y2) in rows if (known := self.class_of(name)) is not None
        ]

    @property
    def total(self) -> int:
        """The number of boxes that are to be imported."""
        return sum(number for name, number in self.found.counts.items() if self.class_of(name) is not None)

    @property
    def problem(self) -> str:
        """Why there is nothing to import, "" if there is."""
        if not self.found.pictures:
            return "There is nothing to import."
        if self.use is Use.ADD and not self.total:
            return "No box is left to add: every class is left out."
        return ""


def why_no_import(document: Document) -> str:
    """Return why nothing can be imported into a session, "" if it can."""
    if document.session is None or not document.entries:
        return "Annotations belong to pictures; open the pictures first, then import."
    if document.session.read_only:
        return f"{document.session.path}: it was opened for reading only; save a copy of the session, and import there."
    if not document.classes:
        return "The model is still being opened; import when its classes are known."
    return ""


def new_boxes(boxes: Sequence[NamedBox], overlay: Mapping[int, Cell | None], nms_iou: float) -> list[NamedBox]:
    """Return the boxes that are not the same cell as one that a person put or imported before.

    Without this, importing a file a second time would count its cells twice.
    """
    mine = [cell for cell in overlay.values() if cell is not None and cell.origin != Origin.MODEL]
    if not mine:
        return list(boxes)
    all_boxes = [cell.box for cell in mine] + [box for _, box in boxes]
    all_names = np.array([cell.class_name for cell in mine] + [name for name, _ in boxes])
    index = NeighbourIndex(np.array(all_boxes, np.float32))
    names, is_mine = all_names[index.order], index.order < len(mine)
    known = np.zeros(len(all_boxes), bool)
    for position in np.flatnonzero(~is_mine).tolist():
        near, overlap = index.overlaps(position)
        limits = np.where(names[near] == names[position], nms_iou, SAME_CELL_IOU)
        known[index.order[position]] = bool(np.any((overlap > limits) & is_mine[near]))
    return [item for item, there in zip(boxes, known[len(mine) :].tolist(), strict=True) if not there]


def removals(
    cells: ImageCells | None, overlay: Mapping[int, Cell | None], classes: tuple[str, ...], settings: CountSettings
) -> list[Change]:
    """Return the changes that empty a picture's count: a person's cells go, and the found ones that count.

    So do found cells that count only once the person's cells over them are gone.
    """
    changes = {}
    found = cells.found.detections if cells else Detections.empty()
    there = set(found.ids.tolist())
    for number, cell in overlay.items():
        if cell is not None and not (cell.origin == Origin.MODEL and number in there):
            changes[number] = Change(number, cell, None)
    touched = Corrections.of(found, overlay, classes).touched
    result = count(found, settings, classes, Corrections(touched, Detections.empty()))
    for place in np.flatnonzero(result.counted).tolist():
        number = int(found.ids[place])
        changes[number] = Change(number, found_cell(found, place, classes), None)
    return list(changes.values())


class Importing(QObject):
    """Puts imported boxes into the session, picture by picture, each as one correction.

    ``ended`` comes when all are in, or it was stopped; the document's message says what was done.
    """

    progressed = Signal(int)  # pictures done
    ended = Signal()

    def __init__(self, document: Document, plan: ImportPlan, parent: QObject | None = None) -> None:
        super().__init__(parent or document)
        self._document = document
        self._session = document.session
        self._plan = plan
        self._pictures = self._boxes = self._known = 0
        self._failed = False
        if plan.use is not Use.TRUTH and not document.person:
            document.editing.person_wanted.emit()
        self._steps = Steps(self._import_all(), self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_ended)

    def stop(self) -> None:
        """Import no further picture."""
        self._steps.stop()

    def _import_all(self) -> Iterator[None]:
        for picture in self._plan.found.pictures:
            if self._document.session is not self._session or not self._import(picture):
                return
            self._pictures += 1
            yield

    def _import(self, picture: FoundPicture) -> bool:
        """Import one picture; False, and a message from the document, if it could not be stored."""
        document, session, boxes = self._document, self._session, self._plan.boxes(picture)
        entry, settings = document.entry(picture.id), document.settings
        if session is None or settings is None:
            return False
        if entry is None:
            return True
        try:
            if self._plan.use is Use.TRUTH:
                document.set_ground_truth(picture.id, boxes)
            elif self._plan.use is Use.ADD:
                new = new_boxes(boxes, session.overlay(picture.id), settings.nms_iou)
                self._known += len(boxes) - len(new)
                boxes = new
                name = f"Import {many(len(boxes), 'cell')}"
                if boxes and not document.editing.import_cells(picture.id, boxes, name):
                    return False
            else:
                changes = removals(document.cells_of(entry), session.overlay(picture.id), document.classes, settings)
                number = session.new_ids(len(boxes)) if boxes else 0
                changes += [
                    Change(number + place, None, Cell(name, box, 1.0, Origin.IMPORTED))
                    for place, (name, box) in enumerate(boxes)
                ]
                name = f"Replace the count by {many(len(boxes), 'imported cell')}"
                if changes and not document.editing.edit_image(picture.id, name, changes):
                    return False
        except SessionError as error:
            document.message.emit(Level.ERROR, str(error))
            return False
        self._boxes += len(boxes)
        return True

    @Slot()
    def _on_ended(self) -> None:
        total = len(self._plan.found.pictures)
        where = many(total, "picture") if self._pictures == total else f"{self._pictures:,} of {total:,} pictures"
        boxes = many(self._boxes, "box", "boxes")
        text = f"Imported {boxes} into {where}."
        if self._plan.use is Use.TRUTH:
            text = f"Took {boxes} in {where} as ground truth."
        if self._known:
            verb = "was" if self._known == 1 else "were"
            text += f" {many(self._known, 'cell')} {verb} there already."
        self._document.message.emit(Level.INFO, text)
        self.ended.emit()
        self.deleteLater()


# -- exporting -----------------------------------------------------------------------------------


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
            Format.COCO: "One JSON file with all pictures and boxes.",
            Format.CSV: "One table with a line for each cell.",
            Format.TRAINING: "Copies of the pictures with their labels, split for training and validation.",
        }[self]


def entries_in(document: Document, scope: Scope) -> list[Entry]:
    """Return the counted pictures of a scope, in the order of the list."""
    current = document.current_entry
    return [
        entry
        for entry in document.entries
        if entry.state is State.COUNTED
        and (scope is not Scope.CURRENT or entry is current)
        and (scope is not Scope.REVIEWED or entry.reviewed)
    ]


def why_no_export(document: Document, scope: Scope) -> str:
    """Return why a scope has nothing to export, "" if it has."""
    if entries_in(document, scope):
        return ""
    if not document.entries:
        return "No picture is open."
    return {
        Scope.CURRENT: "This picture is not counted yet.",
        Scope.COUNTED: "No picture is counted yet.",
        Scope.REVIEWED: "No picture is marked as reviewed yet.",
    }[scope]


@dataclass(frozen=True, eq=False)
class ExportItem:
    """A picture file, as it was when it was counted, with its boxes."""

    path: Path
    stamp: FileStamp | None
    annotated: AnnotatedImage


def counted_boxes(document: Document, entry: Entry, name: str) -> AnnotatedImage | None:
    """Return the cells of a picture that count, corrections included; None if it has no cells to read."""
    cells, settings, classes = document.cells_of(entry), document.settings, document.classes
    if cells is None or settings is None:
        return None
    result = document.result(entry) or cells.countable(settings.nms_iou).count(settings.thresholds, classes)
    chosen = result.counted
    names = tuple(classes[label] for label in cells.cells.labels[chosen].tolist())
    return AnnotatedImage(name, *entry.size, cells.cells.boxes[chosen], names, cells.cells.scores[chosen])


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
        self._steps = Steps(self._gather(), self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_gathered)

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
            annotated = counted_boxes(document, entry, name)
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
        thread = Background(lambda _stopped: write_export(target, kind, items, classes, source), self._document)
        thread.ended.connect(self._on_written)
        thread.start()

    @Slot(object, object)
    def _on_written(self, _thread: Background, outcome: object) -> None:
        message = self._document.message
        if isinstance(outcome, Written):
            pictures, boxes = many(outcome.pictures, "picture"), many(outcome.boxes, "box", "boxes")
            text = f"Wrote {pictures}, {boxes} to {self._target}."
            notices = [*self._notices, *outcome.notices]
            if notices:
                text += f" {many(len(notices), 'picture')} left out: {_first(notices)}"
            message.emit(Level.WARNING if notices else Level.INFO, text)
        elif isinstance(outcome, AnnotationError):
            message.emit(Level.ERROR, str(outcome))
        elif isinstance(outcome, OSError):
            reason = outcome.strerror or type(outcome).__name__
            message.emit(Level.ERROR, f"{self._target}: it cannot be written ({reason}); choose another place.")
        else:
            message.emit(Level.ERROR, f"{self._target}: exporting stopped unexpectedly ({outcome}).")
        self._end(isinstance(outcome, Written))

    def _end(self, written: bool) -> None:
        self.ended.emit(written)
        self.deleteLater()
