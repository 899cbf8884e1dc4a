"""Which open image an annotation is about, also where one of the two was renamed on its way through other programs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import ExifTags, Image

from core.annotations.orientation import ON_THEIR_SIDE, UPRIGHT, ImageInfo, Size
from core.annotations.writing import file_stem, same_on_every_disk
from core.imaging.containers.tiff import is_tiff, tiff_size
from core.imaging.files.finding import IMAGE_SUFFIXES
from core.imaging.reading import ImageError, read_image
from core.text import gettext, printable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage

_LABEL_STUDIO = re.compile(r"^(?!(?:19|20)\d\d[01]\d[0-3]\d-)[0-9a-f]{8}-(?=.)")  # and no date
_ROBOFLOW = re.compile(r"^(.+)_([a-z]{3,4})\.rf\.[0-9A-Za-z_-]{8,}(?:\.[a-z]{3,4})?$", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[\s_.()\[\]-]+")
_EXACT, _STEM, _UNESCAPED, _ORIGINAL = _KINDS = ("name", "stem", "unescaped", "original")
"""What a name and an image may have in common, from the surest on."""


class ReadingStopped(Exception):
    """The annotations are no longer wanted."""


@dataclass(frozen=True)
class ListedImage:
    """An image that annotations can be matched to; ``size`` is that of the upright image, None if it is not known."""

    id: Hashable
    path: Path
    size: Size | None = None


@dataclass(frozen=True)
class _Listed:
    image: ListedImage
    folders: tuple[str, ...]


@dataclass
class ImageIndex:
    """Finds images by the names that annotations give them; it is called as the reader asks for images.

    Tried in turn are the file name, the name without its suffix, and what the name was before Label Studio, Roboflow
    or a browser changed it. Of several images, those in folders of the name are taken, or of the annotation file, or
    those of the stated size.

    ``chosen`` gives the id of the image for names that the user matched. When ``stopped`` is set, the next search
    raises ReadingStopped. An index is used on one thread: it opens images to learn their size and orientation, with
    ``open`` if the header is not enough; ``problems`` are sentences about those that cannot be read.
    """

    listed: Sequence[ListedImage]
    chosen: Mapping[str, Hashable] = field(default_factory=dict[str, "Hashable"])
    stopped: threading.Event | None = None
    open: Callable[[Path], ImageInfo] | None = None
    problems: list[str] = field(default_factory=list[str])
    _names: dict[str, defaultdict[str, list[_Listed]]] = field(init=False)
    _info: dict[Hashable, ImageInfo | None] = field(init=False, default_factory=dict["Hashable", "ImageInfo | None"])
    _by_id: dict[Hashable, ListedImage] = field(init=False)

    def __post_init__(self) -> None:
        self._by_id = {image.id: image for image in self.listed}
        self._names = {kind: defaultdict(list) for kind in _KINDS}
        for image in self.listed:
            item = _Listed(image, _folders(image.path.parent.as_posix()))
            for kind, forms in _forms(image.path.name).items():
                for form in forms:
                    self._names[kind][form].append(item)

    def __call__(self, name: str, file: Path, stated: Size | None = None) -> list[ImageInfo]:
        """Return the images that a name in an annotation file may mean.

        Raises
        ------
        ReadingStopped
            If reading is no longer wanted.
        """
        if self.stopped is not None and self.stopped.is_set():
            raise ReadingStopped
        if (image := self._by_id.get(self.chosen.get(name))) is not None:
            return self._read([image])
        found = self._nearest(self._called(name), name, file)
        infos = self._read([item.image for item in found])
        if len(infos) > 1 and stated is not None:
            return [info for info in infos if stated in (info.size, info.stored_size)] or infos
        return infos

    def named(self, name: str) -> bool:
        """Tell whether there is an image of this very name, suffix and all."""
        return bool(self._names[_EXACT].get(same_on_every_disk(_last(name))))

    def _called(self, name: str) -> list[_Listed]:
        forms = _forms(name)
        for kind in _KINDS:
            found = {item.image.id: item for form in forms[kind] for item in self._names[kind].get(form, ())}
            if kind == _ORIGINAL:  # two that were both renamed come from two originals, and two that were not differ
                renamed = _is_renamed(name)
                found = {key: item for key, item in found.items() if renamed != _is_renamed(item.image.path.name)}
            if found:
                return list(found.values())
        return []

    def _nearest(self, found: list[_Listed], name: str, file: Path) -> list[_Listed]:
        """Return those that lie in the folders that the name has, else the annotation file."""
        named = unquote(name).replace("\\", "/").rpartition("/")[0]
        for path in (named, file.absolute().parent.as_posix()):
            if len(found) > 1 and path:
                folders = _folders(path)
                common = set[str].intersection(*(set(item.folders) for item in found))
                nearness = [_nearness(item.folders, folders, common) for item in found]
                found = [item for item, near in zip(found, nearness, strict=True) if near == max(nearness)]
        return found

    def _read(self, images: Iterable[ListedImage]) -> list[ImageInfo]:
        found: list[ImageInfo] = []
        for image in images:
            if image.id not in self._info:
                self._info[image.id] = self._learn(image)
            if (info := self._info[image.id]) is not None:
                found.append(info)
        return found

    def _learn(self, image: ListedImage) -> ImageInfo | None:
        try:
            info = (self.open or image_info)(image.path)
        except ImageError as error:
            if image.size is None:
                self.problems.append(str(error))
                return None
            info = ImageInfo(*image.size)
        if image.size is not None and image.size != info.size:
            info = ImageInfo(*image.size)  # what was counted is what the boxes must fit
        return replace(info, id=image.id, path=image.path)


def image_info(path: Path) -> ImageInfo:
    """Return the size of an image when it is upright, and its EXIF orientation; raises ImageError."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            stream.seek(0)
            if is_tiff(head):  # of which the first page may be a thumbnail
                width, height, orientation = tiff_size(stream)
            else:
                with Image.open(stream) as image:
                    orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
                    width, height = image.size
    except Exception:  # noqa: BLE001  Pillow raises what its plugins raise; the program may know better
        image = read_image(path)
        return ImageInfo(image.width, image.height)
    orientation = orientation if orientation in range(1, 9) else UPRIGHT
    if orientation in ON_THEIR_SIDE:
        width, height = height, width
    return ImageInfo(width, height, orientation)


