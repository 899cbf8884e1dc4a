"""JPEG: libjpeg decodes what it is content with; Pillow the rest, which does not pass on libjpeg's complaints."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]

from core.imaging.containers.decoded import (
    TRUNCATED,
    Decoded,
    DeepSamples,
    Unreadable,
    check_size,
    choose_page,
    damage_notice,
    unchecked_notice,
)
from core.imaging.containers.plain import go_to_page, open_picture, orientation_of
from core.imaging.doubts import Doubt
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_START, _SCAN, _END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
_NOT_CHECKED = re.compile(r"Unsupported (color conversion|JPEG data precision)|.*not (supported|compiled)")
_LOSSLESS = 0xC3
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # tables and extensions, between the starts of frames


@dataclass(frozen=True)
class _Frame:
    """What the start of a frame says."""

    coding: int
    bits: int
    width: int
    height: int

    @property
    def is_for_pillow(self) -> bool:
        """Whether Pillow reads it, and libjpeg can be asked for its complaints; others end the process."""
        return self.coding != _LOSSLESS and self.bits == 8


def read_jpeg(data: bytes, long_side: int | None, page: int | None = None) -> Decoded:
    """Read a JPEG file; with ``long_side`` at a fraction of its size, and unchecked.

    Raises
    ------
    Unreadable
        If it is truncated, or no JPEG, or there is no such page.
    """
    choose_page(page, 1)
    frame = _frame(data)
    if frame is not None and not frame.is_for_pillow:
        check_size(frame.width, frame.height)
        return _read_deep_or_lossless(data, frame)
    if long_side is None and (sound := _decode_sound(data)) is not None:
        return sound
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
    notices, doubts = _about_others(data, picture)
    if fault is not None:
        doubts = (Doubt.DAMAGED, *doubts)
        notices = (damage_notice("JPEG", fault), *notices)
    return Decoded(picture, orientation_of(picture), notices + ended, doubts, picture.width)


def _decode_sound(data: bytes) -> Decoded | None:
    """Decode a colour image that libjpeg has nothing to complain of, in one go; None for all others."""
    try:
        picture = open_picture(io.BytesIO(data), ("JPEG",))
        if picture.mode != "RGB":
            return None
        pixels = simplejpeg.decode_jpeg(data, "RGB")
    except (OSError, ValueError):
        return None
    notices, doubts = _about_others(data, picture)
    return Decoded(pixels, orientation_of(picture), notices, doubts, picture.width)


def _about_others(data: bytes, picture: Image.Image) -> tuple[tuple[str, ...], tuple[Doubt, ...]]:
    """Say what other images the file holds."""
    notices = go_to_page(picture, None).notices
    if picture.format == "MPO" or not _as_large_follows(data):
        return notices, ()
    text = gettext("The file holds several JPEG images, one after the other; only the first is counted.")
    return (*notices, text), (Doubt.ONE_OF_SEVERAL,)


def _decode(data: bytes, long_side: int | None) -> Image.Image:
    picture = open_picture(io.BytesIO(data), ("JPEG",))
    if long_side is not None:
        width, height = picture.size
        enough = min(1.0, long_side / max(width, height))
        picture.draft(picture.mode, (math.ceil(width * enough), math.ceil(height * enough)))
    picture.load()
    return picture


def jpeg_fault(data: bytes) -> str | None:
    """Return what libjpeg complains of, None if it is content, or cannot be asked.

    It decodes an eighth of the size, as all of the compressed data is read for that too.
    """
    frame = _frame(data)
    if frame is None or not frame.is_for_pillow:
        return None
    for colours in ("GRAY", "RGB", "CMYK"):  # not every kind can be turned into every other
        try:
            simplejpeg.decode_jpeg(data, colours, fastdct=True, fastupsample=True, min_height=1, min_width=1)
        except ValueError as error:
            if not _NOT_CHECKED.match(str(error)):
                return str(error).removeprefix("Corrupt JPEG data: ")
        else:
            return None
    return None


def jpeg_height(data: bytes) -> int | None:
    """Return how many rows a JPEG stream says it has; None if it does not say."""
    frame = _frame(data)
    return None if frame is None else frame.height


def _frame(data: bytes) -> _Frame | None:
    """Return what the first frame of a JPEG stream says of itself; None if there is none."""
    place = 2
    while data[place : place + 1] == b"\xff" and place + 9 < len(data):
        marker = data[place + 1]
        if marker == 0xFF:  # filled up
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            height, width = int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
            return _Frame(marker, data[place + 4], width, height)
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return None


def _as_large_follows(data: bytes) -> bool:
    """Tell whether another image follows that is no smaller: previews, which phones put there, are."""
    first = _frame(data)
    scan = data.find(_SCAN)
    end = data.find(_END, scan) if scan >= 0 else -1
    start = data.find(_START, end) if end >= 0 else -1
    while first is not None and start >= 0:
        other = _frame(data[start:])
        if other is not None and other.width >= first.width and other.height >= first.height:
            return True
        start = data.find(_START, start + len(_START))
    return False


def _read_deep_or_lossless(data: bytes, frame: _Frame) -> Decoded:
    """Read a JPEG of other than 8 bits to a sample, or one that was coded without loss; raises Unreadable."""
    if _END not in data[-4096:]:
        raise Unreadable(TRUNCATED)
    try:
        samples: NDArray[Any] = imagecodecs.jpeg8_decode(data)
    except RuntimeError as error:
        raise Unreadable(TRUNCATED) from error
    is_lossless = frame.coding == _LOSSLESS
    kind = gettext("Lossless JPEG") if is_lossless else gettext("JPEG of {bits} bits").format(bits=frame.bits)
    pixels = samples if samples.dtype == np.uint8 and frame.bits == 8 else DeepSamples(samples, bits=frame.bits)
    width = 0 if is_lossless else frame.width
    return Decoded(pixels, notices=(unchecked_notice(kind),), jpeg_width=width)
