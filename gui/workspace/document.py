"""The document: the session, its pictures, their cells and the settings. The one place that changes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.counting.count import CountSettings
from core.counting.pipeline import FailedImage
from core.files import write_whole
from core.imaging.reading import find_images
from core.report.formats.annotated import annotate, write_picture
from core.report.formats.csv import to_csv
from core.report.tables import batch_table
from core.session.paths import corrected_before
from core.session.session import SESSION_SUFFIX, Session, find_moved, recover
from core.session.settings import load_settings
from core.session.values import SessionError, SessionReadOnlyError
from gui.app import demo_smear
from gui.workspace.count_settings import Frames
from gui.workspace.counts import Overview
from gui.workspace.duplicates import Copies
from gui.workspace.editing import Editing
from gui.workspace.estimates import Laboratory
from gui.workspace.ground_truth import Truths
from gui.workspace.images import Entry, State
from gui.workspace.inference.counting import Counting
from gui.workspace.quality import Fields
from gui.workspace.reviews import Reviews
from gui.workspace.store import Level, free_path
from gui.workspace.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.classes import Palette

_MOST_DAMAGE = 4


class Document(Counting):
    """Session, pictures, cells, settings; intentions come in as calls, changes go out as signals.

    What belongs to the list of pictures is in ``PictureList``, to counting them in ``Counting``, to the session
    file in ``SessionHolder``; here they are opened, put together with the parts, and closed.
    """

    open_refused = Signal(object, object)  # Path of a session, SessionError
    create_refused = Signal(object, object)  # the paths that were to be opened, SessionError

    def __init__(self, model_path: Path, sessions: Path, person: str = "", parent: QObject | None = None) -> None:
        """``sessions``: the folder in which new session files are made; ``person`` signs the corrections."""
        super().__init__(sessions, person, parent)
        self.frames = Frames(self)
        self.fields = Fields(self)
        self.copies = Copies(self)
        self.reviews = Reviews(self)
        self.editing = Editing(self)
        self.truths = Truths(self)
        self.tally = Tally(self)
        self.overview = Overview(self)
        self.laboratory = Laboratory(self)
        self.queue.open_model(model_path)

    # -- session -------------------------------------------------------------------------------

    def open_session(self, path: Path, *, read_only: bool = False) -> bool:
        """Open a session file in place of the present one; True if it is open."""
        if self.session is not None and os.path.abspath(path) == str(self.session.path):
            self.message.emit(Level.INFO, f"{path.name} is open already.")
            return True
        try:
            session = Session.open(path, read_only=read_only)
        except SessionError as error:
            self.open_refused.emit(path, error)
            return False
        self.take_session(session)
        return True

    def recover_session(self, path: Path) -> bool:
        """Copy what can be read of a damaged session into a new file, beside it if possible, and open that."""
        name = f"{path.stem} recovered"
        try:
            try:
                session = recover(path, free_path(path.parent, name))
            except SessionReadOnlyError:
                session = recover(path, free_path(self.made_sessions_folder(), name))
        except SessionError as error:
            self.open_refused.emit(path, error)
            return False
        self.take_session(session)
        return True

    def take_session(self, session: Session) -> None:
        """Show a session as it was left."""
        self._let_go_of_session()
        self.session = session
        stored = self.guarded(lambda: load_settings(session))
        if stored:
            settings, self.classes = stored
            self.settings = settings
            self._noted_thresholds = dict(settings.thresholds)
        self.session_model.go_back(session, self.model)
        edited = session.edited_cells()
        self._set_entries([self._entry_of(image, edited.get(image.id, 0)) for image in session.images()])
        self._conflicts = session.conflicts()
        self.editing.undo_stack.restore(*session.commands())
        self._unfilled = [entry for entry in self.entries if entry.state is State.COUNTED]
        self._filling.start()
        self.session_changed.emit()
        if self.model is not None:
            self.model_changed.emit()
        self.images_changed.emit()
        self.conflicts_changed.emit()
        self.history_changed.emit()
        current = session.get("current")
        entry = self._by_id.get(current) if isinstance(current, int) else None
        if self.entries:
            self.set_current(entry.row if entry else 0)
        else:
            self.current_changed.emit()
            self.counts_changed.emit()
        if session.damage:
            more = len(session.damage) - _MOST_DAMAGE
            told = [*session.damage[:_MOST_DAMAGE], *([f"And {more:,} more of this kind."] if more > 0 else [])]
            self.message.emit(Level.ERROR, " ".join(told))

    def close_session(self) -> None:
        """Close the session; the window is empty afterwards. Nothing is lost: all is on the disk."""
        self._let_go_of_session()
        self.session_changed.emit()
        self.images_changed.emit()
        self.current_changed.emit()
        self.counts_changed.emit()
        self.conflicts_changed.emit()
        self.history_changed.emit()

    def copy_session(self, path: Path) -> bool:
        """Write a copy of the session; the window stays with the original."""
        session = self.session
        if session is None:
            return False
        self._keep_settings()
        return self.save(path, lambda: session.copy_to(path))

    def _let_go_of_session(self) -> None:
        self.tally.finish()
        self._keep_settings()
        if self.session is not None:
            self.session.close()
        self.session = None
        self._filling.stop()
        self._cells.clear()
        self.editing.undo_stack.clear()
        self.editing.select(())
        self._conflicts = []
        self.current = -1
        self._set_entries([])
        if self.model is not None:
            self.classes = self.model.card.classes
            self.settings = CountSettings.suggested_by(self.model.card)

    def close(self) -> None:
        """Stop the worker thread and close the session; the document cannot be used afterwards."""
        self.queue.close()
        self.tally.finish()
        self._keep_settings()
        self.editing.undo_stack.clear()
        if self.session is not None:
            self.session.close()
            self.session = None

    # -- pictures --------------------------------------------------------------------------------

    def open_paths(self, paths: Iterable[str | Path]) -> None:
        """Add pictures and the pictures of folders to the list, and show the first of them."""
        paths = [Path(path) for path in paths]
        sessions = [path for path in paths if path.suffix.lower() == SESSION_SUFFIX]
        if sessions:
            self.open_session(sessions[0])
            paths = [path for path in paths if path not in sessions]
            if not paths:
                return
        new = list(dict.fromkeys(item.absolute() for item in find_images(paths)))
        known = {entry.path: entry for entry in self.entries}
        fresh = [path for path in new if path not in known]
        if not fresh:
            if new:
                self.set_current(known[new[0]].row)
            self.message.emit(
                Level.INFO, "No new pictures were found there; choose pictures or a folder with pictures."
            )
            return
        if [entry.path for entry in self.entries] == [demo_smear()]:
            self.close_session()  # a person's own pictures are not added to the demo's numbers
        is_new = self.session is None
        try:
            session = self.ensure_session(fresh[0])
        except SessionError as error:
            self.create_refused.emit(paths, error)
            return
        self._keep_settings()
        added = self.guarded(lambda: session.add_images(fresh))
        if not added:
            return
        edited = session.edited_cells()
        first = len(self.entries)
        self.queue.paused = False
        entries = [self._entry_of(image, edited.get(image.id, 0)) for image in added]
        self._set_entries(self.entries + entries)
        self._unfilled += [entry for entry in entries if entry.state is State.COUNTED]
        self._filling.start()
        self.images_changed.emit()
        self.set_current(first)
        earlier = corrected_before(self.sessions_folder, fresh[0], besides=session.path) if is_new else None
        if earlier is not None:
            self.message.emit(
                Level.WARNING,
                f"These pictures were corrected before, in the session {earlier.stem}. This is a new one; "
                "to go on with the corrections: File, Open session.",
            )

    def missing_images(self) -> list[Entry]:
        """Return the pictures whose files are not where they were."""
        return [entry for entry in self.entries if not entry.path.exists()]

    def find_missing(self, folder: Path) -> int:
        """Look for the missing pictures below a folder; return how many were found again."""
        session, missing = self.session, self.missing_images()
        if session is None or not missing:
            return 0
        ids = {entry.id for entry in missing}
        found = self.guarded(lambda: find_moved([image for image in session.images() if image.id in ids], folder))
        if not found:
            self.message.emit(Level.WARNING, f"{folder}: none of the missing pictures is there; choose another folder.")
            return 0
        if self.guarded(lambda: session.relocate(found, self.person) or True) is None:
            return 0
        for image, path in found.items():
            entry = self._by_id[image]
            entry.path, entry.error = path, ""
            self.queue.forget_picture(entry)
        self._count([self._by_id[image] for image in found if self._by_id[image].state is not State.COUNTED])
        self.images_changed.emit()
        self.current_changed.emit()
        self.queue.set_current(self.current_entry)
        left = len(missing) - len(found)
        self.message.emit(
            Level.WARNING if left else Level.INFO,
            f"{len(found)} pictures were found again." + (f" {left} are still missing." if left else ""),
        )
        return len(found)

    # -- files ---------------------------------------------------------------------------------------

    def save_csv(self, path: Path) -> bool:
        """Write the counts of all pictures; True if the file is there."""
        failed = [FailedImage(entry.path, entry.error) for entry in self.entries if entry.state is State.FAILED]
        data = to_csv(batch_table(self.counted_images(), failed, self.classes))
        return self.save(path, lambda: write_whole(path, data))

    def save_picture(self, path: Path, palette: Palette) -> bool:
        """Write the current picture with its boxes; True if the file is there."""
        entry, picture, cells = self.current_entry, self.picture, self.current_cells()
        result = self.result(entry) if entry else None
        if entry is None or picture is None or result is None or cells is None:
            return False
        frame = self.frames.of(entry)
        drawn = annotate(picture.image.pixels, cells.cells, result, self.classes, palette, frame)
        return self.save(path, lambda: write_picture(drawn, path))
