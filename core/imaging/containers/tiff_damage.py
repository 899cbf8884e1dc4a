"""Damage inside the strips and tiles of a TIFF file, which most decoders pass over."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

import imagecodecs
from tifffile import COMPRESSION

from core.imaging.containers.decoded import damage_notice
from core.imaging.containers.j2k_stream import ends_elsewhere
from core.imaging.containers.jpeg import jpeg_fault
from core.imaging.containers.webp import webp_is_damaged, webp_is_lossless
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from tifffile import TiffPage

_RUNS: dict[int, tuple[str, Callable[[bytes], bytes | bytearray]]] = {
    COMPRESSION.LZW: ("LZW", imagecodecs.lzw_decode),
    COMPRESSION.PACKBITS: ("PackBits", imagecodecs.packbits_decode),
}
"""Compressions without a checksum: what is damaged shows in how many bytes come of it."""


_JPEG = (COMPRESSION.JPEG, COMPRESSION.ALT_JPEG, COMPRESSION.JPEG_LOSSY)
_JPEG_2000 = (
    COMPRESSION.JPEG2000,
    COMPRESSION.JPEG_2000_LOSSY,
    COMPRESSION.APERIO_JP2000_YCBC,
    COMPRESSION.APERIO_JP2000_RGB,
)
_ZSTD = (COMPRESSION.ZSTD, COMPRESSION.ZSTD_DEPRECATED)
_CHECKED_HERE = (*_JPEG, COMPRESSION.WEBP, *_JPEG_2000, *_RUNS)
_ZSTD_CHECKSUM = 4  # bit of the fifth byte


def what_may_hide_damage(page: TiffPage, stream: IO[bytes]) -> str | None:
    """Return the name of the compression of a page if damage need not show in it, None if it does."""
    stream.seek(page.dataoffsets[0])
    if page.compression in _JPEG_2000:
        return gettext("JPEG 2000")
    if page.compression in (COMPRESSION.JPEGXR, COMPRESSION.JPEGXR_NDPI):
        return gettext("JPEG XR")
    if page.compression == COMPRESSION.WEBP:
        return gettext("Lossless WebP") if webp_is_lossless(stream.read(page.databytecounts[0])) else None
    if page.compression in _ZSTD:
        return None if stream.read(5)[-1] & _ZSTD_CHECKSUM else gettext("Zstandard as it was used here")
    return None


def contradiction_in(page: TiffPage) -> str | None:
    """Return what is to be said of a page whose header and data do not fit together, None if they do."""
    offsets, counts = page.dataoffsets, page.databytecounts
    repeated = len(set(offsets)) < len(offsets) and not page.is_tiled  # tiles of empty glass are shared on purpose
    left = page.compression == COMPRESSION.NONE and any(
        count > max(_lengths(page, number)) or (not page.is_tiled and count > _least(page, number))
        for number, count in enumerate(counts)
    )
    if not repeated and not left:
        return None
    return gettext("Its header and its data contradict each other: the image is taller, or parts are there twice.")


def _least(page: TiffPage, number: int) -> int:
    """Return how many bytes the rows of a strip need, and less than a row more."""
    needed, full = _lengths(page, number)
    return needed + full // page.rowsperstrip - 1 if page.rowsperstrip else full


def damage_in(page: TiffPage, stream: IO[bytes]) -> str | None:
    """Return what is to be said of damage inside the compressed data of a page, None if none shows."""
    for number, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
        if page.compression not in _CHECKED_HERE:
            return None
        stream.seek(offset)
        if (said := _damage(page, number, stream.read(count))) is not None:
            return said
    return None


def _damage(page: TiffPage, number: int, data: bytes) -> str | None:
    if page.compression in _JPEG:
        tables = page.jpegtables
        fault = jpeg_fault(data if tables is None else tables[:-2] + data[2:])
        return None if fault is None else damage_notice("JPEG", fault)
    if page.compression == COMPRESSION.WEBP:
        return damage_notice("WebP") if webp_is_damaged(data) else None
    if page.compression in _JPEG_2000:
        return damage_notice("JPEG 2000") if ends_elsewhere(data) else None
    name, decode = _RUNS[page.compression]
    if page.fillorder == 2:
        data = bytes(imagecodecs.bitorder_decode(data))
    try:
        length = len(decode(data))
    except RuntimeError:
        return damage_notice(name)
    return None if length in _lengths(page, number) else damage_notice(name)


def _lengths(page: TiffPage, number: int) -> tuple[int, ...]:
    """Return how many bytes a strip or tile may have: the last strip may be as long as the others."""
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    width, rows = (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    row = math.ceil(width * samples * page.bitspersample / 8)
    if page.is_tiled:
        return (rows * row,)
    strips = math.ceil(page.imagelength / rows)
    return min(rows, page.imagelength - number % strips * rows) * row, rows * row
