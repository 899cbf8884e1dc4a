"""What the middle of the window shows while there is no image: how to begin."""

from __future__ import annotations

import html
import os
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext
from gui.widgets.message_page import MessagePage

_MOST_OFFERED = 5
_TITLE = gettext("Drop images of a blood smear here")
_TEXT = gettext("or a folder of them. JPEG, PNG, TIFF, BMP and WebP, any magnification.")


class StartPage(MessagePage):
    """The empty window."""

    open_images = Signal()
    open_demo = Signal()
    open_session = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TITLE, _TEXT, parent)
        self.open_button = self.add_button(gettext("Open images…"))
        self.open_button.setDefault(True)
        self.demo_button = self.add_button(gettext("Try the demo smear"))
        self.open_button.clicked.connect(lambda: self.open_images.emit())
        self.demo_button.clicked.connect(lambda: self.open_demo.emit())
        self.recent = QLabel()
        self.recent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent.setTextFormat(Qt.TextFormat.RichText)
        self.recent.linkActivated.connect(self.open_session)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.count() - 1, self.recent)
        self.reopen_button = QPushButton()
        self.reopen_button.setMinimumHeight(32)
        self.reopen_button.clicked.connect(lambda *_: self.open_session.emit(self._unfinished))
        self.reopen_button.hide()
        self.buttons.insertWidget(0, self.reopen_button)
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
