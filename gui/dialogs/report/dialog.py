"""The report dialog: the sample, what is written and where, and who has signed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.counting.quality import Grade
from core.errors import Cancelled
from core.report.content import ReportContent
from core.report.export import Outputs, Written, write_report
from core.report.progress import Progress
from core.report.tables import local_time
from core.text import gettext, ngettext
from gui.dialogs.report.choices import ReportChoices, file_stem
from gui.dialogs.report.printing import print_report
from gui.dialogs.report.question import Answer, Lack, ask, ask_to_replace, images_left, is_counting, lacking
from gui.dialogs.report.sample import SampleForm
from gui.dialogs.report.sign import SignDialog
from gui.tasks import Job, Task
from gui.widgets.forms import Busy, FittingDialog, Outcome, heading, row
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from core.report.sign_off import SignOff
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_WIDTH, _LEFT = 780, 290
_FOLDER = "report_folder"


class ReportDialog(FittingDialog):
    """Asks what is reported, writes it on a thread of its own, and leads to signing."""

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Report"))
        assert workspace.store.path is not None
        self._workspace = workspace
        self._preferences = preferences
        self._session = workspace.store.path
        self._content: ReportContent | None = None
        self._then: Callable[[ReportContent], None] | None = None
        self._accepted: set[Lack] = set()
        self._waiting = False
        workspace.reporting.gathered.connect(self._on_gathered)
        workspace.inference.activity_changed.connect(self._on_activity)
        self._writing = Task(
            "report", self._on_written, self, on_error=self._on_write_failed, on_part=self._on_progress
        )
        self._written: Written | None = None
        self.sample = SampleForm(workspace.sample.value, preferences.report_fields)
        self.sample.setEnabled(workspace.store.writable)
        self.sample.changed.connect(self._on_sample)
        self.choices = ReportChoices(preferences, self._usual_folder())
        self.choices.changed.connect(self._show_choice)
        self._build_sign_off()
        self._build_after()
        self._build_layout()
        self._show_choice()
        self._gather(self._show_state)

    # -- construction ------------------------------------------------------------------------

    def _build_sign_off(self) -> None:
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setMinimumHeight(3 * self.state.fontMetrics().lineSpacing())
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sign_button = QPushButton(gettext("&Sign…"))
        self.sign_button.setEnabled(False)
        self.sign_button.clicked.connect(lambda *_: self._gather(self._sign))

    def _build_after(self) -> None:
        """Make what says how far the writing is, and what can be done with what was written."""
        self.outcome = Outcome()
        self.busy = Busy()
        self.busy.hide()
        self.open_button = QPushButton(gettext("&Open report"))
        self.folder_button = QPushButton(gettext("Open &folder"))
        self.print_button = QPushButton(gettext("&Print…"))
        self.close_button = QPushButton(gettext("Close"))
        self.write_button = QPushButton(gettext("Write report"))
        self.write_button.setProperty("primary", True)
        self.write_button.setDefault(True)
        for button in (self.open_button, self.folder_button, self.print_button):
            button.setEnabled(False)
        for button in (self.open_button, self.folder_button, self.print_button, self.close_button, self.sign_button):
            button.setAutoDefault(False)
        self.open_button.clicked.connect(lambda *_: self._open_report())
        self.folder_button.clicked.connect(lambda *_: self._open_folder())
        self.print_button.clicked.connect(lambda *_: self._print())
        self.close_button.clicked.connect(lambda *_: self.reject())
        self.write_button.clicked.connect(lambda *_: self._start())

    def _build_layout(self) -> None:
        fields = QScrollArea()
        fields.setFrameShape(QFrame.Shape.NoFrame)
        fields.setWidgetResizable(True)
        fields.setWidget(self.sample)
        fields.setAccessibleName(gettext("Sample"))
        fields.setMinimumHeight(100)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(8)
        left.addLayout(row(heading(gettext("SAMPLE")), None, self.sample.add_button))
        left.addWidget(fields, 1)
        left.addLayout(row(heading(gettext("SIGNED BY")), None, self.sign_button))
        left.addWidget(self.state)
        right.addWidget(self.choices)
        said = QWidget()
        said.setFixedHeight(3 * self.fontMetrics().lineSpacing() + 8)  # reserved: no button moves
        lines = QVBoxLayout(said)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.addWidget(self.outcome)
        lines.addWidget(self.busy)
        sides = QHBoxLayout()
        sides.setSpacing(24)
        sides.addLayout(left, _LEFT)
        sides.addLayout(right, _WIDTH - _LEFT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(sides, 1)
        layout.addWidget(said)
        layout.addLayout(
            row(self.open_button, self.folder_button, self.print_button, None, self.close_button, self.write_button)
        )
        self.setMinimumWidth(_WIDTH)

    def _usual_folder(self) -> Path:
        """Return where this sample's report went last, or else the folder for reports, or that of its images."""
        last = Path(str(self._workspace.store.remembered(_FOLDER, "")))
        images = self._workspace.images.items
        wanted = (last, Path(self._preferences.reports_folder), *(item.path.parent for item in images[:1]))
        usual = (folder for folder in wanted if folder.is_absolute() and folder.is_dir())
        return next(usual, self._session.parent)

    # -- what is chosen ------------------------------------------------------------------------

    def outputs(self) -> Outputs:
        """Return what would be written now."""
        return self.choices.outputs(file_stem(self.sample.sample.id) or self._session.stem)

    @Slot()
    def _show_choice(self) -> None:
        names = [path.name for path in self.outputs().paths]
        self.choices.show_names(names)
        self.write_button.setEnabled(bool(names))

    @Slot()
    def _on_sample(self) -> None:
        self._show_choice()
        if self._content is not None:
            self._show_state(self._content.about(self.sample.sample))

    # -- gathering -------------------------------------------------------------------------------

    def _gather(self, then: Callable[[ReportContent], None]) -> None:
        """Gather what the session says now, and go on with it."""
        self._keep_sample()
        self._then = then
        self._workspace.reporting.gather()

    @Slot(object)
    def _on_gathered(self, outcome: ReportContent | Exception) -> None:
        if isinstance(outcome, ReportContent):
            self._content = outcome
            if self._then is not None:
                self._then(outcome)
        else:
            self._finish(str(outcome), Grade.POOR)

    def _keep_sample(self) -> None:
        self._preferences.report_fields = self.sample.names
        self._workspace.sample.set_value(self.sample.sample)

    # -- signing -----------------------------------------------------------------------------------

    def _show_state(self, content: ReportContent) -> None:
        """Say who has signed this content."""
        left = len(content.uncounted)
        if content.signed:
            text = gettext("Signed by {user}, {time}.").format(
                user=content.signed.user, time=local_time(content.signed.time)
            )
        elif content.superseded:
            text = gettext("Superseded: {user} signed on {time}, and something has changed since.").format(
                user=content.superseded.user, time=local_time(content.superseded.time)
            )
        else:
            text = gettext("Not signed.")
        self.state.setText(text)
        uncounted = ngettext(
            "{n} image has no count; the report names it.", "{n} images have no count; the report names them.", left
        )
        self.outcome.show_text(uncounted.format(n=left) if left else "", Grade.CHECK if left else None)
        writable = self._workspace.store.writable
        self.sign_button.setEnabled(
            writable and bool(content.counted) and not content.signed and not self._writing.busy and not self._waiting
        )
        self.sign_button.setToolTip("" if writable else gettext("The session is open for reading only"))

    def _sign(self, content: ReportContent) -> None:
        dialog = SignDialog(self._workspace, content, self)
        dialog.signed.connect(self._on_signed)
        dialog.open()

    @Slot(object)
    def _on_signed(self, sign_off: SignOff) -> None:
        if self._content is not None:
            self._content = replace(self._content, sign_offs=(*self._content.sign_offs, sign_off))
            self._show_state(self._content)

    # -- writing -----------------------------------------------------------------------------------

    def _start(self) -> None:
        """Write, unless the user would rather not, or wait until all images are counted."""
        missing = lacking(self._workspace, self.sample.sample.id)
        answer = Answer.WRITE
        if not missing.keys() <= self._accepted:
            answer = ask(self, list(missing.values()), can_wait=Lack.COUNTS in missing)
            if answer is Answer.CANCEL:
                return
            self._accepted |= missing.keys()
        there = [path.name for path in self.outputs().paths if path.exists()]
        if there and not ask_to_replace(self, there):
            return
        self.choices.remember()
        self._waiting = answer is Answer.WAIT
        self._set_working(True)
        if self._waiting:
            self._accepted.discard(Lack.COUNTS)
            self._workspace.inference.queue.resume()
            self._on_activity()
        else:
            self._gather_and_write()

    @Slot()
    def _on_activity(self) -> None:
        """Go on once all images are counted."""
        if not self._waiting:
            return
        if is_counting(self._workspace):
            left = images_left(self._workspace)
            text = ngettext("Waiting for {n:,} image to be counted…", "Waiting for {n:,} images to be counted…", left)
            self.busy.show_text(text.format(n=left))
        else:
            self._waiting = False
            self._gather_and_write()

    def _gather_and_write(self) -> None:
        self.busy.show_text(gettext("Adding up the counts…"))
        self._gather(self._write)

    def _write(self, content: ReportContent) -> None:
        outputs = self.outputs()
        self.busy.show_text(gettext("Writing…"), outputs.steps(content))

        def work(job: Job) -> Written:
            return write_report(content, outputs, Progress(lambda done, text: job.report((done, text)), job.cancelled))

        self._writing.start(work)

    @Slot(object)
    def _on_progress(self, part: tuple[int, str]) -> None:
        done, text = part
        self.busy.bar.setValue(done)
        self.busy.label.setText(
            self.busy.label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, self.width() - 60)
        )

    @Slot(object)
    def _on_written(self, written: Written) -> None:
        self._written = written
        names = ", ".join(path.name for path in written.paths)
        self._finish(
            " ".join([*([gettext("Written: {names}.").format(names=names)] if names else []), *written.problems]),
            Grade.GOOD if not written.problems else Grade.CHECK if written.paths else Grade.POOR,
        )
        if written.paths:
            folder = written.paths[0].parent
            self._workspace.store.remember(_FOLDER, str(folder))
            level = Level.WARNING if written.problems else Level.INFO
            self._workspace.messages.posted.emit(level, gettext("The report is in {parent}.").format(parent=folder))

    @Slot(object)
    def _on_write_failed(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self._finish(gettext("Stopped; what was under way is not written."))
        else:
            text = gettext("Writing stopped unexpectedly ({error}); leave the images out, or choose another folder.")
            self._finish(text.format(error=error), Grade.POOR)

    def _finish(self, text: str, grade: Grade | None = None) -> None:
        self._waiting = False
        self._set_working(False)
        if self._content is not None:
            self._show_state(self._content)
        self.outcome.show_text(text, grade)

    def _set_working(self, working: bool) -> None:
        self.sample.setEnabled(not working and self._workspace.store.writable)
        self.choices.setEnabled(not working)
        self.write_button.setEnabled(not working)
        self.sign_button.setEnabled(False)
        self.close_button.setText(gettext("Stop") if working else gettext("Close"))
        self.busy.setVisible(working)
        self.outcome.setVisible(not working)
        self.folder_button.setEnabled(not working and bool(self._written and self._written.paths))
        self.open_button.setEnabled(not working and self._pdf is not None)
        self.print_button.setEnabled(not working and self._pdf is not None)

    # -- what was written --------------------------------------------------------------------------

    @property
    def _pdf(self) -> Path | None:
        """The report that was written last."""
        written = () if self._written is None else self._written.paths
        return next((path for path in written if path.suffix == ".pdf"), None)

    def _open_report(self) -> None:
        if self._pdf is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._pdf))):
            text = gettext("{path}: no program here opens it; open it from its folder.").format(path=self._pdf)
            self.outcome.show_text(text, Grade.CHECK)

    def _open_folder(self) -> None:
        if self._written is not None and self._written.paths:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.paths[0].parent)))

    def _print(self) -> None:
        if self._pdf is None:
            return
        try:
            said, grade = print_report(self._pdf, self), None
        except OSError as error:
            text = gettext("{path}: the report cannot be read ({reason}); write it again.")
            said, grade = text.format(path=self._pdf, reason=error.strerror or error), Grade.POOR
        if said:
            self.outcome.show_text(said, grade)

    # -- the dialog itself -------------------------------------------------------------------------

    def _stop(self) -> bool:
        """Stop what is under way; True if something was."""
        if self._writing.busy:
            self._writing.stop()
            return True
        if self._waiting or (self._workspace.reporting.is_gathering and self.busy.isVisible()):
            self._workspace.reporting.stop()
            self._finish(gettext("Stopped; nothing is written."))
            return True
        return False

    def reject(self) -> None:
        """Stop what is under way, else close the dialog."""
        if not self._stop():
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        self._workspace.reporting.stop()
        if self._workspace.store.path == self._session:
            self._keep_sample()
        super().done(result)
