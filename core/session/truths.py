"""The ground truth of images as a session keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.verification.ground_truth import GroundTruth

if TYPE_CHECKING:
    from core.session.session import Session


def truth_key(image: int | str) -> str:
    """Return the name of the session's setting that holds the truth of an image."""
    return f"ground truth {image}"


def load_truth(session: Session, image: int) -> GroundTruth | None:
    """Return the truth of an image as the session holds it, None if there is none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    value = session.get(truth_key(image))
    return None if value is None else GroundTruth.from_stored(value)


def save_truth(session: Session, image: int, truth: GroundTruth | None) -> None:
    """Store the truth of an image, or with None that there is none."""
    session.put(truth_key(image), None if truth is None else truth.stored())
