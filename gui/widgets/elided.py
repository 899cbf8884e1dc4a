"""Text that is shortened where there is no room for it, and never asks for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics, QPaintEvent


def wrapped(text: str, width: int, metrics: QFontMetrics, most: int) -> list[str]:
    """Return a text in lines that fit into a width in pixels, broken between words; the last is shortened."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most - 1:
        length = 1
        while length < len(words) and metrics.horizontalAdvance(" ".join(words[: length + 1])) <= width:
            length += 1
        lines.append(metrics.elidedText(" ".join(words[:length]), Qt.TextElideMode.ElideRight, width))
        words = words[length:]
    if words:
        lines.append(metrics.elidedText(" ".join(words), Qt.TextElideMode.ElideRight, width))
    return lines


class WrappedLabel(QLabel):
    """As many lines as its height has room for, whatever the text: it never asks for more."""

    def __init__(self, line_height: int) -> None:
        super().__init__()
        self._line_height = line_height
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_lines(1)

    def set_lines(self, lines: int) -> None:
        """Take the room of so many lines."""
        self.setFixedHeight(lines * self._line_height)

    @property
    def lines(self) -> list[str]:
        """The text as it stands there."""
        return wrapped(self.text(), self.width(), self.fontMetrics(), self.height() // self._line_height)

    def minimumSizeHint(self) -> QSize:
        return QSize(16, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for place, line in enumerate(self.lines):
            area = QRect(0, place * self._line_height, self.width(), self._line_height)
            middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            enabled = self.isEnabled()
            self.style().drawItemText(painter, area, middle, self.palette(), enabled, line, self.foregroundRole())
        painter.end()


class ElidedLabel(QLabel):
    """One line; its full text is the tool tip while it is shortened, unless it has another one."""

    def __init__(
        self, text: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(16)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self.setText(text)

    @property
    def shortened(self) -> bool:
        """Whether there is too little room for the text."""
        return self.fontMetrics().horizontalAdvance(self.text()) > self.contentsRect().width()

    @property
    def full_text(self) -> str:
        """All of the text."""
        return self.text()

    def minimumSizeHint(self) -> QSize:
        return QSize(16, super().minimumSizeHint().height())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.toolTip():
            QToolTip.showText(event.globalPos(), self.text() if self.shortened else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._mode, area.width())
        self.style().drawItemText(
            painter, area, self.alignment(), self.palette(), self.isEnabled(), text, self.foregroundRole()
        )
        painter.end()
