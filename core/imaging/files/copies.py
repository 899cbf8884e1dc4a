"""Images that are there twice: the same pixels, whatever the file is called and however it is compressed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def pixel_digest(pixels: NDArray[np.uint8]) -> str:
    """Return what tells an image, uint8 (H, W, 3), from every other by its pixels."""
    digest = hashlib.sha256(f"{pixels.shape}".encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def copies(images: Iterable[tuple[int, Iterable[str]]]) -> dict[int, int]:
    """Return image id -> the first image that shares something with it, for each that is not the first.

    Parameters
    ----------
    images
        (image id, the digests of its file and of its pixels, as far as they are known), in the order of the list.
    """
    first: dict[str, int] = {}
    found: dict[int, int] = {}
    for image, digests in images:
        known = list(digests)
        other = next((first[digest] for digest in known if digest in first), image)
        for digest in known:
            first.setdefault(digest, other)
        if other != image:
            found[image] = other
    return found


def copy_notice(original: object) -> str:
    """Return what is said of an image whose pixels another one has too."""
    return gettext("It is a copy of {original}; its cells are counted twice.").format(original=original)
