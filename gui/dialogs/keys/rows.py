"""A line of the sheet of keys: what is done, and with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from gui.commands.action import Menu

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent

    from gui.commands.action import Action
    from gui.commands.shortcuts import Actions

_NATIVE = QKeySequence.SequenceFormat.NativeText


def native(key: str) -> str:
    """Return a key as this computer's menus write it."""
    return QKeySequence(key).toString(_NATIVE)


class KeyRow(QFrame):
    """What is done and with which key."""

    chosen = Signal(object)  # KeyRow
    opened = Signal(object)  # KeyRow
    stepped = Signal(object, int)  # KeyRow, to the next or previous

    def __init__(self, text: str, spec: Action | None = None) -> None:
        super().__init__()
        self.spec = spec
        self.wanted = True
        self.setObjectName("keyRow")
        self.text = QLabel(text)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.key = QLabel()
        self.key.setObjectName("keycap" if spec else "faint")
        if spec is not None:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setToolTip(spec.tip)
            self.setAccessibleName(text)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 8, 3)
        layout.setSpacing(10)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.key)

    def show_key(self, key: str, own: str) -> None:
        """Show a key; one that is not the action's own is marked."""
        self.key.setText(native(key) if key else gettext("none") if own else "")
        state = "other" if key != own else "own" if key else "none"
        self.key.setToolTip(
            gettext("Default: {value}").format(value=native(own) or gettext("none")) if key != own else ""
        )
        set_mark(self.key, "key", state)

    def set_chosen(self, chosen: bool) -> None:
        """Mark the row."""
        set_mark(self, "chosen", chosen)

    def matches(self, wanted: str) -> bool:
        """Tell whether the row is what a person looks for."""
        tip = self.spec.tip if self.spec else ""
        texts = (self.text.text(), tip, self.key.text())
        return all(any(word in text.lower() for text in texts) for word in wanted.lower().split())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.chosen.emit(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.spec is not None:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.chosen.emit(self)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.spec is not None:
            self.opened.emit(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(self, 1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)


def set_mark(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class KeyGroup(QFrame):
    """The rows of one menu."""

    def __init__(self, title: str, rows: list[KeyRow]) -> None:
        super().__init__()
        self.setObjectName("card")
        self.rows = rows
        heading = QLabel(title)
        heading.setObjectName("heading")
        heading.setContentsMargins(8, 0, 8, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 8, 4, 8)
        layout.setSpacing(1)
        layout.addWidget(heading)
        for row in rows:
            layout.addWidget(row)

    @property
    def length(self) -> int:
        """How many rows are shown."""
        return sum(row.wanted for row in self.rows)


def plain_text(actions: Actions, spec: Action) -> str:
    """Return the text of an action without its underlined letter and the dots."""
    # only the names of the classes come from elsewhere; "Undo add RBC" is the name of no action
    text = actions[spec.id].text() if spec.menu is Menu.CLASS else spec.text
    return text.replace("&", "").rstrip(" …")
