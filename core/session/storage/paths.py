"""Where the images of a session are: paths as stored, folders that moved, images found again by their contents."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.session.errors import explain
from core.session.storage.schema import ImageRow
from core.session.values import SESSION_SUFFIX, FileStamp, SessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from core.session.storage.database import SessionFile
    from core.session.values import StoredImage

StoredPath = str | bytes
"""A path as it is stored: bytes where it is no valid Unicode, as names on Linux and Windows may be."""


def pack_path(path: str) -> StoredPath:
    """Return a path as it is stored."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")
    return path


def unpack_path(stored: StoredPath) -> str:
    """Return a stored path."""
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored


def path_key(path: Path) -> str:
    """Return what two spellings of one path have in common."""
    return os.path.normcase(path)


def relative_to(folder: Path) -> Callable[[Path], StoredPath | None]:
    """Return a function from an absolute path to the one from a folder to it; None on another drive."""

    @cache
    def way_to(parent: Path) -> str | None:
        try:
            return Path(os.path.relpath(parent, folder)).as_posix()
        except ValueError:
            return None

    def relative(path: Path) -> StoredPath | None:
        way = way_to(path.parent)
        return None if way is None else pack_path(f"{way}/{path.name}")

    return relative


def rebase(file: SessionFile, paths: Mapping[int, Path]) -> None:
    """Store the paths (by image id) anew, relative to the folder where the file is now, in a transaction."""
    relative = relative_to(file.path.parent)
    rows = (ImageRow(*row) for row in list(file.rows("images")))
    file.write(
        "images",
        (row._replace(path=pack_path(str(paths[row.id])), relative=relative(paths[row.id])) for row in rows),
    )


def resolve(rows: Iterable[ImageRow], folder: Path) -> dict[int, Path]:
    """Return image id -> path: as stored or, where nothing is there, relative to the session's folder.

    Folders are listed once, since asking for each file would take minutes on a network drive.
    """
    exists = _exists_by_listing()
    paths: dict[int, Path] = {}
    for row in rows:
        path = unpack_path(row.path)
        if row.relative is not None and not exists(path):
            near = os.path.normpath(os.path.join(folder, unpack_path(row.relative)))
            path = near if near != path and exists(near) else path
        paths[row.id] = Path(path)
    return paths


def _exists_by_listing() -> Callable[[str], bool]:
    @cache
    def names(folder: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the names in a folder, as they are spelt and as ``_spelling`` has them."""
        try:
            listed = os.listdir(folder)
        except OSError:
            listed = []
        return frozenset(listed), frozenset(map(_spelling, listed))

    def exists(path: str) -> bool:
        folder, name = os.path.split(path)
        listed, alike = names(folder)
        # a name that is spelt differently in the listing may still be the same file
        return name in listed or (_spelling(name) in alike and os.path.exists(path))

    return exists


def _spelling(name: str) -> str:
    """Return what all spellings of a file name have in common that some file system takes for the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def stamp_of(path: Path) -> FileStamp:
    """Return the stamp of a file.

    Raises
    ------
    SessionError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            status = os.fstat(stream.fileno())
    except OSError as error:
        raise explain(path, error) from error
    return FileStamp(digest, status.st_size, status.st_mtime_ns)


def find_moved(images: Sequence[StoredImage], folder: Path) -> dict[int, Path]:
    """Find missing images again below a folder.

    Files of the same name and size are tried first, then all of the same size; the contents decide, by
    their SHA-256. An image without a stamp is found if only one file below the folder has its name.
    No file is given to two images, nor one that is another image of the list.

    Returns
    -------
    dict
        Image id -> new path, of those that were found.
    """
    missing = [image for image in images if not os.path.exists(image.path)]
    taken = {path_key(image.path) for image in images}
    sizes = {image.stamp.size for image in missing if image.stamp}
    names = {_name_key(image.path.name) for image in missing}
    by_size: dict[int, list[Path]] = {}
    by_name: dict[str, list[tuple[Path, int]]] = {}
    for path, size in _files_below(folder, names, sizes):
        if path_key(path) not in taken:
            by_size.setdefault(size, []).append(path)
            by_name.setdefault(_name_key(path.name), []).append((path, size))
    digest = cache(_digest)

    @cache
    def by_contents(size: int) -> dict[str | None, list[Path]]:
        contents: dict[str | None, list[Path]] = {}
        for path in by_size.get(size, []):
            contents.setdefault(digest(path), []).append(path)
        return contents

    found: dict[int, Path] = {}

    def take(image: StoredImage, candidates: Iterable[Path]) -> None:
        path = next((path for path in candidates if path_key(path) not in taken), None)
        if path is not None:
            found[image.id] = path
            taken.add(path_key(path))

    stamped = [(image, image.stamp) for image in missing if image.stamp]
    for image, stamp in stamped:
        alike = (path for path, size in by_name.get(_name_key(image.path.name), []) if size == stamp.size)
        take(image, (path for path in alike if digest(path) == stamp.sha256))
    for image, stamp in stamped:
        if image.id not in found:
            take(image, by_contents(stamp.size).get(stamp.sha256, []))
    for image in missing:
        namesakes = by_name.get(_name_key(image.path.name), [])
        if image.stamp is None and len(namesakes) == 1:
            take(image, [namesakes[0][0]])
    return found


def _name_key(name: str) -> str:
    """Return what stays of a file name when it is copied between systems."""
    return os.path.normcase(unicodedata.normalize("NFC", name))


def _files_below(folder: Path, names: set[str], sizes: set[int]) -> Iterator[tuple[Path, int]]:
    """Yield (path, bytes) of the files with one of the names or sizes."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() == SESSION_SUFFIX:  # reading an open session would unlock it
                continue
            try:
                size = path.stat().st_size
            except OSError:
                continue
            if size in sizes or _name_key(name) in names:
                yield path, size


def _digest(path: Path) -> str | None:
    try:
        return stamp_of(path).sha256
    except SessionError:
        return None
