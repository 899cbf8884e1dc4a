"""Ratios and estimates of the current picture or of all pictures, from the counts and what the laboratory gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Signal

from core.detector import RED_CELL
from core.estimates import density, diameters, disagreement, per_other, platelets_by_field, platelets_by_ratio
from core.session_settings import EstimateInputs, load_estimate_inputs, save_estimate_inputs
from core.session_values import SessionError
from gui.entries import State
from gui.session_holder import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.estimates import Estimate
    from gui.document import Document
    from gui.entries import Entry

WHITE_CELL, PLATELETS = "WBC", "Platelets"

_NAMES = {
    "analyser_rbc": "analyser's red cells (10¹²/L)",
    "field_factor": "platelet factor per field (10⁹/L)",
    "micrometres_per_pixel": "scale (µm per pixel)",
}


@dataclass(frozen=True)
class Figure:
    """A line of the estimates: what it is, and its value as text."""

    name: str
    value: str
    tip: str = ""


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
        """Return the ratios, and the estimates whose inputs are given, of the current picture or of all."""
        counts = self._counts(everywhere)
        if counts is None:
            return []
        return [*self._ratios(counts), *self._platelets(counts), *self._measures(counts, everywhere)]

    def _counts(self, everywhere: bool) -> dict[str, list[int]] | None:
        """Return the counts of each class, picture by picture."""
        document, entry = self._document, self._document.current_entry
        if everywhere:
            overview = document.overview
            return {name: overview.counts(name) for name in document.classes} if overview.totals else None
        result = document.result(entry) if entry is not None else None
        return None if result is None else {name: [number] for name, number in result.counts.items()}

    def _ratios(self, counts: dict[str, list[int]]) -> Iterator[Figure]:
        red = sum(counts.get(RED_CELL, ()))
        if WHITE_CELL in counts and RED_CELL in counts:
            white = per_other(sum(counts[WHITE_CELL]), red, 1000)
            yield Figure("White cells per 1,000 red cells", _text(white, "no red cells"), _tip(white))
        if PLATELETS in counts and RED_CELL in counts:
            platelets = per_other(sum(counts[PLATELETS]), red)
            yield Figure("Platelets per red cell", _text(platelets, "no red cells"), _tip(platelets))

    def _platelets(self, counts: dict[str, list[int]]) -> Iterator[Figure]:
        if PLATELETS not in counts or RED_CELL not in counts:
            return
        fields = counts[PLATELETS]
        by_ratio = platelets_by_ratio(sum(fields), sum(counts[RED_CELL]), self.inputs.analyser_rbc)
        by_field = platelets_by_field(fields, self.inputs.field_factor)
        for estimate, how in ((by_ratio, "by ratio"), (by_field, "by field")):
            if estimate is not None:
                yield Figure(f"Platelets {how}", f"{_text(estimate)} ×10⁹/L", _tip(estimate))
        apart = disagreement(by_ratio, by_field)
        if apart is not None:
            text = f"{100 * apart:+.0f} %".replace("-", "\N{MINUS SIGN}")
            yield Figure("By field against by ratio", text, "The difference, of the mean of both")

    def _measures(self, counts: dict[str, list[int]], everywhere: bool) -> Iterator[Figure]:
        scale, entry = self.inputs.micrometres_per_pixel, self._document.current_entry
        if scale is None or entry is None:
            return
        entries = self._document.entries if everywhere else [entry]
        area = sum(self._area(other) for other in entries)
        if area > 0:
            for name, numbers in counts.items():
                estimate = density(sum(numbers), area, scale)
                yield Figure(f"{name} per mm²", _text(estimate), _tip(estimate))
        if not everywhere:
            yield from self._diameters(entry, scale)

    def _area(self, entry: Entry) -> float:
        frame = self._document.frames.of(entry)
        return frame.area if frame is not None and entry.state is State.COUNTED else 0.0

    def _diameters(self, entry: Entry, scale: float) -> Iterator[Figure]:
        result, cells = self._document.result(entry), self._document.cells_of(entry)
        if result is None or cells is None:
            return
        for label, name in enumerate(self._document.classes):
            boxes = cells.cells.boxes[result.counted & (cells.cells.labels == label)]
            sizes = diameters(boxes, *entry.size, scale)
            if len(sizes):
                low, middle, high = np.quantile(sizes, (0.25, 0.5, 0.75))
                tip = f"Of {len(sizes):,} whole cells: the middle one, and between which half of them lie"
                yield Figure(f"{name} diameter", f"{middle:.1f} µm ({low:.1f}–{high:.1f})", tip)


def _text(estimate: Estimate | None, missing: str = "–") -> str:
    if estimate is None:
        return missing
    low, high = estimate.interval
    top = "∞" if high == np.inf else _number(high)
    return f"{_number(estimate.value)} ({_number(low)}–{top})"


def _number(value: float) -> str:
    if value >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def _tip(estimate: Estimate | None) -> str:
    return "" if estimate is None else "In brackets: the 95 % interval from the number of counted cells"
