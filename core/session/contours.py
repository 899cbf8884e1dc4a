"""The outlines of an image's cells, kept in the session beside the cells."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import compress, decompress
from zlib import error as ZlibError

import msgspec
import numpy as np

from core.session.values import SessionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.session.session import Session
    from core.session.values import StoredDetections

_STEPS = 4.0  # a coordinate is kept to a quarter of a pixel


class PackedContours(msgspec.Struct):
    """Contours as a session keeps them: how many points each has, and all points, compressed."""

    lengths: list[int]
    points: str


class _OfImage(msgspec.Struct):
    """Contours of an image; ``first`` is the id of the first cell: they are laid over no others."""

    first: int
    packed: PackedContours


def pack(contours: tuple[NDArray[np.float32], ...]) -> PackedContours:
    """Return contours, each float32 (K, 2) ``x y`` in pixels, as a session keeps them: to a quarter of a pixel."""
    points = np.rint(np.concatenate([np.zeros((0, 2)), *contours]) * _STEPS).astype("<i4")
    return PackedContours([len(contour) for contour in contours], b64encode(compress(points.tobytes())).decode())


def unpack(packed: PackedContours) -> tuple[NDArray[np.float32], ...]:
    """Return the contours that ``pack`` packed.

    Raises
    ------
    ValueError
        If they are damaged.
    """
    try:
        points = np.frombuffer(decompress(b64decode(packed.points)), "<i4").reshape(-1, 2)
    except ZlibError as error:
        raise ValueError(f"the contours are damaged ({error})") from error
    if sum(packed.lengths) != len(points):
        raise ValueError("the contours are damaged (points are missing)")
    parts = np.split((points / _STEPS).astype(np.float32), np.cumsum(packed.lengths))
    return tuple(parts[:-1])


def _key(image: int) -> str:
    return f"contours {image}"


def save_contours(session: Session, image: int, found: Detections) -> None:
    """Store the contours of what a model found in an image, in place of earlier ones."""
    if found.contours is None or not len(found):
        if session.get(_key(image)) is not None:
            session.put(_key(image), None)
        return
    session.put(_key(image), msgspec.to_builtins(_OfImage(int(found.ids[0]), pack(found.contours))))


def with_contours(session: Session, image: int, found: StoredDetections) -> StoredDetections:
    """Return the stored cells of an image with their contours, if there are any of just these cells.

    A contour is no more than how a cell is drawn: where they cannot be read, the cells have boxes.
    """
    cells = found.detections
    try:
        value = session.get(_key(image))
        if value is None or not len(cells):
            return found
        stored = msgspec.convert(value, _OfImage)
        contours = unpack(stored.packed)
    except (ValueError, SessionError):
        return found
    if (stored.first, len(contours)) != (int(cells.ids[0]), len(cells)):
        return found
    return replace(found, detections=replace(cells, contours=contours))
