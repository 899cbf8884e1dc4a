"""What a report says, gathered from the open session between other events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.report.gather import gathering
from core.session.values import SessionError
from core.text import gettext
from gui.tasks import IdleLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import ReportContent
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.store import SessionStore

_BUDGET_MS = 20.0


class Reporting(QObject):
    """Gathers reports of the open session, one at a time.

    ``gathered`` carries a ``ReportContent`` or the exception that ended the work.
    """

    gathered = Signal(object)

    def __init__(
        self,
        store: SessionStore,
        settings: CountSettingsModel,
        parent: QObject | None = None,
        *,
        budget_ms: float = _BUDGET_MS,
    ) -> None:
        """``budget_ms``: how long the window may be held up at a time."""
        super().__init__(parent)
        self._store = store
        self._settings = settings
        self._content: ReportContent | None = None
        self._loop = IdleLoop(self, budget_ms)
        self._loop.ended.connect(self._on_gathered)
        store.closing.connect(self._on_closing)

    @property
    def is_gathering(self) -> bool:
        """Whether a report is being gathered."""
        return self._loop.running

    def gather(self) -> None:
        """Gather what the session says now."""
        self._store.flush()
        self._content = None
        self._loop.start(self._steps())

    def stop(self) -> None:
        """Gather no further; ``gathered`` does not follow."""
        self._loop.stop()

    def _steps(self) -> Iterator[int]:
        """Gather image by image."""
        session = self._store.session
        assert session is not None
        try:
            self._content = yield from gathering(session, settings=self._settings.value)
        except SessionError as error:
            self.gathered.emit(error)

    @Slot()
    def _on_gathered(self) -> None:
        if self._content is not None:
            self.gathered.emit(self._content)

    @Slot()
    def _on_closing(self) -> None:
        if self._loop.running:
            self._loop.stop()
            self.gathered.emit(SessionError(gettext("The session was closed.")))
