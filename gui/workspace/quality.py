"""How far the count of each picture can be trusted, from what its detection left in the session."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.counting.quality import field_quality, fragile_counts
from core.detection.detector import DetectorResult
from core.session.settings import load_card, load_field
from core.session.values import SessionError

if TYPE_CHECKING:
    from core.counting.quality import FieldQuality
    from core.models.card import ModelCard
    from gui.workspace.document import Document
    from gui.workspace.images import Entry, ImageCells


class Fields(QObject):
    """The quality of the pictures as fields of a smear."""

    judged = Signal(int)  # row of a picture whose light has changed

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._cards: dict[str, ModelCard | None] = {}
        document.session_changed.connect(self._cards.clear)

    def found(self, entry: Entry, cells: ImageCells) -> DetectorResult:
        """Return the cells of a picture, the person's own too, with all that the detector said of it."""
        session, stored = self._document.session, cells.found
        of_field = None, False, None
        if session is not None:
            # what cannot be read tells nothing of the field, and the count does not hang on it
            with contextlib.suppress(ValueError, SessionError):
                of_field = load_field(session, entry.id)
        return DetectorResult(cells.cells, stored.diameter, stored.scale, (), *of_field)

    def judge(self, entry: Entry) -> FieldQuality | None:
        """Judge a picture at the present settings, and keep the verdict for its row in the list.

        A picture is judged when it was counted or read, and again when it is looked at: a step of a slider judges the
        current picture alone.
        """
        before, entry.quality = entry.quality, self.quality(entry)
        if (before and before.grade) is not (entry.quality and entry.quality.grade):
            self.judged.emit(entry.row)
        return entry.quality

    def quality(self, entry: Entry) -> FieldQuality | None:
        """Judge a picture at the present settings; None while it has no count, or its model is unknown."""
        document = self._document
        result, cells = document.result(entry), document.cells_of(entry)
        if result is None or cells is None or entry.countable is None or document.settings is None:
            return None
        card = self._card(cells.found.model_sha256)
        if card is None or card.classes != document.classes:
            return None
        fragile = fragile_counts(entry.countable, document.settings.thresholds, document.classes)
        return field_quality(self.found(entry, cells), result, card, entry.size, fragile)

    def _card(self, sha256: str) -> ModelCard | None:
        """Return the card of a model that counted pictures of the session."""
        model, session = self._document.model, self._document.session
        if model is not None and model.sha256 == sha256:
            return model.card
        if sha256 not in self._cards and session is not None:
            try:
                self._cards[sha256] = load_card(session, sha256)
            except (ValueError, SessionError):
                self._cards[sha256] = None
        return self._cards.get(sha256)
