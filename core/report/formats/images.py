"""The photographs of a report: read again, checked that they are the ones that were counted, drawn on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import PAPER
from core.files import write_whole
from core.imaging.batch import KnownSpan
from core.imaging.reading import ImageError, read_image
from core.report.formats.annotated import annotate, encode_picture
from core.session.storage.paths import stamp_of
from core.session.values import SessionError
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from core.classes import Palette
    from core.counting.pipeline import CountedImage
    from core.imaging.reading import SmearImage
    from core.report.content import ReportImage
    from core.report.progress import Progress

LONG_SIDE = 1280
"""The most pixels of a printed photograph: 180 to the inch on the width of a page."""

_JPEG_QUALITY = 82
_LONGEST_STEM = 230  # bytes; with the ending it stays below the 255 that file systems take


class PictureError(Exception):
    """A photograph that cannot be shown with its cells: one sentence naming the file and the remedy."""


@dataclass(frozen=True)
class PrintedPicture:
    """A photograph made ready for print; the cells are drawn over it, in the pixels of the original."""

    jpeg: bytes


def read_counted(image: ReportImage, *, long_side: int | None = None) -> SmearImage:
    """Read the photograph of a counted image; ``long_side`` as for ``read_image``.

    Raises
    ------
    PictureError
        If it is missing, cannot be read, or is not the one that was counted: boxes of one photograph on
        another would be worse than none.
    """
    path = image.path
    if not os.path.exists(path):
        raise PictureError(
            gettext("{path}: the image is no longer there; its counts are reported without it.").format(path=path)
        )
    try:
        if image.sha256 is not None and stamp_of(path).sha256 != image.sha256:
            raise PictureError(
                gettext("{path}: the file has changed since it was counted; count it again to show its cells.").format(
                    path=path
                )
            )
        batch = None if image.span is None else KnownSpan(image.span)
        return read_image(path, long_side=long_side, batch=batch)
    except (ImageError, SessionError) as error:
        raise PictureError(str(error)) from error
    except MemoryError as error:
        raise PictureError(
            gettext("{path}: too large for the free memory; close other programs or crop it.").format(path=path)
        ) from error


def for_print(image: ReportImage) -> PrintedPicture:
    """Read a photograph and make it small enough for paper; raises PictureError."""
    pixels = read_counted(image, long_side=LONG_SIDE).pixels
    factor = min(1.0, LONG_SIDE / max(pixels.shape[:2]))
    if factor < 1:
        size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return PrintedPicture(data.tobytes())


def with_boxes(
    image: ReportImage, counted: CountedImage, classes: tuple[str, ...], palette: Palette
) -> NDArray[np.uint8]:
    """Return the photograph at full resolution with its cells boxed, uint8 RGB (H, W, 3); raises PictureError."""
    pixels = read_counted(image).pixels
    return annotate(pixels, counted.found.detections, counted.result, classes, palette, counted.frame)


def annotated_name(path: Path, suffix: str, taken: set[str]) -> str:
    """Return the file name of an annotated image, and add it to those taken; images of one name get numbers."""
    stem = os.fsencode(path.stem)[:_LONGEST_STEM].decode("utf-8", "ignore")
    name, number = f"{stem}_counted{suffix}", 2
    while name.casefold() in taken:
        name, number = f"{stem}_counted_{number}{suffix}", number + 1
    taken.add(name.casefold())
    return name


def write_annotated(
    images: Iterable[ReportImage],
    classes: tuple[str, ...],
    folder: Path,
    suffix: str,
    progress: Progress,
    palette: Palette = PAPER,
) -> list[str]:
    """Write each counted image with its boxes at full resolution, as ``.png`` or ``.tif``.

    Returns
    -------
    A sentence for each image that could not be shown.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    problems: list[str] = []
    counted = [image for image in images if image.counted is not None]
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for image in counted:
        name = annotated_name(image.path, suffix, taken)
        progress.step(gettext("Image {name}").format(name=image.path.name))
        assert image.counted is not None
        try:
            picture = with_boxes(image, image.counted, classes, palette)
        except PictureError as error:
            problems.append(str(error))
            continue
        write_whole(folder / name, encode_picture(picture, suffix, mark=True))
    return problems
