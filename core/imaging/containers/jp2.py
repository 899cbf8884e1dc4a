"""JPEG 2000, as slide scanners and some microscopes write it, in its own container or bare."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from core.imaging.containers.decoded import TRUNCATED, Decoded, DeepSamples, Unreadable, choose_page
from core.imaging.containers.plain import open_picture
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

JP2_HEADS = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
_END = b"\xff\xd9"
_MODES = ("L", "RGB", "RGBA", "LA")


def read_jp2(stream: IO[bytes], page: int | None = None) -> Decoded:
    """Read a JPEG 2000 file; raises Unreadable if it is truncated, or holds something else than grey or RGB."""
    choose_page(page, 1)
    data = stream.read()
    stream.seek(0)
    picture = open_picture(stream, ("JPEG2000",))
    if _END not in data[-4096:]:
        raise Unreadable(TRUNCATED)
    if picture.mode in _MODES:
        picture.load()
        return Decoded(picture)
    try:
        samples: NDArray[Any] = imagecodecs.jpeg2k_decode(data)
    except RuntimeError as error:
        raise Unreadable(TRUNCATED) from error
    if (samples.ndim == 3 and samples.shape[2] not in (1, 3)) or samples.dtype.kind not in "iu":
        raise Unreadable(gettext("it has other channels than grey, or red, green and blue; export it as RGB"))
    samples = samples[..., 0] if samples.shape[2:] == (1,) else samples
    return Decoded(samples if samples.dtype == np.uint8 else DeepSamples(samples))
