"""The keys: all of them on one sheet, to read and to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from gui.commands.actions import ACTIONS
from gui.dialogs.keys.editor import KeyEditor
from gui.dialogs.keys.rows import KeyGroup, KeyRow, native, plain_text
from gui.widgets.forms import open_at

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from gui.commands.shortcuts import Actions

_MOUSE = (
    (gettext("Select a cell"), gettext("Click")),
    (gettext("The cell below it"), gettext("Click again")),
    (gettext("Select one more, or one less"), gettext("Ctrl + click")),
    (gettext("Select all in a rectangle"), gettext("Shift + drag")),
    (gettext("Move the selected cell"), gettext("Drag it")),
    (gettext("Change the size of its box"), gettext("Drag a handle")),
    (gettext("Menu of a cell"), gettext("Right click")),
    (gettext("Next cell"), "Tab"),
    (gettext("Previous cell"), "Shift+Tab"),
    (gettext("Leave a tool, drop the selection"), "Esc"),
    (gettext("Zoom"), gettext("Wheel")),
    (gettext("Move the image"), gettext("Drag, arrow keys")),
    (gettext("Show the whole image"), gettext("Double click")),
)
_TWO_COLUMNS = 660
_SIZE = QSize(900, 660)


class KeysDialog(QDialog):
    """All keys, searchable, in the groups of the menus; each can be changed."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._chosen: KeyRow | None = None
        self.setWindowTitle(gettext("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, _SIZE)
        self.setMinimumSize(300, 320)
        self.search = QLineEdit()
        self.search.setPlaceholderText(gettext("Search for an action or a key"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(gettext("Search for an action or a key"))
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
        self.change = QPushButton(gettext("Change…"))
        self.own = QPushButton(gettext("Default"))
        self.reset = QPushButton(gettext("Reset all…"))
        self.reset.setToolTip(gettext("Give every action its own key again"))
        close = QPushButton(gettext("Close"))
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
        for menu in dict.fromkeys(spec.menu for spec in ACTIONS):
            rows = []
            for spec in ACTIONS:
                if spec.menu is menu and self._actions[spec.id].isVisible():
                    row = KeyRow(plain_text(self._actions, spec), spec)
                    row.chosen.connect(self._choose)
                    row.opened.connect(self._open_editor)
                    row.stepped.connect(self._step)
                    self.rows[spec.id] = row
                    rows.append(row)
            if rows:
                groups.append(KeyGroup(menu.value, rows))
        mouse = []
        for text, gesture in _MOUSE:
            row = KeyRow(text)
            row.key.setText(gesture)
            mouse.append(row)
        return [*groups, KeyGroup(gettext("On the image"), mouse)]

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
        self.own.setToolTip(
            gettext("Go back to {native}").format(native=native(str(own))) if own else gettext("Go back to no key")
        )
        self.reset.setEnabled(any(self._actions.key(spec) != spec.key for spec in ACTIONS))

    def _filter(self, wanted: str) -> None:
        for group in self.groups:
            for row in group.rows:
                row.wanted = row.matches(wanted)
                row.setVisible(row.wanted)
            group.setVisible(group.length > 0)
        found = any(group.length for group in self.groups)
        self.nothing.setText(gettext("No action and no key is called “{strip}”").format(strip=wanted.strip()))
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
        if row.spec.key and self._actions.user_of(row.spec.key, besides=row.spec.id):
            self._open_editor(row, row.spec.key)
        else:
            self._actions.set_key(row.spec, None)

    def _ask_to_reset(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question,
            gettext("Reset all keys"),
            gettext("Give every action its own key again?"),
            parent=self,
        )
        box.setInformativeText(gettext("The keys that you have chosen are forgotten."))
        yes = box.addButton(gettext("Reset all"), QMessageBox.ButtonRole.AcceptRole)
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
