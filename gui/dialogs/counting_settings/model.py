"""The model: its card in words, and which one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.text import gettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.dialogs.counting_settings.card_words import FigureTable, details, sentences, tables
from gui.widgets.collapsible import Section

if TYPE_CHECKING:
    from pathlib import Path

    from gui.workspace.workspace import Workspace


class ModelCardBox(Card):
    """What the model in use says of itself, and how to use another one."""

    import_wanted = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(gettext("Model"))
        self._workspace = workspace
        self.name = QLabel()
        self.name.setObjectName("className")
        self.name.setWordWrap(True)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.figures = QWidget()
        self._figures = QGridLayout(self.figures)
        self._figures.setContentsMargins(0, 4, 0, 4)
        self._figures.setHorizontalSpacing(16)
        self._figures.setVerticalSpacing(4)
        self.details = Section(gettext("Details"))
        self._details = QFormLayout()
        self._details.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._details.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._details.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.details.column.addLayout(self._details)
        self.import_button = QPushButton(gettext("&Import model…"))
        self.import_button.setToolTip(gettext("Use a model file made by the trainer"))
        self.import_button.clicked.connect(self.import_wanted)
        self.bundled_button = QPushButton(gettext("Use the &bundled model"))
        self.bundled_button.setToolTip(gettext("The model that came with SmearCount"))
        self.bundled_button.clicked.connect(lambda *_: workspace.choice.use(default_model_path()))
        buttons = QHBoxLayout()
        buttons.addWidget(self.import_button)
        buttons.addWidget(self.bundled_button)
        buttons.addStretch(1)
        self.column.addWidget(self.name)
        self.column.addWidget(self.about)
        self.column.addWidget(self.figures)
        self.column.addLayout(buttons)
        self.column.addWidget(self.details)
        workspace.inference.model_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the card of the model in use."""
        model = self._workspace.inference.model
        self.bundled_button.setEnabled(model is not None and model.path != default_model_path())
        if model is None:
            self.name.setText(gettext("Opening…"))
            return
        self.name.setText(_shown_name(model.path, model.card.name))
        self.about.setText(sentences(model.card))
        _clear(self._figures)
        row = 0
        for table in tables(model.card):
            row = self._add_table(table, row)
        self.figures.setVisible(row > 0)
        while self._details.rowCount():
            self._details.removeRow(0)
        for name, text in details(model):
            self._details.addRow(faint(name), _value(text))

    def _add_table(self, table: FigureTable, row: int) -> int:
        """Put a table below what is there; return the next free row."""
        self._figures.addWidget(faint(gettext("Measured on {name}").format(name=table.test_set)), row, 0)
        for column, measure in enumerate(table.measures, 1):
            label = faint(measure)
            label.setWordWrap(False)
            self._figures.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight)
        for place, (name, values) in enumerate(table.lines, row + 1):
            self._figures.addWidget(QLabel(name), place, 0)
            for column, text in enumerate(values, 1):
                self._figures.addWidget(QLabel(text), place, column, Qt.AlignmentFlag.AlignRight)
        self._figures.setColumnStretch(0, 1)
        return row + 1 + len(table.lines)


def _shown_name(path: Path, name: str) -> str:
    if str(path) == CLASSICAL:
        return gettext("Without a model")
    return gettext("{name} (bundled)").format(name=name) if path == default_model_path() else name


def _value(text: str) -> QWidget:
    """Return a text that can be selected; a path or a hash, which no line breaks, can be scrolled."""
    if " " not in text:
        edit = QLineEdit(text)
        edit.setReadOnly(True)
        edit.setCursorPosition(0)
        return edit
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _clear(layout: QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
