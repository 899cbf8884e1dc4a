"""WebP: libwebp decodes whatever follows a wrong bit without a word, so it is asked what it needed of the data.

Both kinds of stream are coded without a gap: of a sound one, a decoder needs the very last bytes. After a wrong bit it
reads other symbols from there on, and comes to the end of the image before the data end, or after. A lossless stream
may fall into step again: then nothing in the file tells.
"""

from __future__ import annotations

import io
from typing import IO

from core.imaging.containers.decoded import TRUNCATED, Decoded, Unreadable, damage_notice, unchecked_notice
from core.imaging.containers.plain import open_picture, read_plain
from core.imaging.doubts import Doubt
from core.text import gettext

_HEADER, _CHUNK = 12, 8
_LOSSY, _LOSSLESS, _FRAME = b"VP8 ", b"VP8L", b"ANMF"
_FRAME_HEAD = 16  # bytes before the image in a frame of an animation
_FIRST_PART = 10  # bytes before the first of the two parts of a lossy image
_SPARE = {_LOSSY: 8, _LOSSLESS: 4}  # bytes; more than an encoder fills up, at most 3
_SHORTEST = 64  # bytes; an image of one colour takes so few that none of them is needed


def read_webp(stream: IO[bytes], page: int | None = None, *, check: bool = True) -> Decoded:
    """Read a frame of a WebP file, the first if none is named; raises Unreadable if it is truncated."""
    data = stream.read()
    if _HEADER - 4 + int.from_bytes(data[4:8], "little") > len(data) + 1:  # a last byte of padding is no loss
        raise Unreadable(TRUNCATED)
    decoded = read_plain(io.BytesIO(data), ("WEBP",), page)
    if not check:
        return decoded
    if webp_is_damaged(data):
        notices = (*decoded.notices, damage_notice("WebP"))
        return Decoded(decoded.pixels, decoded.orientation, notices, (*decoded.doubts, Doubt.DAMAGED))
    if not webp_is_lossless(data):
        return decoded
    notices = (*decoded.notices, unchecked_notice(gettext("Lossless WebP")))
    return Decoded(decoded.pixels, decoded.orientation, notices, decoded.doubts)


def webp_is_lossless(data: bytes) -> bool:
    """Tell whether some image in a WebP file was coded without loss: damage need not show there."""
    return any(kind == _LOSSLESS for kind, _ in _images(data) or ())


def webp_is_damaged(data: bytes) -> bool:
    """Tell whether an image in a WebP file does not end where its data end, or its chunks are not as they should be."""
    images = _images(data)
    return images is None or any(_has_needless_end(kind, content) for kind, content in images)


def _images(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the images of a file, each with its kind; None if a chunk reaches beyond the end."""
    images: list[tuple[bytes, bytes]] = []
    for kind, body in (chunks := _chunks(data, _HEADER)) or ():
        inside = _chunks(body, _FRAME_HEAD) if kind == _FRAME else [(kind, body)]
        if inside is None:
            return None
        images += [(inner, content) for inner, content in inside if inner in _SPARE]
    return None if chunks is None else images


def _chunks(data: bytes, place: int) -> list[tuple[bytes, bytes]] | None:
    """Return the chunks of a file or frame, each with what is in it; None if one reaches beyond the end."""
    chunks: list[tuple[bytes, bytes]] = []
    while place + _CHUNK <= len(data):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + _CHUNK], "little")
        place += _CHUNK
        if not kind.isascii() or place + length > len(data):
            # what other programs put behind the image is none of its chunks
            return None if not any(known in _SPARE or known == _FRAME for known, _ in chunks) else chunks
        chunks.append((kind, data[place : place + length]))
        place += length + length % 2
    return chunks


def _has_needless_end(kind: bytes, content: bytes) -> bool:
    spare = _SPARE[kind]
    if len(content) >= _SHORTEST and _decodes(kind, content[:-spare]):
        return True
    if kind == _LOSSLESS:
        return False
    tag = int.from_bytes(content[:3], "little")
    length = tag >> 5
    if length < _SHORTEST:
        return False
    shorter = (tag & 0x1F | (length - spare) << 5).to_bytes(3, "little")
    end = _FIRST_PART + length
    return _decodes(kind, shorter + content[3 : end - spare] + content[end:])


def _decodes(kind: bytes, content: bytes) -> bool:
    body = kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
    file = b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body
    try:
        open_picture(io.BytesIO(file), ("WEBP",)).load()
    except (OSError, SyntaxError, ValueError, EOFError, Unreadable):
        return False
    return True
