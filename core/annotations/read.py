"""Reading annotations of any known format from files and folders."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.annotations.coco import read_coco
from core.annotations.collecting import NotAnnotationsError, Notices, Reading, UnreadableError, decode_text, number
from core.annotations.points import read_points
from core.annotations.table import read_table
from core.annotations.voc import read_voc
from core.annotations.writing import file_stem, same_on_every_disk
from core.annotations.yolo import CLASS_LISTS, ClassLists, read_yolo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import Size

ANNOTATION_SUFFIXES = frozenset({".xml", ".txt", ".json", ".csv"})
_NAMED = 3


@dataclass(frozen=True)
class ImportedAnnotations:
    """The pictures that annotations were read for, and sentences that the person should see."""

    images: tuple[AnnotatedImage, ...]
    notices: tuple[str, ...]


def read_annotations(
    paths: Iterable[Path],
    sizes: Callable[[str], Size | None],
    default_classes: Sequence[str],
    *,
    point_diameter: float | None = None,
) -> ImportedAnnotations:
    """Read Pascal VOC, YOLO, COCO, CSV and point files; whatever is wrong is told and the rest goes on.

    Parameters
    ----------
    paths
        Files, and folders, which are searched with all folders in them.
    sizes
        Returns width and height in pixels of an open picture by its file name, with or without
        folders and suffix; None if it is not open. Pictures that an annotation file gives no size
        for are skipped unless this does.
    default_classes
        The known classes in order. Names are matched to them by ``canonical_class`` and stay as
        they are if none fits; the class numbers of YOLO files without a class list stand for them.
    point_diameter
        The side in pixels of the boxes that are made of points; without it, point files are skipped.

    Returns
    -------
    ImportedAnnotations
        Each picture once, in the order of the files. A picture whose boxes were all faulty is left out.
    """
    notices = Notices()
    reader = _Reader(tuple(default_classes), sizes, notices, point_diameter)
    for path in paths:
        reader.read(Path(path))
    return ImportedAnnotations(tuple(reader.images), notices.sentences())


class _Reader:
    """Reads file after file, and keeps the first of several annotations of one picture."""

    def __init__(
        self,
        known: tuple[str, ...],
        sizes: Callable[[str], Size | None],
        notices: Notices,
        point_diameter: float | None,
    ) -> None:
        self.images: list[AnnotatedImage] = []
        self._known = known
        self._sizes = sizes
        self._notices = notices
        self._point_diameter = point_diameter
        self._lists = ClassLists(known, notices)
        self._files: set[str] = set()
        self._annotated: defaultdict[str, list[tuple[str, Path]]] = defaultdict(list)

    def read(self, path: Path) -> None:
        if not os.path.isdir(path):  # unlike Path.is_dir it does not raise where access is denied
            if (reason := self._read_file(path)) is not None:
                self._notices.about_file(path, reason)
            return
        others: list[str] = []
        found = False
        for file in _annotation_files(path):
            if self._read_file(file) is None:
                found = True
            else:
                others.append(str(file.relative_to(path)))
        if others:
            named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
            text = f"passed over what is no annotation ({named}); open a file by itself to see why"
            self._notices.about_file(path, text)
        elif not found:
            self._notices.about_file(
                path, "there are no annotations here (.xml, .txt, .json, .csv); choose another folder"
            )

    def _read_file(self, path: Path) -> str | None:
        """Read a file; return why, if it is something else than annotations."""
        real = os.path.realpath(path)
        if real in self._files or path.name in CLASS_LISTS:
            return None
        self._files.add(real)
        reading = Reading(path, self._known, self._sizes, self._notices)
        try:
            for image in self._images(reading, path.read_bytes()):
                self._take(image, path)
        except NotAnnotationsError as error:
            return str(error)
        except UnreadableError as error:
            self._notices.about_file(path, str(error))
        except FileNotFoundError:
            self._notices.about_file(path, "there is no such file; check the name, or put the file back")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._notices.about_file(path, f"the file cannot be read ({reason}); check the drive and your permissions")
        except MemoryError:
            self._notices.about_file(path, "too large for the free memory; close other programs or split it")
        return None

    def _images(self, reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
        match _kind(reading.path, data):
            case ".xml":
                return read_voc(reading, data)
            case ".json":
                return read_coco(reading, data)
            case ".csv":
                return read_table(reading, data)
            case _:
                return self._read_text(reading, data)

    def _read_text(self, reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
        rows = enumerate(decode_text(data).splitlines(), start=1)
        lines = [(line, words) for line, text in rows if (words := text.split())]
        if lines and not any(number(words[0]) is not None and len(words) > 2 for _, words in lines):
            raise NotAnnotationsError(
                "this is no annotation; choose YOLO labels with lines of class, centre x and y, width, height, "
                "or XML, JSON or CSV files"
            )
        with_three = sum(len(words) == 3 for _, words in lines)
        if 2 * with_three > len(lines):
            return read_points(reading, lines, self._lists, self._point_diameter)
        return read_yolo(reading, lines, self._lists)

    def _take(self, image: AnnotatedImage, path: Path) -> None:
        # A YOLO file names the picture without its suffix; otherwise a.jpg and a.png are two pictures
        stem = same_on_every_disk(file_stem(image.file_name))
        name = same_on_every_disk(image.file_name)
        for other, file in self._annotated[stem]:
            if other == name or stem in (other, name):
                text = f"{image.file_name} is annotated in {file} too, which is used; import one of them"
                self._notices.about_file(path, text, "annotated twice")
                return
        self._annotated[stem].append((name, path))
        self.images.append(image)


def _annotation_files(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in ANNOTATION_SUFFIXES
        and not file.name.startswith(".")
        and file.name not in CLASS_LISTS
        and os.path.isfile(file)
    )


def _kind(path: Path, data: bytes) -> str:
    """Return the suffix of the format: the file's own, or what the content looks like."""
    suffix = path.suffix.lower()
    if suffix in ANNOTATION_SUFFIXES:
        return suffix
    head = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return ".xml"
    if head.startswith((b"{", b"[")):
        return ".json"
    return ".csv" if b"xmin" in head.lower() else ".txt"
