"""TIFF: tifffile reads the structure, imagecodecs what is compressed, and both are checked."""

from __future__ import annotations

import json
import logging
import math
from typing import IO, TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffFile, TiffFileError, xml2dict

from core.imaging.containers.decoded import (
    TRUNCATED,
    Decoded,
    DeepSamples,
    Unreadable,
    check_size,
    other_channels,
    unchecked_notice,
)
from core.imaging.containers.plain import open_picture, orientation_of
from core.imaging.containers.tiff_damage import contradiction_in, damage_in, what_may_hide_damage
from core.imaging.containers.tiff_pages import choose_pages
from core.imaging.doubts import Doubt
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tifffile import TiffPage

    Pixels = NDArray[Any] | Image.Image | DeepSamples

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs what is odd; here that is checked
logging.getLogger("tifffile").propagate = False

_COLOURS = {
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.SEPARATED: 4,
    PHOTOMETRIC.YCBCR: 3,
}
_OF_LIBTIFF = (PHOTOMETRIC.CIELAB, PHOTOMETRIC.ICCLAB, PHOTOMETRIC.ITULAB)
_LOOK = 24  # pixels on a side, of images that are compared
_ALIKE = 0.7
_SHIFT = 32_768
_WHOLE_WIDTHS = (8, 16, 32, 64)
_MAKE, _MODEL, _MAX_SAMPLE, _WHITE_LEVEL, _MICRO_MANAGER = 271, 272, 281, 50717, 51123


def read_tiff(stream: IO[bytes], wanted: int | None = None, *, check: bool = True) -> Decoded:
    """Read the image of a TIFF file, classic or big.

    Parameters
    ----------
    wanted
        The page to read, counted from 1; None: the one that is the image.
    check
        Whether to look for damage inside compressed data.

    Raises
    ------
    Unreadable
        If it is truncated, of a kind that is not known, or holds channels that are not red, green and blue.
    """
    try:
        file = TiffFile(stream)
        choice = choose_pages(file, wanted)
        for page in choice.pages:
            check_size(page.imagewidth, page.imagelength)
            _check_whole(page, stream)
        damage = [said for page in choice.pages if check and (said := damage_in(page, stream)) is not None]
        odd = [said for page in choice.pages if check and (said := contradiction_in(page, stream)) is not None]
        pixels, orientation = _read_pages(file, choice.pages, stream, is_damaged=bool(damage))
    except (TiffFileError, IndexError, KeyError, RuntimeError, TypeError, ZeroDivisionError, OverflowError) as error:
        raise Unreadable(TRUNCATED) from error
    notices, doubts = choice.notices, choice.doubts
    if odd:
        notices, doubts = (*notices, odd[0]), (*doubts, Doubt.DAMAGED)
    if damage:
        notices, doubts = (*notices, damage[0]), (*doubts, Doubt.DAMAGED)
    elif check and (kind := what_may_hide_damage(choice.pages[0], stream)) is not None:
        notices = (*notices, unchecked_notice(kind))
    if check and not all(_shows_the_same(page, pixels) for page in choice.smaller):
        notices, doubts = (*notices, choice.others), (*doubts, Doubt.ONE_OF_SEVERAL)
    first = choice.pages[0]
    tile = (first.tilelength, first.tilewidth) if first.is_tiled and first.compression == COMPRESSION.NONE else None
    return Decoded(pixels, orientation, notices, doubts, _jpeg_width(first), tile)


def _read_pages(
    file: TiffFile, pages: Sequence[TiffPage], stream: IO[bytes], *, is_damaged: bool
) -> tuple[Pixels, int]:
    """Return the pixels of a page, or of three that are red, green and blue, and how they have to be turned."""
    first = pages[0]
    try:
        if _is_for_libtiff(first):
            return _by_libtiff(stream, first)
        if len(pages) == 1:
            return _pixels(file, first), _orientation(first)
        planes = [_samples(page)[..., 0] for page in pages]
        return _as_stored(file, first, np.stack(planes, axis=2), None), _orientation(first)
    except Unreadable as error:
        raise (Unreadable(TRUNCATED) if is_damaged else error) from error


