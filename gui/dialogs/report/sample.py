"""The sample: its id, and fields that the laboratory names itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from core.report.content import Sample
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FIELDS = 20


class SampleForm(QWidget):
    """Line edits for the id and for each field; empty fields are not kept."""

    changed = Signal()

    def __init__(self, sample: Sample, usual: Sequence[str]) -> None:
        """``usual``: the names of the fields that are offered where the sample has none yet."""
        super().__init__()
        self.id = QLineEdit(sample.id)
        self.id.setCursorPosition(0)
        self.id.setPlaceholderText(gettext("Sample id"))
        self.id.setAccessibleName(gettext("Sample id"))
        self.id.textChanged.connect(lambda *_: self.changed.emit())
        self.add_button = QPushButton(gettext("Add a &field"))
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda *_: self.add_field())
        self.rows: list[tuple[QLineEdit, QLineEdit, QToolButton]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._grid = QGridLayout()
        column.addLayout(self._grid)
        column.addStretch(1)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 2)
        self._grid.addWidget(self.id, 0, 0, 1, 3)
        known = {name for name, _ in sample.fields}
        for name, text in (*sample.fields, *((name, "") for name in usual if name not in known)):
            self._add(name, text)

    @property
    def sample(self) -> Sample:
        """What is filled in."""
        fields = ((name.text().strip(), text.text().strip()) for name, text, _ in self.rows)
        return Sample(self.id.text().strip(), tuple((name, text) for name, text in fields if name and text))

    @property
    def names(self) -> list[str]:
        """The names of all fields, those that are empty too."""
        return [text for name, _, _ in self.rows if (text := name.text().strip())]

    def add_field(self) -> None:
        """Add an empty field, and let the person name it."""
        if len(self.rows) < MOST_FIELDS:
            self._add("", "")
            self.rows[-1][0].setFocus()

    def _add(self, name: str, text: str) -> None:
        edits = QLineEdit(name), QLineEdit(text)
        for edit, what in zip(edits, (gettext("Name of the field"), gettext("Text")), strict=True):
            edit.setPlaceholderText(what)
            edit.setAccessibleName(what)
            edit.setCursorPosition(0)
            edit.setToolTip(edit.text())
            edit.textChanged.connect(edit.setToolTip)
            edit.textChanged.connect(lambda *_: self.changed.emit())
        button = QToolButton()
        button.setText("×")
        button.setToolTip(gettext("Leave this field out"))
        button.setAccessibleName(gettext("Leave this field out"))
        fields = (*edits, button)
        button.clicked.connect(lambda *_: self._remove(fields))
        place = self._grid.rowCount()
        for at, widget in enumerate(fields):
            self._grid.addWidget(widget, place, at)
        self.rows.append(fields)
        self.add_button.setEnabled(len(self.rows) < MOST_FIELDS)

    def _remove(self, fields: tuple[QLineEdit, QLineEdit, QToolButton]) -> None:
        self.rows.remove(fields)
        for widget in fields:
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self.add_button.setEnabled(True)
        self.changed.emit()
