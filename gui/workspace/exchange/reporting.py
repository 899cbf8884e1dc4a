"""Reports: gathered from the open session between other events, written on a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.report.content import Sample
from core.report.export import write_report
from core.report.gather import gathering
from core.report.progress import Progress
from core.session.values import Edit, SessionError, Subject, ValueChange
from core.text import gettext
from gui.tasks import IdleLoop, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import ReportContent
    from core.report.export import Outputs
    from gui.tasks import Job
    from gui.workspace.count_settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.store import SessionStore

_BUDGET_MS = 20.0


class Reporting(QObject):
    """Gathers and writes reports of the open session, one at a time.

    ``gathered`` carries a ``ReportContent`` or the exception that ended the work, ``written`` a ``Written`` or the
    exception.
    """

    gathered = Signal(object)
    written = Signal(object)
    progressed = Signal(int, str)  # steps begun, what is being done

    def __init__(
        self,
        store: SessionStore,
        history: History,
        settings: CountSettingsModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._settings = settings
        self._content: ReportContent | None = None
        self._stopped = threading.Event()
        self._loop = IdleLoop(self, _BUDGET_MS)
        self._loop.ended.connect(self._on_gathered)
        self._task = Task("report", self.written, self, on_error=self.written, on_part=self._on_step)
        store.closing.connect(self._on_closing)

    # -- the sample ----------------------------------------------------------------------------

    def sample(self) -> Sample:
        """Return the sample id and the free fields of the session."""
        return self._store.read(lambda session: session.settings.sample(), Sample())

    def set_sample(self, sample: Sample) -> None:
        """Set the sample id and the free fields of the session."""
        before = self.sample()
        if self._store.writable and sample != before:
            change = ValueChange(Subject.SETTING, None, "sample", before, sample)
            self._history.record([Edit(None, gettext("Sample: {id}").format(id=sample.id or "–"), values=(change,))])

    # -- gathering -----------------------------------------------------------------------------

    @property
    def is_gathering(self) -> bool:
        """Whether a report is being gathered."""
        return self._loop.running

    def gather(self) -> None:
        """Gather what the session says now."""
        self._store.flush()
        self._content = None
        self._loop.start(self._steps())

    def stop_gathering(self) -> None:
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

    @Slot(object)
    def _on_step(self, step: tuple[int, str]) -> None:
        self.progressed.emit(*step)

    # -- writing -------------------------------------------------------------------------------

    @property
    def is_writing(self) -> bool:
        """Whether a report is being written."""
        return self._task.busy

    def write(self, content: ReportContent, outputs: Outputs) -> None:
        """Write a report on a thread of its own."""
        stopped = self._stopped = threading.Event()

        def work(job: Job) -> object:
            return write_report(content, outputs, Progress(lambda *step: job.report(step), stopped))

        self._task.start(work)

    def stop_writing(self) -> None:
        """Stop writing at the next step; ``written`` then carries a ``ReportCancelled``."""
        self._stopped.set()
