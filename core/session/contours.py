# ruff: noqa: D103 (old names, until their callers have moved)
"""Old names, until their callers have moved: contours are stored with detections."""

from __future__ import annotations

from typing import Any


def save_contours(session: Any, image: int, found: Any) -> None:
    pass


def with_contours(session: Any, image: int, found: Any) -> Any:
    return found
