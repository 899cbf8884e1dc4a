"""Reading photographs: every common format becomes uint8 RGB, upright, or one clear sentence."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 450_000_000
"""A little over 20,000 x 20,000; larger pictures are refused before they are decoded."""

_FULL_SCALES = (255, 1023, 4095, 16383, 65535)
_PNG_DEPTH_BYTE = 24

Image.MAX_IMAGE_PIXELS = None  # read_image checks the size itself, before decoding


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
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]


def read_image(path: str | Path) -> SmearImage:
    """Read a photograph.

    Pillow decodes 8-bit pictures and finds truncated ones; OpenCV decodes 16 bits per channel, which
    are scaled by the camera's depth (10, 12, 14 or 16 bit, told by the brightest value).

    Raises
    ------
    ImageError
        If the file is missing, unreadable, no picture, truncated or too large.
    """
    path = Path(path)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; the pixels decide
            pixels, notices = _read(path)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: the file is no longer there; put it back or remove it from the list.") from error
    except IsADirectoryError as error:
        raise ImageError(f"{path}: this is a folder, not a picture; open it as a folder.") from error
    except PermissionError as error:
        raise ImageError(f"{path}: you have no permission to read this file; ask for access to it.") from error
    except MemoryError as error:
        raise ImageError(f"{path}: too large for the free memory; close other programs or crop it.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(
            f"{path}: the picture is truncated or damaged ({error}); copy it from the microscope again."
        ) from error
    pixels.flags.writeable = False
    return SmearImage(path, pixels, notices, time.perf_counter() - start)


Decoded = tuple["NDArray[np.uint8]", tuple[str, ...]]


def _read(path: Path) -> Decoded:
    with path.open("rb") as stream:
        head = stream.read(_PNG_DEPTH_BYTE + 1)
        if not head:
            raise ImageError(f"{path}: the file is empty; copy it from the microscope again.")
        stream.seek(0)
        try:
            picture = Image.open(stream)
        except UnidentifiedImageError:
            return _read_deep(path, (), 1)
        with picture:
            return _read_opened(path, picture, head)


def _read_opened(path: Path, picture: Image.Image, head: bytes) -> Decoded:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{path}: {width} x {height} pixels are more than the program can hold; crop or shrink the picture."
        )
    pages = getattr(picture, "n_frames", 1)
    notices = ()
    if pages > 1:
        notices = (f"{path.name} has {pages} pages; only the first is counted.",)
    deep_png = picture.format == "PNG" and head[_PNG_DEPTH_BYTE] == 16
    if deep_png or picture.mode.startswith(("I", "F")):
        orientation = picture.getexif().get(0x0112, 1)
        return _read_deep(path, notices, orientation)
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        picture = Image.alpha_composite(ground, layered)
    pixels = np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    return pixels, notices


def _read_deep(path: Path, notices: tuple[str, ...], orientation: int) -> Decoded:
    """Read 16-bit pictures, and TIFF variants that Pillow does not know."""
    log_level = cv2.setLogLevel(0)
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    finally:
        cv2.setLogLevel(log_level)
    if pixels is None:
        raise ImageError(f"{path}: this is not a picture that can be read; export it as TIFF, PNG or JPEG.")
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        raise ImageError(f"{path}: the picture is larger than the program can hold; crop or shrink it.")
    if pixels.dtype.kind == "f":
        top = float(np.nanmax(pixels)) or 1.0
        pixels = np.clip(np.nan_to_num(pixels) * (255.0 / top), 0, 255).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        top = int(pixels.max())
        scale = next((scale for scale in _FULL_SCALES if top <= scale), top)
        pixels = cv2.convertScaleAbs(pixels.astype(np.float32), alpha=255.0 / scale)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    elif pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        pixels = (pixels[..., 2::-1] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
    else:
        pixels = pixels[..., ::-1]
    return np.ascontiguousarray(_upright(pixels, orientation)), notices


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
        if not path.is_dir():
            yield path
            continue
        inside = path.rglob("*") if recursive else path.iterdir()
        yield from sorted(
            item for item in inside if item.suffix.lower() in IMAGE_SUFFIXES and not item.name.startswith(".")
        )
