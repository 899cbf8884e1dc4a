"""Images that Pillow reads, 8 bits to a sample: BMP, WebP, and shallow JPEG and PNG."""

from __future__ import annotations

import warnings
from typing import IO

from PIL import ExifTags, Image, UnidentifiedImageError

from core.imaging.containers.decoded import UNKNOWN, Decoded, Unreadable, check_size
from core.imaging.doubts import Doubt
from core.text import ngettext

Image.MAX_IMAGE_PIXELS = None  # check_size looks at the size, before decoding
# Pillow warns of odd metadata; the pixels decide. Once for all, as a filter for a while is not safe between threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_picture(stream: IO[bytes], formats: tuple[str, ...]) -> Image.Image:
    """Open an image with Pillow, not decoded yet; raises Unreadable if it is none or too large."""
    try:
        picture = Image.open(stream, formats=formats)
    except UnidentifiedImageError as error:
        raise Unreadable(UNKNOWN) from error
    check_size(*picture.size)
    return picture


def read_plain(stream: IO[bytes], formats: tuple[str, ...]) -> Decoded:
    """Read the first frame of a BMP or WebP file."""
    picture = open_picture(stream, formats)
    notices, doubts = frames_of(picture)
    picture.load()
    return Decoded(picture, orientation_of(picture), notices, doubts)


def frames_of(picture: Image.Image) -> tuple[tuple[str, ...], tuple[Doubt, ...]]:
    """Return what is to be said of a file with more than one image in it."""
    frames = getattr(picture, "n_frames", 1)
    if frames < 2:
        return (), ()
    text = ngettext(
        "The file has {n:,} page; only the first is counted.",
        "The file has {n:,} pages; only the first is counted.",
        frames,
    )
    # the further images of an MPO are previews and gain maps of a phone, not fields
    return (text.format(n=frames),), () if picture.format == "MPO" else (Doubt.ONE_OF_SEVERAL,)


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8."""
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation if orientation in range(1, 9) else 1
