"""The uncertain cells: walked one by one, the nearest to its threshold first."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.commands.action import MOST_CLASS_KEYS
from gui.widgets.class_names import long_name
from gui.widgets.theme import SIDE_WIDTH
from gui.workspace.view_options import UNCERTAIN_REACH

if TYPE_CHECKING:
    from core.cells import Cell
    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

_MARGIN, _LINE_HEIGHT, _BUTTON_HEIGHT = 12, 18, 34


class UncertainPanel(QWidget):
    """Takes the place of the counts while uncertain cells are walked: shows one after the other, and asks about it."""

    active_changed = Signal(bool)
    next_image = Signal()

    def __init__(self, workspace: Workspace, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(SIDE_WIDTH)
        self.setAccessibleName(gettext("Uncertain cells"))
        self._workspace = workspace
        self._actions = actions
        self._active = False
        self._skipped: set[int] = set()
        self.cell: int | None = None
        self.left, self.text, self.hint = QLabel(), QLabel(), QLabel()
        self.yes, self.no, self.skip = (QPushButton() for _ in range(3))
        self.onward, self.stop = QPushButton(gettext("Next unreviewed image")), QPushButton(gettext("Close (Esc)"))
        self._keys = {self.yes: "doubt_yes", self.no: "doubt_no", self.skip: "doubt_skip"}
        self._build()
        actions.keys_changed.connect(self._show_keys)
        workspace.counts.changed.connect(self._refresh)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.inference.image_loaded.connect(self._refresh)
        workspace.images.item_changed.connect(self._refresh)
        self._show_keys()

    def _build(self) -> None:
        heading = QLabel(gettext("UNCERTAIN CELLS"))
        heading.setObjectName("heading")
        self.left.setObjectName("title")
        self.hint.setObjectName("faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(8)
        for label, lines in ((heading, 1), (self.left, 2), (self.text, 4), (self.hint, 2)):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            label.setFixedHeight(lines * _LINE_HEIGHT)
            column.addWidget(label)
        for button, slot in (
            (self.yes, self.accept),
            (self.no, self.reject),
            (self.skip, self.skip_cell),
            (self.onward, self.next_image.emit),
            (self.stop, lambda: self.set_active(False)),
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setFixedHeight(_BUTTON_HEIGHT)
            button.clicked.connect(lambda *_, slot=slot: slot())
            column.addWidget(button)
        column.addStretch()

    def minimumSizeHint(self) -> QSize:
        """Return little: the buttons lie at the top."""
        return QSize(SIDE_WIDTH, 240)

    def _show_keys(self) -> None:
        """Write the keys on the buttons; they work only while uncertain cells are walked."""
        for button, name in self._keys.items():
            action = self._actions[name]
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            button.setText(f"{action.text()} ({key})" if key else action.text())

    @property
    def active(self) -> bool:
        """Whether cells are being walked."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Begin with the most uncertain cell, or stop."""
        if active == self._active:
            return
        self._active = active
        self._skipped.clear()
        self.cell = None
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
        if workspace.inference.unseen:
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
            button.setEnabled(self.cell is not None)
        self.onward.setEnabled(self.cell is None)
        workspace = self._workspace
        cell = None if self.cell is None else workspace.editing.cell(self.cell)
        if cell is None or workspace.settings.value is None:
            self.left.setText(gettext("None left"))
            self.text.setText(
                gettext("The image cannot be seen, so no cell of it can be judged.")
                if workspace.inference.unseen
                else gettext("No uncertain cells are left in this image.")
            )
            self.hint.clear()
            return
        self.left.setText(ngettext("{n:,} left", "{n:,} left", len(left)).format(n=len(left)))
        self.text.setText(_question(cell, workspace.settings.value.thresholds[cell.class_name]))
        keys = min(len(workspace.settings.classes), MOST_CLASS_KEYS)
        self.hint.setText(gettext("1–{keys} give it another class.").format(keys=keys))
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


def _question(cell: Cell, threshold: float) -> str:
    """Say what a cell is taken for, and whether it counts; with as many digits as it takes to see why."""
    counts = cell.score >= threshold
    digits = next((digits for digits in (2, 3, 4) if (f"{cell.score:.{digits}f}" != f"{threshold:.{digits}f}")), 2)
    text = (
        gettext("<b>{name}</b>, confidence {score}.<br>The threshold is {threshold}: it counts now.<br>Is it one?")
        if counts
        else gettext(
            "<b>{name}</b>, confidence {score}.<br>The threshold is {threshold}: it does not count now.<br>Is it one?"
        )
    )
    return text.format(
        name=escape(long_name(cell.class_name)),
        score=f"{cell.score:.{digits}f}",
        threshold=f"{threshold:.{digits}f}",
    )
