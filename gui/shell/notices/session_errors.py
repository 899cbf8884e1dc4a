"""What can be done about a session that cannot be opened or made: buttons beside the message that says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from core.text import gettext
from gui.workspace.store import SessionBusyError, SessionDamagedError, SessionError, SessionReadOnlyError, can_be_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gui.preferences import Preferences
    from gui.shell.notices.notices import NoticeBar
    from gui.workspace.workspace import Workspace

    Remedy = tuple[str, Callable[[], object]]


class SessionErrors(QObject):
    """Offers a way on where a session file cannot be opened or made."""

    def __init__(self, window: QWidget, workspace: Workspace, preferences: Preferences, notice: NoticeBar) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._store = workspace.store
        self._preferences = preferences
        self._notice = notice
        self._store.open_refused.connect(self._on_open_refused)
        self._store.create_refused.connect(self._on_create_refused)

    @Slot(object, object)
    def _on_open_refused(self, path: Path, error: SessionError) -> None:
        self._notice.show_error(str(error), self._for_opening(path, error))

    def _for_opening(self, path: Path, error: SessionError) -> list[Remedy]:
        store = self._store
        look = (gettext("Open to look at"), lambda: store.open(path, read_only=True))
        match error:
            case SessionDamagedError():
                return [(gettext("Recover what can be read"), lambda: store.recover(path))]
            case SessionReadOnlyError():
                return [look]
            case SessionBusyError():
                again = (gettext("Try again"), lambda: store.open(path))
                return [look, again] if can_be_read(path) else [again]
            case _:
                return []

    @Slot(object, object)
    def _on_create_refused(self, paths: list[Path], error: SessionError) -> None:
        self._notice.show_error(
            gettext("No session file can be created here, so nothing would be saved. {error}").format(error=error),
            [(gettext("Keep sessions elsewhere…"), lambda: self._choose_folder(paths))],
        )

    def _choose_folder(self, paths: list[Path]) -> None:
        name = QFileDialog.getExistingDirectory(self._window, gettext("Where should new sessions be kept?"))
        if name:
            self._store.folder = Path(name)
            self._preferences.sessions_folder = name
            self._workspace.opening.open(paths)
