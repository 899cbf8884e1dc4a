"""Annotation files, and the listed pictures that they belong to."""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from core.annotations.read import read_annotations
from core.annotations.writing import file_stem, same_on_every_disk
from core.imaging.reading import ImageError, read_image
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from gui.workspace.images import Entry

Size = tuple[int, int]
_ON_THEIR_SIDE = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_POINT_SIDE = 2.0  # pixels; points are taken as points, so that the size does not matter


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
            text = gettext("No boxes for the images of this session were found.")
        else:
            parts = ", ".join(f"{name} {number:,}" for name, number in self.counts.items())
            images, boxes = len(self.pictures), sum(self.counts.values())
            text = ngettext("{n:,} image", "{n:,} images", images).format(n=images)
            text += ", " + ngettext("{n:,} box", "{n:,} boxes", boxes).format(n=boxes)
            text += f": {parts}." if parts else "."
        if self.absent:
            text += " " + ngettext(
                "{n:,} annotated image is not in this session.",
                "{n:,} annotated images are not in this session.",
                len(self.absent),
            ).format(n=len(self.absent))
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
    read = read_annotations(paths, index.size, classes, point_diameter=_POINT_SIDE)
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
