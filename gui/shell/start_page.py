"""What the middle of the window shows when there is no photograph: how to begin, or what went wrong."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Offer = tuple[str, Callable[[], object]]

_MOST_OFFERED = 5
_TITLE = "Drop photographs of a blood smear here"
_TEXT = "or a folder of them. JPEG, PNG, TIFF, BMP and WebP, any magnification."
_MOST_WARNINGS = 3


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
        self.open_button = self.add_button("Open pictures …")
        self.open_button.setDefault(True)
        self.demo_button = self.add_button("Try the demo smear")
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
        self.title.setText("SmearCount was not closed properly")
        self.text.setText("Nothing is lost: every correction is in the session file. Go on where you were?")
        self.reopen_button.setText(f"Go on with {Path(session).stem}".replace("&", "&&"))
        self.reopen_button.setFocus()

    def show_recent(self, sessions: list[str]) -> None:
        """Offer the sessions that were open last, as far as they are still there."""
        # unlike Path.is_file it does not raise where access is denied
        there = [Path(path) for path in sessions if os.path.isfile(path)][:_MOST_OFFERED]
        lines = [
            f'<a href="{html.escape(str(path))}" title="{html.escape(str(path))}">{html.escape(path.stem)}</a>'
            for path in there
        ]
        self.recent.setText("Go on with a session<br>" + "<br>".join(lines) if lines else "")


class FailurePage(_Page):
    """A picture that cannot be counted, and why."""

    retry = Signal()
    remove = Signal()
    locate = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This picture cannot be counted", "", parent)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry_button = self.add_button("Try again")
        self.locate_button = self.add_button("Find moved pictures …")
        self.remove_button = self.add_button("Remove from the list")
        self.buttons.addStretch()
        self.retry_button.clicked.connect(lambda: self.retry.emit())
        self.remove_button.clicked.connect(lambda: self.remove.emit())
        self.locate_button.clicked.connect(lambda: self.locate.emit())

    def show_error(self, text: str, *, missing: bool) -> None:
        """Say what is wrong with the picture; ``missing``: its file is not where it was."""
        self.title.setText("This picture is not where it was" if missing else "This picture cannot be shown or counted")
        self.text.setText(text)
        self.locate_button.setVisible(missing)


class NoticeBar(QWidget):
    """Messages above the canvas: an error or a question until it is closed or the next one comes, below them warnings.

    Warnings are about the picture that is shown, and leave with it; a doubt is about the last step, and leaves with
    the next.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setMinimumWidth(160)  # a file name without a space must not make the window wider
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.clear)
        self.remedies: list[QPushButton] = []
        self.answers: list[QPushButton] = []
        self._error = self._question = self._doubt = ""
        self._warnings: list[str] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(12, 6, 8, 6)
        self._line.addWidget(self.label, 1)
        self._line.addWidget(self.close_button)
        self.hide()

    def show_warning(self, text: str) -> None:
        """Show a sentence about the picture."""
        self._warnings = [*(other for other in self._warnings if other != text), text][-_MOST_WARNINGS:]
        self._show()

    @Slot(str)
    def show_doubt(self, text: str) -> None:
        """Show what may be wrong with the last step."""
        self._doubt = text
        self._show()

    @Slot()
    def leave_step(self) -> None:
        """Take off what is about the last step."""
        if self._doubt:
            self.show_doubt("")

    def show_error(self, text: str, remedies: Iterable[Offer] = ()) -> None:
        """Show what went wrong, and a button for each thing that can be done about it."""
        self._error = text
        _drop(self.remedies)
        self.remedies = self._buttons(remedies)
        self._show()

    def show_question(self, text: str, answers: Iterable[Offer]) -> None:
        """Show what a person has to decide, and a button for each answer; to close it is the answer no."""
        self._question = text
        _drop(self.answers)
        self.answers = self._buttons(answers)
        self._show()

    def leave_image(self) -> None:
        """Take off what is about the picture."""
        self._warnings, self._doubt = [], ""
        self._show()

    @Slot()
    def clear(self) -> None:
        """Take everything off."""
        self._error = self._question = self._doubt = ""
        self._warnings = []
        _drop(self.remedies)
        _drop(self.answers)
        self.remedies, self.answers = [], []
        self._show()

    def _buttons(self, offers: Iterable[Offer]) -> list[QPushButton]:
        buttons = []
        for name, act in offers:
            button = QPushButton(name)
            button.clicked.connect(lambda *_, act=act: self._do(act))
            self._line.insertWidget(self._line.count() - 1, button)
            buttons.append(button)
        return buttons

    def _do(self, act: Callable[[], object]) -> None:
        self.clear()
        act()

    def _show(self) -> None:
        self.setProperty("level", "error" if self._error else "warning")
        self.style().unpolish(self)
        self.style().polish(self)
        texts = [text for text in (self._error, self._question, self._doubt, *self._warnings) if text]
        self.label.setText("\n".join(texts))
        self.label.setToolTip(self.label.text())
        self.setVisible(bool(texts))


def _drop(buttons: Iterable[QPushButton]) -> None:
    for button in buttons:
        button.hide()
        button.deleteLater()
