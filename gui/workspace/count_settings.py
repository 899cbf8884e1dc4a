"""Which cells of the pictures count: the edge rule of the session, and the region of each picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.counting.frame import EdgeRule, rule_text
from core.counting.region import Region
from core.session.settings import SETTINGS_KEY, load_regions, save_region, stored_settings
from core.session.values import SessionError
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.counting.frame import Frame
    from core.counting.region import Point
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_SMALLEST_SIDE = 4.0
"""Pixels; a region that is narrower was a slip of the hand."""

_LEAST_LEFT = 0.25
"""An inset frame must leave this share of each side of the picture."""


class Frames(QObject):
    """The counting frame of each picture. What is changed here is in the session and its history at once."""

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._regions: dict[int, Region] = {}
        document.session_changed.connect(self._read)

    # -- what counts -----------------------------------------------------------------------------

    @property
    def rule(self) -> EdgeRule:
        """Which cells at the border are left out."""
        settings = self._document.settings
        return EdgeRule.ALL if settings is None else settings.edge_rule

    def region(self, image: int) -> Region | None:
        """Return the region of interest of a picture, None if all of it counts."""
        return self._regions.get(image)

    @property
    def any_region(self) -> bool:
        """Whether any picture has a region."""
        return bool(self._regions)

    def of(self, entry: Entry) -> Frame | None:
        """Return what counts in a picture; None before a model or a session says how to count."""
        settings = self._document.settings
        return None if settings is None else settings.frame(*entry.size, self.region(entry.id))

    # -- what the person changes -------------------------------------------------------------------

    def set_rule(self, rule: EdgeRule) -> None:
        """Choose which cells at the border are left out, in every picture."""
        document = self._document
        settings, session = document.settings, document.session
        if settings is None or settings.edge_rule is rule:
            return
        new = replace(settings, edge_rule=rule)
        if session is not None and document.writable:

            def write() -> bool:
                with session.together():
                    session.put(SETTINGS_KEY, stored_settings(new, document.classes))
                    session.note(document.person, None, f"Counting rule: {rule_text(rule)}")
                return True

            if not document.guarded(write):
                self.changed.emit()
                return
            document.history_changed.emit()
        document.settings = new
        self._recount(document.entries)

    def draw_region(self, corners: Sequence[Point]) -> bool:
        """Count only inside an outline drawn on the current picture; False, and a message, if it cannot be one."""
        document, entry = self._document, self._document.current_entry
        if entry is None:
            return False
        width, height = entry.size
        inside = tuple((float(min(max(round(x), 0), width)), float(min(max(round(y), 0), height))) for x, y in corners)
        try:
            region = Region(tuple(dict.fromkeys(inside)))
        except ValueError as error:
            sentence = str(error)
            document.message.emit(Level.WARNING, f"{sentence[:1].upper()}{sentence[1:]}; draw it again.")
            return False
        x1, y1, x2, y2 = region.bounds
        if min(x2 - x1, y2 - y1) < _SMALLEST_SIDE:
            document.message.emit(Level.WARNING, "That region is too narrow to hold a cell. Draw it again.")
            return False
        self._set({entry.id: region}, _sentence(region))
        return True

    def remove_region(self) -> None:
        """Count all of the current picture again."""
        entry = self._document.current_entry
        if entry is not None and self.region(entry.id) is not None:
            self._set({entry.id: None}, _sentence(None))

    def remove_all_regions(self) -> None:
        """Count all of every picture again."""
        if self._regions:
            self._set(dict.fromkeys(self._regions), "Regions taken off all pictures")

    def apply_to_all(self) -> None:
        """Give every picture the rectangle of the current one."""
        document, entry = self._document, self._document.current_entry
        region = self.region(entry.id) if entry else None
        if region is None or not region.is_rectangle:
            return
        within = [other for other in document.entries if not other.size[0] or region.area_within(*other.size) > 0]
        self._set({other.id: region for other in within}, f"{_sentence(region)} In all pictures.")
        if len(within) < len(document.entries):
            beyond = len(document.entries) - len(within)
            document.message.emit(
                Level.WARNING, f"The rectangle lies outside {beyond:,} smaller pictures, which count as before."
            )

    def inset(self, entries: Iterable[Entry]) -> None:
        """Put the frame of pictures one red cell diameter inside their border, so that no counted cell is cut."""
        regions: dict[int, Region | None] = {}
        skipped = 0
        for entry in entries:
            region = self._inset_region(entry)
            if region is None:
                skipped += 1
            else:
                regions[entry.id] = region
        if len(regions) == 1:
            self._set(regions, _sentence(next(iter(regions.values()))))
        elif regions:
            self._set(regions, f"Frame one red cell inside the border of {len(regions):,} pictures")
        if skipped:
            pictures = "1 picture is" if skipped == 1 else f"{skipped:,} pictures are"
            self._document.message.emit(
                Level.WARNING, f"{pictures} not counted yet, or too small for a frame inside, and counts as before."
            )

    def _inset_region(self, entry: Entry) -> Region | None:
        cells = self._document.cells_of(entry)
        width, height = entry.size
        if cells is None:
            return None
        margin = float(round(cells.found.diameter))
        if min(width, height) - 2 * margin < _LEAST_LEFT * min(width, height):
            return None
        return Region.between(margin, margin, width - margin, height - margin)

    # -- keeping it ----------------------------------------------------------------------------------

    def _read(self) -> None:
        """Take the regions of the session that is now open."""
        session = self._document.session
        self._regions = {}
        if session is None:
            return
        try:
            self._regions = load_regions(session)
        except (ValueError, SessionError) as error:
            self._document.message.emit(
                Level.ERROR, f"{session.path}: its regions cannot be read ({error}); draw them again."
            )

    def _set(self, regions: Mapping[int, Region | None], note: str) -> None:
        document, session = self._document, self._document.session
        changed = {image: region for image, region in regions.items() if region != self.region(image)}
        if session is None or not document.writable or not changed:
            return
        if not document.person:
            document.editing.person_wanted.emit()

        def write() -> bool:
            with session.together():
                for image, region in changed.items():
                    save_region(session, image, region)
                session.note(document.person, next(iter(changed)) if len(changed) == 1 else None, note)
            return True

        if not document.guarded(write):
            return
        for image, region in changed.items():
            if region is None:
                self._regions.pop(image, None)
            else:
                self._regions[image] = region
        document.history_changed.emit()
        self._recount([entry for image in changed if (entry := document.entry(image)) is not None])

    def _recount(self, entries: Sequence[Entry]) -> None:
        self._document.recount(entries)
        self.changed.emit()


def _sentence(region: Region | None) -> str:
    return f"Region: {rule_text(EdgeRule.ALL, region)}"
