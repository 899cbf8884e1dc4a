"""What a part of the window shows while it has nothing else: an icon, a title, a sentence and buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class MessagePage(QWidget):
    """A title, a sentence and buttons, in the middle."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(title)
        self.title.setObjectName("title")
        self.text = QLabel(text)
        self.text.setObjectName("faint")
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addStretch()
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        line = QHBoxLayout()
        line.addStretch()
        line.addLayout(self.buttons)
        line.addStretch()
        layout.addLayout(line)
        layout.addStretch()

    def add_button(self, text: str) -> QPushButton:
        """Add a button at the end of the row, and return it."""
        button = QPushButton(text)
        button.setMinimumHeight(32)
        self.buttons.addWidget(button)
        return button
