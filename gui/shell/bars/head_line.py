"""The line at the top: whose sample it is, who works on it, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionFrame,
    QWidget,
)

from core.text import gettext
from gui.commands.context import Dialog
from gui.shell.bars.sample_fields import FieldsButton, FieldsPopup
from gui.widgets.icons import icon
from gui.workspace.sample import SampleState

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent

    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

HEIGHT = 44
_ID_WIDTH, _ID_MOST, _BAR_WIDTH = 190, 460, 64
_STATE_WIDTHS, _STATE_SHARE = (200, 340), 5  # least and most; one in so many pixels of the line
_ID_BESIDE = 56  # margins and the pencil
_SLACK = 4  # a text that has exactly its width is shortened
_NARROW = 1200
"""Below this width of the line the sample's fields stand below its id, so that both have room for a long name."""

_WIDEST_USER = 140
_COLOURS = {
    SampleState.EMPTY: QColor(0, 0, 0, 0),
    SampleState.COUNTING: QColor("#2f7bd9"),
    SampleState.PAUSED: QColor("#c98300"),
    SampleState.READY: QColor("#6b7684"),
    SampleState.SIGNED: QColor("#1f8a46"),
    SampleState.SUPERSEDED: QColor("#c2372c"),
}


class SampleIdEdit(QLineEdit):
    """The sample's id: a text that is edited where it stands; Enter takes it, Esc gives the old one back."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sampleId")
        self.setPlaceholderText(gettext("Sample id"))
        self.setAccessibleName(gettext("Sample id"))
        self.setMinimumWidth(_ID_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setMaxLength(80)
        self.textChanged.connect(lambda *_: self.updateGeometry())
        self._shown = ""
        pencil = self.addAction(icon("pencil-simple"), QLineEdit.ActionPosition.TrailingPosition)
        pencil.setToolTip(gettext("Change the sample id"))
        pencil.triggered.connect(lambda *_: self.setFocus(Qt.FocusReason.OtherFocusReason))

    def show_id(self, text: str) -> None:
        """Show the id that the sample has, unless another is being typed."""
        self._shown = text
        if not (self.hasFocus() and self.isModified()):
            self.setText(text)
            self.setCursorPosition(0)
        self.setToolTip(
            gettext("Sample {id}; click to change it").format(id=text) if text else gettext("Click to name the sample")
        )

    def sizeHint(self) -> QSize:
        """Return the width of the text, within limits."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + _ID_BESIDE + _SLACK
        return QSize(min(max(width, _ID_WIDTH), _ID_MOST), super().sizeHint().height())

    @property
    def shown_text(self) -> str:
        """The text as it stands there: shortened at its end where it has no room, unless it is being edited."""
        return self.text() if self.hasFocus() else self._shortened(self.width() - _ID_BESIDE)

    def _shortened(self, room: int) -> str:
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.shown_text == self.text():
            super().paintEvent(event)
            return
        painter, option = QPainter(self), QStyleOptionFrame()
        self.initStyleOption(option)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, option, painter, self)
        area = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self).adjusted(2, 0, 0, 0)
        painter.setPen(self.palette().text().color())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self.shown_text)
        painter.end()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setCursorPosition(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._shown)
            self.left.emit()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()


class HeadLine(QWidget):
    """Sample, user, progress and state; every part keeps its place whatever it says."""

    def __init__(
        self, workspace: Workspace, actions: Actions, preferences: Preferences, open_dialog: Callable[[Dialog], None]
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._sample = workspace.sample
        self._preferences = preferences
        self._open_dialog = open_dialog
        self.setFixedHeight(HEIGHT)
        self.id = SampleIdEdit()
        self.id.editingFinished.connect(self._on_id)
        self.fields = FieldsButton()
        self.fields.clicked.connect(lambda *_: self.open_fields())
        self.user = QPushButton()
        self.user.setObjectName("flat")
        self.user.setIcon(icon("user"))
        self.user.setToolTip(gettext("The name that signs your edits; click to change it"))
        self.user.clicked.connect(lambda *_: open_dialog(Dialog.USER))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(gettext("Reviewed images"))
        self.bar.setFixedSize(_BAR_WIDTH, 6)
        self.progress = QPushButton()
        self.progress.setObjectName("flat")
        self.progress.setToolTip(gettext("Show the next image that is not reviewed"))
        self.progress.clicked.connect(actions["next_unreviewed"].trigger)
        self.state = StateChip()
        self.state.clicked.connect(actions["results_view"].trigger)
        for part in (self.bar, self.fields, self.progress, self.state):
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            part.setSizePolicy(policy)
        self._names = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for part in (self.id, self.fields):
            self._names.addWidget(part, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 0, 8, 0)
        line.setSpacing(8)
        line.addLayout(self._names)
        line.addStretch(1)
        for widget in (self.user, self.bar, self.progress, self.state):
            line.addWidget(widget)
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
        self.fields.show_fields(sample.fields)
        self.fields.setVisible(self._workspace.store.writable or bool(sample.fields))
        user = self._workspace.store.user
        shown = self.user.fontMetrics().elidedText(user, Qt.TextElideMode.ElideRight, _WIDEST_USER)
        self.user.setText(shown.replace("&", "&&"))
        self.user.setAccessibleName(gettext("User: {name}").format(name=user))
        text = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=reviewed, n=total) if total else ""
        self.progress.setText(text)
        self.progress.setVisible(bool(text))
        widest = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=max(total, 888), n=max(total, 888))
        self.progress.setFixedWidth(self.progress.fontMetrics().horizontalAdvance(widest) + 20)
        self.progress.setEnabled(total > 1 and reviewed < total)
        self.bar.setVisible(bool(total))
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(reviewed)
        self.state.show_state(state, sample.state_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the state what room the window leaves, so that no other part moves when the state changes."""
        least, most = _STATE_WIDTHS
        self.state.setFixedWidth(min(max(self.width() // _STATE_SHARE, least), most))
        self._fit_names(narrow=self.width() < _NARROW)
        super().resizeEvent(event)

    def _fit_names(self, *, narrow: bool) -> None:
        """Put the fields beside the sample's id or below it."""
        directions = QBoxLayout.Direction
        self._names.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)
        self._names.setSpacing(0 if narrow else 8)
        self.fields.set_low(narrow)
        self.bar.setFixedWidth(0 if narrow else _BAR_WIDTH)

    def edit_id(self) -> None:
        """Give the sample's id the keyboard."""
        self.id.setFocus(Qt.FocusReason.OtherFocusReason)
        self.id.selectAll()

    def open_fields(self) -> None:
        """Open the laboratory's own fields to fill them in."""
        self.popup = FieldsPopup(self._sample, self._preferences, self)
        self.popup.preferences_wanted.connect(lambda: self._open_dialog(Dialog.PREFERENCES))
        self.popup.open_below(self.fields)

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
        self.setFixedWidth(_STATE_WIDTHS[0])
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._state, self._text = SampleState.EMPTY, ""

    def show_state(self, state: SampleState, text: str) -> None:
        """Show a state."""
        self._state, self._text = state, text
        self.setVisible(bool(text))
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.width(), 28)

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
