"""The keys: all of them on one sheet, to read and to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.commands.actions import SPECS

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent

    from gui.commands.actions import Actions, ActionSpec

_MOUSE = (
    ("Select a cell", "Click"),
    ("The cell below it", "Click again"),
    ("Select one more, or one less", "Ctrl + click"),
    ("Select all in a rectangle", "Shift + drag"),
    ("Move the selected cell", "Drag it"),
    ("Change the size of its box", "Drag a handle"),
    ("Menu of a cell", "Right click"),
    ("Next cell", "Tab"),
    ("Previous cell", "Shift+Tab"),
    ("Leave a tool, drop the selection", "Esc"),
    ("Zoom", "Wheel"),
    ("Move the picture", "Drag, arrow keys"),
    ("Show the whole picture", "Double click"),
)
_RESERVED = {
    "Esc": "leaves a tool",
    "Tab": "goes to the next cell on the picture",
    "Shift+Tab": "goes to the previous cell on the picture",
    "Backtab": "goes to the previous cell on the picture",
    "Shift+Backtab": "goes to the previous cell on the picture",
    "Left": "moves the picture",
    "Right": "moves the picture",
    "Up": "moves the picture",
    "Down": "moves the picture",
}
_TWO_COLUMNS = 660
_NATIVE = QKeySequence.SequenceFormat.NativeText
_PORTABLE = QKeySequence.SequenceFormat.PortableText


def native(key: str) -> str:
    """Return a key as this computer's menus write it."""
    return QKeySequence(key).toString(_NATIVE)


class KeyRow(QFrame):
    """What is done and with which key."""

    chosen = Signal(object)  # KeyRow
    opened = Signal(object)  # KeyRow
    stepped = Signal(object, int)  # KeyRow, to the next or previous

    def __init__(self, text: str, spec: ActionSpec | None = None) -> None:
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
        self.key.setText(native(key) if key else "none" if own else "")
        state = "other" if key != own else "own" if key else "none"
        self.key.setToolTip(f"Default: {native(own) or 'none'}" if key != own else "")
        _mark(self.key, "key", state)

    def set_chosen(self, chosen: bool) -> None:
        """Mark the row."""
        _mark(self, "chosen", chosen)

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


def _mark(widget: QWidget, name: str, value: object) -> None:
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


