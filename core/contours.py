"""The outlines of an image's cells, kept in the session beside the cells."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import compress, decompress

import msgspec
import numpy as np

if TYPE_CHECKING:
    from core.detections import Detections
    from core.session import Session
    from core.session_values import StoredDetections

_STEPS = 4.0  # a coordinate is kept to a quarter of a pixel


class _Stored(msgspec.Struct):
    """Contours as a session keeps them; ``first`` is the id of the first cell: they are laid over no others."""

    first: int
    lengths: list[int]
    points: str


def _key(image: int) -> str:
    return f"contours {image}"


def save_contours(session: Session, image: int, found: Detections) -> None:
    """Store the contours of what a model found in an image, in place of earlier ones."""
    if found.contours is None or not len(found):
        if session.get(_key(image)) is not None:
            session.put(_key(image), None)
        return
    points = np.rint(np.concatenate(found.contours) * _STEPS).astype("<i4")
    lengths = [len(contour) for contour in found.contours]
    stored = _Stored(int(found.ids[0]), lengths, b64encode(compress(points.tobytes())).decode())
    session.put(_key(image), msgspec.to_builtins(stored))


def with_contours(session: Session, image: int, found: StoredDetections) -> StoredDetections:
    """Return the stored cells of an image with their contours, if there are any of just these cells.

    A contour is no more than how a cell is drawn: where they cannot be read, the cells have boxes.
    """
    cells = found.detections
    try:
        value = session.get(_key(image))
        if value is None or not len(cells):
            return found
        stored = msgspec.convert(value, _Stored)
        points = np.frombuffer(decompress(b64decode(stored.points)), "<i4").reshape(-1, 2)
    except Exception:  # noqa: BLE001  whatever is wrong with it, the cells themselves are whole
        return found
    if (stored.first, len(stored.lengths), sum(stored.lengths)) != (int(cells.ids[0]), len(cells), len(points)):
        return found
    ends = np.cumsum(stored.lengths)[:-1]
    contours = tuple(np.split((points / _STEPS).astype(np.float32), ends))
    return replace(found, detections=replace(cells, contours=contours))
