"""The dialog that hands a result in: the sample, what is written and where, and who answers for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import Cancelled
from core.report.content import ReportContent
from core.report.export import Outputs, Written, write_report
from core.report.progress import Progress
from core.report.sign_off import short
from core.report.tables import local_time
from core.text import gettext, ngettext
from gui.dialogs.report.choices import ReportChoices, file_stem
from gui.dialogs.report.sample import SampleForm
from gui.tasks import Job, Task
from gui.widgets.forms import Busy, FittingDialog, heading, row
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_WIDTH = 620


class ReportDialog(FittingDialog):
    """Asks what is handed in, writes it on a thread of its own, and takes the sign-off."""

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
        workspace.reporting.gathered.connect(self._on_gathered)
        self._writing = Task(
            "report", self._on_written, self, on_error=self._on_write_failed, on_part=self._on_progress
        )
        self._written: Written | None = None
        self.sample = SampleForm(workspace.sample.value, preferences.report_fields)
        self.sample.setEnabled(workspace.store.writable)
        self.sample.changed.connect(self._on_sample)
        self.choices = ReportChoices(preferences, self._session.parent)
        self.choices.changed.connect(self._show_choice)
        self._build_sign_off()
        self._build_layout()
        self._show_choice()
        self._gather(self._show_state)

    # -- construction ------------------------------------------------------------------------

    def _build_sign_off(self) -> None:
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setMinimumHeight(2 * self.state.fontMetrics().lineSpacing())
        self.sign_button = QPushButton(gettext("&Sign off …"))
        self.sign_button.setEnabled(False)
        self.sign_button.clicked.connect(lambda *_: self._gather(self._sign))

    def _build_layout(self) -> None:
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hint.hide()
        self.busy = Busy()
        self.busy.hide()
        self.open_button = QPushButton(gettext("&Open folder"))
        self.open_button.hide()
        self.close_button = QPushButton(gettext("Close"))
        self.write_button = QPushButton(gettext("Write"))
        self.write_button.setDefault(True)
        for button in (self.open_button, self.close_button, self.sign_button):
            button.setAutoDefault(False)
        self.open_button.clicked.connect(lambda *_: self._open_folder())
        self.close_button.clicked.connect(lambda *_: self.reject())
        self.write_button.clicked.connect(lambda *_: self._start())
        state = QHBoxLayout()
        state.addWidget(self.state, 1)
        state.addWidget(self.sign_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for widget in (heading(gettext("SAMPLE")), self.sample, self.choices, heading(gettext("SIGNED BY"))):
            layout.addWidget(widget)
        layout.addLayout(state)
        layout.addWidget(self.hint)
        layout.addWidget(self.busy)
        layout.addStretch(1)
        layout.addLayout(row(self.open_button, None, self.close_button, self.write_button))
        self.setMinimumWidth(_WIDTH)

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
            self._finish(str(outcome))

    def _keep_sample(self) -> None:
        self._preferences.report_fields = self.sample.names
        self._workspace.sample.set_value(self.sample.sample)

    # -- signing -----------------------------------------------------------------------------------

    def _show_state(self, content: ReportContent) -> None:
        """Say whether somebody answers for this content."""
        left = len(content.uncounted)
        if content.signed:
            text = gettext("Signed off by {user}, {local_time}.").format(
                user=content.signed.user, local_time=local_time(content.signed.time)
            )
        elif content.superseded:
            by = content.superseded
            text = gettext("Superseded: {user} signed off on {local_time}, and something has changed since.").format(
                user=by.user, local_time=local_time(by.time)
            )
        else:
            text = gettext("Not signed off.")
        self.state.setText(gettext("{text}\nContent {short}").format(text=text, short=short(content.content)))
        uncounted = ngettext(
            "{n} image has no count; the report names it.", "{n} images have no count; the report names them.", left
        )
        self._say(uncounted.format(n=left) if left else "")
        able = (
            self._workspace.store.writable and bool(content.counted) and not content.signed and not self._writing.busy
        )
        self.sign_button.setEnabled(able)
        self.sign_button.setToolTip(
            "" if self._workspace.store.writable else gettext("The session is open for reading only")
        )

    def _sign(self, content: ReportContent) -> None:
        images = len(content.counted)
        question = ngettext(
            "You are responsible for the counts of {n} image as they are now. "
            "A later change marks your sign-off as superseded.\n{unreviewed}\nYour name:",
            "You are responsible for the counts of {n} images as they are now. "
            "A later change marks your sign-off as superseded.\n{unreviewed}\nYour name:",
            images,
        ).format(n=images, unreviewed=_unreviewed(content))
        name, answered = QInputDialog.getText(self, gettext("Sign off"), question, text=self._workspace.store.user)
        if answered and name.strip():
            sign_off = self._workspace.sign_offs.sign(content, name.strip())
            if sign_off is not None:
                content = replace(content, sign_offs=(*content.sign_offs, sign_off))
                self._content = content
        self._show_state(content)

    # -- writing -----------------------------------------------------------------------------------

    def _start(self) -> None:
        there = [path.name for path in self.outputs().paths if path.exists()]
        if there and not self._may_replace(there):
            return
        self.choices.remember()
        self._set_working(True)
        self.busy.show_text("Gathering …")
        self._gather(self._write)

    def _may_replace(self, there: list[str]) -> bool:
        text = (
            gettext("{there} is there already.").format(there=there[0])
            if len(there) == 1
            else gettext("{join} are there already.").format(join=", ".join(there))
        )
        box = QMessageBox(QMessageBox.Icon.Warning, gettext("Report"), text, parent=self)
        box.setInformativeText(gettext("Writing replaces them."))
        wanted = box.addButton(gettext("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is wanted

    def _write(self, content: ReportContent) -> None:
        outputs = self.outputs()
        self.busy.show_text("Writing …", outputs.steps(content))

        def work(job: Job) -> Written:
            return write_report(content, outputs, Progress(lambda done, text: job.report((done, text)), job.cancelled))

        self._writing.start(work)

    @Slot(object)
    def _on_progress(self, part: tuple[int, str]) -> None:
        done, text = part
        self.busy.bar.setValue(done)
        self.busy.label.setText(
            self.busy.label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDTH - 40)
        )

    @Slot(object)
    def _on_written(self, written: Written) -> None:
        self._written = written
        names = ", ".join(path.name for path in written.paths)
        self._finish(
            " ".join([*([gettext("Written: {names}.").format(names=names)] if names else []), *written.problems])
        )
        level = Level.WARNING if written.problems else Level.INFO
        if written.paths:
            self._workspace.messages.posted.emit(
                level, gettext("The report is in {parent}.").format(parent=written.paths[0].parent)
            )

    @Slot(object)
    def _on_write_failed(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self._finish(gettext("Stopped; what was under way is not written."))
        else:
            self._finish(
                gettext(
                    "Writing stopped unexpectedly ({error}); leave the images out, or choose another folder."
                ).format(error=error)
            )

    def _finish(self, text: str) -> None:
        self._set_working(False)
        if self._content is not None:
            self._show_state(self._content)
        self._say(text)

    def _set_working(self, working: bool) -> None:
        self.sample.setEnabled(not working and self._workspace.store.writable)
        self.choices.setEnabled(not working)
        self.write_button.setEnabled(not working)
        self.sign_button.setEnabled(False)
        self.close_button.setText(gettext("Stop") if working else gettext("Close"))
        self.busy.setVisible(working)
        self.open_button.setVisible(not working and self._written is not None and bool(self._written.paths))
        self.hint.hide()

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def _open_folder(self) -> None:
        if self._written is not None and self._written.paths:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.paths[0].parent)))

    # -- the dialog itself -------------------------------------------------------------------------

    def _stop(self) -> bool:
        """Stop what is under way; True if something was."""
        if self._writing.busy:
            self._writing.stop()
            return True
        if self._workspace.reporting.is_gathering and self.busy.isVisible():
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


def _unreviewed(content: ReportContent) -> str:
    """Return a line of what nobody reviewed as it now is; "" if all is."""
    parts = []
    if content.unreviewed:
        parts.append(gettext("Nobody has reviewed {unreviewed:,} of them.").format(unreviewed=content.unreviewed))
    if content.changed:
        parts.append(
            ngettext(
                "{n:,} was reviewed before the count changed.",
                "{n:,} were reviewed before the count changed.",
                content.changed,
            ).format(n=content.changed)
        )
    return f"\n{' '.join(parts)}\n" if parts else ""
