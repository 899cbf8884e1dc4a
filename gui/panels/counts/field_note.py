"""What there is to know of the field that is shown: whether its count can be trusted, or changed since its review."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.counting.quality import Grade
from core.text import gettext, ngettext
from gui.tasks import Debounce
from gui.widgets.elided import ElidedLabel, WrappedLabel
from gui.widgets.grade import grade_pixmap
from gui.workspace.images import State

if TYPE_CHECKING:
    from core.counting.quality import FieldQuality
    from gui.workspace.workspace import Workspace

_WORDS = {
    Grade.GOOD: gettext("Good field"),
    Grade.CHECK: gettext("Check this field"),
    Grade.POOR: gettext("Poor quality"),
}
_STATES = {
    State.WAITING: gettext("Waiting to be counted"),
    State.COUNTING: gettext("Being counted…"),
    State.FAILED: gettext("Could not be counted"),
}
_SETTLE_MS = 120
_DOT, _LINE_HEIGHT = 16, 17


class FieldNote(QWidget):
    """Lines that are always there: a verdict beside a coloured dot, and the reason that asks most for the user."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.light: Grade | None = None
        self._judged: tuple[object, object] | None = None
        self.dot = QLabel()
        self.dot.setFixedSize(_DOT, _LINE_HEIGHT)
        self.text = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.text.setObjectName("fieldVerdict")
        self.reason = WrappedLabel(_LINE_HEIGHT)
        self.reason.setObjectName("fieldReason")
        self.text.setFixedHeight(_LINE_HEIGHT)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(0)
        layout.addWidget(self.dot, 0, 0)
        layout.addWidget(self.text, 0, 1)
        layout.addWidget(self.reason, 1, 1)
        layout.setColumnStretch(1, 1)
        self.set_lines(1)
        self._settle = Debounce(_SETTLE_MS, self.refresh, self)
        workspace.images.current_changed.connect(lambda *_: self._show_now())
        workspace.images.item_changed.connect(self._on_item)
        workspace.reviews.changed.connect(self._settle.start_unless_due)
        workspace.tally.options_changed.connect(self._settle.start_unless_due)
        workspace.counts.changed.connect(self._on_counts)

    def set_lines(self, lines: int) -> None:
        """Keep room for so many lines of the reason, whether it needs them or not."""
        self.reason.set_lines(lines)
        self.setFixedHeight((1 + lines) * _LINE_HEIGHT)

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self._settle.start_unless_due()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self._settle.start()

    def _show_now(self) -> None:
        self._judged = None
        self.refresh()

    def refresh(self) -> None:
        """Assess the image that is shown; a slider that moves asks for it only when it rests."""
        workspace = self._workspace
        item = workspace.images.current
        index = workspace.counts.index(workspace.images.current_id)
        subject = None if index is None else (index, workspace.settings.value)
        if item is None or subject is None:
            self._judged, self.light = None, None
            self._show(
                None, "" if item is None else _STATES.get(item.state, ""), "", "" if item is None else item.error
            )
            return
        if workspace.inference.unseen:
            self._judged, self.light = None, None
            self._show(None, gettext("Cannot be seen"), item.error.removeprefix(f"{item.path}: "), item.error)
            return
        changed = "" if workspace.tally.hides_counts else workspace.reviews.text(item)
        if self._judged is None or not all(map(is_, subject, self._judged)):
            workspace.quality.assess(item.id)
            self._judged = subject
        quality = workspace.quality.known(item.id)
        self.light = None if quality is None else quality.grade
        self._show_quality(quality, changed)

    def _show_quality(self, quality: FieldQuality | None, changed: str) -> None:
        """Show a quality; before it, that the count is no longer the one that was reviewed."""
        texts = (*((changed,) if changed else ()), *(quality.texts if quality is not None else ()))
        tip = "\n".join(texts)
        if changed:
            self._show(Grade.CHECK, gettext("Changed since its review"), changed, tip)
        elif quality is None:
            self._show(None, "", "", "")
        else:
            pressing = quality.pressing
            first = pressing.text if pressing is not None else next(iter(quality.texts), "")
            verdict = quality.word if quality.quiet else _WORDS[quality.grade]
            more = len(quality.texts) - 1
            if more > 0:
                verdict += " " + ngettext("(and {n} more)", "(and {n} more)", more).format(n=more)
            self._show(quality.grade, verdict, first, tip, quiet=quality.quiet)

    def _show(self, grade: Grade | None, verdict: str, reason: str, tip: str, *, quiet: bool = False) -> None:
        if grade is None:
            self.dot.clear()
        else:
            self.dot.setPixmap(grade_pixmap(grade, self.devicePixelRatioF(), quiet=quiet))
        self.text.setText(verdict)
        self.reason.setText(reason)
        for widget in (self.dot, self.text, self.reason):
            widget.setToolTip(tip)
