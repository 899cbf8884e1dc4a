"""JPEG: Pillow decodes; libjpeg's own complaints, which Pillow does not pass on, are asked for beside it."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any

import imagecodecs
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]

from core.imaging.containers.decoded import (
    TRUNCATED,
    Decoded,
    DeepSamples,
    Unreadable,
    check_size,
    choose_page,
    damage_notice,
)
from core.imaging.containers.plain import go_to_page, open_picture, orientation_of
from core.imaging.doubts import Doubt
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_END = b"\xff\xd9"
_NOT_CHECKED = re.compile(r"Unsupported (color conversion|JPEG data precision)|.*not (supported|compiled)")
_FRAMES = (0xC0, 0xC1, 0xC2)


def read_jpeg(data: bytes, long_side: int | None, page: int | None = None) -> Decoded:
    """Read a JPEG file; with ``long_side`` at a fraction of its size, and unchecked.

    Raises
    ------
    Unreadable
        If it is truncated, or no JPEG, or there is no such page.
    """
    choose_page(page, 1)
    if (size := _size_if_12_bits(data)) is not None:
        check_size(*size)
        return _read_12_bits(data)
    fault = None if long_side is not None else jpeg_fault(data)
    try:
        picture = _decode(data, long_side)
    except OSError as error:
        if jpeg_fault(data + _END) is not None:
            raise Unreadable(TRUNCATED) from error
        picture, fault = _decode(data + _END, long_side), None
        ended = (gettext("The end mark of the file is missing; the image itself is complete."),)
    else:
        ended = ()
        if fault is not None and jpeg_fault(data + _END) is None:
            fault, ended = None, (gettext("The end mark of the file is missing; the image itself is complete."),)
    notices, doubts = go_to_page(picture, None).notices, ()
    if fault is not None:
        doubts += (Doubt.DAMAGED,)
        notices += (damage_notice("JPEG", fault),)
    return Decoded(picture, orientation_of(picture), notices + ended, doubts, picture.width)


def _decode(data: bytes, long_side: int | None) -> Image.Image:
    picture = open_picture(io.BytesIO(data), ("JPEG",))
    if long_side is not None:
        width, height = picture.size
        enough = min(1.0, long_side / max(width, height))
        picture.draft(picture.mode, (math.ceil(width * enough), math.ceil(height * enough)))
    picture.load()
    return picture


def jpeg_fault(data: bytes) -> str | None:
    """Return what libjpeg complains of, None if it is content.

    It decodes an eighth of the size, as all of the compressed data is read for that too.
    """
    for colours in ("GRAY", "RGB", "CMYK"):  # not every kind can be turned into every other
        try:
            simplejpeg.decode_jpeg(data, colours, fastdct=True, fastupsample=True, min_height=1, min_width=1)
        except ValueError as error:
            if not _NOT_CHECKED.match(str(error)):
                return str(error).removeprefix("Corrupt JPEG data: ")
        else:
            return None
    return None


def _size_if_12_bits(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG of 12 bits to a sample; None of any other."""
    place = 2
    while data[place : place + 1] == b"\xff" and place + 9 < len(data):
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
            return (width, height) if data[place + 4] == 12 else None
        place += 2 + length
    return None


def _read_12_bits(data: bytes) -> Decoded:
    """Read a JPEG of 12 bits to a sample, which Pillow cannot."""
    try:
        samples: NDArray[Any] = imagecodecs.jpeg8_decode(data)
    except RuntimeError as error:
        raise Unreadable(TRUNCATED) from error
    return Decoded(DeepSamples(samples, bits=12), jpeg_width=samples.shape[1])
