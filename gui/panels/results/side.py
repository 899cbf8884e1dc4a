"""The side of the results that leads to the report: what is still open, signing, and a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from core.counting.quality import Grade
from core.text import gettext, ngettext
from gui.panels.results.preview import PagePreview
from gui.widgets.elided import ElidedLabel
from gui.widgets.icons import pixmap
from gui.widgets.note_button import NoteButton
from gui.workspace.images import State
from gui.workspace.sample import SampleState

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QShowEvent

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

WIDTH, NARROW = 300, 236
_ICON, _NOTE_HEIGHT = 16, 20


class ReportSide(QFrame):
    """Says what a report would lack now, and offers to sign and to write it."""

    def __init__(self, workspace: Workspace, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("resultSide")
        self.setMinimumWidth(NARROW)
        self.setMaximumWidth(WIDTH)
        self._workspace = workspace
        self.state = ElidedLabel()
        self.state.setObjectName("stateLine")
        self.checks = [CheckLine() for _ in range(3)]
        self.note = NoteButton(_NOTE_HEIGHT)
        self.note.clicked.connect(lambda *_: actions[self._note_action()].trigger())
        self.sign_button = _button(actions["sign"], gettext("Sign…"))
        self.report_button = _button(actions["report"], gettext("Report…"))
        self.report_button.setProperty("primary", True)
        self.preview = PagePreview(workspace)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.sign_button, 1)
        buttons.addWidget(self.report_button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(4)
        layout.addWidget(self.state)
        for line in self.checks:
            layout.addWidget(line)
        layout.addWidget(self.note)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        layout.addSpacing(8)
        layout.addWidget(self.preview, 1)
        workspace.sample.changed.connect(self.refresh)
        workspace.counts.totals_changed.connect(self.refresh)
        workspace.sign_offs.changed.connect(self.refresh)
        workspace.notes.changed.connect(self.refresh)
        workspace.store.session_changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(self.maximumWidth(), super().sizeHint().height())

    def set_narrow(self, narrow: bool) -> None:
        """Leave the tables more room in a small window."""
        self.setMaximumWidth(NARROW if narrow else WIDTH)

    @Slot()
    def refresh(self) -> None:
        """Show the state of the sample, if somebody can see it."""
        if not self.isVisible():
            return
        workspace, sample, note = self._workspace, self._workspace.sample, self._workspace.notes.note
        self.note.show_note(note.text, note.explained, Grade.CHECK, quiet=not note.urgent)
        reviewed, total = sample.progress
        states = workspace.counts.states
        left = total - states[State.COUNTED] - states[State.FAILED]
        signed = workspace.sign_offs.text
        self.state.set_text(signed or gettext("Not signed"))
        counted, _, _ = self.checks
        if left:
            text = ngettext("{n:,} image still to be counted", "{n:,} images still to be counted", left).format(n=left)
        elif states[State.FAILED]:
            failed = states[State.FAILED]
            text = ngettext("{n:,} image failed", "{n:,} images failed", failed).format(n=failed)
        else:
            text = gettext("All images counted")
        counted.show_check(text, done=bool(total) and not left and not states[State.FAILED])
        self.checks[1].show_check(
            gettext("{reviewed:,} of {total:,} reviewed").format(reviewed=reviewed, total=total),
            done=bool(total) and reviewed == total,
        )
        name = gettext("Sample {id}").format(id=sample.id) if sample.id else gettext("Sample id missing")
        self.checks[2].show_check(name, done=bool(sample.id))
        superseded = sample.state is SampleState.SUPERSEDED
        self.state.setToolTip(
            gettext("Something has changed since it was signed. Undo the change, or sign again.")
            if superseded
            else self.state.full_text
        )

    def _note_action(self) -> str:
        return "adapt" if self._workspace.notes.note.adapting else "counting_settings"


class CheckLine(QFrame):
    """One thing that a report should have, and whether it is there."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = QLabel()
        self._mark.setFixedSize(_ICON, _ICON)
        self.text = ElidedLabel()
        self.done: bool | None = None
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._mark)
        line.addWidget(self.text, 1)

    def show_check(self, text: str, *, done: bool) -> None:
        """Show what there is."""
        self.text.set_text(text)
        if done is not self.done:
            self.done = done
            self._show_mark()
        said = gettext("{text}: done") if done else gettext("{text}: open")
        self.setAccessibleName(said.format(text=text))

    def _show_mark(self) -> None:
        self._mark.setPixmap(pixmap("check-circle" if self.done else "circle", _ICON))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.done is not None:
            self._show_mark()


def _button(action: QAction, text: str) -> QPushButton:
    """Return a button that does what an action does, while it can."""
    button = QPushButton(text)
    button.setMinimumHeight(32)
    button.setToolTip(action.toolTip())
    button.setEnabled(action.isEnabled())
    button.clicked.connect(lambda *_: action.trigger())
    action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
    return button
