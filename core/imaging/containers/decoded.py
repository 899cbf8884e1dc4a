"""What a reader of one container hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.imaging.doubts import Doubt
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image


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


def damage_notice(kind: str, reason: str = "") -> str:
    """Return what is said of compressed data that are damaged inside; ``reason`` is what a decoder complains of."""
    if reason:
        text = gettext("The {kind} data are damaged inside ({reason}); copy the image from the microscope again.")
        return text.format(kind=kind, reason=reason)
    return gettext("The {kind} data are damaged inside; copy the image from the microscope again.").format(kind=kind)


def unchecked_notice(kind: str) -> str:
    """Return what is said of a compression in which damage need not show."""
    return gettext("{kind} has no checksum: damage inside the file may not be noticed.").format(kind=kind)


def surplus_notice() -> str:
    """Return what is said of a file that holds more of an image than its header has room for."""
    return gettext("The file holds more rows than its header says; open it with the program that made it.")


def other_channels() -> str:
    """Return why an image of some other number of channels is not read."""
    return gettext("it has other channels than grey, or red, green and blue; export it as RGB")


@dataclass(frozen=True)
class Page:
    """Which of several pages is read, and what is to be said of it."""

    index: int
    notices: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def choose_page(wanted: int | None, number: int) -> Page:
    """Choose among the pages of a file: the one that is wanted, counted from 1, or the first.

    Raises
    ------
    Unreadable
        If there is no such page.
    """
    if wanted is not None and wanted > number:
        text = ngettext(
            "there is no page {page:,}: the file has {n:,}; choose another page",
            "there is no page {page:,}: the file has {n:,}; choose another page",
            number,
        )
        raise Unreadable(text.format(page=wanted, n=number))
    if number < 2:
        return Page(0)
    if wanted is not None:
        text = gettext("Page {page:,} of {n:,} was counted.").format(page=wanted, n=number)
        return Page(wanted - 1, (text,))
    text = ngettext(
        "The file has {n:,} page; only the first is counted.",
        "The file has {n:,} pages; only the first is counted.",
        number,
    )
    return Page(0, (text.format(n=number),), (Doubt.ONE_OF_SEVERAL,))


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
    jpeg_width
        The width of the parts that are a JPEG stream each, in pixels; 0 where none is.
    tile
        Height and width of the tiles in which the samples are stored one after the other; None for whole rows.
    """

    pixels: NDArray[Any] | Image.Image | DeepSamples
    orientation: int = 1
    notices: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    jpeg_width: int = 0
    tile: tuple[int, int] | None = None
