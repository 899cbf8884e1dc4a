"""What other models found in the images of a session, kept so that no model looks at an image twice."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import compress, decompress

import msgspec
import numpy as np

from core.cells import Detections
from core.detection.detector import DetectorResult
from core.imaging.doubts import Doubt  # noqa: TC001  msgspec looks it up
from core.session.contours import PackedContours, pack, unpack

if TYPE_CHECKING:
    from core.session.session import Session

_COLUMNS = np.dtype([("box", "<f4", 4), ("score", "<f4"), ("label", "<i4")])


@dataclass(frozen=True, eq=False)
class KeptResult:
    """What a model found in an image; ``sha256`` is that of the model file, ``classes`` in the order of the labels.

    It holds for one content of the image file, ``file`` (SHA-256), and one red cell diameter in pixels
    ``by_hand``, None if it was estimated.
    """

    model: str
    sha256: str
    classes: tuple[str, ...]
    file: str
    by_hand: float | None
    result: DetectorResult


class _Stored(msgspec.Struct):
    """Results as a session keeps them."""

    model: str
    classes: tuple[str, ...]
    file: str
    by_hand: float | None
    diameter: float
    scale: float
    notices: tuple[str, ...]
    blur: float | None
    capped: bool
    cells: str
    levels: tuple[float, float] | None = None
    contours: PackedContours | None = None
    doubts: tuple[Doubt, ...] = ()


def _key(image: int, model: str) -> str:
    return f"found {image} {model}"


def save_result(session: Session, image: int, kept: KeptResult) -> None:
    """Keep what a model found in an image, in place of what it found before."""
    result = kept.result
    rows = np.empty(len(result.detections), _COLUMNS)
    rows["box"], rows["score"] = result.detections.boxes, result.detections.scores
    rows["label"] = result.detections.labels
    contours = result.detections.contours
    stored = _Stored(
        kept.model,
        kept.classes,
        kept.file,
        kept.by_hand,
        result.diameter,
        result.scale,
        result.notices,
        result.blur,
        result.capped,
        b64encode(compress(rows.tobytes())).decode(),
        result.levels,
        None if contours is None else pack(contours),
        result.doubts,
    )
    session.put(_key(image, kept.sha256), msgspec.to_builtins(stored))


def load_result(session: Session, image: int, file: str, by_hand: float | None, model: str) -> KeptResult | None:
    """Return what a model (SHA-256 of its file) found; None if it has not looked at this file at this scale.

    The ids of the cells count from 0.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    value = session.get(_key(image, model))
    if value is None:
        return None
    stored = msgspec.convert(value, _Stored)
    if (stored.file, stored.by_hand) != (file, by_hand):
        return None
    rows = np.frombuffer(decompress(b64decode(stored.cells)), _COLUMNS)
    contours = None if stored.contours is None else unpack(stored.contours)
    cells = Detections.from_model(rows["box"], rows["score"], rows["label"], contours)
    of_field = stored.notices, stored.blur, stored.capped, stored.levels, stored.doubts
    result = DetectorResult(cells, stored.diameter, stored.scale, *of_field)
    return KeptResult(stored.model, model, stored.classes, file, by_hand, result)
