"""Which files are counted: what lies in folders, what is left out of them, and what cannot be read."""

from __future__ import annotations

import os
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from core.imaging.containers.foreign import OTHER_IMAGES, refusal
from core.imaging.files.output_mark import is_output
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IMAGE_SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".bmp", ".dib", ".tif", ".tiff", ".btf", ".ptif",
    ".ptiff", ".webp", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jph", ".jhc", ".ppm",
    ".pgm", ".pbm", ".pnm",
})  # fmt: skip
"""What is read of folders. Files that are named one by one are read whatever they are called."""

_BUILT_ON_TIFF = frozenset({".svs", ".ndpi", ".scn", ".bif", ".qptiff", ".lsm", ".stk", ".flex", ".tf8"})

ASK_ABOVE = 500
"""So many images are opened without asking."""

_SYSTEM_FOLDERS = frozenset({
    "$recycle.bin", "recycler", "system volume information", "@eadir", "#recycle", "#snapshot", "__macosx",
    "lost+found",
})  # fmt: skip
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DICOM, _DICOM_AT = b"DICM", 128
_DOCUMENTS = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_HEAD = 512  # bytes
_OUTPUT_NAME = "_counted"
_WINDOWS_HIDDEN, _MACOS_HIDDEN = 0x2 | 0x4, 0x8000  # FILE_ATTRIBUTE_HIDDEN and _SYSTEM; UF_HIDDEN


@dataclass
class Found:
    """The images that paths stand for, in the order in which they are counted.

    ``left_out`` are sentences on what was passed over on purpose; ``problems`` are files and folders that cannot be
    counted, each with the sentence that says why; ``empty`` folders in which there is nothing to count.
    """

    images: list[Path] = field(default_factory=list[Path])
    left_out: list[str] = field(default_factory=list[str])
    problems: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    empty: list[Path] = field(default_factory=list[Path])


def find_images(paths: Iterable[str | Path], *, recursive: bool = False, quick: bool = False) -> Found:
    """Find the images that the given files and folders stand for, folders in name order.

    A file that is named is found whatever its suffix, missing or not, so that it is reported rather than passed over.
    Of folders come the files with an image's suffix, and images without any; hidden files and folders and those of the
    system are passed over, images of another kind are problems. What SmearCount wrote itself is left out, and a link to
    a file that was found already too. With ``quick`` no file is opened but those named as SmearCount names what it
    writes, and those without an image's suffix, of which documents are problems: a window must not wait for thousands
    of files on a network drive.
    """
    found = Found()
    files: dict[tuple[int, int, int], Path] = {}
    for path in map(Path, paths):
        if not os.path.isdir(path):  # unlike Path.is_dir it does not raise where access is denied
            _add(found, files, path, quick=quick)
            continue
        before = len(found.images), len(found.problems), len(found.left_out)
        for item in sorted(_inside(path, found, recursive=recursive)):
            suffix = item.suffix.lower()
            if item.name.lower().endswith(".nii.gz"):
                suffix = ".nii.gz"
            unsaid = not suffix or suffix in _BUILT_ON_TIFF  # of these the first bytes tell
            if suffix in IMAGE_SUFFIXES or (unsaid and _begins_as_image(item)):
                _add(found, files, item, quick=quick)
            elif suffix in OTHER_IMAGES:
                found.problems.append((item, f"{item}: {refusal(b'', suffix)}."))
            elif suffix == ".zip" and _holds_images(item):
                text = gettext("{path}: there are images in this archive; unpack it to count them.")
                found.problems.append((item, text.format(path=item)))
            elif (not suffix or suffix[1:].isdecimal()) and _is_dicom(item):  # scanners name it by numbers with dots
                found.problems.append((item, f"{item}: {refusal(b'', '.dcm')}."))
        if before == (len(found.images), len(found.problems), len(found.left_out)):
            found.empty.append(path)
    return found


