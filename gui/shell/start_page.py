"""What the middle of the window shows when there is no photograph: how to begin, or what went wrong."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    Offer = tuple[str, Callable[[], object]]

_MOST_OFFERED = 5
_TITLE = gettext("Drop images of a blood smear here")
_TEXT = gettext("or a folder of them. JPEG, PNG, TIFF, BMP and WebP, any magnification.")


class _Page(QWidget):
    """A title, a sentence and buttons, in the middle."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(title)
        self.title.setObjectName("title")
        self.text = QLabel(text)
        self.text.setObjectName("faint")
        self.buttons = QHBoxLayout()
        self.buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.setSpacing(14)
        layout.addStretch()
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addLayout(self.buttons)
        self.below = QVBoxLayout()
        layout.addLayout(self.below)
        layout.addStretch()

    def add_button(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setMinimumHeight(32)
        self.buttons.addWidget(button)
        return button


class StartPage(_Page):
    """The empty window."""

    open_images = Signal()
    open_demo = Signal()
    open_session = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TITLE, _TEXT, parent)
        self.open_button = self.add_button(gettext("Open images …"))
        self.open_button.setDefault(True)
        self.demo_button = self.add_button(gettext("Try the demo smear"))
        self.buttons.addStretch()
        self.open_button.clicked.connect(lambda: self.open_images.emit())
        self.demo_button.clicked.connect(lambda: self.open_demo.emit())
        self.recent = QLabel()
        self.recent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent.setTextFormat(Qt.TextFormat.RichText)
        self.recent.linkActivated.connect(self.open_session)
        self.below.addSpacing(18)
        self.below.addWidget(self.recent)
        self.reopen_button = QPushButton()
        self.reopen_button.setMinimumHeight(32)
        self.reopen_button.clicked.connect(lambda *_: self.open_session.emit(self._unfinished))
        self.reopen_button.hide()
        self.buttons.insertWidget(1, self.reopen_button)
        self._unfinished = ""

    def offer_unfinished(self, session: str) -> None:
        """Offer to go on with the session that was open when the program ended without being closed; "" for none."""
        self._unfinished = session if session and os.path.isfile(session) else ""
        self.reopen_button.setVisible(bool(self._unfinished))
        self.open_button.setDefault(not self._unfinished)
        self.reopen_button.setDefault(bool(self._unfinished))
        if not self._unfinished:
            self.title.setText(_TITLE)
            self.text.setText(_TEXT)
            return
        self.title.setText(gettext("SmearCount was not closed properly"))
        self.text.setText(gettext("Nothing is lost: every correction is in the session file. Go on where you were?"))
        self.reopen_button.setText(gettext("Go on with {stem}").format(stem=Path(session).stem).replace("&", "&&"))
        self.reopen_button.setFocus()

    def show_recent(self, sessions: list[str]) -> None:
        """Offer the sessions that were open last, as far as they are still there."""
        # unlike Path.is_file it does not raise where access is denied
        there = [Path(path) for path in sessions if os.path.isfile(path)][:_MOST_OFFERED]
        lines = [
            f'<a href="{html.escape(str(path))}" title="{html.escape(str(path))}">{html.escape(path.stem)}</a>'
            for path in there
        ]
        self.recent.setText(gettext("Go on with a session<br>") + "<br>".join(lines) if lines else "")


class FailurePage(_Page):
    """An image that cannot be counted, and why."""

    retry = Signal()
    remove = Signal()
    locate = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(gettext("This image cannot be counted"), "", parent)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry_button = self.add_button(gettext("Try again"))
        self.locate_button = self.add_button(gettext("Find moved images …"))
        self.remove_button = self.add_button(gettext("Remove from the list"))
        self.buttons.addStretch()
        self.retry_button.clicked.connect(lambda: self.retry.emit())
        self.remove_button.clicked.connect(lambda: self.remove.emit())
        self.locate_button.clicked.connect(lambda: self.locate.emit())

    def show_error(self, text: str, *, missing: bool) -> None:
        """Say what is wrong with the image; ``missing``: its file is not where it was."""
        self.title.setText(
            gettext("This image is not where it was") if missing else gettext("This image cannot be shown or counted")
        )
        self.text.setText(text)
        self.locate_button.setVisible(missing)