class _KeyField(QKeySequenceEdit):
    """Takes one key; Esc is no key for an action, and closes the dialog as everywhere."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)


class KeyEditor(QDialog):
    """Takes another key for one action, and says who would lose it."""

    def __init__(self, actions: Actions, spec: ActionSpec, title: str, parent: QWidget, key: str = "") -> None:
        """``key``: what is proposed."""
        super().__init__(parent)
        self._actions = actions
        self._spec = spec
        self.setWindowTitle("Change a key")
        name = QLabel(title)
        name.setObjectName("className")
        own = f", {native(spec.key)} by default" if spec.key else ""
        now = QLabel(f"Now {native(actions.key(spec)) or 'without a key'}{own}. Press the new key:")
        now.setObjectName("faint")
        self.edit = _KeyField()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setClearButtonEnabled(True)
        self.edit.setAccessibleName(f"New key of {title}")
        self.edit.keySequenceChanged.connect(self._show_user)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        buttons = QDialogButtonBox()
        self.use = buttons.addButton("Use this key", QDialogButtonBox.ButtonRole.AcceptRole)
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
        other = self._actions.user_of(key, besides=self._spec.name) if key else None
        if key in _RESERVED:
            text, level, possible = f"{native(key)} {_RESERVED[key]}; press another key.", "error", False
        elif other is not None:
            text, level = f"{native(key)} is used by “{plain_text(self._actions, other)}”; it will lose it.", "warning"
        elif not key:
            text = "Without a key, it can still be reached from the menu."
        else:
            text = f"{native(key)} is free." if key != self._actions.key(self._spec) else ""
        self.note.setText(text)
        self.note.setObjectName("keyNote" if level else "faint")
        _mark(self.note, "level", level or "none")
        self.use.setText("Use this key" if key else "Use no key")
        self.use.setEnabled(possible)


def plain_text(actions: Actions, spec: ActionSpec) -> str:
    """Return the text of an action without its underlined letter and the dots."""
    # only the names of the classes come from elsewhere; "Undo add RBC" is the name of no action
    text = actions[spec.name].text() if spec.group == "Class" else spec.text
    return text.replace("&", "").rstrip(" …")


class KeysDialog(QDialog):
    """All keys, searchable, in the groups of the menus; each can be changed."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._chosen: KeyRow | None = None
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 660)
        self.setMinimumSize(300, 320)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for an action or a key")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search for an action or a key")
        self.search.textChanged.connect(self._filter)
        self.rows: dict[str, KeyRow] = {}
        self.groups = self._build_groups()
        self.nothing = QLabel()
        self.nothing.setObjectName("faint")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.setMargin(24)
        self.nothing.hide()
        self.sheet = self._build_sheet()
        self.change = QPushButton("Change …")
        self.own = QPushButton("Default")
        self.reset = QPushButton("Reset all …")
        self.reset.setToolTip("Give every action its own key again")
        close = QPushButton("Close")
        for button in (self.change, self.own, self.reset, close):
            button.setAutoDefault(False)
        self.change.clicked.connect(lambda *_: self._open_editor(self._chosen))
        self.own.clicked.connect(lambda *_: self._back_to_own())
        self.reset.clicked.connect(lambda *_: self._ask_to_reset())
        close.clicked.connect(self.accept)
        self._buttons = QGridLayout()
        self._buttons.setContentsMargins(0, 0, 0, 0)
        self._bar = (self.change, self.own, self.reset, close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.sheet, 1)
        layout.addLayout(self._buttons)
        actions.keys_changed.connect(self._show_keys)
        self._show_keys()
        self._arrange()
        self.search.setFocus()

    def _build_groups(self) -> list[KeyGroup]:
        groups = []
        for title in dict.fromkeys(spec.group for spec in SPECS):
            rows = []
            for spec in SPECS:
                if spec.group == title and self._actions[spec.name].isVisible():
                    row = KeyRow(plain_text(self._actions, spec), spec)
                    row.chosen.connect(self._choose)
                    row.opened.connect(self._open_editor)
                    row.stepped.connect(self._step)
                    self.rows[spec.name] = row
                    rows.append(row)
            if rows:
                groups.append(KeyGroup(title, rows))
        mouse = []
        for text, gesture in _MOUSE:
            row = KeyRow(text)
            row.key.setText(gesture)
            mouse.append(row)
        return [*groups, KeyGroup("On the picture", mouse)]

    def _build_sheet(self) -> QScrollArea:
        sheet = QWidget()
        self._columns = QHBoxLayout(sheet)
        self._columns.setContentsMargins(0, 0, 6, 0)
        self._columns.setSpacing(10)
        self._stacks = [QVBoxLayout(), QVBoxLayout()]
        for stack in self._stacks:
            stack.setSpacing(10)
            self._columns.addLayout(stack, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(sheet)
        return scroll

    def _arrange(self) -> None:
        """Put the groups into one column or two of about the same length."""
        shown = [group for group in self.groups if group.length]
        lengths = [group.length + 2 for group in shown]
        two = self.width() >= _TWO_COLUMNS
        for stack in self._stacks:
            while stack.count():
                stack.takeAt(0)
        half, filled = sum(lengths) / 2, 0
        for group, length in zip(shown, lengths, strict=True):
            right = two and filled > 0 and filled + length / 2 > half
            self._stacks[1 if right else 0].addWidget(group)
            filled += length
        for stack in self._stacks:
            stack.addStretch(1)
        self._columns.setStretch(1, 1 if two else 0)
        self._columns.setSpacing(10 if two else 0)
        for place, button in enumerate(self._bar):
            row, column = (0, place + (place > 2)) if self.width() >= 420 else divmod(place, 2)
            self._buttons.addWidget(button, row, column)
        self._buttons.setColumnStretch(3, 1 if self.width() >= 420 else 0)

    def _show_keys(self) -> None:
        for row in self.rows.values():
            assert row.spec is not None
            row.text.setText(plain_text(self._actions, row.spec))
            row.show_key(self._actions.key(row.spec), row.spec.key)
        self._show_buttons()

    def _show_buttons(self) -> None:
        spec = self._chosen.spec if self._chosen else None
        self.change.setEnabled(spec is not None)
        self.own.setEnabled(spec is not None and self._actions.key(spec) != spec.key)
        own = spec is not None and spec.key
        self.own.setToolTip(f"Go back to {native(str(own))}" if own else "Go back to no key")
        self.reset.setEnabled(any(self._actions.key(spec) != spec.key for spec in SPECS))

    def _filter(self, wanted: str) -> None:
        for group in self.groups:
            for row in group.rows:
                row.wanted = row.matches(wanted)
                row.setVisible(row.wanted)
            group.setVisible(group.length > 0)
        found = any(group.length for group in self.groups)
        self.nothing.setText(f"No action and no key is called “{wanted.strip()}”")
        self.nothing.setVisible(not found)
        self.sheet.setVisible(found)
        if self._chosen is not None and not self._chosen.wanted:
            self._choose(None)
        self._arrange()

    # -- changing ------------------------------------------------------------------------------

    def _choose(self, row: KeyRow | None) -> None:
        if self._chosen is not None:
            self._chosen.set_chosen(False)
        self._chosen = row
        if row is not None:
            row.set_chosen(True)
            self.sheet.ensureWidgetVisible(row, 0, 40)
        self._show_buttons()

    def _step(self, row: KeyRow, by: int) -> None:
        rows = [other for other in self.rows.values() if other.wanted]
        place = rows.index(row) + by
        if 0 <= place < len(rows):
            rows[place].setFocus(Qt.FocusReason.OtherFocusReason)

    def _open_editor(self, row: KeyRow | None, key: str | None = None) -> None:
        if row is None or row.spec is None:
            return
        self._choose(row)
        spec = row.spec
        proposed = self._actions.key(spec) if key is None else key
        editor = KeyEditor(self._actions, spec, plain_text(self._actions, spec), self, proposed)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        editor.accepted.connect(lambda: self._actions.set_key(spec, editor.key))
        editor.finished.connect(lambda *_: row.setFocus())
        editor.open()

    def _back_to_own(self) -> None:
        """Give the marked action its own key; who has it now is told of first."""
        row = self._chosen
        if row is None or row.spec is None:
            return
        if row.spec.key and self._actions.user_of(row.spec.key, besides=row.spec.name):
            self._open_editor(row, row.spec.key)
        else:
            self._actions.set_key(row.spec, None)

    def _ask_to_reset(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question, "Reset all keys", "Give every action its own key again?", parent=self
        )
        box.setInformativeText("The keys that you have chosen are forgotten.")
        yes = box.addButton("Reset all", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(lambda *_: self._actions.reset_keys())
        box.open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            first = next((row for row in self.rows.values() if row.wanted), None)
            if first is not None:
                first.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
