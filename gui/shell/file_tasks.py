"""What the File menu does: dialogs that ask for files, and the document's answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from core.imaging.reading import IMAGE_SUFFIXES
from core.models.network import MODEL_SUFFIX
from core.session.session import SESSION_SUFFIX
from gui.app import demo_smear
from gui.dialogs.export import ExportDialog
from gui.dialogs.import_ import ImportDialog
from gui.dialogs.report.dialog import ReportDialog
from gui.workspace.exchange.importing import why_no_import
from gui.workspace.store import Level

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.preferences import Preferences
    from gui.workspace.document import Document

_PICTURES = "Pictures (" + " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES)) + ");;All files (*)"
_SESSIONS = f"SmearCount sessions (*{SESSION_SUFFIX})"


class FileTasks:
    """Asks for files on behalf of the window."""

    def __init__(self, window: QWidget, document: Document, preferences: Preferences) -> None:
        self._window = window
        self._document = document
        self._preferences = preferences

    def ask_for_pictures(self) -> None:
        """Let the person choose pictures."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open pictures", self._preferences.folder, _PICTURES)
        if names:
            self._preferences.folder = str(Path(names[0]).parent)
            self._document.open_paths(names)

    def ask_for_folder(self) -> None:
        """Let the person choose a folder of pictures."""
        name = QFileDialog.getExistingDirectory(self._window, "Open a folder of pictures", self._preferences.folder)
        if name:
            self._preferences.folder = name
            self._document.open_paths([name])

    def open_demo(self) -> None:
        """Open the demo smear."""
        self._document.open_paths([demo_smear()])

    def ask_for_session(self) -> None:
        """Let the person choose an earlier session."""
        start = str(self._document.sessions_folder)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a session", start, _SESSIONS)
        if name:
            self._document.open_session(Path(name))

    def ask_to_copy_session(self) -> None:
        """Let the person choose where a copy of the session goes."""
        session = self._document.session
        if session is None:
            return
        start = str(session.path.with_name(f"{session.path.stem} copy{SESSION_SUFFIX}"))
        path = self._save_as("Save a copy of the session", start, _SESSIONS, SESSION_SUFFIX)
        if path is not None:
            self._document.copy_session(path)

    def ask_for_moved(self) -> None:
        """Let the person point to the new place of pictures that were moved."""
        name = QFileDialog.getExistingDirectory(
            self._window, "Where are the missing pictures now?", self._preferences.folder
        )
        if name:
            self._document.find_missing(Path(name))

    def ask_for_model(self) -> None:
        """Let the person choose a model file."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Import a model", self._preferences.folder, f"Models (*{MODEL_SUFFIX})"
        )
        if name:
            self._document.import_model(Path(name))

    def ask_to_import(self) -> None:
        """Let the person choose annotation files, and what they are taken for."""
        problem = why_no_import(self._document)
        if problem:
            self._document.message.emit(Level.WARNING, problem)
        else:
            ImportDialog(self._document, self._preferences, self._window).open()

    def ask_to_export(self) -> None:
        """Let the person choose what is exported, how and where."""
        ExportDialog(self._document, self._preferences, self._window).open()

    def ask_to_report(self) -> None:
        """Let the person hand the result in and sign it."""
        if self._document.session is None:
            self._document.message.emit(Level.INFO, "There is nothing to hand in yet; open pictures first.")
        else:
            ReportDialog(self._document, self._preferences, self._window).open()

    def ask_to_save_picture(self) -> None:
        """Let the person choose where the annotated picture goes."""
        entry = self._document.current_entry
        if entry is None:
            return
        start = str(Path(self._preferences.folder or entry.path.parent) / f"{entry.path.stem}_counted.png")
        path = self._save_as(
            "Save the picture with its boxes", start, "PNG (*.png);;JPEG (*.jpg);;TIFF (*.tif)", ".png"
        )
        if path is not None:
            self._document.save_picture(path, self._preferences.palette)

    def ask_to_save_csv(self) -> None:
        """Let the person choose where the table goes."""
        start = str(Path(self._preferences.folder or ".") / "counts.csv")
        path = self._save_as("Save the counts of all pictures", start, "CSV (*.csv)", ".csv")
        if path is not None:
            self._document.save_csv(path)

    def _save_as(self, title: str, start: str, kinds: str, suffix: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, start, kinds)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(suffix)
