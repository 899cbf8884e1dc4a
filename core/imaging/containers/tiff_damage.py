"""Damage inside the strips and tiles of a TIFF file, which most decoders pass over."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

import imagecodecs
from tifffile import COMPRESSION

from core.imaging.containers.decoded import damage_notice
from core.imaging.containers.jpeg import jpeg_fault
from core.imaging.containers.webp import webp_is_damaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from tifffile import TiffPage

_RUNS: dict[int, tuple[str, Callable[[bytes], bytes | bytearray]]] = {
    COMPRESSION.LZW: ("LZW", imagecodecs.lzw_decode),
    COMPRESSION.PACKBITS: ("PackBits", imagecodecs.packbits_decode),
}
"""Compressions without a checksum: what is damaged shows in how many bytes come of it."""


def damage_in(page: TiffPage, stream: IO[bytes]) -> str | None:
    """Return what is to be said of damage inside the compressed data of a page, None if none shows."""
    for number, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
        if page.compression not in (COMPRESSION.JPEG, COMPRESSION.WEBP, *_RUNS):
            return None
        stream.seek(offset)
        if (said := _damage(page, number, stream.read(count))) is not None:
            return said
    return None


def _damage(page: TiffPage, number: int, data: bytes) -> str | None:
    if page.compression == COMPRESSION.JPEG:
        tables = page.jpegtables
        fault = jpeg_fault(data if tables is None else tables[:-2] + data[2:])
        return None if fault is None else damage_notice("JPEG", fault)
    if page.compression == COMPRESSION.WEBP:
        return damage_notice("WebP") if webp_is_damaged(data) else None
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
