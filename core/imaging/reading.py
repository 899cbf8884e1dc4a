"""Reading photographs: every common format becomes uint8 RGB, upright, or one clear sentence."""

from __future__ import annotations

import math
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 450_000_000
"""A little over 20,000 x 20,000; larger pictures are refused before they are decoded."""

_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
_FULL_SCALES = (255, 1023, 4095, 16383, 65535)
_PNG_DEPTH_BYTE = 24
_STRIP = 1024

Image.MAX_IMAGE_PIXELS = None  # read_image checks the size itself, before decoding
# Pillow warns of odd metadata; the pixels decide. Once for all, as a filter for a while is not safe between threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(Exception):
    """A photograph that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class SmearImage:
    """A photograph as it is counted.

    ``pixels`` uint8 RGB (H, W, 3), read-only, EXIF orientation applied; ``notices`` are sentences
    the person should see, such as that only the first page of several is used; ``seconds`` is how
    long reading took.
    """

    path: Path
    pixels: NDArray[np.uint8]
    notices: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.pixels.shape[0]


def read_image(path: str | Path, *, long_side: int | None = None) -> SmearImage:
    """Read a photograph.

    Pillow decodes 8-bit pictures and finds truncated ones; OpenCV decodes 16 bits per channel, which
    are scaled by the camera's depth (10, 12, 14 or 16 bit, told by the brightest value).

    Parameters
    ----------
    long_side
        To be looked at only: so many pixels of the longer side are enough. A JPEG is then decoded at the half, quarter
        or eighth of its size that still has them, in a fraction of the time.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, no picture, truncated or too large.
    """
    path = Path(path)
    start = time.perf_counter()
    try:
        pixels, notices = _read(path, long_side)
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(f"{path}: {_explain(path, error)}.") from error
    pixels.flags.writeable = False
    return SmearImage(path, pixels, notices, time.perf_counter() - start)


def _explain(path: Path, error: Exception) -> str:
    """Say what kept a file from being read, and what to do about it."""
    if os.path.isdir(path):
        return "this is a folder, not a picture; open it as a folder"
    match error:
        case FileNotFoundError() if not path.parent.is_dir():
            return "its folder is not there; connect the drive or the network folder, or find the moved pictures"
        case FileNotFoundError():
            return "there is no such file; check the name, or put the file back"
        case PermissionError():
            return "you have no permission to read this file; ask for access to it"
        case MemoryError():
            return "too large for the free memory; close other programs or crop it"
        case OSError(strerror=str(reason)):
            return f"the file cannot be read ({reason}); check the drive"
        case OSError() | SyntaxError() | EOFError():  # Pillow's own words for it help nobody
            return "the picture is truncated or damaged; copy it from the microscope again"
        case _:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            return f"the picture is truncated or damaged ({reason}); copy it from the microscope again"


Decoded = tuple["NDArray[np.uint8]", tuple[str, ...]]


def _read(path: Path, long_side: int | None) -> Decoded:
    with path.open("rb") as stream:
        head = stream.read(_PNG_DEPTH_BYTE + 1)
        if not head:
            raise ImageError(f"{path}: the file is empty; copy it from the microscope again.")
        stream.seek(0)
        try:
            picture = Image.open(stream, formats=_FORMATS)
        except UnidentifiedImageError:
            return _read_deep(path, orientation=1), ()
        with picture:
            return _read_opened(path, picture, head, long_side)


def _read_opened(path: Path, picture: Image.Image, head: bytes, long_side: int | None) -> Decoded:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageError(f"{path}: {width} x {height} pixels are more than the program can hold; crop or shrink it.")
    pages = getattr(picture, "n_frames", 1)
    notices = ()
    if pages > 1:
        notices = (f"The file has {pages} pages; only the first is counted.",)
    if _bits_per_channel(picture, head) > 8:
        # OpenCV turns a TIFF upright by itself, but no other format
        turned = isinstance(picture, TiffImageFile)
        orientation = 1 if turned else picture.getexif().get(ExifTags.Base.Orientation, 1)
        return _read_deep(path, orientation), notices
    if long_side is not None and picture.format in ("JPEG", "MPO"):
        enough = min(1.0, long_side / max(width, height))
        picture.draft(picture.mode, (math.ceil(width * enough), math.ceil(height * enough)))
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        picture = Image.alpha_composite(ground, layered)
    return _to_array(picture), notices


def _bits_per_channel(picture: Image.Image, head: bytes) -> int:
    """Return the depth of the file, which Pillow's mode does not tell: it cuts RGB to 8 bits."""
    if picture.format == "PNG":
        return head[_PNG_DEPTH_BYTE]
    if isinstance(picture, TiffImageFile):
        return max(picture.tag_v2.get(BITSPERSAMPLE, (8,)))
    return 8


def _to_array(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels uint8 RGB (H, W, 3), strip by strip: whole, there would be three copies."""
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        pixels[top:bottom] = np.asarray(picture.crop((0, top, width, bottom)).convert("RGB"))
    return pixels


def _read_deep(path: Path, orientation: int) -> NDArray[np.uint8]:
    """Read more than 8 bits per channel, and TIFF variants that Pillow does not know."""
    log_level = cv2.utils.logging.setLogLevel(0)
    try:
        decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        decoded = None
    finally:
        cv2.utils.logging.setLogLevel(log_level)
    if decoded is None:
        raise ImageError(f"{path}: this is not a picture that can be read; export it as TIFF, PNG or JPEG.")
    if decoded.shape[0] * decoded.shape[1] > MAX_PIXELS:
        raise ImageError(f"{path}: the picture is larger than the program can hold; crop or shrink it.")
    if decoded.ndim == 2:
        pixels = cv2.cvtColor(_to_8_bits(decoded), cv2.COLOR_GRAY2RGB)
    else:
        pixels = cv2.cvtColor(_to_8_bits(np.ascontiguousarray(decoded[..., :3])), cv2.COLOR_BGR2RGB)
    if decoded.ndim == 3 and decoded.shape[2] == 4:
        opaque = np.iinfo(str(decoded.dtype)).max if decoded.dtype.kind in "iu" else 1.0
        alpha = decoded[..., 3:].astype(np.float32) / opaque
        pixels = pixels * alpha + 255 * (1 - alpha) + 0.5
    return np.ascontiguousarray(_upright(np.asarray(pixels, np.uint8), orientation))


def _to_8_bits(channels: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale by the camera's depth, told by the brightest value; uint8 of the same shape."""
    if channels.dtype == np.uint8:
        return channels
    if channels.dtype.kind == "f":
        channels = np.nan_to_num(channels, nan=0, posinf=0, neginf=0)
        full_scale = float(channels.max()) or 1.0
    else:
        top = int(channels.max())
        full_scale = next((scale for scale in _FULL_SCALES if top <= scale), top)
    return np.asarray(cv2.convertScaleAbs(channels, alpha=255 / full_scale), np.uint8)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (1 to 8)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def find_images(paths: Iterable[str | Path], *, recursive: bool = False) -> Iterator[Path]:
    """Yield the photographs that the given files and folders stand for, folders in name order.

    A file that is named is yielded whatever its suffix, missing or not, so that it is reported
    rather than passed over. Of folders, only files with a picture's suffix are yielded.
    """
    for path in map(Path, paths):
        if not os.path.isdir(path):  # unlike Path.is_dir it does not raise where access is denied
            yield path
            continue
        inside = path.rglob("*") if recursive else path.iterdir()
        yield from sorted(
            item for item in inside if item.suffix.lower() in IMAGE_SUFFIXES and not item.name.startswith(".")
        )