def _shows_the_same(small: TiffPage, pixels: Pixels) -> bool:
    """Tell whether a page is a smaller copy of the image, and not another one, such as a label or an overview."""
    try:
        grey = _samples(small)[..., :3].mean(axis=2)
    except (Unreadable, TiffFileError, RuntimeError):
        return False
    whole = pixels.colour if isinstance(pixels, DeepSamples) else np.asarray(pixels)
    step = max(1, min(whole.shape[:2]) // max(small.imagelength, small.imagewidth) // 2)
    other = whole[::step, ::step]
    other = other.reshape(*other.shape[:2], -1)[..., :3].mean(axis=2)
    ones, others = (
        cv2.resize(np.nan_to_num(image).astype(np.float32), (_LOOK, _LOOK), interpolation=cv2.INTER_AREA).ravel()
        for image in (grey, other)
    )
    if not ones.std() or not others.std():
        return not ones.std() and not others.std()
    return float(np.corrcoef(ones, others)[0, 1]) > _ALIKE


def tiff_size(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return width, height and orientation (EXIF, 1 to 8) of the page that is the image, from the header alone.

    Raises
    ------
    Unreadable
        If there is no such page.
    """
    try:
        page = choose_pages(TiffFile(stream)).pages[0]
    except (TiffFileError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise Unreadable(TRUNCATED) from error
    return page.imagewidth, page.imagelength, _orientation(page)


def _jpeg_width(page: TiffPage) -> int:
    if page.compression not in (COMPRESSION.JPEG, COMPRESSION.OJPEG):
        return 0
    return page.tilewidth if page.is_tiled else page.imagewidth


def _check_whole(page: TiffPage, stream: IO[bytes]) -> None:
    """Refuse a page of which strips or tiles are missing; what is not there is never read."""
    offsets, counts = page.dataoffsets, page.databytecounts
    stream.seek(0, 2)
    size = stream.tell()
    complete = len(offsets) == len(counts) >= math.prod(page.chunked) or (page.is_contiguous and len(offsets) > 0)
    if not complete or any(
        count <= 0 or offset <= 0 or offset + count > size for offset, count in zip(offsets, counts, strict=True)
    ):
        raise Unreadable(TRUNCATED)
    if page.is_contiguous and page.dtype is not None and min(offsets, default=0) + page.nbytes > size:
        raise Unreadable(TRUNCATED)


def _is_for_libtiff(page: TiffPage) -> bool:
    """Tell the few kinds that only libtiff decodes: old JPEG, L*a*b*, and YCbCr that is not JPEG."""
    raw_ycbcr = page.photometric == PHOTOMETRIC.YCBCR and page.compression != COMPRESSION.JPEG
    return page.compression == COMPRESSION.OJPEG or page.photometric in _OF_LIBTIFF or raw_ycbcr


def _by_libtiff(stream: IO[bytes], page: TiffPage) -> tuple[Image.Image, int]:
    if page.bitspersample != 8 or page.sampleformat != 1:
        raise _refused(page)
    stream.seek(0)
    picture = open_picture(stream, ("TIFF",))
    picture.seek(page.index)
    picture.load()
    return picture, orientation_of(picture)


def _refused(page: TiffPage) -> Unreadable:
    photometric = getattr(page.photometric, "name", page.photometric)
    compression = getattr(page.compression, "name", page.compression)
    text = gettext("TIFF of this kind cannot be read ({photometric}, {bits} bits, {compression}); export it as RGB")
    return Unreadable(text.format(photometric=photometric, bits=page.bitspersample, compression=compression))


def _samples(page: TiffPage) -> NDArray[Any]:
    """Return the samples of a page as they are stored, (H, W, samples)."""
    if page.dtype is None or page.dtype.kind not in "biuf" or page.imagedepth != 1:
        raise _refused(page)
    try:
        shaped = page.asarray(squeeze=False)  # separate samples, depth, height, width, samples
    except (ValueError, NotImplementedError, ImportError) as error:
        raise _refused(page) from error
    return np.moveaxis(shaped[:, 0], 0, 2).reshape(page.imagelength, page.imagewidth, -1)


def _pixels(file: TiffFile, page: TiffPage) -> Pixels:
    number = _COLOURS.get(page.photometric)  # pyright: ignore[reportArgumentType]  an int, where the file has another
    if number is None:
        raise _refused(page)
    samples = _samples(page)
    in_all = samples.shape[2]
    opacity = [at for at, kind in enumerate(page.extrasamples, in_all - len(page.extrasamples)) if kind in _ALPHA]
    if number == 1 and in_all - len(opacity) > 2:  # written by programs that call any number of samples grey
        if page.photometric != PHOTOMETRIC.MINISBLACK or in_all - len(opacity) != 3:
            raise Unreadable(other_channels())
        number = 3
    if in_all < number or (number == 4 and in_all > 5):
        raise _refused(page)
    alpha = samples[..., opacity[0]] if opacity and opacity[0] >= number else None
    colour = samples[..., 0] if number == 1 else samples[..., :number]
    return _as_stored(file, page, colour, alpha)


_ALPHA = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)


def _as_stored(file: TiffFile, page: TiffPage, colour: NDArray[Any], alpha: NDArray[Any] | None) -> Pixels:
    premultiplied = EXTRASAMPLE.ASSOCALPHA in page.extrasamples
    inverted = page.photometric == PHOTOMETRIC.MINISWHITE
    if colour.dtype == np.bool_:
        colour = colour.astype(np.uint8) * np.uint8(255)
    elif colour.dtype == np.uint8 and page.bitspersample < 8 and page.photometric != PHOTOMETRIC.PALETTE:
        most = 2**page.bitspersample - 1
        colour = (colour * np.float32(255 / most) + np.float32(0.5)).astype(np.uint8)
    if page.photometric == PHOTOMETRIC.PALETTE:
        return _through_palette(page, colour)
    if colour.dtype == np.uint8:
        colour = 255 - colour if inverted else np.ascontiguousarray(colour)
        return colour if alpha is None and colour.shape[2:] != (4,) else _as_picture(colour, alpha, premultiplied)
    return DeepSamples(
        _calibrated(file, colour),
        None if alpha is None else _opacity(alpha),
        premultiplied,
        inverted,
        _significant_bits(file, page),
        f"{page.tags.valueof(_MAKE, '')} {page.tags.valueof(_MODEL, '')}".strip(),
    )


def _calibrated(file: TiffFile, colour: NDArray[Any]) -> NDArray[Any]:
    """Return 16-bit samples as they were before ImageJ shifted them: it keeps signed ones 32,768 too high, and says so.

    The straight line that a user measured with standards is none of the pixels' own.
    """
    said = (file.imagej_metadata or {}) if file.is_imagej else {}
    if colour.dtype.kind != "u" or colour.dtype.itemsize != 2 or (said.get("c0"), said.get("c1")) != (-_SHIFT, 1):
        return colour
    return (colour.astype(np.int32) - _SHIFT).astype(np.int16)


def _as_picture(colour: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, premultiplied: bool) -> Image.Image:
    """Return 8-bit samples as Pillow has them, which knows what to do with ink and with transparency."""
    kinds = {2: "L", 3: "RGB"} if colour.ndim == 2 or colour.shape[2] == 3 else {3: "CMYK"}
    mode = kinds[colour.ndim]
    if alpha is None or mode == "CMYK":
        return Image.fromarray(np.ascontiguousarray(colour), mode)
    planes = np.dstack([colour, alpha])
    if mode == "L":
        planes = planes[..., [0, 0, 0, 1]]
    height, width = planes.shape[:2]
    return Image.frombytes("RGBa" if premultiplied else "RGBA", (width, height), planes.tobytes())


def _through_palette(page: TiffPage, index: NDArray[Any]) -> NDArray[np.uint8]:
    colours = page.colormap
    if colours is None or index.dtype.kind != "u" or int(index.max()) >= colours.shape[1]:
        raise _refused(page)
    table = (colours >> 8 if int(colours.max()) > 255 else colours).astype(np.uint8).T
    return np.ascontiguousarray(table[index])


def _opacity(alpha: NDArray[Any]) -> NDArray[np.float32]:
    """Return alpha from 0 to 1; cameras of 12 bits are opaque at 4,095."""
    if alpha.dtype.kind == "f":
        return np.clip(np.nan_to_num(alpha), 0, 1).astype(np.float32)
    top = int(alpha.max())
    opaque = next((most for most in (255, 1023, 4095, 16383, 65535) if top <= most), np.iinfo(alpha.dtype).max)
    return np.clip(alpha.astype(np.float32) / np.float32(opaque), 0, 1).astype(np.float32)


def _significant_bits(file: TiffFile, page: TiffPage) -> int | None:
    """Return how many bits of a sample the file says that its camera has, None if it does not."""
    if page.bitspersample not in _WHOLE_WIDTHS:
        return page.bitspersample
    if page.dtype is None or page.dtype.kind not in "iu":
        return None
    try:
        if file.is_ome and file.ome_metadata:
            images = xml2dict(file.ome_metadata)["OME"]["Image"]
            pixels = (images[0] if isinstance(images, list) else images)["Pixels"]
            if "SignificantBits" in pixels:
                return int(pixels["SignificantBits"])
        micro = page.tags.valueof(_MICRO_MANAGER)
        if micro:
            entry = micro if isinstance(micro, dict) else json.loads(micro)
            if "BitDepth" in entry:
                return int(entry["BitDepth"])
        for tag in (_WHITE_LEVEL, _MAX_SAMPLE):
            value = page.tags.valueof(tag)
            top = int(max(value) if isinstance(value, tuple) else value) if value is not None else 0
            if top.bit_length() > 8 and top == 2 ** top.bit_length() - 1:
                return top.bit_length()
    except (KeyError, TypeError, ValueError, SyntaxError):
        return None
    return None


def _orientation(page: TiffPage) -> int:
    orientation = page.tags.valueof(274, 1)
    return orientation if orientation in range(1, 9) else 1


def is_tiff(head: bytes) -> bool:
    """Tell a TIFF file, classic or big, by its first bytes."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
