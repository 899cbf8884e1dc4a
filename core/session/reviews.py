"""What a person saw who marked an image as reviewed: a mark holds for those counts, and for no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from core.session.session import Session


def review_key(image: int | str) -> str:
    """Return the name of the session's setting that holds the counts of an image as they were reviewed."""
    return f"reviewed counts {image}"


def load_reviews(session: Session) -> dict[int, dict[str, int]]:
    """Return image id -> its counts by class name when it was marked as reviewed.

    An image that was marked before these were kept is not among them, nor is one whose counts are damaged.
    """
    reviews: dict[int, dict[str, int]] = {}
    for image, value in session.get_all(review_key("")).items():
        try:
            reviews[int(image)] = msgspec.convert(value, dict[str, int])
        except ValueError:
            continue
    return reviews


def told(counts: dict[str, int]) -> str:
    """Return counts as words."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
