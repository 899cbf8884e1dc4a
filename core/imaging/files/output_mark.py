"""The mark of images that SmearCount wrote, so that it never counts its own output."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from tifffile import imwrite

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MARK = "SmearCount output, not a field to count"
_LOOKED_AT = 4096  # bytes; the mark is written before the pixels
_AFTER_HEADER = 33  # bytes of signature and first chunk of a PNG file


def marked_png(data: bytes) -> bytes:
    """Return a PNG file with the mark as its first text chunk."""
    body = b"tEXtSoftware\0" + MARK.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:_AFTER_HEADER] + chunk + data[_AFTER_HEADER:]


def marked_jpeg(data: bytes) -> bytes:
    """Return a JPEG file with the mark as its comment."""
    after_start = 4 + int.from_bytes(data[4:6]) if data[2:4] == b"\xff\xe0" else 2  # JFIF wants to be first
    comment = MARK.encode("ascii")
    return data[:after_start] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[after_start:]


def marked_tiff(pixels: NDArray[np.uint8]) -> bytes:
    """Return uint8 RGB (H, W, 3) as a TIFF file that bears the mark as its software."""
    buffer = io.BytesIO()
    imwrite(buffer, pixels, photometric="rgb", compression="lzw", predictor=True, software=MARK, metadata=None)
    return buffer.getvalue()


def is_output(path: Path) -> bool:
    """Tell whether SmearCount wrote an image; False also if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return MARK.encode("ascii") in stream.read(_LOOKED_AT)
    except OSError:
        return False
