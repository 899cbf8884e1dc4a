"""Reading images: every common format becomes uint8 RGB, upright, or one clear sentence."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from core.errors import UserError
from core.imaging.containers.decoded import MAX_PIXELS, TRUNCATED, UNKNOWN, Decoded, DeepSamples, Unreadable
from core.imaging.containers.foreign import refusal
from core.imaging.containers.heif import read_heif
from core.imaging.containers.jp2 import JP2_HEADS, read_jp2
from core.imaging.containers.jpeg import read_jpeg
from core.imaging.containers.plain import read_bmp
from core.imaging.containers.png import read_png
from core.imaging.containers.pnm import PNM_HEADS, read_pnm
from core.imaging.containers.tiff import is_tiff, read_tiff
from core.imaging.containers.webp import read_webp
from core.imaging.damage import has_flat_band, has_hole, has_no_shades, has_seam
from core.imaging.depth import Camera, Span, camera_of, is_assumed, looks_shifted, scale_of, span_of, to_8_bits
from core.imaging.doubts import Doubt
from core.imaging.repeats import repeated_share
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_PIXELS", "CommonSpan", "ImageError", "SmearImage", "read_image", "size_in_file", "span_in_file"]

_HEAD = 16
_ALL_TRANSPARENT = gettext("The image says that all of it is transparent; that was passed over.")
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_STRIP = 1024
_JPEG_HEAD = b"\xff\xd8"
_MANY_MISSING = 0.01  # of the pixels
_TRANSPARENT = 0.5  # opacity
_MANY_HIDDEN = 0.01  # of the pixels
_MUCH_REPEATED = 0.02  # of the pixels
_SHOWS_SOMETHING = 8.0  # grey values, the standard deviation


class ImageError(UserError):
    """An image that cannot be used; the message names the file and the remedy."""


class CommonSpan(Protocol):
    """Knows how bright the images of a batch are that share a camera."""

    def span(self, camera: Camera, own: Span) -> Span:
        """Return the span of all images of a camera, given that of one of them."""
        ...


@dataclass(frozen=True)
class SmearImage:
    """An image as it is counted.

    ``pixels`` uint8 RGB (H, W, 3), read-only, EXIF orientation applied; ``notices`` are sentences
    that the user should see, such as that only the first page of several is used; ``doubts`` speak against its count;
    ``seconds`` is how long reading took; ``span`` what its samples were scaled by, None if they have 8 bits.
    """

    path: Path
    pixels: NDArray[np.uint8]
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    doubts: tuple[Doubt, ...] = ()
    span: Span | None = None

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.pixels.shape[0]


def read_image(
    path: str | Path, *, long_side: int | None = None, batch: CommonSpan | None = None, page: int | None = None
) -> SmearImage:
    """Read an image.

    Each container has one reader (``core.imaging.containers``). Samples of more than 8 bits are scaled by the bits that
    the file says its camera has, or else by how bright the image is, robustly.

    Parameters
    ----------
    long_side
        To be looked at only: so many pixels of the longer side are enough. A JPEG is then decoded at the half, quarter
        or eighth of its size that still has them, in a fraction of the time; nothing is checked for damage.
    batch
        The images that it is counted with; those of one camera get one scale.
    page
        Which page of a file with several to read, counted from 1; None: the one that is the image.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, no image, truncated or too large.
    """
    path = Path(path)
    start = time.perf_counter()
    try:
        with path.open("rb") as stream:
            decoded = _decode(stream, path.suffix, long_side, page)
        shown = _shown(decoded, batch)
        notices, doubts = decoded.notices + shown.notices, decoded.doubts + shown.doubts
        if long_side is None:
            notices, doubts = _looked_over(shown.pixels, notices, doubts, decoded)
        pixels = _upright(_as_rgb(shown.pixels), decoded.orientation)
    except Exception as error:
        raise ImageError(f"{path}: {_explain(path, error)}.") from error
    pixels.flags.writeable = False
    return SmearImage(path, pixels, notices, time.perf_counter() - start, doubts, shown.span)


def span_in_file(path: Path) -> tuple[Camera, Span] | None:
    """Return the camera of an image and the span of its samples; None if it has 8 bits or cannot be read."""
    try:
        with path.open("rb") as stream:
            decoded = _decode(stream, path.suffix, long_side=1)
    except Exception:  # noqa: BLE001  whatever is wrong with it is said when it is read itself
        return None
    samples = decoded.pixels
    return (camera_of(samples), span_of(samples)) if isinstance(samples, DeepSamples) else None


def size_in_file(path: Path, small: SmearImage) -> tuple[int, int]:
    """Return the width and height of an image that was read with ``long_side``, upright, as its file states them.

    Raises
    ------
    ImageError
        If the file cannot be read any more.
    """
    try:
        with path.open("rb") as stream:
            if not stream.read(len(_JPEG_HEAD)).startswith(_JPEG_HEAD):
                return small.width, small.height  # only JPEG is read smaller, whatever the file is called
        with Image.open(path) as picture:
            width, height = picture.size
    except OSError as error:
        raise ImageError(f"{path}: {_explain(path, error)}.") from error
    turned = (small.width > small.height) != (width > height) and small.width != small.height
    return (height, width) if turned else (width, height)


def _explain(path: Path, error: Exception) -> str:
    """Say what kept a file from being read, and what to do about it."""
    if os.path.isdir(path):
        return gettext("this is a folder, not an image; open it as a folder")
    match error:
        case Unreadable():
            return str(error)
        case FileNotFoundError() if not path.parent.is_dir():
            return gettext("its folder is not there; connect the drive or the network folder, or find the moved images")
        case FileNotFoundError():
            return gettext("there is no such file; check the name, or put the file back")
        case PermissionError():
            return gettext("you have no permission to read this file; ask for access to it")
        case MemoryError():
            return gettext("too large for the free memory; close other programs or crop it")
        case OSError(strerror=str(reason)):
            return gettext("the file cannot be read ({reason}); check the drive").format(reason=reason)
        case _:  # the decoders' own words for it help nobody
            return TRUNCATED


def _decode(stream: IO[bytes], suffix: str, long_side: int | None, page: int | None = None) -> Decoded:
    """Read a file with the reader of its container."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if not head:
        raise Unreadable(gettext("the file is empty; copy it from the microscope again"))
    check = long_side is None
    if head.startswith(_JPEG_HEAD):
        return read_jpeg(stream.read(), long_side, page)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png(stream, page)
    if is_tiff(head):
        return read_tiff(stream, page, check=check)
    if head.startswith(b"BM"):
        return read_bmp(stream, page)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return read_webp(stream, page, check=check)
    if head.startswith(PNM_HEADS) and head[2:3].isspace():
        return read_pnm(stream, page)
    if head.startswith(JP2_HEADS):
        return read_jp2(stream, page, check=check)
    why = refusal(head, suffix)
    if head[4:8] == b"ftyp" and why == UNKNOWN:
        return read_heif(stream, page, check=check)
    raise Unreadable(why)


