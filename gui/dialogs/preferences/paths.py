"""Folders and files that can be chosen, or left to the program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from core.text import gettext
from core.verification.profile import PROFILE_SUFFIX, ProfileError, open_profile
from gui.widgets.elided import ElidedLabel
from gui.widgets.forms import faint
from gui.widgets.theme import SPACE


class PathChoice(QWidget):
    """A path, and buttons to choose another or none."""

    chosen = Signal(str)

    def __init__(self, question: str, path: str, default: str, reset_tip: str) -> None:
        """``default``: the path that *Reset* gives back, or words for what holds without one."""
        super().__init__()
        self._question = question
        self._default = default
        self.path = path
        self.line = ElidedLabel()
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
        line.setStretch(0, 1)
        self.setFocusProxy(self.choose_button)
        self._show()

    def _choose(self) -> None:
        if name := self._ask(self._question):
            self._take(name)

    def _ask(self, question: str) -> str:
        """Return the path that the user chooses, "" for none."""
        raise NotImplementedError

    def _take(self, path: str) -> None:
        self.path = path
        self._show()
        self.chosen.emit(path)

    def _show(self) -> None:
        self.line.setText(self.path or self._default)
        self.reset_button.setEnabled(self.path not in ("", self._default))


class FolderChoice(PathChoice):
    """A folder."""

    def __init__(self, question: str, folder: str, default: str) -> None:
        super().__init__(question, folder, default, gettext("Use the folder that the program chooses"))

    def _ask(self, question: str) -> str:
        start = next((folder for folder in (self.path, self._default) if Path(folder).is_dir()), "")
        return QFileDialog.getExistingDirectory(self, question, start)


class ProfileChoice(PathChoice):
    """The laboratory's profile; below it what it is, or why it cannot be used, once it was chosen."""

    def __init__(self, question: str, path: str) -> None:
        default = gettext("None: as the model suggests")
        super().__init__(question, path, default, gettext("Count new samples as the model suggests"))
        self.about = faint(gettext("One file for all; it may lie in a shared folder."))

    def _ask(self, question: str) -> str:
        kinds = gettext("SmearCount profiles") + f" (*{PROFILE_SUFFIX})"
        name, _ = QFileDialog.getOpenFileName(self, question, self.path, kinds)
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