def one_for_each_image(images: Iterable[AnnotatedImage], index: ImageIndex) -> tuple[list[AnnotatedImage], list[str]]:
    """Return the matched annotations in their order, one for each image, and sentences about what is left out.

    An annotation with the image's very name goes before one of another name that was matched to it.
    """
    images = list(images)
    taken: dict[Hashable, AnnotatedImage] = {}
    notices: list[str] = []
    for image in sorted(images, key=lambda image: not index.named(image.file_name)):
        if image.image_id is None:
            continue
        other = taken.setdefault(image.image_id, image)
        if other is not image:
            text = gettext("{name}: its image has boxes from {other} already, which are used; import one of them.")
            notices.append(printable(text.format(name=image.file_name, other=other.file_name)))
    return [image for image in images if taken.get(image.image_id) is image], notices


def _forms(name: str) -> dict[str, set[str]]:
    """Return what a file name may be found by."""
    last = _last(name)
    unescaped = _last(_unescaped(name))
    originals = {_original(each) for each in (last, unescaped)}
    return {
        _EXACT: {same_on_every_disk(last)},
        _STEM: {same_on_every_disk(file_stem(last))},
        _UNESCAPED: {same_on_every_disk(file_stem(each)) for each in (last, unescaped)},
        _ORIGINAL: {_loose(file_stem(each)) for each in originals},
    }


def _last(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


def _unescaped(name: str) -> str:
    """Return the file name in a web address or with escapes such as ``%20``."""
    if "://" in name or "?" in name:
        try:
            address = urlsplit(name)
            inside = parse_qs(address.query).get("d", [address.path])[-1]  # Label Studio's local files
        except ValueError:
            inside = name
        return unquote(inside)
    return unquote(name)


def _original(name: str) -> str:
    """Return the name that a file had before Label Studio or Roboflow gave it another."""
    if (match := _ROBOFLOW.match(name)) is not None and f".{match[2].lower()}" in IMAGE_SUFFIXES:
        name = f"{match[1]}.{match[2]}"
    return _LABEL_STUDIO.sub("", name)


def _is_renamed(name: str) -> bool:
    last = _last(_unescaped(name))
    return _original(last) != last


def _loose(stem: str) -> str:
    """Return what is left of a name when such programs put other signs between its words."""
    return _BETWEEN_WORDS.sub("-", same_on_every_disk(stem)).strip("-")


def _folders(path: str) -> tuple[str, ...]:
    return tuple(same_on_every_disk(part) for part in path.split("/") if part)


def _nearness(image: Sequence[str], wanted: Sequence[str], common: set[str]) -> tuple[int, int]:
    """Return how many of the folders that tell images apart are wanted, and how many the paths share at their end."""
    telling = len((set(image) - common) & set(wanted))
    pairs = zip(reversed(image), reversed(wanted), strict=False)
    return telling, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
