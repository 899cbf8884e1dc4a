"""Reading annotations of any known format from files and folders."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.annotations.documents import parse_json, parse_xml
from core.annotations.formats.coco import read_coco
from core.annotations.formats.cvat import read_cvat
from core.annotations.formats.imagej import is_roi, read_cell_counter, read_rois
from core.annotations.formats.labelme import read_labelme
from core.annotations.formats.points import read_points
from core.annotations.formats.qupath import is_geojson, read_geojson
from core.annotations.formats.table import read_table
from core.annotations.formats.voc import read_voc
from core.annotations.formats.yolo import CLASS_LISTS, ClassLists, read_yolo
from core.annotations.notices import NotAnnotationsError, Notices, UnreadableError
from core.annotations.parsing import Context, Reading, decode_text, number
from core.annotations.writing import file_stem, same_on_every_disk
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageFinder

ANNOTATION_SUFFIXES = frozenset({".xml", ".txt", ".json", ".geojson", ".csv", ".roi", ".zip"})
FORMATS = gettext("Pascal VOC, YOLO, COCO, CSV, QuPath GeoJSON, CVAT, labelme, ImageJ")
_NAMED = 3
_LARGEST = 2**31  # bytes; a file of annotations larger than this is something else


@dataclass(frozen=True)
class ImportedAnnotations:
    """The images that annotations were read for, and sentences that the user should see.

    ``remarks`` are those of the notices that are about something that was used all the same; ``undecided`` are the
    names of images that the camera turned, in files that do not say whether they were drawn on
    upright or as stored; ``unmatched`` those of which no image is open, or several are.
    """

    images: tuple[AnnotatedImage, ...]
    notices: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_annotations(
    paths: Iterable[Path],
    find: ImageFinder,
    default_classes: Sequence[str],
    *,
    point_diameter: float | None = None,
    stored_rows: bool = False,
) -> ImportedAnnotations:
    """Read annotation files of every known format; whatever is wrong is reported and the rest goes on.

    Parameters
    ----------
    paths
        Files, and folders, which are searched with all folders in them.
    find
        Returns the open images that a name may mean. Images that an annotation file gives no size for are skipped
        unless this finds them.
    default_classes
        The known classes in order. Names are matched to them by ``canonical_class`` and stay as
        they are if none fits; the class numbers of YOLO files without a class list stand for them.
    point_diameter
        The side in pixels of the boxes that are made of points; without it, points are skipped.
    stored_rows
        Whether images with an EXIF orientation were drawn on as they are stored, where the files do not say so.

    Returns
    -------
    ImportedAnnotations
        Each image once, in the order of the files. An image whose boxes were all faulty is left out.
    """
    context = Context(tuple(default_classes), find, Notices(), point_diameter, stored_rows)
    reader = _Reader(context)
    for path in paths:
        reader.read(Path(path))
    unmatched = [*context.unmatched, *(image.file_name for image in reader.images if image.image_id is None)]
    return ImportedAnnotations(
        tuple(reader.images),
        context.notices.sentences(),
        tuple(dict.fromkeys(context.undecided)),
        tuple(dict.fromkeys(unmatched)),
        context.notices.remarks(),
    )


class _Reader:
    """Reads file after file, and keeps the first of several annotations of one image."""

    def __init__(self, context: Context) -> None:
        self.images: list[AnnotatedImage] = []
        self._context = context
        self._notices = context.notices
        self._lists = ClassLists(context.known, context.notices)
        self._files: set[str] = set()
        self._annotated: defaultdict[str, list[tuple[AnnotatedImage, Path]]] = defaultdict(list)

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
            named, more = ", ".join(others[:_NAMED]), len(others) - _NAMED
            if more > 0:
                named = gettext("{named} and {more} more").format(named=named, more=more)
            text = gettext("ignored what is no annotation ({named}); open a file by itself to see why")
            self._notices.about_file(path, text.format(named=named))
        elif not found:
            kinds = ", ".join(sorted(ANNOTATION_SUFFIXES))
            text = gettext("there are no annotations here ({kinds}); choose another folder").format(kinds=kinds)
            self._notices.about_file(path, text)

    def _read_file(self, path: Path) -> str | None:
        """Read a file; return why, if it is something else than annotations."""
        real = os.path.realpath(path)
        if real in self._files or path.name in CLASS_LISTS:
            return None
        self._files.add(real)
        try:
            if os.path.getsize(path) > _LARGEST:
                raise NotAnnotationsError(gettext("it is too large to be annotations; choose another file"))
            for image in self._images(Reading(path, self._context), path.read_bytes()):
                self._take(image, path)
        except NotAnnotationsError as error:
            return str(error)
        except UnreadableError as error:
            self._notices.about_file(path, str(error))
        except FileNotFoundError:
            self._notices.about_file(path, gettext("there is no such file; check the name, or put the file back"))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            text = gettext("the file cannot be read ({reason}); check the drive and your permissions")
            self._notices.about_file(path, text.format(reason=reason))
        except MemoryError:
            text = gettext("too large for the free memory; close other programs or split it")
            self._notices.about_file(path, text)
        return None

    def _images(self, reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
        match _kind(reading.path, data):
            case ".xml":
                return _read_xml(reading, data)
            case ".json":
                return _read_json(reading, data)
            case ".csv":
                return read_table(reading, data)
            case ".roi":
                return read_rois(reading, data)
            case _:
                return self._read_text(reading, data)

    def _read_text(self, reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
        rows = enumerate(decode_text(data).splitlines(), start=1)
        lines = [(line, words) for line, text in rows if (words := text.split())]
        if lines and not any(number(words[0]) is not None and len(words) > 2 for _, words in lines):
            text = gettext(
                "this is no annotation; choose YOLO labels with lines of class, centre x and y, width, height, "
                "or XML, JSON or CSV files"
            )
            raise NotAnnotationsError(text)
        with_three = sum(len(words) == 3 for _, words in lines)
        if 2 * with_three > len(lines):
            return read_points(reading, lines, self._lists)
        return read_yolo(reading, lines, self._lists)

    def _take(self, image: AnnotatedImage, path: Path) -> None:
        stem = same_on_every_disk(file_stem(image.file_name))
        for other, file in self._annotated[stem]:
            if _same_image(image, other, stem):
                text = gettext("{image} is annotated in {file} too, which is used; import one of them")
                text = text.format(image=image.file_name, file=file)
                self._notices.about_file(path, text, gettext("annotated twice"))
                return
        self._annotated[stem].append((image, path))
        self.images.append(image)


def _same_image(image: AnnotatedImage, other: AnnotatedImage, stem: str) -> bool:
    if image.image_id is not None and other.image_id is not None and image.image_id != other.image_id:
        return False
    # A YOLO file names the image without its suffix; otherwise a.jpg and a.png are two images
    name, other_name = same_on_every_disk(image.file_name), same_on_every_disk(other.file_name)
    return name == other_name or stem in (name, other_name)


def _read_xml(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    root = parse_xml(data)
    match root.tag:
        case "annotation":
            return read_voc(reading, root)
        case "annotations":
            return read_cvat(reading, root)
        case "CellCounter_Marker_File":
            return read_cell_counter(reading, root)
        case _:
            text = gettext(
                "this is no Pascal VOC annotation, nor one of CVAT or of ImageJ's Cell Counter; choose XML files as "
                "they write them"
            )
            raise NotAnnotationsError(text)


def _read_json(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    document = parse_json(data)
    if is_geojson(document):
        return read_geojson(reading, document)
    entry = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    if {"images", "annotations"} <= entry.keys():
        return read_coco(reading, entry)
    if "shapes" in entry:
        return read_labelme(reading, entry)
    text = gettext(
        "this is no COCO annotation, nor one of QuPath or labelme; choose a JSON file with images, annotations and "
        "categories, or with features or shapes"
    )
    raise NotAnnotationsError(text)


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
    if is_roi(data):
        return ".roi"
    suffix = path.suffix.lower()
    if suffix in (".xml", ".txt", ".json", ".csv"):
        return suffix
    head = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return ".xml"
    if head.startswith((b"{", b"[")):
        return ".json"
    return ".csv" if b"xmin" in head.lower() else ".txt"
