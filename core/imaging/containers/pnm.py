"""PPM and PGM: the samples as they are, behind a line or two of text."""

from __future__ import annotations

import re
from typing import IO

import numpy as np

from core.imaging.containers.decoded import (
    TRUNCATED,
    UNKNOWN,
    Decoded,
    DeepSamples,
    Unreadable,
    check_size,
    choose_page,
)

_HEADER = re.compile(rb"P([56])" + rb"(?:\s|#[^\n\r]*[\n\r])+(\d+)" * 3 + rb"\s")
_LONGEST_HEADER = 4096
_CHANNELS = {b"5": 1, b"6": 3}


def read_pnm(stream: IO[bytes], page: int | None = None) -> Decoded:
    """Read the first image of a binary PGM or PPM file; raises Unreadable if it is truncated."""
    header = _HEADER.match(stream.read(_LONGEST_HEADER))
    if header is None:
        raise Unreadable(UNKNOWN)
    width, height, most = (int(header[place]) for place in (2, 3, 4))
    if not (width and height and 0 < most < 2**16):
        raise Unreadable(TRUNCATED)
    check_size(width, height)
    dtype = np.dtype(np.uint8 if most < 256 else ">u2")
    channels = _CHANNELS[header[1]]
    size = width * height * channels * dtype.itemsize
    stream.seek(0, 2)
    chosen = choose_page(page, max(1, stream.tell() // (header.end() + size)))
    stream.seek(header.end() + chosen.index * (header.end() + size))
    data = stream.read(size)
    if len(data) < size:
        raise Unreadable(TRUNCATED)
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
