"""Folders and files that can be chosen, or left to the program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from core.text import gettext
from core.verification.profile import PROFILE_SUFFIX, ProfileError, open_profile
from gui.widgets.forms import faint
from gui.widgets.theme import SPACE


class PathChoice(QWidget):
    """A path, and buttons to choose another or none."""

    chosen = Signal(str)

    def __init__(self, question: str, path: str, reset_tip: str) -> None:
        super().__init__()
        self._question = question
        self.line = QLineEdit(path)
        self.line.setReadOnly(True)
        self.line.setAccessibleName(question)
        self.choose_button = QPushButton(gettext("Choose…"))
        self.reset_button = QPushButton(gettext("Reset"))
        self.reset_button.setToolTip(reset_tip)
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
        if name := self._ask(self._question):
            self._take(name)

    def _ask(self, question: str) -> str:
        """Return the path that the user chooses, "" for none."""
        raise NotImplementedError

    def _take(self, path: str) -> None:
        self.line.setText(path)
        self.chosen.emit(path)


class FolderChoice(PathChoice):
    """A folder."""

    def __init__(self, question: str, folder: str) -> None:
        super().__init__(question, folder, gettext("Use the folder that the program chooses"))

    def _ask(self, question: str) -> str:
        return QFileDialog.getExistingDirectory(self, question, self.line.text())


class ProfileChoice(PathChoice):
    """The laboratory's profile; below it what it is, or why it cannot be used, once it was chosen."""

    def __init__(self, question: str, path: str) -> None:
        super().__init__(question, path, gettext("Count new samples as the model suggests"))
        self.line.setPlaceholderText(gettext("None: as the model suggests"))
        self.about = faint(gettext("One file for all; it may lie in a shared folder."))

    def _ask(self, question: str) -> str:
        kinds = gettext("SmearCount profiles") + f" (*{PROFILE_SUFFIX})"
        name, _ = QFileDialog.getOpenFileName(self, question, self.line.text(), kinds)
        if not name:
            return ""
        try:
            profile = open_profile(Path(name)).profile
        except ProfileError as error:
            self.about.setText(str(error))
            return ""
        text = gettext("{name}, for the model {model}.")
        self.about.setText(text.format(name=profile.name, model=profile.model_name))
        return name
