"""PPM, PGM and PBM: the samples as they are, behind a line or two of text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import IO

import numpy as np

from core.imaging.containers.decoded import (
    TRUNCATED,
    Decoded,
    DeepSamples,
    Unreadable,
    check_size,
    choose_page,
    surplus_notice,
)
from core.imaging.containers.plain import open_picture
from core.imaging.doubts import Doubt
from core.text import gettext

PNM_HEADS = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")
_HEADER = re.compile(rb"P([56])" + rb"(?:\s|#[^\n\r]*[\n\r])+(\d+)" * 3 + rb"\s")
_LONGEST_HEADER = 4096
_CHANNELS = {b"5": 1, b"6": 3}


def _as_text_or_bits(stream: IO[bytes], page: int | None) -> Decoded:
    """Read an image whose samples are written as text, or single bits, as Pillow does."""
    stream.seek(0)
    picture = open_picture(stream, ("PPM",))
    if picture.mode not in ("1", "L", "RGB"):
        raise Unreadable(gettext("its samples of more than 8 bits are written as text; export it as TIFF or PNG"))
    choose_page(page, 1)
    picture.load()
    return Decoded(picture)


def read_pnm(stream: IO[bytes], page: int | None = None) -> Decoded:
    """Read an image of a PGM, PPM or PBM file, the first if none is named; raises Unreadable if it is truncated."""
    header = _HEADER.match(stream.read(_LONGEST_HEADER))
    if header is None:
        return _as_text_or_bits(stream, page)
    width, height, most = (int(header[place]) for place in (2, 3, 4))
    if not (width and height and 0 < most < 2**16):
        raise Unreadable(TRUNCATED)
    check_size(width, height)
    dtype = np.dtype(np.uint8 if most < 256 else ">u2")
    channels = _CHANNELS[header[1]]
    size = width * height * channels * dtype.itemsize
    end = stream.seek(0, 2)
    number = max(1, end // (header.end() + size))
    chosen = choose_page(page, number)
    stream.seek(header.end() + chosen.index * (header.end() + size))
    data = stream.read(size)
    if len(data) < size:
        raise Unreadable(TRUNCATED)
    if end - number * (header.end() + size) >= size // height:
        chosen = replace(chosen, notices=(*chosen.notices, surplus_notice()), doubts=(*chosen.doubts, Doubt.DAMAGED))
    samples = np.frombuffer(data, dtype).reshape(height, width, channels)
    samples = samples[..., 0] if channels == 1 else samples
    if int(samples.max()) > most:
        raise Unreadable(TRUNCATED)
    if most == 255:
        return Decoded(samples.copy(), notices=chosen.notices, doubts=chosen.doubts)
    if most < 255:
        samples = (samples * np.float32(255 / most) + np.float32(0.5)).astype(np.uint8)
        return Decoded(samples, notices=chosen.notices, doubts=chosen.doubts)
    deep = DeepSamples(samples.astype(np.uint16), bits=most.bit_length() if most & (most + 1) == 0 else None)
    return Decoded(deep, notices=chosen.notices, doubts=chosen.doubts)
