"""What a page of the verification shows before there is a manual count to compare with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext

_WIDTH = 460


class EmptyPage(QWidget):
    """Says what is missing, and offers how to get it."""

    count_wanted = Signal()
    import_wanted = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        """``text``: what the page would show."""
        super().__init__(parent)
        title = QLabel(gettext("No manual count yet"))
        title.setObjectName("title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = QLabel(text)
        self.text.setObjectName("faint")
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setFixedWidth(_WIDTH)
        self.text.setMinimumHeight(self.text.heightForWidth(_WIDTH))  # a stack of pages does not ask for it
        self.count_button = QPushButton(gettext("Count by &hand"))
        self.count_button.setToolTip(
            gettext("Click each cell on the image; the program's count can be hidden meanwhile")
        )
        self.count_button.clicked.connect(self.count_wanted)
        self.import_button = QPushButton(gettext("&Import annotations…"))
        self.import_button.setToolTip(gettext("Boxes or points that were drawn in another program"))
        self.import_button.clicked.connect(self.import_wanted)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.count_button)
        buttons.addWidget(self.import_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(self.text, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(buttons)
        layout.addStretch(3)
