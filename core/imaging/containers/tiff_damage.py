"""Damage inside the strips and tiles of a TIFF file, which most decoders pass over."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

import imagecodecs
from tifffile import COMPRESSION

from core.imaging.containers.decoded import damage_notice
from core.imaging.containers.j2k_stream import codestream_head, ends_elsewhere
from core.imaging.containers.jpeg import jpeg_fault, jpeg_height
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


_INFLATED: dict[int, Callable[[bytes], bytes | bytearray]] = {
    COMPRESSION.ADOBE_DEFLATE: imagecodecs.zlib_decode,
    COMPRESSION.DEFLATE: imagecodecs.zlib_decode,
    COMPRESSION.LZMA: imagecodecs.lzma_decode,
    COMPRESSION.ZSTD: imagecodecs.zstd_decode,
    COMPRESSION.ZSTD_DEPRECATED: imagecodecs.zstd_decode,
}
_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_JPEG_BLOCK = 16  # rows; some encoders fill up the last ones
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


def contradiction_in(page: TiffPage, stream: IO[bytes]) -> str | None:
    """Return what is to be said of a page whose header and data do not fit together, None if they do."""
    offsets, counts = page.dataoffsets, page.databytecounts
    stated = page.tags.get(_TILE_OFFSETS if page.is_tiled else _STRIP_OFFSETS)  # tifffile leaves the surplus out
    too_many = stated is not None and stated.count > math.prod(page.chunked) > 0
    repeated = len(set(offsets)) < len(offsets) and not page.is_tiled  # tiles of empty glass are shared on purpose
    left = page.compression == COMPRESSION.NONE and any(
        count > max(_lengths(page, number)) or (not page.is_tiled and count > _least(page, number))
        for number, count in enumerate(counts)
    )
    if not repeated and not left and not too_many and not _last_is_longer(page, stream):
        return None
    return gettext("Its header and its data contradict each other: the image is taller, or parts are there twice.")


def _last_is_longer(page: TiffPage, stream: IO[bytes]) -> bool:
    """Tell whether more rows come of the last strip of a page than there is room for."""
    if page.is_tiled or page.compression not in (*_JPEG, *_JPEG_2000, *_INFLATED):
        return False
    number = len(page.dataoffsets) - 1
    stream.seek(page.dataoffsets[number])
    data = stream.read(page.databytecounts[number])
    rows = min(page.rowsperstrip, page.imagelength)
    if page.compression in _JPEG:
        height = jpeg_height(data)
        return height is not None and height >= rows + _JPEG_BLOCK
    if page.compression in _JPEG_2000:
        head = codestream_head(data)
        return head is not None and head.size[1] > rows
    try:
        return len(_INFLATED[page.compression](data)) > max(_lengths(page, number))
    except RuntimeError:
        return False  # said when it is decoded


def _least(page: TiffPage, number: int) -> int:
    """Return how many bytes the rows of a strip need, and less than a row more."""
    needed, full = _lengths(page, number)
    return needed + full // min(page.rowsperstrip, page.imagelength) - 1 if page.rowsperstrip else full


def damage_in(page: TiffPage, stream: IO[bytes]) -> str | None:
    """Return what is to be said of damage inside the compressed data of a page, None if none shows."""
    for number, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
        if page.compression not in _CHECKED_HERE:
            return None
        if page.compression == COMPRESSION.WEBP and _is_padded(page, number):  # its end may need no data
            continue
        stream.seek(offset)
        if (said := _damage(page, number, stream.read(count))) is not None:
            return said
    return None


def _is_padded(page: TiffPage, number: int) -> bool:
    """Tell whether a tile reaches beyond the image."""
    if not page.is_tiled:
        return False
    row, column = divmod(number, math.ceil(page.imagewidth / page.tilewidth))
    return (row + 1) * page.tilelength > page.imagelength or (column + 1) * page.tilewidth > page.imagewidth


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
    if strips == 1:
        rows = page.imagelength
    return min(rows, page.imagelength - number % strips * rows) * row, rows * row
