"""The uncertain cells: walked one by one, the nearest to its threshold first."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

from core.text import gettext
from gui.commands.action import MOST_CLASS_KEYS
from gui.workspace.view_options import UNCERTAIN_REACH

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

_LEAST_TEXT = 260  # pixels beside the buttons


class UncertainBar(QWidget):
    """Shows one uncertain cell of the image after the other, and asks whether it is one."""

    active_changed = Signal(bool)
    next_image = Signal()

    def __init__(self, workspace: Workspace, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("doubtBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._workspace = workspace
        self._skipped: set[int] = set()
        self.cell: int | None = None
        self.text = QLabel()
        self.text.setMinimumWidth(80)
        self.yes, self.no, self.skip = (QPushButton() for _ in range(3))
        self.onward, self.stop = QPushButton(gettext("Next unreviewed image")), QPushButton(gettext("Close"))
        self._keys = {self.yes: "doubt_yes", self.no: "doubt_no", self.skip: "doubt_skip"}
        self._actions = actions
        for button, slot in (
            (self.yes, self.accept),
            (self.no, self.reject),
            (self.skip, self.skip_cell),
            (self.onward, self.next_image.emit),
            (self.stop, lambda: self.set_active(False)),
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda *_, slot=slot: slot())
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
        workspace.counts.changed.connect(self._refresh)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.inference.image_loaded.connect(self._refresh)
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
        """Write the keys on the buttons; they work only while uncertain cells are walked."""
        for button, name in self._keys.items():
            action = self._actions[name]
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            button.setText(f"{action.text()} ({key})" if key else action.text())

    @property
    def active(self) -> bool:
        """Whether cells are being walked."""
        return not self.isHidden()

    def set_active(self, active: bool) -> None:
        """Begin with the most uncertain cell, or stop."""
        if active == self.active:
            return
        self._skipped.clear()
        self.cell = None
        self.setVisible(active)
        self._show_keys()
        self.active_changed.emit(active)
        self._refresh()

    def remaining(self) -> list[int]:
        """Return the ids of the uncertain cells that were not decided or skipped, the most uncertain first."""
        workspace = self._workspace
        item, cells = workspace.images.current, workspace.counts.current_cells()
        index = workspace.counts.index(workspace.images.current_id)
        if item is None or cells is None or index is None or workspace.settings.value is None:
            return []
        places, _ = index.uncertain(workspace.settings.value.thresholds, workspace.settings.classes, UNCERTAIN_REACH)
        numbers = [int(number) for number in cells.cells.ids[places]]
        undecided = set(cells.found.detections.ids[~cells.corrections.edited].tolist())
        sent = [number for number in workspace.editing.sent_to_uncertain(item.id) if number in undecided]
        return [number for number in dict.fromkeys([*sent, *numbers]) if number not in self._skipped]

    def _refresh(self, *_: object) -> None:
        if not self.active:
            return
        left = self.remaining()
        changed = (left[0] if left else None) != self.cell
        self.cell = left[0] if left else None
        for button in (self.yes, self.no, self.skip):
            button.setVisible(self.cell is not None)
        self.onward.setVisible(self.cell is None)
        self._arrange()
        workspace = self._workspace
        cell = None if self.cell is None else workspace.editing.cell(self.cell)
        if cell is None or workspace.settings.value is None:
            self.text.setText(gettext("No uncertain cells are left in this image."))
            return
        threshold = workspace.settings.value.thresholds[cell.class_name]
        counts = gettext("counts now") if cell.score >= threshold else gettext("does not count now")
        text = gettext(
            "<b>{n:,} uncertain left.</b> {name} {score:.2f}, threshold {threshold:.2f}: {counts}. Is it one? "
            "1–{keys} give it a class."
        )
        self.text.setText(
            text.format(
                n=len(left),
                name=escape(cell.class_name),
                score=cell.score,
                threshold=threshold,
                counts=counts,
                keys=min(len(workspace.settings.classes), MOST_CLASS_KEYS),
            )
        )
        if changed and self.cell is not None:
            workspace.selection.set([self.cell])
            workspace.selection.reveal_cell.emit(self.cell)

    def _on_current_changed(self, *_: object) -> None:
        self._skipped.clear()
        self.cell = None

    def accept(self) -> None:
        """Confirm the cell."""
        if self.cell is not None:
            self._workspace.editing.accept([self.cell])

    def reject(self) -> None:
        """Remove the cell."""
        if self.cell is not None:
            self._workspace.editing.remove_cells([self.cell])

    def skip_cell(self) -> None:
        """Decide later."""
        if self.cell is not None:
            self._skipped.add(self.cell)
            self._refresh()
