"""What the cards of the page have in common."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget


class Card(QFrame):
    """A heading over a column of widgets; ``beside`` stands at the right of the heading."""

    def __init__(self, title: str, beside: QWidget | None = None) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        heading = QLabel(title)
        heading.setObjectName("cardTitle")
        line = QHBoxLayout()
        line.addWidget(heading, 1)
        if beside is not None:
            line.addWidget(beside)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 16, 16)
        self.column.setSpacing(8)
        self.column.addLayout(line)


def faint(text: str = "") -> QLabel:
    """Return an explanation, less conspicuous than what it explains."""
    label = QLabel(text)
    label.setObjectName("faint")
    label.setWordWrap(True)
    return label