@dataclass(frozen=True, eq=False)
class _Shown:
    """8 bits of what was decoded, RGB or grey, transparent parts white; not turned yet."""

    pixels: NDArray[np.uint8]
    notices: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    span: Span | None = None


def _shown(decoded: Decoded, batch: CommonSpan | None) -> _Shown:
    pixels = decoded.pixels
    if isinstance(pixels, Image.Image):
        flat, ignored = _flattened(pixels)
        notices, doubts = ((_ALL_TRANSPARENT,), ()) if ignored else _about_hidden(*_transparency(pixels))
        return _Shown(_to_array(flat), notices, doubts)
    return _of_deep(pixels, batch) if isinstance(pixels, DeepSamples) else _Shown(pixels)


def _has_alpha(decoded: Decoded) -> bool:
    pixels = decoded.pixels
    if isinstance(pixels, Image.Image):
        return pixels.mode in _WITH_ALPHA or "transparency" in pixels.info
    return isinstance(pixels, DeepSamples) and pixels.alpha is not None


def _flattened(picture: Image.Image) -> tuple[Image.Image, bool]:
    """Lay an image over white; an image that is transparent all over is taken as it is, and that is returned."""
    if picture.mode not in _WITH_ALPHA and "transparency" not in picture.info:
        return picture, False
    layered = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    if layered.getchannel("A").getextrema() == (0, 0):
        return layered.convert("RGB"), True
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered), False


def _transparency(picture: Image.Image) -> tuple[NDArray[np.bool_] | None, NDArray[np.uint8]]:
    """Return what is transparent in an image, bool (H, W), and its pixels without that; None where it has no alpha."""
    if picture.mode not in _WITH_ALPHA and "transparency" not in picture.info:
        return None, np.empty(0, np.uint8)
    layered = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    samples = np.asarray(layered)
    return samples[..., 3] < 255 * _TRANSPARENT, samples[..., :3]


def _about_hidden(
    hidden: NDArray[np.bool_] | None, pixels: NDArray[np.uint8]
) -> tuple[tuple[str, ...], tuple[Doubt, ...]]:
    """Say how much of an image is transparent; it is doubted if something lies there that does not count."""
    share = 0.0 if hidden is None else float(hidden.mean())
    if hidden is None or share < _MANY_HIDDEN:
        return (), ()
    text = gettext("{share:.0%} of the image is transparent; what lies there does not count.").format(share=share)
    there = pixels[hidden]
    return (text,), (Doubt.HIDDEN,) if float(there.std(axis=0).max()) > _SHOWS_SOMETHING else ()


