"""Images that Pillow reads, 8 bits to a sample: BMP, WebP, JPEG 2000, and shallow JPEG and PNG."""

from __future__ import annotations

import struct
import warnings
from dataclasses import replace
from typing import IO

from PIL import ExifTags, Image, UnidentifiedImageError

from core.imaging.containers.decoded import UNKNOWN, Decoded, Page, Unreadable, check_size, choose_page, surplus_notice
from core.imaging.doubts import Doubt
from core.text import gettext

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


def read_plain(stream: IO[bytes], formats: tuple[str, ...], page: int | None = None) -> Decoded:
    """Read a frame of a file, the first if none is named."""
    picture = open_picture(stream, formats)
    chosen = go_to_page(picture, page)
    picture.load()
    return Decoded(picture, orientation_of(picture), chosen.notices, chosen.doubts)


def read_bmp(stream: IO[bytes], page: int | None = None) -> Decoded:
    """Read a BMP file; raises Unreadable if its samples are packed in a way that Pillow does not know."""
    try:
        decoded = read_plain(stream, ("BMP",), page)
    except OSError as error:
        if "nsupported" not in str(error):
            raise
        raise Unreadable(gettext("BMP of this kind cannot be read; export it as TIFF or PNG")) from error
    if not _has_rows_left(stream):
        return decoded
    return replace(decoded, notices=(*decoded.notices, surplus_notice()), doubts=(*decoded.doubts, Doubt.DAMAGED))


def _has_rows_left(stream: IO[bytes]) -> bool:
    """Tell whether an uncompressed BMP file has data of further rows behind those of its header."""
    stream.seek(0)
    head = stream.read(54)
    if len(head) < 54 or struct.unpack_from("<I", head, 14)[0] < 40:
        return False
    begin, _, width, height, _, bits, compression = struct.unpack_from("<IIiiHHI", head, 10)
    row = (abs(width) * bits + 31) // 32 * 4
    return compression in (0, 3) and stream.seek(0, 2) - begin >= (abs(height) + 1) * row


def go_to_page(picture: Image.Image, wanted: int | None) -> Page:
    """Go to a frame, and return what is to be said of it; raises Unreadable if it is not there."""
    if picture.format == "MPO":  # its further images are previews and gain maps of a phone, not fields
        number = getattr(picture, "n_frames", 1)
        return Page(0, choose_page(None, number).notices)
    page = choose_page(wanted, getattr(picture, "n_frames", 1))
    if page.index:
        picture.seek(page.index)
    return page


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8."""
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation if orientation in range(1, 9) else 1
