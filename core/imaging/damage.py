"""Damage that shows in the pixels, where no decoder reported any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 8
_ROWS_AT_ONCE = 256
_SEAM = 6.0  # grey values; sound JPEGs step less along a whole row of blocks
_SEAM_OVER_REST = 2.5
_SEAM_OVER_REST_IF_NARROW = 4.2  # one cell is as wide as a good part of a tile
_WIDE = 512  # pixels
_FLAT_SHARE = 0.04  # of the rows of an image, at least 16 of them
_FEWEST_ROWS = 16
_CLEARLY = 8  # grey values
_FEWEST_EVEN_ROWS = 3  # of one value, with an end within a row
_BROKEN_SIDES = 2  # of a tile of one value


def has_seam(pixels: NDArray[np.uint8], width: int) -> bool:
    """Tell whether all that follows some block of a JPEG stream is brighter or darker by one step.

    JPEG stores the brightness of a block as the difference to the block before. A wrong bit that leaves the stream
    readable shifts all blocks after it, to the end of the image, and libjpeg sees nothing wrong. The step is then found
    along one whole row of blocks, and nowhere but at their border.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W).
    width
        How wide the streams are, of which the image may have several side by side.
    """
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    whole = min(width, pixels.shape[1])
    over_rest = _SEAM_OVER_REST if whole == pixels.shape[1] or whole >= _WIDE else _SEAM_OVER_REST_IF_NARROW
    columns = range(0, pixels.shape[1] - whole + 1, whole)  # what is narrower at the right has too few blocks
    return any(_steps_once(pixels[:, left : left + whole], over_rest) for left in columns)


def _steps_once(pixels: NDArray[np.uint8], over_rest: float) -> bool:
    at_borders = _longest_step(pixels, _BLOCK, _SEAM)
    return at_borders > _SEAM and at_borders > over_rest * _longest_step(pixels, _BLOCK // 2, 0.0)


def _longest_step(pixels: NDArray[np.uint8], first: int, least: float) -> float:
    """Return the largest median step, in grey values, from row to row along the width of the image.

    Looked at are the rows ``first``, ``first + 8`` and so on; a stretch of one width may begin in one of them and end
    in the next, as what follows a block does. Of steps up to ``least``, 0 is returned.
    """
    columns = pixels.shape[1] // _BLOCK
    above, below = pixels[first - 1 : -1 : _BLOCK], pixels[first::_BLOCK]
    rows = min(len(above), len(below))
    if rows < 2 or columns < 8:
        return 0.0
    wide = columns * _BLOCK
    blocks = np.concatenate(
        [
            _means_of_blocks(above[top : top + _ROWS_AT_ONCE, :wide], below[top : top + _ROWS_AT_ONCE, :wide])
            for top in range(0, rows, _ROWS_AT_ONCE)
        ]
    )
    begin = np.arange(0, len(blocks) - columns + 1, columns // 8)
    # A median is beyond a value only if half of the blocks are
    beyond = np.stack([blocks > least, blocks < -least], axis=-1).cumsum(axis=0, dtype=np.int32)
    number = beyond[begin + columns - 1] - np.where((begin > 0)[:, None, None], beyond[np.maximum(begin - 1, 0)], 0)
    begin = begin[(number >= columns // 2).any(axis=(1, 2))]
    if not len(begin):
        return 0.0
    stretches = np.lib.stride_tricks.sliding_window_view(blocks, columns, axis=0)[begin]
    return float(np.abs(np.median(stretches, axis=2)).max())


def _means_of_blocks(above: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean steps (N, C) from rows to those below them, over eight columns each."""
    rows = min(len(above), len(below))
    step = cv2.subtract(np.ascontiguousarray(below[:rows]), np.ascontiguousarray(above[:rows]), dtype=cv2.CV_32F)
    size = (step.shape[1] // _BLOCK, rows)
    means = cv2.resize(step, size, interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(rows * size[0], -1)


def has_flat_band(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether a band over the whole width holds one value, or one row over and over, and begins or ends abruptly.

    That is what is left where a file was cut off, lost a block to the drive, or was filled up. An empty part of a field
    is not so even, and the dark surround of a round field has no straight border.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W).
    """
    grey = pixels[..., 1] if pixels.ndim == 3 else pixels
    height = len(grey)
    need = max(_FEWEST_ROWS, int(_FLAT_SHARE * height))
    if height < 2 * need or grey.shape[1] < _FEWEST_ROWS:
        return False
    same = np.concatenate([[False], (grey[1:] == grey[:-1]).all(axis=1), [False]])
    edges = np.flatnonzero(same[1:] != same[:-1])
    for first, last in zip(edges[::2], edges[1::2], strict=True):  # rows first .. last are alike
        if last - first + 1 >= need and float(grey[first].std()) > _CLEARLY:
            return True
        beside = [row for row in (first - 1, last + 1) if 0 <= row < height]
        if last - first + 1 >= need and any(_is_other(grey[row], grey[first]) for row in beside):
            return True
    return False


def has_hole(pixels: NDArray[np.uint8], tile: tuple[int, int] | None = None) -> bool:
    """Tell whether a stretch of the stored samples holds one value, and begins or ends in the middle of a row.

    That is what is left where a drive lost a block of an uncompressed file. A legend or the surround of a round field
    begins and ends with a row, or beside more of the same.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W), turned as in the file.
    tile
        Height and width of the tiles in which the file keeps them, None for whole rows.
    """
    grey = pixels[..., 1] if pixels.ndim == 3 else pixels
    if tile is None:  # BMP begins with the row at the bottom
        return _stops_within_a_row(grey) or _stops_within_a_row(grey[::-1])
    height, width = tile
    down, across = grey.shape[0] // height, grey.shape[1] // width
    whole = grey[: down * height, : across * width]
    tiles = whole.reshape(down, height, across, width).swapaxes(1, 2)
    return _stops_within_a_row(tiles.reshape(-1, width)) or _holds_an_even_tile(tiles)


def _stops_within_a_row(grey: NDArray[np.uint8]) -> bool:
    width = grey.shape[1]
    if width < _FEWEST_ROWS:
        return False
    even = (grey[:, 0] == grey[:, width // 2]) & (grey[:, 0] == grey[:, -1])
    rows = np.flatnonzero(even)
    even[rows] = (grey[rows] == grey[rows, :1]).all(axis=1)
    same = np.concatenate([[False], even[1:] & even[:-1] & (grey[1:, 0] == grey[:-1, 0]), [False]])
    edges = np.flatnonzero(same[1:] != same[:-1])
    stretches = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return any(
        last - first + 1 >= _FEWEST_EVEN_ROWS and (_ends(grey, last) or _ends(grey[::-1, ::-1], len(grey) - 1 - first))
        for first, last in stretches
    )


def _ends(grey: NDArray[np.uint8], last: int) -> bool:
    """Tell whether an even stretch goes on into the row after ``last``, ends there, and is followed by other things."""
    if last + 2 >= len(grey):
        return False
    value, following = grey[last, 0], grey[last + 1]
    stop = int(np.argmax(following != value))
    begins_alike = bool((grey[last + 2, :stop] == value).all())  # as a margin does
    if stop == 0 or begins_alike:
        return False
    after = np.concatenate([following[stop:], grey[last + 2, :stop]])
    return _is_other(after, value)


def _holds_an_even_tile(tiles: NDArray[np.uint8]) -> bool:
    """Tell whether a tile of one value breaks off what is around it: (rows of tiles, columns, height, width)."""
    down, across = tiles.shape[:2]
    for row, column in np.argwhere((tiles == tiles[:, :, :1, :1]).all(axis=(2, 3))).tolist():
        value = tiles[row, column, 0, 0]
        around = [
            tiles[row + up, column + left][edge]
            for up, left, edge in (
                (-1, 0, np.s_[-1]), (1, 0, np.s_[0]), (0, -1, np.s_[:, -1]), (0, 1, np.s_[:, 0]),
            )
            if 0 <= row + up < down and 0 <= column + left < across
        ]  # fmt: skip
        if sum(_is_other(side, value) for side in around) >= _BROKEN_SIDES:
            return True
    return False


def has_no_shades(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether every sample is none or full, and some are either: no field is so, but one with a threshold is.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W).
    """
    for part in (pixels[::_BLOCK, ::_BLOCK], pixels):
        if not ((part == 0) | (part == 255)).all():
            return False
    return bool(pixels.any()) and not pixels.all()


def _is_other(row: NDArray[np.uint8], band: NDArray[np.uint8] | np.uint8) -> bool:
    """Tell whether a row shows something else than the band along most of its length."""
    return float((np.abs(row.astype(np.int16) - band) > _CLEARLY).mean()) > 0.5