def _add(found: Found, files: dict[tuple[int, int, int], Path], path: Path, *, quick: bool) -> None:
    """Add a file, unless it is there already or SmearCount's own."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        status = None  # said when it is read
    if status is not None and not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        text = gettext("{path}: it is a pipe or a device, not a file; leave it out, or copy it to a file.")
        found.problems.append((path, text.format(path=path)))
        return
    if quick and status is not None and path.suffix.lower() not in IMAGE_SUFFIXES and _is_document(path):
        found.problems.append((path, gettext("{path}: it is not an image; choose images.").format(path=path)))
        return
    if status is not None and status.st_ino:
        first = files.setdefault((status.st_dev, status.st_ino, status.st_size), path)
        if first is not path:
            if os.path.abspath(first) != os.path.abspath(path):
                text = gettext("{path}: it is the same file as {first}; it is counted once.")
                found.left_out.append(text.format(path=path, first=first))
            return
    if status is not None and (_OUTPUT_NAME in path.stem or not quick) and is_output(path):
        text = gettext("{path}: SmearCount wrote this image itself; it is left out.")
        found.left_out.append(text.format(path=path))
        return
    if status is not None or path not in found.images:
        found.images.append(path)


def _inside(folder: Path, found: Found, *, recursive: bool) -> Iterator[Path]:
    """Yield the files of a folder, with ``recursive`` also of the folders inside; each folder once, however linked."""
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = list(os.scandir(here))
        except OSError as error:
            text = gettext("{path}: the folder cannot be opened ({reason}); ask for access to it.")
            found.problems.append((here, text.format(path=here, reason=error.strerror)))
            continue
        for entry in entries:
            if _is_hidden(entry):
                continue
            if _is_folder(entry):
                if entry.name.lower() in _SYSTEM_FOLDERS:
                    continue
                if recursive:
                    waiting.append(here / entry.name)
                elif _has_images(here / entry.name):
                    text = gettext("{path}: the images in this folder are not counted; use --recursive to count them.")
                    found.left_out.append(text.format(path=here / entry.name))
            else:
                yield here / entry.name


def _has_images(folder: Path) -> bool:
    """Tell whether images lie in a folder that SmearCount did not write itself."""
    try:
        names = [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:
        return False
    images = (folder / name for name in names if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES)
    return any(_OUTPUT_NAME not in image.stem and not is_output(image) for image in images)


def _begins_as_image(path: Path) -> bool:
    """Tell whether a file without a suffix is a JPEG, PNG or TIFF image."""
    return _head(path, 8).startswith(_BEGINNINGS)


def _holds_images(path: Path) -> bool:
    """Tell whether an archive has images in it; one of outlines or texts has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _is_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM, whatever it is called."""
    return _head(path, _DICOM_AT + len(_DICOM))[_DICOM_AT:] == _DICOM


def _head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, none if it cannot be opened."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError:
        return b""


def _is_document(path: Path) -> bool:
    """Tell whether a file is a text, a PDF or an office document, by its first bytes."""
    head = _head(path, _HEAD)
    if head.startswith(_DOCUMENTS):
        return True
    try:
        text = head.decode("utf-8", "ignore" if len(head) == _HEAD else "strict")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(letter.isprintable() or letter.isspace() for letter in text)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return bool(
        getattr(status, "st_file_attributes", 0) & _WINDOWS_HIDDEN or getattr(status, "st_flags", 0) & _MACOS_HIDDEN
    )


def too_many_to_open_unasked(paths: Iterable[str | Path]) -> int:
    """Return how many images the paths stand for, folders in folders too; 0 if so many are opened without asking."""
    number = len(find_images(paths, recursive=True, quick=True).images)
    return number if number > ASK_ABOVE else 0


def summary(found: Found, most: int = 3) -> str:
    """Return what a window says of what it left out and could not read, in a few sentences; "" if nothing."""
    sentences = [text for _, text in found.problems] + found.left_out
    rest = len(sentences) - most
    if rest > 0:
        more = gettext("So it is with {n:,} more files.").format(n=rest)
        return " ".join([*sentences[:most], more])
    return " ".join(sentences)
