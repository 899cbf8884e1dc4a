"""What dialogs are put together from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from core.counting.quality import Grade
from gui.widgets.grade import grade_pixmap

_MARK = 16
_FRAME = QSize(16, 44)


class FittingDialog(QDialog):
    """A dialog that is high enough for its texts, which Qt does not see to where lines are wrapped."""

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return done

    def fit(self, *, shrink: bool = False) -> None:
        """Grow to what the texts need, or shrink to it too."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            width = max(self.width(), self.minimumWidth())
            self.resize(width, max(0 if shrink else self.height(), layout.totalHeightForWidth(width)))


def open_at(window: QWidget, size: QSize) -> None:
    """Give a window its usual size, or what room the screen has for it and its frame."""
    room = window.screen().availableGeometry().size()
    window.resize(size.boundedTo(QSize(room.width() - _FRAME.width(), room.height() - _FRAME.height())))


class Outcome(QWidget):
    """What came of something, in a few lines: an error has another mark and another colour than a success."""

    def __init__(self) -> None:
        super().__init__()
        self.mark, self.label = QLabel(), QLabel()
        self.mark.setFixedWidth(_MARK)
        self.label.setObjectName("outcome")
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for part in (self.mark, self.label):
            part.setAlignment(Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.mark)
        line.addWidget(self.label, 1)

    def show_text(self, text: str, grade: Grade | None = None) -> None:
        """Say what came of it; without a grade it is neither good nor bad."""
        self.label.setText(text)
        self.label.setToolTip(text)
        self.mark.setVisible(grade is not None)
        if grade is not None:
            self.mark.setPixmap(grade_pixmap(grade, self.devicePixelRatioF()))
        wrong = grade is Grade.POOR
        if bool(self.label.property("wrong")) is not wrong:
            self.label.setProperty("wrong", wrong)
            self.label.style().unpolish(self.label)
            self.label.style().polish(self.label)


class Busy(QWidget):
    """A line of text over a progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        layout.addWidget(self.bar)

    def show_text(self, text: str, steps: int = 0) -> None:
        """Say what goes on; without a number of steps the bar only shows that something does."""
        self.label.setText(text)
        self.bar.setRange(0, steps)
        self.bar.setValue(0)


def row(*items: QWidget | None) -> QHBoxLayout:
    """Return widgets side by side; None is a stretch."""
    line = QHBoxLayout()
    for item in items:
        if item is None:
            line.addStretch()
        else:
            line.addWidget(item)
    return line


def column(*items: QWidget | QHBoxLayout, spacing: int = 10) -> QWidget:
    """Return widgets and lines one below the other."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)
    return page


def faint(text: str) -> QLabel:
    """Return an explanation, less conspicuous than what it explains."""
    label = QLabel(text)
    label.setObjectName("faint")
    label.setWordWrap(True)
    return label


def heading(text: str) -> QLabel:
    """Return the heading of a part of a dialog."""
    label = QLabel(text)
    label.setObjectName("heading")
    return label


def indented(label: QLabel) -> QLabel:
    """Move a label below the text of the button above it."""
    label.setContentsMargins(24, 0, 0, 4)
    return label
