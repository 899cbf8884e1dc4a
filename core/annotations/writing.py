"""What the writers share: whole files or none, and checks before anything is written."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.annotations.base import SMALLEST_SIDE, AnnotatedImage, AnnotationError, base_name
from core.classes import canonical_class
from core.files import write_whole
from core.imaging.files.finding import IMAGE_SUFFIXES
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file into a folder that is made if need be; raises AnnotationError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> AnnotationError:
    """Return the error that says what kept a file from being written."""
    reason = error.strerror or type(error).__name__
    text = gettext(
        "{path}: the file cannot be written ({reason}); close it where it is open, or choose another folder."
    )
    return AnnotationError(text.format(path=printable(path), reason=reason))


def boxes_inside(image: AnnotatedImage) -> NDArray[np.float64]:
    """Return the boxes float64 (N, 4) cut at the border of the image.

    Raises
    ------
    AnnotationError
        If nothing is left of a box, or a coordinate is not a number: no reader could use it.
    """
    limits = np.array([image.width, image.height] * 2, np.float64)
    boxes = np.clip(image.boxes.astype(np.float64), 0, limits)
    large_enough = (boxes[:, 2:] - boxes[:, :2] >= SMALLEST_SIDE).all(axis=1)  # false for NaN
    if not large_enough.all():
        cell = int(np.argmin(large_enough))
        where = ", ".join(f"{value:.1f}" for value in image.boxes[cell])
        text = gettext("{image}: the {name} box at {where} has no area inside the image; delete it.")
        raise AnnotationError(text.format(image=printable(image.file_name), name=image.names[cell], where=where))
    return boxes


def class_numbers(image: AnnotatedImage, classes: Sequence[str]) -> list[int]:
    """Return the place of every box's class among the classes.

    Raises
    ------
    AnnotationError
        If a class is not among them.
    """
    numbers: dict[str, int] = {}
    for name in set(image.names):
        known = canonical_class(name, classes)
        if known is None:
            text = gettext(
                "{image}: the class {name!r} is not among {classes}; "
                "add it to the classes, or give those cells another."
            )
            values = {"image": printable(image.file_name), "classes": ", ".join(classes)}
            raise AnnotationError(text.format(name=name, **values))
        numbers[name] = classes.index(known)
    return [numbers[name] for name in image.names]


def check_class_names(classes: Sequence[str]) -> None:
    """Refuse class names that a list with one name a line cannot hold."""
    for name in classes:
        if not name.strip() or len(name.splitlines()) > 1 or list(classes).count(name) > 1:
            text = gettext("The class name {name!r} is empty, a duplicate or has two lines; rename the class.")
            raise AnnotationError(text.format(name=name))


def file_stem(file_name: str) -> str:
    """Return a image's name without folders and without a image's suffix."""
    name = Path(printable(base_name(file_name)))
    # The name that a YOLO file gives has no suffix: there, a dot is part of the name
    return name.stem if name.suffix.lower() in IMAGE_SUFFIXES else name.name


def check_stems(images: Iterable[AnnotatedImage]) -> None:
    """Refuse images whose annotation files would have one name.

    Raises
    ------
    AnnotationError
        If two have the same stem, on any file system, or one has none.
    """
    first: dict[str, str] = {}
    for image in images:
        stem = same_on_every_disk(file_stem(image.file_name))
        if stem in ("", ".", ".."):
            text = gettext("{name!r} is not the name of an image; rename it.")
            raise AnnotationError(text.format(name=printable(image.file_name)))
        if stem in first:
            text = gettext(
                "{first} and {second}: two images of one name would share an annotation file; rename one, or export "
                "them separately."
            )
            names = {"first": printable(first[stem]), "second": printable(image.file_name)}
            raise AnnotationError(text.format(**names))
        first[stem] = image.file_name


def check_names(images: Iterable[AnnotatedImage]) -> None:
    """Refuse images of one and the same name: in one file, their boxes would mix."""
    seen: set[str] = set()
    for image in images:
        if not image.file_name or image.file_name in seen:
            text = gettext("{name!r} does not name exactly one image; rename one, or export them separately.")
            raise AnnotationError(text.format(name=printable(image.file_name)))
        seen.add(image.file_name)


def same_on_every_disk(name: str) -> str:
    """Return what file names have in common that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
