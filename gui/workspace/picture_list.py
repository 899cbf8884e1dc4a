"""The pictures of the session: which is shown, their cells, and what they count."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.counting.pipeline import CountedImage
from core.session.contours import with_contours
from core.session.values import SessionDamagedError, SessionError
from gui.workspace.images import Entry, ImageCells, State
from gui.workspace.store import Level, SessionHolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from core.counting.count import CountIndex, CountResult, CountSettings
    from core.session.values import Command, StoredImage
    from gui.workspace.count_settings import Frames
    from gui.workspace.counts import Overview
    from gui.workspace.ground_truth import Truths
    from gui.workspace.inference.queue import CountingQueue
    from gui.workspace.inference.worker import Picture
    from gui.workspace.quality import Fields
    from gui.workspace.reviews import Reviews

_KEPT_CELLS = 12
_SETTLE_MS = 400
_AT_ONCE = 20


class PictureList(SessionHolder):
    """The pictures and their counts at the present settings; the document makes the parts that it names."""

    queue: CountingQueue
    frames: Frames
    fields: Fields
    truths: Truths
    reviews: Reviews
    overview: Overview

    images_changed = Signal()
    image_changed = Signal(int)  # row
    current_changed = Signal()
    picture_loaded = Signal()
    counts_changed = Signal()

    def __init__(self, sessions: Path, person: str, parent: QObject | None) -> None:
        super().__init__(sessions, person, parent)
        self.entries: list[Entry] = []
        self.current = -1
        self.settings: CountSettings | None = None
        self.classes: tuple[str, ...] = ()
        self._last_result: tuple[tuple[CountIndex, CountSettings, tuple[str, ...]], CountResult] | None = None
        self._by_id: dict[int, Entry] = {}
        self._cells: OrderedDict[int, ImageCells] = OrderedDict()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._filling = QTimer(self)
        self._filling.setInterval(0)
        self._filling.timeout.connect(self._fill_countables)
        self._unfilled: list[Entry] = []

    # -- what the widgets ask ----------------------------------------------------------------

    @property
    def current_entry(self) -> Entry | None:
        """The picture on the canvas."""
        return self.entries[self.current] if 0 <= self.current < len(self.entries) else None

    @property
    def picture(self) -> Picture | None:
        """The photograph of the current picture, None until it is read."""
        entry = self.current_entry
        return self.queue.picture(entry) if entry else None

    def entry(self, image: int) -> Entry | None:
        """Return the picture with an id, None if it is not on the list."""
        return self._by_id.get(image)

    def cells_of(self, entry: Entry) -> ImageCells | None:
        """Return the cells of a picture; None while it has none."""
        cells = self._cells.get(entry.id)
        if cells is None and entry.state is State.COUNTED and self.session is not None:
            try:
                found = self.session.detections(entry.id)
                if found is None:
                    return None
                found = with_contours(self.session, entry.id, found)
                cells = ImageCells.of(found.in_order_of(self.classes), self.session.changes(entry.id), self.classes)
            except SessionDamagedError:
                entry.state = State.FAILED
                entry.error = f"{entry.path}: the cells found in it cannot be read; count it again (F5)."
                self.image_changed.emit(entry.row)
                return None
            except SessionError as error:
                self.message.emit(Level.ERROR, str(error))
                return None
            self._cells[entry.id] = cells
            while len(self._cells) > _KEPT_CELLS:
                self._cells.popitem(last=False)
        if cells is not None:
            self._cells.move_to_end(entry.id)
        return cells

    def current_cells(self) -> ImageCells | None:
        """Return the cells of the current picture."""
        entry = self.current_entry
        return self.cells_of(entry) if entry else None

    def result(self, entry: Entry) -> CountResult | None:
        """Count a picture at the present settings; None while it has no cells, or they are not read yet."""
        if entry.countable is None or self.settings is None or entry.state is not State.COUNTED:
            return None
        by = entry.countable, self.settings, self.classes
        last = self._last_result
        if last is None or any(mine is not its for mine, its in zip(by, last[0], strict=True)):
            # an edit has the panel, the list and the canvas ask for the same
            last = self._last_result = by, entry.countable.count(self.settings.thresholds, self.classes)
        return last[1]

    def counted_images(self) -> list[CountedImage]:
        """Return the records of all counted pictures, in the order of the list."""
        records = []
        for entry in self.entries:
            if entry.state is State.COUNTED and entry.countable is None:
                self._recount(entry)
            result, cells = self.result(entry), self.cells_of(entry)
            if result is not None and cells is not None:
                found, quality = self.fields.found(entry, cells), self.fields.quality(entry)
                record = CountedImage(entry.path, *entry.size, found, result, entry.seconds, entry.notices)
                records.append(replace(record, frame=self.frames.of(entry), quality=quality))
        return records

    # -- the list ------------------------------------------------------------------------------

    def set_current(self, row: int) -> None:
        """Show a picture; it is counted before the others."""
        if row == self.current or not 0 <= row < len(self.entries):
            return
        self.current = row
        entry = self.entries[row]
        unread = entry.state is State.COUNTED and entry.countable is None
        if unread:
            self._recount(entry)
        self._settle.start()
        self.current_changed.emit()
        if unread:
            self.image_changed.emit(row)
        if self.picture is not None:
            self.picture_loaded.emit()
        self.cells_changed.emit()
        self.counts_changed.emit()
        self.queue.set_current(entry)

    def next_unreviewed(self, rows: Sequence[int]) -> None:
        """Show the next of these rows whose present count nobody reviewed, after the current one and round the end."""
        place = rows.index(self.current) if self.current in rows else -1
        order = [*rows[place + 1 :], *rows[: max(place, 0)]]
        outdated = self.overview.outdated
        row = next((row for row in order if not (entry := self.entries[row]).reviewed or entry.id in outdated), None)
        if row is None:
            self.message.emit(Level.INFO, "Every other picture is reviewed.")
        else:
            self.set_current(row)

    def remove_current(self) -> None:
        """Take the current picture off the list; its file stays, and so do its corrections in the session."""
        entry = self.current_entry
        if entry is not None:
            self.remove([entry.id])

    def remove(self, images: Iterable[int]) -> None:
        """Take pictures off the list, by their ids; their files stay, and their corrections in the session."""
        session, gone = self.session, [entry for image in images if (entry := self._by_id.get(image)) is not None]
        if session is None or not gone:
            return
        if self.guarded(lambda: session.remove_images([entry.id for entry in gone]) or True) is None:
            return
        ids = {entry.id for entry in gone}
        current = self.current_entry
        left = [entry for entry in self.entries if entry.id not in ids]
        row = sum(entry.id not in ids for entry in self.entries[: max(self.current, 0)])
        row = min(row, len(left) - 1)
        for image in ids:
            self._cells.pop(image, None)
        self._set_entries(left)
        stays = current is not None and current.id not in ids
        self.current = current.row if current is not None and stays else -1
        self.images_changed.emit()
        if stays:
            return
        if row >= 0:
            self.set_current(row)
        else:
            self.queue.set_current(None)
            self.current_changed.emit()
            self.counts_changed.emit()

    def _entry_of(self, image: StoredImage, edited: int = 0) -> Entry:
        return Entry(
            image.id,
            image.path,
            state=State(image.state),
            error=image.error,
            notices=image.notices,
            size=(image.width, image.height),
            seconds=image.seconds,
            diameter=image.diameter,
            reviewed=image.reviewed,
            edited=edited,
            stamp=image.stamp,
        )

    def _set_entries(self, entries: list[Entry]) -> None:
        for row, entry in enumerate(entries):
            entry.row = row
        self.entries = entries
        self._by_id = {entry.id: entry for entry in entries}
        self.queue.set_entries(entries, count=self.session is None or self.writable)

    # -- counts ----------------------------------------------------------------------------------

    def recount(self, entries: Iterable[Entry]) -> None:
        """Count pictures anew, after what counts in them changed: the current one now, the others soon."""
        counted = [entry for entry in entries if entry.state is State.COUNTED]
        for entry in counted:
            entry.countable = None
        current = self.current_entry
        if current is not None and current in counted:
            self._recount(current)
            self.image_changed.emit(current.row)
        self._unfilled += [entry for entry in counted if entry is not current]
        self._filling.start()
        self.cells_changed.emit()
        self.counts_changed.emit()

    def _recount(self, entry: Entry) -> None:
        """Make what the count of a picture needs, after its cells changed."""
        cells = self.cells_of(entry)
        if cells is None or self.settings is None:
            entry.countable = None
        else:
            entry.countable = cells.countable(self.settings.nms_iou, self.frames.of(entry))

    def _fill_countables(self) -> None:
        """Read the counts of one more picture of a session that was opened, between other events."""
        while self._unfilled:
            entry = self._unfilled.pop(0)
            if entry.countable is None and self._by_id.get(entry.id) is entry:
                kept = entry.id in self._cells
                self._recount(entry)
                self.fields.judge(entry)
                if not kept and entry is not self.current_entry:
                    self._cells.pop(entry.id, None)
                self.image_changed.emit(entry.row)
                return
        self._filling.stop()
        self.counts_changed.emit()

    def show_corrections(self, commands: Sequence[Command]) -> None:
        """Show stored corrections, of each picture at most one: a few at once, many between other events."""
        for command in commands:
            for key, _, after in command.kept:
                self.reviews.take_over(command.image, key, after)
                self.truths.take_over(command.image, key)
        if len(commands) <= _AT_ONCE:
            for command in commands:
                entry = self._by_id.get(command.image)
                if entry is not None:
                    self._show_correction(entry, command)
            return
        edited = (self.session.edited_cells() if self.session else None) or {}
        entries = []
        for command in commands:
            entry = self._by_id.get(command.image)
            if entry is not None:
                self._cells.pop(entry.id, None)
                entry.edited = edited.get(entry.id, 0)
                if command.reviewed is not None:
                    entry.reviewed = command.reviewed[1]
                    self.truths.keep_review(entry)
                entries.append(entry)
        self.recount(entries)
        for entry in entries:
            self.image_changed.emit(entry.row)

    def _show_correction(self, entry: Entry, command: Command) -> None:
        """Show a stored correction."""
        cells = self._cells.get(entry.id)
        if command.changes and cells is not None:
            for change in command.changes:
                first = cells.changes.get(change.cell, change)
                cells.changes[change.cell] = replace(change, before=first.before)
            self._cells[entry.id] = ImageCells.of(cells.found, cells.changes, self.classes)
        if command.reviewed is not None:
            entry.reviewed = command.reviewed[1]
        if command.changes:
            self._recount(entry)
            cells = self.cells_of(entry)
            if cells is not None:
                entry.edited = cells.corrections.edited_cells
        if command.reviewed is not None:
            self.truths.keep_review(entry)
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.counts_changed.emit()  # which draws the cells too
