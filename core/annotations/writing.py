"""What the writers share: whole files or none, and checks before anything is written."""

from __future__ import annotations

import os
import unicodedata
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.annotations.base import SMALLEST_SIDE, AnnotatedImage, AnnotationError, base_name
from core.classes import canonical_class
from core.imaging.reading import IMAGE_SUFFIXES
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside and then put it in place: a crash leaves the file that was there, never half a one.

    Raises
    ------
    AnnotationError
        If it cannot be written.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.part")  # a long name of its own might not fit
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(data)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> AnnotationError:
    """Return the error that says what kept a file from being written."""
    reason = error.strerror or type(error).__name__
    return AnnotationError(
        f"{printable(path)}: the file cannot be written ({reason}); "
        "close it where it is open, or choose another folder."
    )


def boxes_inside(image: AnnotatedImage) -> NDArray[np.float64]:
    """Return the boxes float64 (N, 4) cut at the border of the picture.

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
        raise AnnotationError(
            f"{printable(image.file_name)}: the {image.names[cell]} box at {where} has no area inside the picture; "
            "delete it."
        )
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
            raise AnnotationError(
                f"{printable(image.file_name)}: the class {name!r} is not among {', '.join(classes)}; "
                "add it to the classes, or give those cells another."
            )
        numbers[name] = classes.index(known)
    return [numbers[name] for name in image.names]


def check_class_names(classes: Sequence[str]) -> None:
    """Refuse class names that a list with one name a line cannot hold."""
    for name in classes:
        if not name.strip() or len(name.splitlines()) > 1 or list(classes).count(name) > 1:
            raise AnnotationError(f"The class name {name!r} is empty, a duplicate or has two lines; rename the class.")


def file_stem(file_name: str) -> str:
    """Return a picture's name without folders and without a picture's suffix."""
    name = Path(printable(base_name(file_name)))
    # The name that a YOLO file gives has no suffix: there, a dot is part of the name
    return name.stem if name.suffix.lower() in IMAGE_SUFFIXES else name.name


def check_stems(images: Iterable[AnnotatedImage]) -> None:
    """Refuse pictures whose annotation files would have one name.

    Raises
    ------
    AnnotationError
        If two have the same stem, on any file system, or one has none.
    """
    first: dict[str, str] = {}
    for image in images:
        stem = same_on_every_disk(file_stem(image.file_name))
        if stem in ("", ".", ".."):
            raise AnnotationError(f"{printable(image.file_name)!r} is no name of a picture; rename it.")
        if stem in first:
            raise AnnotationError(
                f"{printable(first[stem])} and {printable(image.file_name)}: two pictures of one name would share an "
                "annotation file; rename one, or export them separately."
            )
        first[stem] = image.file_name


def check_names(images: Iterable[AnnotatedImage]) -> None:
    """Refuse pictures of one and the same name: in one file, their boxes would mix."""
    seen: set[str] = set()
    for image in images:
        if not image.file_name or image.file_name in seen:
            raise AnnotationError(
                f"{printable(image.file_name)!r} names two pictures, or none; rename one, or export them separately."
            )
        seen.add(image.file_name)


def same_on_every_disk(name: str) -> str:
    """Return what file names have in common that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
