"""JPEG 2000, as slide scanners and some microscopes write it, in its own container or bare."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from core.imaging.containers.decoded import (
    TRUNCATED,
    Decoded,
    DeepSamples,
    Unreadable,
    choose_page,
    damage_notice,
    other_channels,
    unchecked_notice,
)
from core.imaging.containers.j2k_stream import codestream_head, ends_elsewhere
from core.imaging.containers.plain import open_picture
from core.imaging.doubts import Doubt
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

JP2_HEADS = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
_END = b"\xff\xd9"
_MODES = ("L", "RGB", "RGBA", "LA")
_WITH_ALPHA = ("RGBA", "LA")
_YCC = b"colr\1\0\0\0\0\0\x12"  # colours by number: 18
_MOST_BITS = 16


def read_jp2(stream: IO[bytes], page: int | None = None, *, check: bool = True) -> Decoded:
    """Read a JPEG 2000 file; raises Unreadable if it is truncated, or holds something else than grey or RGB."""
    choose_page(page, 1)
    data = stream.read()
    stream.seek(0)
    picture = open_picture(stream, ("JPEG2000",))
    head = codestream_head(data)
    if _END not in data[-4096:] or head is None:
        raise Unreadable(TRUNCATED)
    if head.bits == 8 and picture.mode in _MODES:
        picture.load()
        pixels = picture
    else:
        pixels = _deep(data, head.bits, has_alpha=picture.mode in _WITH_ALPHA)
    if not check:
        return Decoded(pixels)
    if ends_elsewhere(data):
        return Decoded(pixels, notices=(damage_notice("JPEG 2000"),), doubts=(Doubt.DAMAGED,))
    return Decoded(pixels, notices=(unchecked_notice("JPEG 2000"),))


def _deep(data: bytes, bits: int, *, has_alpha: bool) -> NDArray[Any] | DeepSamples:
    """Return the samples of an image that has not 8 bits to each, which Pillow cuts down to 8."""
    if bits > _MOST_BITS or _YCC in data[:4096]:
        raise Unreadable(gettext("JPEG 2000 of this kind cannot be read; export it as RGB of 8 or 16 bits"))
    try:
        samples: NDArray[Any] = imagecodecs.jpeg2k_decode(data)
    except RuntimeError as error:
        raise Unreadable(TRUNCATED) from error
    samples = samples[..., None] if samples.ndim == 2 else samples
    alpha = None
    if has_alpha and samples.shape[2] in (2, 4):
        alpha = (samples[..., -1] / np.float32(2**bits - 1)).astype(np.float32)
        samples = samples[..., :-1]
    if samples.shape[2] not in (1, 3) or samples.dtype.kind not in "iu":
        raise Unreadable(other_channels())
    samples = samples[..., 0] if samples.shape[2] == 1 else samples
    if bits < 8:
        return (samples * np.float32(255 / (2**bits - 1)) + np.float32(0.5)).astype(np.uint8)
    return DeepSamples(samples, alpha, bits=bits if bits < _MOST_BITS else None)
