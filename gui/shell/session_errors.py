"""What can be done about a session that cannot be opened or made: buttons beside the message that says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from core.session.session import Session
from core.session.values import SessionBusyError, SessionDamagedError, SessionError, SessionReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow

    Remedy = tuple[str, Callable[[], object]]


class Remedies(QObject):
    """Offers the way on where a session file stands in it."""

    def __init__(self, window: MainWindow, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document
        self._preferences = preferences
        self._document.open_refused.connect(self._on_open_refused)
        self._document.create_refused.connect(self._on_create_refused)

    @Slot(object, object)
    def _on_open_refused(self, path: Path, error: SessionError) -> None:
        self._window.notice.show_error(str(error), self._for_opening(path, error))

    def _for_opening(self, path: Path, error: SessionError) -> list[Remedy]:
        document = self._document
        look = ("Open to look at", lambda: document.open_session(path, read_only=True))
        match error:
            case SessionDamagedError():
                return [("Recover what can be read", lambda: document.recover_session(path))]
            case SessionReadOnlyError():
                return [look]
            case SessionBusyError():
                again = ("Try again", lambda: document.open_session(path))
                return [look, again] if _can_be_read(path) else [again]
            case _:
                return []

    @Slot(object, object)
    def _on_create_refused(self, paths: list[Path], error: SessionError) -> None:
        self._window.notice.show_error(
            f"There is no place for a session, and without one nothing would be kept. {error}",
            [("Keep sessions elsewhere …", lambda: self._choose_folder(paths))],
        )

    def _choose_folder(self, paths: list[Path]) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Where are new sessions to be kept?")
        if name:
            self._document.sessions_folder = Path(name)
            self._preferences.sessions_folder = name
            self._document.open_paths(paths)


def _can_be_read(path: Path) -> bool:
    """Tell whether those who have a session open only read it."""
    try:
        Session.open(path, read_only=True).close()
    except SessionError:
        return False
    return True
