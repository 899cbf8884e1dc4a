"""The report as it would be written now, made in the background while somebody looks at it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.classes import PAPER, Palette
from core.report.content import Contents, ReportContent
from core.report.progress import Progress
from gui.tasks import Debounce, Job, Task
from gui.workspace.exchange.reporting import Reporting

if TYPE_CHECKING:
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)

_SETTLE_MS = 600
_BUDGET_MS = 6.0
_MOST_UNASKED = 300
_MOST_SHOWN = 60


@dataclass(frozen=True)
class PreviewPdf:
    """A report as bytes; ``complete``: with the pages of all images."""

    pdf: bytes
    complete: bool


class ReportPreview(QObject):
    """Keeps a preview of the report up to date while it is wanted.

    ``value`` is None until it is made. Of very many images it is made only when it is asked for; where there are too
    many to wait for, those are left out that the report shows one by one.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._counts = counts
        self.value: PreviewPdf | None = None
        self.palette: Palette = PAPER
        self.failed = False
        self._wanted = False
        self._outdated = True
        self._reporting = Reporting(store, settings, self, budget_ms=_BUDGET_MS)
        self._reporting.gathered.connect(self._on_gathered)
        self._task = Task("report preview", self._on_made, self, on_error=self._on_failed)
        self._settle = Debounce(_SETTLE_MS, self._make_unless_many, self)
        store.closing.connect(self._on_closing)
        for signal in (store.session_changed, history.changed, images.changed, counts.totals_changed):
            signal.connect(self._on_changed)

    @property
    def busy(self) -> bool:
        """Whether a newer preview is on its way."""
        return self._settle.isActive() or self._reporting.is_gathering or self._task.busy

    @property
    def outdated(self) -> bool:
        """Whether the report would be another one now."""
        return self._outdated

    @property
    def must_be_asked_for(self) -> bool:
        """Whether there are so many images that a preview is only made by ``make``."""
        return self._counts.counted_images > _MOST_UNASKED

    def set_wanted(self, wanted: bool) -> None:
        """Keep the preview up to date from now on, or not: nothing is made that nobody looks at."""
        self._wanted = wanted
        if not wanted:
            self._stop()
        elif self._outdated:
            self._settle.start()
            self.changed.emit()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        if palette is not self.palette:
            self.palette = palette
            self._on_changed()

    @Slot()
    def make(self) -> None:
        """Make the preview now."""
        self._settle.stop()
        if self._store.is_open and self._images.items:
            self._task.cancel()
            self._reporting.gather()
            self.changed.emit()

    def close(self) -> None:
        """End the thread."""
        self._stop()
        self._task.close()

    # -- what happens --------------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        self._outdated = True
        if self._wanted and self._store.is_open:
            self._settle.start()
        self.changed.emit()

    @Slot()
    def _make_unless_many(self) -> None:
        if not self.must_be_asked_for:
            self.make()
        self.changed.emit()

    @Slot(object)
    def _on_gathered(self, outcome: ReportContent | Exception) -> None:
        if not isinstance(outcome, ReportContent):
            self._on_failed(outcome)
            return
        palette, complete = self.palette, len(outcome.counted) <= _MOST_SHOWN

        def work(job: Job) -> PreviewPdf:
            from core.report.pdf.build import to_pdf

            contents = Contents(pictures=True, every_picture=complete)
            data, _ = to_pdf(outcome, Progress(stopped=job.cancelled), contents, palette)
            return PreviewPdf(data, complete)

        self._task.start(work)

    @Slot(object)
    def _on_made(self, value: PreviewPdf) -> None:
        self.value, self.failed, self._outdated = value, False, False
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        LOG.error("no preview of the report", exc_info=error)
        self.failed = True
        self.changed.emit()

    @Slot()
    def _on_closing(self) -> None:
        self._stop()
        self.value, self._outdated = None, True

    def _stop(self) -> None:
        self._settle.stop()
        self._reporting.stop()
        self._task.cancel()
