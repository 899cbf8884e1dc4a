"""The light of the current picture: whether its count can be trusted, and what speaks against it."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from core.counting.quality import Grade
from gui.tasks import Debounce

if TYPE_CHECKING:
    from gui.workspace.document import Document

_COLOURS = {Grade.GOOD: QColor("#2e9e5b"), Grade.CHECK: QColor("#e0a100"), Grade.POOR: QColor("#c8372d")}
_WORDS = {Grade.GOOD: "Good field", Grade.CHECK: "Look at this field", Grade.POOR: "Bad field"}
_SIGNS = {Grade.GOOD: "✓", Grade.CHECK: "!", Grade.POOR: "✕"}
_SETTLE_MS = 120
_DOT = 16


class FieldLight(QWidget):
    """A dot with a sign in it, and the reasons in words; hidden while there is no count."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.light: Grade | None = None
        self._judged: tuple[object, object] | None = None
        self.dot = QLabel()
        self.text = QLabel()
        self.text.setObjectName("fieldLight")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.text, 1)
        self._settle = Debounce(_SETTLE_MS, self.refresh, self)
        document.current_changed.connect(self.refresh)
        document.counts_changed.connect(self._settle.start)
        self.hide()

    def refresh(self) -> None:
        """Judge the current picture; a slider that moves asks for it only when it rests."""
        entry, document = self._document.current_entry, self._document
        subject = None if entry is None or entry.countable is None else (entry.countable, document.settings)
        if subject is not None and self._judged is not None and all(map(is_, subject, self._judged)):
            return
        self._judged = subject
        quality = document.fields.judge(entry) if entry is not None else None
        self.light = quality.grade if quality is not None else None
        self.setVisible(quality is not None)
        if quality is None:
            return
        self.dot.setPixmap(dot(quality.grade, self.devicePixelRatioF()))
        self.text.setText("\n".join([_WORDS[quality.grade] + (":" if quality.texts else ""), *quality.texts]))


def dot(light: Grade, ratio: float) -> QPixmap:
    """Return a disc in a light's colour with its sign."""
    pixmap = QPixmap(round(_DOT * ratio), round(_DOT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_light(painter, QRectF(0, 0, _DOT, _DOT), light)
    painter.end()
    return pixmap


def draw_light(painter: QPainter, area: QRectF, light: Grade) -> None:
    """Draw a disc in a light's colour with its sign, which tells it without the colour."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_COLOURS[light])
    painter.drawEllipse(area)
    font = painter.font()
    font.setPixelSize(round(0.69 * area.height()))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QPen(QColor("black") if light is Grade.CHECK else QColor("white")))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, _SIGNS[light])
