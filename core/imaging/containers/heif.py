"""HEIC and HEIF, as phones take them."""

from __future__ import annotations

from typing import IO

import pi_heif  # pyright: ignore[reportMissingTypeStubs]

from core.imaging.containers.decoded import (
    TRUNCATED,
    UNKNOWN,
    Decoded,
    Unreadable,
    check_size,
    choose_page,
    unchecked_notice,
)
from core.text import gettext


def read_heif(stream: IO[bytes], page: int | None = None, *, check: bool = True) -> Decoded:
    """Read an image of a HEIF file, upright, the main one if none is named; raises Unreadable."""
    data = stream.read()
    if not pi_heif.is_supported(data):
        raise Unreadable(UNKNOWN)
    try:
        file = pi_heif.open_heif(data, convert_hdr_to_8bit=True)
        chosen = choose_page(page, len(file))
        image = file if page is None else file[chosen.index]
        check_size(*image.size)
        picture = image.to_pillow()
    except (ValueError, OSError, SyntaxError, EOFError) as error:
        raise Unreadable(TRUNCATED) from error
    unchecked = (unchecked_notice("HEIC"),) if check else ()  # its decoder shows what is damaged without a word
    if page is not None or len(file) < 2:
        return Decoded(picture, notices=chosen.notices + unchecked)
    text = gettext("The file has {n:,} images; only the main one is counted.").format(n=len(file))
    return Decoded(picture, notices=(text, *unchecked), doubts=chosen.doubts)