def _to_array(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels uint8 RGB (H, W, 3), strip by strip: whole, there would be three copies."""
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        pixels[top:bottom] = np.asarray(picture.crop((0, top, width, bottom)).convert("RGB"))
    return pixels


def _of_deep(samples: DeepSamples, batch: CommonSpan | None) -> _Shown:
    missing = _share_missing(samples)
    camera, own = camera_of(samples), span_of(samples)
    span = own if batch is None else batch.span(camera, own)
    notices, doubts = _about_missing(missing), (Doubt.SUSPECT,) if missing > _MANY_MISSING else ()
    notices += _about_scale(camera, own, span)
    if looks_shifted(camera, span):
        text = gettext("Even its darkest pixels are half as bright as white; export it so that black is 0.")
        notices, doubts = (*notices, text), (*doubts, Doubt.SHIFTED)
    pixels = to_8_bits(samples, span)
    if pixels.shape[2:] == (4,):
        pixels = np.asarray(Image.fromarray(pixels, "CMYK").convert("RGB"))
    alpha = samples.alpha
    if alpha is None or not alpha.any():
        return _Shown(pixels, notices + ((_ALL_TRANSPARENT,) if alpha is not None else ()), doubts, span)
    hidden = _about_hidden(alpha < _TRANSPARENT, pixels)
    notices, doubts = notices + hidden[0], doubts + hidden[1]
    opaque = alpha if pixels.ndim == 2 else alpha[..., None]
    over = pixels.astype(np.float32) * (1 if samples.premultiplied else opaque) + 255 * (1 - opaque)
    return _Shown(np.clip(over + 0.5, 0, 255).astype(np.uint8), notices, doubts, span)


def _about_scale(camera: Camera, own: Span, span: Span) -> tuple[str, ...]:
    """Say how bright an image was taken to be, where it was not sure."""
    (_, alone), (offset, white) = scale_of(camera, own), scale_of(camera, span)
    notices = ()
    if alone != white:
        text = gettext(
            "White was taken to be {white:,g}, as in the brightest images beside it, not {alone:,g}; if it is too dark,"
            " it has another camera: count it without them."
        )
        notices += (text.format(white=white, alone=alone),)
    if is_assumed(camera, span):
        text = gettext("The file does not say what is black and what is white: {black:,g} and {white:,g} were taken.")
        notices += (text.format(black=0 - offset, white=white - offset),)
    return notices


def _share_missing(samples: DeepSamples) -> float:
    """Return which share of the samples is no number; raises Unreadable if none is one."""
    if samples.colour.dtype.kind != "f":
        return 0.0
    finite = sum(
        int(np.isfinite(samples.colour[top : top + _STRIP]).sum()) for top in range(0, len(samples.colour), _STRIP)
    )
    if not finite:
        raise Unreadable(gettext("none of its pixels holds a number; export it as RGB from what it was made of"))
    return 1 - finite / samples.colour.size


def _about_missing(share: float) -> tuple[str, ...]:
    if not share:
        return ()
    text = gettext("{share} of the pixels hold no number (NaN or infinite) and are black; compare the original.")
    return (text.format(share=f"{share:.1%}" if share >= 0.001 else gettext("Some")),)


def _looked_over(
    pixels: NDArray[np.uint8], notices: tuple[str, ...], doubts: tuple[Doubt, ...], decoded: Decoded
) -> tuple[tuple[str, ...], tuple[Doubt, ...]]:
    """Add what the pixels themselves say, of damage where the decoder reported none."""
    if has_no_shades(pixels):
        text = gettext("There are no shades in the image, as after a threshold; count the one that it was made from.")
        return (*notices, text), doubts
    if (share := repeated_share(pixels)) >= _MUCH_REPEATED:
        text = gettext(
            "{share:.0%} of the image is there twice, moved or mirrored, as after stitching or padding;"
            " count the image that it was made from."
        )
        notices, doubts = (*notices, text.format(share=share)), (*doubts, Doubt.REPEATED)
    if Doubt.DAMAGED in doubts or _has_alpha(decoded):  # what is transparent is alike over whole rows
        return notices, doubts
    if decoded.jpeg_width and has_seam(pixels, decoded.jpeg_width):
        text = gettext("The brightness jumps within the image, as in a damaged JPEG file; compare the original.")
    elif has_flat_band(pixels) or has_hole(pixels, decoded.tile):
        text = gettext("A band across the image is all alike, as where a part of a file is lost; compare the original.")
    else:
        return notices, doubts
    return (*notices, text), (*doubts, Doubt.SUSPECT)


def _as_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (1 to 8)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
