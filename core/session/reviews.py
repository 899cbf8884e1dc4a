# ruff: noqa: D103 (old names, until their callers have moved)
"""Old names, until their callers have moved: reviewed counts are a column of the image."""

from __future__ import annotations

from typing import Any


def review_key(image: int | str) -> str:
    return f"reviewed counts {image}"


def load_reviews(session: Any) -> dict[int, dict[str, int]]:
    return {image.id: dict(image.reviewed_counts) for image in session.images.all() if image.reviewed_counts}


def told(counts: dict[str, int]) -> str:
    """Return counts as words."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
