"""What the persons saw who marked pictures as reviewed: when a count changes, the mark no longer holds for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from core.session.reviews import load_reviews, review_key, told

if TYPE_CHECKING:
    from gui.workspace.document import Document
    from gui.workspace.images import Entry


class Reviews(QObject):
    """The counts of the session's pictures as they were reviewed.

    They are a part of the edit that sets or takes the mark, so that undoing it brings them back with the mark.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._counts: dict[int, dict[str, int]] = {}
        document.session_changed.connect(self._load)

    def _load(self) -> None:
        session = self._document.session
        self._counts = {} if session is None else self._document.guarded(lambda: load_reviews(session)) or {}

    def counts(self, image: int) -> dict[str, int] | None:
        """Return what a picture counted when it was reviewed; None if that was not kept."""
        return self._counts.get(image)

    def changed(self, entry: Entry) -> bool:
        """Tell whether a reviewed picture counts otherwise than when it was reviewed."""
        seen, result = self._counts.get(entry.id), self._document.result(entry)
        return entry.reviewed and seen is not None and result is not None and result.counts != seen

    def text(self, entry: Entry) -> str:
        """Return that a picture's count has changed since it was reviewed, with the earlier one; "" if it has not."""
        if not self.changed(entry):
            return ""
        return f"Reviewed before the count changed: it was {told(self._counts[entry.id])}."

    def change(self, entry: Entry, reviewed: bool) -> tuple[str, Any, Any]:
        """Return what setting or taking the mark changes in the session, for ``Command.kept``."""
        result = self._document.result(entry)
        now = dict(result.counts) if reviewed and result is not None else None
        return review_key(entry.id), self._counts.get(entry.id), now

    def take_over(self, image: int, key: str, value: Any) -> None:
        """Take over what an edit stored under a key, if it is the counts of a picture."""
        if key != review_key(image):
            return
        if value is None:
            self._counts.pop(image, None)
        else:
            self._counts[image] = dict(value)
