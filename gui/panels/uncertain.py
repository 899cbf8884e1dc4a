"""The doubt queue: walks the cells nearest their threshold, the most doubtful first."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gui.commands.actions import Actions
    from gui.workspace.document import Document

DOUBT_REACH = 0.12
"""A cell is doubtful when its score is this near its threshold."""

_LEAST_TEXT = 260  # pixels beside the buttons


class DoubtBar(QWidget):
    """Shows one doubtful cell of the current picture after the other, and asks whether it is one."""

    active_changed = Signal(bool)
    next_picture = Signal()

    def __init__(self, document: Document, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("doubtBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document = document
        self._skipped: set[int] = set()
        self.cell: int | None = None
        self.text = QLabel()
        self.text.setMinimumWidth(80)
        self.yes, self.no, self.skip = (QPushButton() for _ in range(3))
        self.onward, self.stop = QPushButton("Next unreviewed picture"), QPushButton("Close")
        self._keys = {self.yes: "doubt_yes", self.no: "doubt_no", self.skip: "doubt_skip"}
        self._actions = actions
        for button, slot in (
            (self.yes, self._accept),
            (self.no, self._reject),
            (self.skip, self._skip),
            (self.onward, self.next_picture.emit),
            (self.stop, lambda: self.set_active(False)),
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda *_, slot=slot: slot())
        for button, name in self._keys.items():
            actions.connect_to({name: button.click})
        actions.keys_changed.connect(self._show_keys)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(12, 6, 8, 6)
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.text.setWordWrap(True)
        self._row.addWidget(self.text, 1)
        self._row.addLayout(self._buttons)
        for button in (self.yes, self.no, self.skip, self.onward, self.stop):
            self._buttons.addWidget(button)
        self._arrange()
        document.counts_changed.connect(self._refresh)
        document.current_changed.connect(self._on_current_changed)
        document.picture_loaded.connect(self._refresh)
        self.hide()
        self._show_keys()

    def _arrange(self) -> None:
        """Put the buttons beside the text, below it, or below each other, as there is room."""
        buttons = (self.onward, self.stop) if self.cell is None else (self.yes, self.no, self.skip, self.stop)
        wanted = sum(button.sizeHint().width() + self._buttons.spacing() for button in buttons)
        room = self.width() - 20
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._row.setDirection(across if room >= wanted + _LEAST_TEXT else down)
        self._buttons.setDirection(across if room >= wanted else down)

    def minimumSizeHint(self) -> QSize:
        """As wide as a button: more of them go below each other."""
        widest = max(button.sizeHint().width() for button in (self.yes, self.no, self.skip, self.stop))
        return QSize(widest + 24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _show_keys(self) -> None:
        """Write the keys on the buttons; they work only while doubtful cells are walked."""
        for button, name in self._keys.items():
            action = self._actions[name]
            action.setEnabled(self.active)
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            button.setText(f"{action.text()} ({key})" if key else action.text())

    @property
    def active(self) -> bool:
        """Whether the queue is being walked."""
        return not self.isHidden()

    def set_active(self, active: bool) -> None:
        """Begin with the most doubtful cell, or stop."""
        if active == self.active:
            return
        self._skipped.clear()
        self.cell = None
        self.setVisible(active)
        self._show_keys()
        self.active_changed.emit(active)
        self._refresh()

    def remaining(self) -> list[int]:
        """Return the ids of the doubtful cells that were not decided or skipped, the most doubtful first."""
        document = self._document
        entry, cells = document.current_entry, document.current_cells()
        if entry is None or cells is None or entry.countable is None or document.settings is None:
            return []
        places, _ = entry.countable.uncertain(document.settings.thresholds, document.classes, DOUBT_REACH)
        numbers = [int(number) for number in cells.cells.ids[places]]
        undecided = set(cells.found.detections.ids[~cells.corrections.edited].tolist())
        sent = [number for number in document.editing.doubts(entry.id) if number in undecided]
        return [number for number in dict.fromkeys([*sent, *numbers]) if number not in self._skipped]

    def _refresh(self) -> None:
        if not self.active:
            return
        left = self.remaining()
        changed = (left[0] if left else None) != self.cell
        self.cell = left[0] if left else None
        for button in (self.yes, self.no, self.skip):
            button.setVisible(self.cell is not None)
        self.onward.setVisible(self.cell is None)
        self._arrange()
        document = self._document
        cell = None if self.cell is None else document.editing.cell(self.cell)
        if cell is None or document.settings is None:
            self.text.setText("No doubtful cells are left in this picture.")
            return
        threshold = document.settings.thresholds[cell.class_name]
        counts = "counts now" if cell.score >= threshold else "does not count now"
        self.text.setText(
            f"<b>{len(left)} doubtful left.</b> {escape(cell.class_name)} {cell.score:.2f}, "
            f"threshold {threshold:.2f}: {counts}. Is it one? 1–{min(len(document.classes), 9)} give it a class."
        )
        if changed and self.cell is not None:
            document.editing.select([self.cell])
            document.editing.show_cell.emit(self.cell)

    def _on_current_changed(self) -> None:
        self._skipped.clear()
        self.cell = None

    def _accept(self) -> None:
        if self.cell is not None:
            self._document.editing.accept([self.cell])

    def _reject(self) -> None:
        if self.cell is not None:
            self._document.editing.remove_cells([self.cell])

    def _skip(self) -> None:
        if self.cell is not None:
            self._skipped.add(self.cell)
            self._refresh()
