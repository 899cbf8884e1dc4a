"""The quality of the image that is shown: whether its count can be trusted, or the reasons why not."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from core.counting.quality import Grade
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.grade import grade_pixmap

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace

_WORDS = {
    Grade.GOOD: gettext("Good quality"),
    Grade.CHECK: gettext("Check this field"),
    Grade.POOR: gettext("Poor quality"),
}
_SETTLE_MS = 120


class FieldLight(QWidget):
    """A dot with a sign in it, and the reasons in words; hidden while there is no count."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
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
        workspace.images.current_changed.connect(lambda *_: self.refresh())
        workspace.counts.changed.connect(lambda *_: self._settle.start())
        self.hide()

    def refresh(self) -> None:
        """Assess the image that is shown; a slider that moves asks for it only when it rests."""
        item, workspace = self._workspace.images.current, self._workspace
        index = workspace.counts.index(workspace.images.current_id)
        subject = None if index is None else (index, workspace.settings.value)
        if subject is not None and self._judged is not None and all(map(is_, subject, self._judged)):
            return
        self._judged = subject
        quality = workspace.quality.assess(item.id) if item is not None else None
        self.light = quality.grade if quality is not None else None
        self.setVisible(quality is not None)
        if quality is None:
            return
        self.dot.setPixmap(grade_pixmap(quality.grade, self.devicePixelRatioF()))
        self.text.setText("\n".join([_WORDS[quality.grade] + (":" if quality.texts else ""), *quality.texts]))
