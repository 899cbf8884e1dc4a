"""PNG: its checksums, its depth, and the 16 bits to a sample that Pillow cuts to 8."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import imagecodecs
import numpy as np

from core.imaging.containers.decoded import TRUNCATED, Decoded, DeepSamples, Unreadable, surplus_notice
from core.imaging.containers.plain import go_to_page, open_picture, orientation_of
from core.imaging.doubts import Doubt
from core.text import gettext

_SIGNATURE = 8
_MOST_AT_ONCE = 1 << 20
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the kind of colour
_PASSES = (  # of interlaced images: the first column and row, and the steps from one to the next
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip
_RGB_OF_8_BITS = bytes((8, 2))
_PLAIN = (b"IHDR", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"sRGB", b"cHRM", b"iCCP", b"tIME", b"bKGD")


@dataclass(frozen=True)
class _Chunks:
    """What the chunks of a file say: its depth, the bits that its camera had, and whether all are as written.

    ``plain``: it holds 8-bit RGB and nothing that says how to show them.
    ``surplus``: there are more samples than the header has room for.
    """

    depth: int
    bits: int | None
    sound: bool
    ended: bool
    plain: bool
    surplus: bool


def read_png(stream: IO[bytes], page: int | None = None) -> Decoded:
    """Read a PNG file, the first frame if none is named; raises Unreadable if it is truncated."""
    chunks = _chunks(stream)
    stream.seek(0)
    picture = open_picture(stream, ("PNG",))
    chosen = go_to_page(picture, page)
    notices, doubts = chosen.notices, chosen.doubts
    if not chunks.sound:
        doubts += (Doubt.DAMAGED,)
        notices += (gettext("A checksum in the PNG file is wrong: it is damaged; copy it from the microscope again."),)
    elif not chunks.ended:
        notices += (gettext("The end mark of the file is missing; the image itself is complete."),)
    if chunks.sound and chunks.surplus:
        doubts += (Doubt.DAMAGED,)
        notices += (surplus_notice(),)
    if chunks.plain and chunks.sound and chunks.ended:
        with suppress(imagecodecs.PngError):  # in three quarters of the memory that Pillow needs
            stream.seek(0)
            return Decoded(imagecodecs.png_decode(stream.read()), 1, notices, doubts)
    if chunks.depth < 16:
        picture.load()
        return Decoded(picture, orientation_of(picture), notices, doubts)
    orientation = orientation_of(picture)
    stream.seek(0)
    try:
        samples = imagecodecs.png_decode(stream.read())
    except imagecodecs.PngError as error:
        raise Unreadable(TRUNCATED) from error
    alpha = None
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        alpha = samples[..., -1].astype(np.float32) / 65535
        samples = samples[..., 0] if samples.shape[2] == 2 else samples[..., :3]
    return Decoded(DeepSamples(samples, alpha, bits=chunks.bits), orientation, notices, doubts)


def _chunks(stream: IO[bytes]) -> _Chunks:
    """Walk through the chunks of a file and check those that make the image."""
    stream.seek(_SIGNATURE)
    depth, bits, sound, ended, plain = 8, None, True, False, True
    room, inflate = 0, zlib.decompressobj()
    while not ended and len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        plain &= kind in _PLAIN
        if kind == b"IEND":
            ended = True
            break
        if kind in (b"IHDR", b"sBIT"):
            body = stream.read(length)
            checksum = zlib.crc32(kind + body)
            if kind == b"IHDR" and len(body) == 13:
                depth = body[8]
                plain &= body[8:10] == _RGB_OF_8_BITS
                room = _bytes_of(body) + 1
            elif kind == b"sBIT" and body:
                bits = max(body)
        elif kind in (b"IDAT", b"PLTE", b"tRNS"):
            checksum = zlib.crc32(kind)
            left = length
            while left and (part := stream.read(min(left, _MOST_AT_ONCE))):
                checksum, left = zlib.crc32(part, checksum), left - len(part)
                if kind == b"IDAT" and room > 0:
                    room -= _inflated(inflate, part, room)
        else:
            stream.seek(length + 4, 1)
            continue
        sound &= stream.read(4) == checksum.to_bytes(4, "big")
    camera_bits = bits if bits is not None and bits < depth else None
    return _Chunks(depth, camera_bits, sound, ended, plain=plain, surplus=depth > 0 and room == 0)


def _inflated(inflate: Any, part: bytes, room: int) -> int:
    """Return how many bytes come of a part of the compressed data, ``room`` at most; 0 if it is damaged."""
    length = 0
    try:
        while part and length < room and (out := inflate.decompress(part, min(_MOST_AT_ONCE, room - length))):
            part, length = inflate.unconsumed_tail, length + len(out)
    except zlib.error:
        return 0
    return length


def _bytes_of(header: bytes) -> int:
    """Return how many bytes the samples of a PNG file take before they are compressed, given its header."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * _SAMPLES.get(colour, 1)
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [(max(0, -(-(width - x) // across)), max(0, -(-(height - y) // down))) for x, y, across, down in passes]
    return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns)
