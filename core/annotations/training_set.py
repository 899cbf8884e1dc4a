"""Reviewed images as a data set that ``smearcount-train`` takes as it is."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from typing import TYPE_CHECKING

from core.annotations.base import AnnotationError
from core.annotations.formats.yolo import class_list_text, label_text
from core.annotations.writing import cannot_write, check_class_names, same_on_every_disk, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage

VALIDATION_SHARE = 0.15
_WRITTEN = ("images", "labels", "classes.txt", "manifest.csv")


def export_training_set(
    folder: Path,
    items: Sequence[tuple[Path, AnnotatedImage]],
    classes: Sequence[str],
    *,
    source: str = "reviewed",
) -> None:
    """Write a data set folder with ``images labels classes.txt manifest.csv``.

    The images are copied; of those with one name, all but the first get a part of their hash added to
    it. About 15 % of the images are marked as split ``val``, the rest as ``train``. The hash of a file's
    content decides: an image stays in its split when others join the set, and copies of an image
    share it. With two different images or more, each split has one at least.

    Parameters
    ----------
    folder
        A folder without a data set in it; it is made if need be.
    items
        The image files with their annotations, in pixels of the orientation-corrected image.
    classes
        The class names in order, without blanks in them.
    source
        What the manifest says of where the images come from.

    Raises
    ------
    AnnotationError
        If there is a data set in the folder, an image is missing, a class is not among the classes or a
        box has no area, before anything is written; or if something cannot be written, in which case
        what was written is removed.
    """
    check_class_names(classes)
    _check_folder(folder, items, classes)
    hashes = [_sha256(path) for path, _ in items]
    labels = [label_text(image, classes) for _, image in items]
    names = _unique_names([path for path, _ in items], hashes)
    try:
        for (path, _), name, label in zip(items, names, labels, strict=True):
            _copy(path, folder / "images" / name)
            write_file((folder / "labels" / name).with_suffix(".txt"), label)
        write_file(folder / "classes.txt", class_list_text(classes))
        # The manifest makes it a data set, so it comes last
        write_file(folder / "manifest.csv", _manifest(names, _splits(hashes), source))
    except BaseException:
        _remove_written(folder)
        raise


def _check_folder(folder: Path, items: Sequence[tuple[Path, AnnotatedImage]], classes: Sequence[str]) -> None:
    if there := [name for name in _WRITTEN if (folder / name).exists()]:
        text = gettext("{folder}: there is already {name!r} here; choose an empty folder.")
        raise AnnotationError(text.format(folder=printable(folder), name=there[0]))
    if not items:
        text = gettext("{folder}: there are no reviewed images to write; review some first.")
        raise AnnotationError(text.format(folder=printable(folder)))
    if spaced := [name for name in classes if len(name.split()) != 1]:
        text = gettext("The trainer takes no class name with blanks, such as {name!r}; rename the class.")
        raise AnnotationError(text.format(name=spaced[0]))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        text = gettext("{path}: the image cannot be read ({reason}); put it back or leave it out.")
        raise AnnotationError(text.format(path=printable(path), reason=reason)) from error


def _unique_names(paths: Sequence[Path], hashes: Sequence[str]) -> list[str]:
    """Return file names whose stems differ on every disk: labels are named after the stem."""
    taken: set[str] = set()
    names: list[str] = []
    for path, digest in zip(paths, hashes, strict=True):
        stem, suffix = printable(path.stem), printable(path.suffix)
        name, copies = stem, 1
        while same_on_every_disk(name) in taken:
            name = f"{stem}-{digest[:8]}" if copies == 1 else f"{stem}-{digest[:8]}-{copies}"
            copies += 1
        taken.add(same_on_every_disk(name))
        names.append(name + suffix)
    return names


def _splits(hashes: Sequence[str]) -> list[str]:
    """Return the split of each image, told by its hash."""
    different = sorted(set(hashes))
    validation = {digest for digest in different if int(digest[:8], 16) < VALIDATION_SHARE * 2**32}
    if len(different) > 1:
        # Sorted hashes: the lowest are the ones for validation
        validation |= {different[0]}
        validation -= {different[-1]}
    else:
        validation = set[str]()
    return ["val" if digest in validation else "train" for digest in hashes]


def _manifest(names: Sequence[str], splits: Sequence[str], source: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["file", "split", "source"])
    writer.writerows((name, split, printable(source)) for name, split in zip(names, splits, strict=True))
    return text.getvalue().encode("utf-8")


def _copy(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise cannot_write(target, error) from error


def _remove_written(folder: Path) -> None:
    for name in _WRITTEN:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
        else:
            (folder / name).unlink(missing_ok=True)
