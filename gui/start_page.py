"""What the middle of the window shows when there is no photograph: how to begin, or what went wrong."""

from __future__ import annotations

import html
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

_MOST_OFFERED = 5


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
        super().__init__(
            "Drop photographs of a blood smear here",
            "or a folder of them. JPEG, PNG, TIFF, BMP and WebP, any magnification.",
            parent,
        )
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

    def show_recent(self, sessions: list[str]) -> None:
        """Offer the sessions that were open last, as far as they are still there."""
        there = [path for path in map(Path, sessions) if path.is_file()][:_MOST_OFFERED]
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
    """One message above the canvas, until it is closed or another one comes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.close_button)
        self.hide()

    def show_message(self, level: str, text: str) -> None:
        """Show a sentence as info, warning or error."""
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.label.setText(text)
        self.show()
