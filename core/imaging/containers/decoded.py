"""What a reader of one container hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from core.imaging.doubts import Doubt


class Unreadable(Exception):
    """A file that cannot be used; the message is the rest of a sentence that begins with the file's name."""


TRUNCATED = gettext("the image is truncated or damaged; copy it from the microscope again")
UNKNOWN = gettext("this is not an image that can be read; export it as TIFF, PNG or JPEG")

MAX_PIXELS = 450_000_000
"""A little over 20,000 x 20,000; larger images are refused before they are decoded."""


def check_size(width: int, height: int) -> None:
    """Refuse an image that is too large, before it is decoded; raises Unreadable."""
    if width * height > MAX_PIXELS:
        raise Unreadable(
            gettext("{width} x {height} pixels are more than the program can hold; crop or shrink it").format(
                width=width, height=height
            )
        )


@dataclass(frozen=True, eq=False)
class DeepSamples:
    """Samples that are not 8-bit, as the file stores them.

    Parameters
    ----------
    colour
        Any real dtype, grey (H, W), RGB (H, W, 3) or CMYK (H, W, 4).
    alpha
        Opacity, float32 (H, W) from 0 to 1, None if all is opaque.
    premultiplied
        ``colour`` was multiplied by ``alpha`` already.
    inverted
        0 is white.
    bits
        How many bits of a sample the file says are significant, None if it does not say.
    camera
        What the file says of its camera, "" if nothing.
    """

    colour: NDArray[Any]
    alpha: NDArray[Any] | None = None
    premultiplied: bool = False
    inverted: bool = False
    bits: int | None = None
    camera: str = ""


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image out of its container.

    Parameters
    ----------
    pixels
        uint8 RGB (H, W, 3) or grey (H, W), a Pillow image of 8 bits, or deeper samples.
    orientation
        How it has to be turned (EXIF, 1 to 8).
    """

    pixels: NDArray[Any] | Image.Image | DeepSamples
    orientation: int = 1
    notices: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
