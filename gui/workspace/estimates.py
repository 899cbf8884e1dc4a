"""Ratios and estimates of the current picture or of all pictures, from the counts and what the laboratory gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from core.counting.estimates import EstimateInputs, Fields, figures
from core.session.settings import load_estimate_inputs, save_estimate_inputs
from core.session.values import SessionError
from gui.workspace.images import State
from gui.workspace.store import Level

if TYPE_CHECKING:
    from core.counting.estimates import Figure
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_NAMES = {
    "analyser_rbc": "analyser's red cells (10¹²/L)",
    "field_factor": "platelet factor per field (10⁹/L)",
    "micrometres_per_pixel": "scale (µm per pixel)",
}


class Laboratory(QObject):
    """What the laboratory gives for the session's estimates, and what follows from it."""

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self.inputs = EstimateInputs()
        document.session_changed.connect(self._read)

    def _read(self) -> None:
        session = self._document.session
        self.inputs = EstimateInputs()
        if session is not None:
            try:
                self.inputs = load_estimate_inputs(session)
            except (ValueError, SessionError) as error:
                self._document.message.emit(
                    Level.ERROR,
                    f"{session.path}: the inputs of its estimates cannot be read ({error}); give them again.",
                )
        self.changed.emit()

    def give(self, name: str, value: float | None) -> None:
        """Give an input by its name in ``EstimateInputs``, or with None take it back."""
        document, session = self._document, self._document.session
        inputs = msgspec.structs.replace(self.inputs, **{name: value})
        if inputs == self.inputs or session is None or not document.writable:
            self.changed.emit()
            return

        def write() -> bool:
            with session.together():
                save_estimate_inputs(session, inputs)
                text = "taken back" if value is None else f"{value:g}"
                session.note(document.person, None, f"Estimates: {_NAMES[name]} {text}")
            return True

        if document.guarded(write):
            self.inputs = inputs
            document.history_changed.emit()
        self.changed.emit()

    # -- figures -----------------------------------------------------------------------------------

    def figures(self, *, everywhere: bool) -> list[Figure]:
        """Return the ratios, and the estimates whose inputs are given, of the current picture or of all.

        The sizes of cells are those of the current picture alone: those of all would be read from the disk.
        """
        fields = self._all_fields() if everywhere else self._this_field()
        return [] if fields is None else figures(fields, self.inputs)

    def _all_fields(self) -> Fields | None:
        document, overview = self._document, self._document.overview
        if not overview.totals:
            return None
        area = sum(self._area(entry) for entry in document.entries)
        return Fields({name: overview.counts(name) for name in document.classes}, area)

    def _this_field(self) -> Fields | None:
        document, entry = self._document, self._document.current_entry
        result = document.result(entry) if entry is not None else None
        cells = document.cells_of(entry) if entry is not None else None
        if entry is None or result is None or cells is None:
            return None
        found = cells.cells
        boxes = {
            name: [(found.boxes[result.counted & (found.labels == label)], entry.size)]
            for label, name in enumerate(document.classes)
        }
        return Fields({name: [number] for name, number in result.counts.items()}, self._area(entry), boxes)

    def _area(self, entry: Entry) -> float:
        frame = self._document.frames.of(entry)
        return frame.area if frame is not None and entry.state is State.COUNTED else 0.0
