"""A folder that can be chosen, or left to the program."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from core.text import gettext
from gui.widgets.theme import SPACE


class FolderChoice(QWidget):
    """The path of a folder, and buttons to choose another or none."""

    chosen = Signal(str)

    def __init__(self, question: str, folder: str) -> None:
        super().__init__()
        self._question = question
        self.line = QLineEdit(folder)
        self.line.setReadOnly(True)
        self.line.setAccessibleName(question)
        self.choose_button = QPushButton(gettext("Choose…"))
        self.reset_button = QPushButton(gettext("Reset"))
        self.reset_button.setToolTip(gettext("Use the folder that the program chooses"))
        for button in (self.choose_button, self.reset_button):
            button.setAutoDefault(False)
        self.choose_button.clicked.connect(lambda *_: self._choose())
        self.reset_button.clicked.connect(lambda *_: self._take(""))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE[1])
        for widget in (self.line, self.choose_button, self.reset_button):
            line.addWidget(widget)
        self.setFocusProxy(self.choose_button)

    def _choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self._question, self.line.text())
        if name:
            self._take(name)

    def _take(self, folder: str) -> None:
        self.line.setText(folder)
        self.chosen.emit(folder)
