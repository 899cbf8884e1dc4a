"""Takes another key for one action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QKeySequenceEdit,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from gui.dialogs.keys.rows import native, plain_text, set_mark

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from gui.commands.action import Action
    from gui.commands.shortcuts import Actions

_RESERVED = {
    "Esc": gettext("leaves a tool"),
    "Tab": gettext("goes to the next cell on the image"),
    "Shift+Tab": gettext("goes to the previous cell on the image"),
    "Backtab": gettext("goes to the previous cell on the image"),
    "Shift+Backtab": gettext("goes to the previous cell on the image"),
    "Left": gettext("moves the image"),
    "Right": gettext("moves the image"),
    "Up": gettext("moves the image"),
    "Down": gettext("moves the image"),
}
_PORTABLE = QKeySequence.SequenceFormat.PortableText


class _KeyField(QKeySequenceEdit):
    """Takes one key; Esc is no key for an action, and closes the dialog as everywhere."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)


class KeyEditor(QDialog):
    """Takes another key for one action, and says who would lose it."""

    def __init__(self, actions: Actions, spec: Action, title: str, parent: QWidget, key: str = "") -> None:
        """``key``: what is proposed."""
        super().__init__(parent)
        self._actions = actions
        self._spec = spec
        self.setWindowTitle(gettext("Change a key"))
        name = QLabel(title)
        name.setObjectName("className")
        own = gettext(", {native} by default").format(native=native(spec.key)) if spec.key else ""
        now = QLabel(
            gettext("Now {value}{own}. Press the new key:").format(
                value=native(actions.key(spec)) or gettext("without a key"), own=own
            )
        )
        now.setObjectName("faint")
        self.edit = _KeyField()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setClearButtonEnabled(True)
        self.edit.setAccessibleName(gettext("New key of {title}").format(title=title))
        self.edit.keySequenceChanged.connect(self._show_user)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        buttons = QDialogButtonBox()
        self.use = buttons.addButton(gettext("Use this key"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        for widget in (name, now, self.edit, self.note, buttons):
            layout.addWidget(widget)
        self.setMinimumWidth(380)
        self.edit.setKeySequence(QKeySequence(key))
        self._show_user()
        self.edit.setFocus()

    @property
    def key(self) -> str:
        """The key that was pressed, as Qt writes it in files; "" for none."""
        return self.edit.keySequence().toString(_PORTABLE)

    def _show_user(self) -> None:
        """Say what choosing the key would mean."""
        key, level, possible = self.key, "", True
        other = self._actions.user_of(key, besides=self._spec.id) if key else None
        if key in _RESERVED:
            text, level, possible = (
                gettext("{native} {RESERVED}; press another key.").format(native=native(key), RESERVED=_RESERVED[key]),
                "error",
                False,
            )
        elif other is not None:
            text, level = (
                gettext("{native} is used by “{plain_text}”; it will lose it.").format(
                    native=native(key), plain_text=plain_text(self._actions, other)
                ),
                "warning",
            )
        elif not key:
            text = gettext("Without a key, it can still be reached from the menu.")
        else:
            text = (
                gettext("{native} is free.").format(native=native(key)) if key != self._actions.key(self._spec) else ""
            )
        self.note.setText(text)
        self.note.setObjectName("keyNote" if level else "faint")
        set_mark(self.note, "level", level or "none")
        self.use.setText(gettext("Use this key") if key else gettext("Use no key"))
        self.use.setEnabled(possible)
