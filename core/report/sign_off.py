"""Signing a result: who, when, and a hash of everything that the numbers depend on.

A sign-off is kept for ever. Whether it still holds is computed: its hash is that of the present content, or it is not.
"""

from __future__ import annotations

import hashlib
from datetime import datetime  # noqa: TC003  (msgspec reads the annotations at run time)
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.counting.count import CountSettings
    from core.counting.pipeline import CountedImage
    from core.report.content import ReportImage, Sample
    from core.session.session import Session
    from core.session.settings import EstimateInputs

_KEY = "sign-offs"
_SHOWN = 16


class SignOff(msgspec.Struct, frozen=True):
    """Somebody answered for a result; ``time`` is aware, ``content`` the hash of what was signed."""

    person: str
    time: datetime
    content: str
    version: str


def short(sha256: str) -> str:
    """Return as much of a hash as a person compares: four groups of four."""
    head = sha256[:_SHOWN]
    return " ".join(head[place : place + 4] for place in range(0, len(head), 4))


def content_hash(
    sample: Sample,
    classes: tuple[str, ...],
    settings: CountSettings,
    inputs: EstimateInputs,
    images: Iterable[ReportImage],
) -> str:
    """Return the SHA-256 of everything that the numbers of a report depend on, and of the numbers.

    It covers the sample, the settings, what was given for estimates, and of each image in the order of the list:
    the hash of its file and of its model, its region, the cells that count or that only the frame leaves out, how
    many were added and removed, and its ground truth. It does not cover where files are, or who did what and
    when: a correction that is undone leaves a sign-off valid. The document is JSON with sorted keys; cells are
    sorted, as little-endian float32 boxes and scores.
    """
    document = {
        "schema": 1,
        "sample": [sample.id, [list(pair) for pair in sample.fields]],
        "classes": list(classes),
        "thresholds": dict(settings.thresholds),
        "nms_iou": settings.nms_iou,
        "edge_rule": settings.edge_rule.value,
        "inputs": msgspec.to_builtins(inputs),
        "images": [_image(image) for image in images],
    }
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def _image(image: ReportImage) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "sha256": image.sha256 or image.path.name,
        "truth": None if image.truth is None else image.truth.stored(),
    }
    counted = image.counted
    if counted is not None:
        region = counted.frame.region if counted.frame else None
        stored |= {
            "model": image.model_sha256,
            "size": [counted.width, counted.height],
            "region": None if region is None else [list(corner) for corner in region.corners],
            "ledger": {name: [row.model, row.added, row.removed] for name, row in counted.result.ledger.items()},
            "cells": _cells(counted),
        }
    return stored


def _cells(image: CountedImage) -> str:
    """Return the hash of the cells that count or would without the frame, in whatever order they are."""
    cells, result = image.found.detections, image.result
    chosen = result.counted | result.excluded
    columns = [
        *cells.boxes[chosen].T.astype("<f4"),
        cells.scores[chosen].astype("<f4"),
        cells.labels[chosen].astype("<f4"),
        cells.origin[chosen].astype("<f4"),
        result.excluded[chosen].astype("<f4"),
    ]
    table = np.stack(columns, axis=1)[np.lexsort(columns)]
    return hashlib.sha256(table.tobytes()).hexdigest()


def load_sign_offs(session: Session) -> tuple[SignOff, ...]:
    """Return the sign-offs of a session, oldest first; raises ValueError if they are damaged."""
    return msgspec.convert(session.get(_KEY, []), tuple[SignOff, ...])


def sign(session: Session, sign_off: SignOff) -> None:
    """Keep a sign-off in the session, and a line in its history.

    Raises
    ------
    SessionError
        If it cannot be stored.
    """
    with session.together():
        session.put(_KEY, msgspec.to_builtins((*load_sign_offs(session), sign_off)))
        session.note(sign_off.person, None, f"Signed off, content {short(sign_off.content)}")
