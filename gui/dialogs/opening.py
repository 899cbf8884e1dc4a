"""The question where images go that are opened while a sample is open, or that were counted before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.widgets.forms import FittingDialog, row
from gui.widgets.layout.answers import AnswerButton
from gui.workspace.opening import Found, Into

if TYPE_CHECKING:
    from gui.workspace.opening import Glance
    from gui.workspace.sample import Sample

_WIDTH = 500


class OpeningQuestion(FittingDialog):
    """Each answer is a button that says what follows from it; Enter takes the first."""

    answered = Signal(object)  # Into

    def __init__(self, found: Found, sample: Sample | None, parent: QWidget | None = None) -> None:
        """``sample`` is the one that is open, None if there is none."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Open images"))
        self.buttons: dict[Into, AnswerButton] = {}
        number = len(found.images)
        text = ngettext("Where does this image belong?", "Where do these {n:,} images belong?", number)
        if sample is None:
            text = ngettext("This image was counted before.", "These {n:,} images were counted before.", number)
        title = QLabel(text.format(n=number))
        title.setObjectName("dialogTitle")
        title.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(title)
        if found.earlier is not None:
            self._add(layout, Into.EARLIER, gettext("Go on with it"), told_of(found.earlier))
        if sample is None:
            again = gettext("A new sample; the earlier one stays as it is.")
            self._add(layout, Into.NEW_SAMPLE, gettext("Start again"), again)
        else:
            new = gettext("A sample of its own; {sample} stays as it is.").format(sample=sample.title)
            self._add(layout, Into.NEW_SAMPLE, gettext("New sample"), new)
            images = sample.progress[1]
            into = ngettext(
                "{sample} has {n:,} image; the counts are added up.",
                "{sample} has {n:,} images; the counts are added up.",
                images,
            ).format(sample=sample.title, n=images)
            self._add(layout, Into.SAMPLE, gettext("Add to this one"), into)
        cancel = QPushButton(gettext("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(lambda *_: self.reject())
        layout.addStretch(1)
        layout.addSpacing(8)
        layout.addLayout(row(None, cancel))
        self.setMinimumWidth(_WIDTH)
        first = next(iter(self.buttons.values()))
        first.setDefault(True)
        first.setFocus()
        self.fit(shrink=True)

    def _add(self, layout: QVBoxLayout, into: Into, label: str, explained: str) -> None:
        button = self.buttons[into] = AnswerButton(label, explained)
        button.clicked.connect(lambda *_: self._answer(into))
        layout.addWidget(button)

    def _answer(self, into: Into) -> None:
        self.accept()
        self.answered.emit(into)


def told_of(earlier: Glance) -> str:
    """Return what a list of sessions says below the title of one."""
    when = earlier.changed.astimezone()
    progress = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=earlier.reviewed, n=earlier.images)
    return f"{earlier.title} · {progress} · {when:%Y-%m-%d %H:%M}"
