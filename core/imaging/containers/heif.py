"""HEIC and HEIF, as phones take them."""

from __future__ import annotations

from typing import IO

import pi_heif  # pyright: ignore[reportMissingTypeStubs]

from core.imaging.containers.decoded import TRUNCATED, UNKNOWN, Decoded, Unreadable, check_size
from core.imaging.doubts import Doubt
from core.text import gettext


def read_heif(stream: IO[bytes]) -> Decoded:
    """Read the main image of a HEIF file, upright; raises Unreadable."""
    data = stream.read()
    if not pi_heif.is_supported(data):
        raise Unreadable(UNKNOWN)
    try:
        file = pi_heif.open_heif(data, convert_hdr_to_8bit=True)
        check_size(*file.size)
        picture = file.to_pillow()
    except (ValueError, OSError, SyntaxError, EOFError) as error:
        raise Unreadable(TRUNCATED) from error
    if len(file) < 2:
        return Decoded(picture)
    text = gettext("The file has {n:,} images; only the main one is counted.").format(n=len(file))
    return Decoded(picture, notices=(text,), doubts=(Doubt.ONE_OF_SEVERAL,))
