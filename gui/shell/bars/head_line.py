"""The line at the top: whose sample it is, who works on it, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QPushButton, QSizePolicy, QWidget

from core.text import gettext
from gui.commands.context import Dialog
from gui.widgets.elided import ElidedLabel
from gui.widgets.icons import icon
from gui.workspace.sample import SampleState

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

HEIGHT = 44
_ID_WIDTH, _STATE_WIDTH, _BAR_WIDTH = 190, 170, 72
_COLOURS = {
    SampleState.EMPTY: QColor(0, 0, 0, 0),
    SampleState.COUNTING: QColor("#2f7bd9"),
    SampleState.PAUSED: QColor("#c98300"),
    SampleState.READY: QColor("#6b7684"),
    SampleState.SIGNED: QColor("#1f8a46"),
    SampleState.SUPERSEDED: QColor("#c2372c"),
}


class SampleIdEdit(QLineEdit):
    """The sample's id: a text that is edited where it stands; Esc gives the old one back."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sampleId")
        self.setPlaceholderText(gettext("Sample id"))
        self.setAccessibleName(gettext("Sample id"))
        self.setFixedWidth(_ID_WIDTH)
        self.setMaxLength(80)
        self._shown = ""

    def show_id(self, text: str) -> None:
        """Show the id that the sample has, unless another is being typed."""
        self._shown = text
        if not (self.hasFocus() and self.isModified()):
            self.setText(text)
            self.setCursorPosition(0)
        self.setToolTip(
            gettext("Sample {id}; click to change it").format(id=text) if text else gettext("Click to name the sample")
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(self._shown)
            self.selectAll()
            return
        super().keyPressEvent(event)


class HeadLine(QWidget):
    """Sample, user, progress and state; every part keeps its place whatever it says."""

    def __init__(self, workspace: Workspace, actions: Actions, open_dialog: Callable[[Dialog], None]) -> None:
        super().__init__()
        self._workspace = workspace
        self._sample = workspace.sample
        self.setFixedHeight(HEIGHT)
        self.id = SampleIdEdit()
        self.id.editingFinished.connect(self._on_id)
        self.fields = ElidedLabel()
        self.fields.setObjectName("faint")
        self.user = QPushButton()
        self.user.setObjectName("flat")
        self.user.setIcon(icon("user"))
        self.user.setToolTip(gettext("The name that signs your edits; click to change it"))
        self.user.clicked.connect(lambda *_: open_dialog(Dialog.USER))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(_BAR_WIDTH, 6)
        self.progress = QPushButton()
        self.progress.setObjectName("flat")
        self.progress.setToolTip(gettext("Show the next image that is not reviewed"))
        self.progress.clicked.connect(actions["next_unreviewed"].trigger)
        self.state = StateChip()
        self.state.clicked.connect(lambda *_: open_dialog(Dialog.REPORT))
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 0, 8, 0)
        line.setSpacing(8)
        for widget in (self.id, self.fields, self.user, self.bar, self.progress, self.state):
            line.addWidget(widget)
        line.setStretchFactor(self.fields, 1)
        self._sample.changed.connect(self.refresh)
        workspace.store.user_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the sample as it is now."""
        sample = self._sample
        state, (reviewed, total) = sample.state, sample.progress
        self.id.show_id(sample.id)
        self.id.setEnabled(self._workspace.store.is_open)
        self.id.setReadOnly(not self._workspace.store.writable)
        self.fields.set_text(" · ".join(f"{name}: {text}" for name, text in sample.fields))
        user = self._workspace.store.user
        self.user.setText(user)
        self.user.setAccessibleName(gettext("User: {name}").format(name=user))
        text = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=reviewed, n=total) if total else ""
        self.progress.setText(text)
        widest = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=max(total, 888), n=max(total, 888))
        self.progress.setFixedWidth(self.progress.fontMetrics().horizontalAdvance(widest) + 20)
        self.progress.setEnabled(total > 1 and reviewed < total)
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(reviewed)
        self.bar.setEnabled(bool(total))
        self.state.show_state(state, sample.state_text)

    def edit_id(self) -> None:
        """Give the sample's id the keyboard."""
        self.id.setFocus(Qt.FocusReason.OtherFocusReason)
        self.id.selectAll()

    @Slot()
    def _on_id(self) -> None:
        if self.id.isModified():
            self.id.setModified(False)
            self._sample.set_id(self.id.text())
            self.refresh()


class StateChip(QPushButton):
    """A coloured dot and a few words."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("state")
        self.setFixedWidth(_STATE_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._state, self._text = SampleState.EMPTY, ""

    def show_state(self, state: SampleState, text: str) -> None:
        """Show a state."""
        self._state, self._text = state, text
        self.setEnabled(bool(text))
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_STATE_WIDTH, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._text:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setBrush(_COLOURS[self._state])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(10, round(middle - 4), 8, 8)
        painter.setPen(self.palette().buttonText().color())
        room = self.rect().adjusted(26, 0, -8, 0)
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
