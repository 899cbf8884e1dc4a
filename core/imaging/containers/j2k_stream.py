"""What a JPEG 2000 codestream says of itself, and whether its packets end where its data end.

OpenJPEG decodes whatever follows wrong bytes without a word. Wrong bytes in the coefficients show nowhere; in the heads
of packets, they make it read other lengths from there on, to some other place than the end. So it is asked for each
tile whether it needs the last bytes: the heads are read first, so that a sound tile without them fails at once.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.imaging.containers.decoded import Unreadable
from core.imaging.containers.plain import open_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

_START, _SIZE, _CODING, _TILE_PART, _END = b"\xff\x4f", b"\xff\x51", b"\xff\x52", b"\xff\x90", b"\xff\xd9"
_EMPTY_PACKETS = b"\0\x80"  # a decoder takes those that are missing for empty
_WITH_MARKERS = 2 | 4  # bits of the coding style: markers between the packets
_TILES_LOOKED_AT = 256


@dataclass(frozen=True)
class CodestreamHead:
    """The head of a codestream: ``size`` is of the canvas, ``bits`` the most that a sample has."""

    place: int
    bits: int
    size: tuple[int, int]
    tile: tuple[int, int]
    tile_origin: tuple[int, int]


def codestream_head(data: bytes) -> CodestreamHead | None:
    """Return the head of the codestream in a file or alone; None if there is none."""
    start = data.find(_START + _SIZE)
    if start < 0 or len(data) < start + 44:
        return None
    numbers = [int.from_bytes(data[place : place + 4]) for place in range(start + 8, start + 40, 4)]
    width, height, _, _, tile_width, tile_height, tile_left, tile_top = numbers
    channels = int.from_bytes(data[start + 40 : start + 42])
    depths = data[start + 42 : start + 42 + 3 * channels : 3]
    if not depths or not tile_width or not tile_height:
        return None
    bits = max((depth & 0x7F) + 1 for depth in depths)
    return CodestreamHead(start, bits, (width, height), (tile_width, tile_height), (tile_left, tile_top))


def ends_elsewhere(data: bytes) -> bool:
    """Tell whether some tile of an image that can be decoded does not end where its data end."""
    head = codestream_head(data)
    if head is None:
        return False
    stream = data[head.place :]
    place = _first_tile_part(stream)
    style = stream.find(_CODING, 0, place)
    if style < 0 or stream[style + 4] & _WITH_MARKERS:
        return False
    tiles: dict[int, list[bytes]] = {}
    for number, part in _tile_parts(stream, place):
        tiles.setdefault(number, []).append(part)
    step = max(1, len(tiles) // _TILES_LOOKED_AT)
    return any(_decodes(_shortened(stream[:place], head, number, tiles[number])) for number in sorted(tiles)[::step])


def _first_tile_part(stream: bytes) -> int:
    place = len(_START)
    while place + 4 <= len(stream) and stream[place : place + 2] != _TILE_PART:
        place += 2 + int.from_bytes(stream[place + 2 : place + 4])
    return place


def _tile_parts(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number of the tile and the bytes of each part of it."""
    while stream[place : place + 2] == _TILE_PART and place + 12 <= len(stream):
        number, length = int.from_bytes(stream[place + 4 : place + 6]), int.from_bytes(stream[place + 6 : place + 10])
        end = place + length if length else max(stream.rfind(_END), place + 12)
        yield number, stream[place:end]
        place = max(end, place + 12)


def _shortened(main: bytes, head: CodestreamHead, number: int, parts: list[bytes]) -> bytes:
    """Return one tile as an image of its own, without the last byte that a decoder needs."""
    across = -(-(head.size[0] - head.tile_origin[0]) // head.tile[0])
    row, column = divmod(number, across)
    alone = bytearray(main)
    for axis, steps in enumerate((column, row)):
        begin = head.tile_origin[axis] + steps * head.tile[axis]
        first = int.from_bytes(main[16 + 4 * axis : 20 + 4 * axis])
        for place, value in ((8, min(begin + head.tile[axis], head.size[axis])), (16, max(begin, first)), (32, begin)):
            alone[place + 4 * axis : place + 4 * axis + 4] = value.to_bytes(4)
    for part in (*parts[:-1], parts[-1].rstrip(_EMPTY_PACKETS)[:-1]):
        alone += part[:4] + bytes(2) + len(part).to_bytes(4) + part[10:]
    return bytes(alone) + _END


def _decodes(stream: bytes) -> bool:
    try:
        open_picture(io.BytesIO(stream), ("JPEG2000",)).load()
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, Unreadable):
        return False
    return True
