"""How to begin: what can be opened, and the samples that were open last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.text import gettext
from gui.commands.context import Dialog
from gui.shell.start.tiles import SampleTiles
from gui.tasks import Debounce
from gui.widgets.icons import icon
from gui.widgets.theme import SPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QShowEvent

    from gui.workspace.opening import Glance

_WIDEST = 912
_MOST_TILES = 9
_WIDEST_BUTTON = 420  # pixels of its text
_ON_ACCENT = QPalette.ColorRole.HighlightedText
_TITLE = gettext("Drop images of a blood smear here")
_TEXT = gettext("or a folder of them. JPEG, PNG, TIFF, HEIC and others, any magnification.")


class StartPage(QScrollArea):
    """A place to drop images, buttons that open some, and tiles of samples to go on with."""

    open_session = Signal(object)  # Path
    open_demo = Signal()

    def __init__(self, open_dialog: Callable[[Dialog], None], recent: Callable[[], Sequence[Glance]]) -> None:
        """``recent`` returns the samples that were open last, as they are now."""
        super().__init__()
        self.setObjectName("startPage")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._recent = recent
        self._unfinished = ""
        self._build_drop_area(open_dialog)
        self.tiles = SampleTiles()
        self.tiles.chosen.connect(self.open_session)
        self.heading = QLabel(gettext("Go on with a sample"))
        self.heading.setObjectName("pageHeading")
        middle = QWidget()
        middle.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(middle)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        column.setSpacing(SPACE[3])
        column.addWidget(self.drop_area)
        column.addSpacing(SPACE[2])
        column.addWidget(self.heading)
        column.addWidget(self.tiles)
        column.addStretch(1)
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, 0, 0, 0)
        line.addStretch(1)
        line.addWidget(middle, 100)
        line.addStretch(1)
        self.setWidget(page)
        self._later = Debounce(0, self._show_recent, self)

    def _build_drop_area(self, open_dialog: Callable[[Dialog], None]) -> None:
        self.drop_area = QFrame()
        self.drop_area.setObjectName("dropArea")
        picture = QLabel()
        picture.setPixmap(icon("drop").pixmap(40, 40))
        self.title = QLabel(_TITLE)
        self.title.setObjectName("title")
        self.text = QLabel(_TEXT)
        self.text.setObjectName("faint")
        self.reopen_button = QPushButton()
        self.open_button = QPushButton(gettext("Open images…"))
        self.folder_button = QPushButton(gettext("Open folder…"))
        self.demo_button = QPushButton(gettext("Try the demo smear"))
        self.guide_button = QPushButton(gettext("User guide"))
        self.reopen_button.hide()
        self.reopen_button.clicked.connect(lambda *_: self.open_session.emit(Path(self._unfinished)))
        self.demo_button.clicked.connect(lambda *_: self.open_demo.emit())
        for button, dialog in (
            (self.open_button, Dialog.OPEN_IMAGES),
            (self.folder_button, Dialog.OPEN_FOLDER),
            (self.guide_button, Dialog.GUIDE),
        ):
            button.clicked.connect(lambda *_, dialog=dialog: open_dialog(dialog))
        self.folder_button.setIcon(icon("folder-open"))
        self.demo_button.setIcon(icon("flask"))
        self.guide_button.setIcon(icon("book-open"))
        column = QVBoxLayout(self.drop_area)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        column.setSpacing(SPACE[1])
        for label in (picture, self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        self.text.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE[1])
        buttons.addStretch()
        others = (self.open_button, self.folder_button, self.demo_button, self.guide_button)
        for button in (self.reopen_button, *others):
            button.setMinimumHeight(34)
            button.setAutoDefault(True)  # Enter presses it too
        for button in others:
            buttons.addWidget(button)
        buttons.addStretch()
        column.addSpacing(SPACE[2])
        column.addWidget(self.reopen_button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(buttons)
        self._make_default(self.open_button)

    def offer_unfinished(self, session: str) -> None:
        """Offer to go on with the session that was open when the program ended without being closed; "" for none."""
        self._unfinished = session if session and os.path.isfile(session) else ""
        self.reopen_button.setVisible(bool(self._unfinished))
        self._make_default(self.reopen_button if self._unfinished else self.open_button)
        if not self._unfinished:
            self.title.setText(_TITLE)
            self.text.setText(_TEXT)
            return
        self.title.setText(gettext("SmearCount was not closed properly"))
        self.text.setText(gettext("Nothing is lost: every correction is in the session file. Go on where you were?"))
        path = Path(session)
        name = next((sample.title for sample in self._recent() if sample.path == path), path.stem)
        text = gettext("Go on with {sample}").format(sample=name)
        shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, _WIDEST_BUTTON)
        self.reopen_button.setText(shown.replace("&", "&&"))
        self.reopen_button.setToolTip(text)
        self.reopen_button.setFocus()

    def take_keys(self) -> None:
        """Give what is most likely wanted the keyboard."""
        (self.reopen_button if self._unfinished else self.open_button).setFocus()
        self.verticalScrollBar().setValue(0)

    def set_dragged(self, dragged: bool) -> None:
        """Show that what is dragged can be dropped here."""
        self.drop_area.setProperty("dragged", dragged)
        self.drop_area.style().unpolish(self.drop_area)
        self.drop_area.style().polish(self.drop_area)

    def stop(self) -> None:
        """End the thread that reads images."""
        self._later.stop()
        self.tiles.stop()

    def _make_default(self, default: QPushButton) -> None:
        self.open_button.setIcon(icon("image", _ON_ACCENT if default is self.open_button else None))
        for button in (self.open_button, self.reopen_button):
            button.setProperty("primary", button is default)
            button.style().unpolish(button)
            button.style().polish(button)

    def _show_recent(self) -> None:
        samples = self._recent()[:_MOST_TILES]
        self.tiles.show_samples(samples)
        self.heading.setVisible(bool(samples))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.verticalScrollBar().setValue(0)
        self._later.start()
