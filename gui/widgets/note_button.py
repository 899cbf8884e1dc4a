"""A short sentence that leads somewhere: one line, shortened where there is no room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from gui.widgets.grade import grade_pixmap

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from core.counting.quality import Grade

_DOT = 16
_GAP = 12  # what a push button has beside its icon and its text


class NoteButton(QPushButton):
    """Shows a note behind a dot. Its place stays free while there is none."""

    def __init__(self, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = ""
        self.setObjectName("note")
        self.setFixedHeight(height)
        self.setIconSize(QSize(_DOT, _DOT))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def show_note(self, note: str, tip: str, grade: Grade, *, quiet: bool = False) -> None:
        """Show a note, or nothing; ``quiet``: it is to be known, and asks for nothing."""
        self.note = note
        self.setIcon(QIcon(grade_pixmap(grade, self.devicePixelRatioF(), quiet=quiet)))
        self.setToolTip(tip)
        self.setAccessibleName(note)
        self.setAccessibleDescription(tip)
        self.setVisible(bool(note))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - _DOT - _GAP
        text = self.fontMetrics().elidedText(self.note, Qt.TextElideMode.ElideRight, room)
        self.setText(text.replace("&", "&&"))

    def sizeHint(self) -> QSize:
        return QSize(64, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(16, self.height())
