"""What the user has to know or to decide: a banner over the view, and what is said for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from core.text import gettext, ngettext
from gui.widgets.layout.overlay import Edge, Overlay
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gui.shell.notices.toasts import Toast
    from gui.workspace.workspace import Workspace

    Offer = tuple[str, Callable[[], object]]

_MOST_WARNINGS = 3


class Notices(QObject):
    """Shows what the services post, and takes it off when it no longer holds."""

    def __init__(self, workspace: Workspace, bar: NoticeBar, toast: Toast) -> None:
        super().__init__(bar)
        self._images = workspace.images
        self._sample = workspace.sample
        self._bar = bar
        self._toast = toast
        workspace.messages.posted.connect(self._show)
        workspace.messages.offered.connect(toast.offer)
        workspace.history.stack_changed.connect(toast.leave_step)
        workspace.history.stack_changed.connect(toast.withdraw)
        workspace.store.session_changed.connect(toast.clear)
        workspace.sample.changed.connect(self._on_sample)
        workspace.editing.doubted.connect(bar.show_doubt)
        workspace.editing.noted.connect(toast.say)
        workspace.history.stack_changed.connect(bar.leave_step)
        workspace.images.current_changed.connect(bar.leave_image)
        workspace.store.session_changed.connect(bar.clear)
        workspace.duplicates.found.connect(self._offer_to_remove)
        workspace.tally.reached.connect(bar.show_warning)

    @Slot()
    def _on_sample(self) -> None:
        if self._sample.id:
            self._toast.withdraw()

    @Slot(object, str)
    def _show(self, level: Level, text: str) -> None:
        if level is Level.INFO:
            self._toast.say(text)
        elif level is Level.WARNING:
            self._bar.show_warning(text)
        else:
            self._bar.show_error(text)

    @Slot(str, object)
    def _offer_to_remove(self, text: str, copies: list[int]) -> None:
        """Offer to remove copies; the user keeps them by closing the notice."""
        name = ngettext("Remove the copy", "Remove the {n:,} copies", len(copies)).format(n=len(copies))
        self._bar.show_question(text, [(name, lambda: self._images.remove(copies))])


class NoticeBar(QWidget):
    """Messages over the view: an error or a question until it is closed or the next one comes, below them warnings.

    Warnings are about the image that is shown, and leave with it; a doubt is about the last step, and leaves with
    the next.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setMinimumWidth(420)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QPushButton(gettext("Close"))
        self.close_button.clicked.connect(self.clear)
        self.remedies: list[QPushButton] = []
        self.answers: list[QPushButton] = []
        self._error = self._question = self._doubt = ""
        self._warnings: list[str] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(12, 6, 8, 6)
        self._line.addWidget(self.label, 1)
        self._line.addWidget(self.close_button)
        self._place = Overlay(self, Edge.TOP)
        self.hide()

    @Slot(str)
    def show_warning(self, text: str) -> None:
        """Show a sentence about the picture."""
        self._warnings = [*(other for other in self._warnings if other != text), text][-_MOST_WARNINGS:]
        self._show()

    @Slot(str)
    def show_doubt(self, text: str) -> None:
        """Show what may be wrong with the last step."""
        self._doubt = text
        self._show()

    @Slot()
    def leave_step(self) -> None:
        """Take off what is about the last step."""
        if self._doubt:
            self.show_doubt("")

    def show_error(self, text: str, remedies: Iterable[Offer] = ()) -> None:
        """Show what went wrong, and a button for each thing that can be done about it."""
        self._error = text
        _drop(self.remedies)
        self.remedies = self._buttons(remedies)
        self._show()

    def show_question(self, text: str, answers: Iterable[Offer]) -> None:
        """Show what a person has to decide, and a button for each answer; to close it is the answer no."""
        self._question = text
        _drop(self.answers)
        self.answers = self._buttons(answers)
        self._show()

    @Slot()
    def leave_image(self) -> None:
        """Take off what is about the picture."""
        self._warnings, self._doubt = [], ""
        self._show()

    def leave(self) -> bool:
        """Close it; True if there was something."""
        shown = not self.isHidden()
        self.clear()
        return shown

    @Slot()
    def clear(self) -> None:
        """Take everything off."""
        self._error = self._question = self._doubt = ""
        self._warnings = []
        _drop(self.remedies)
        _drop(self.answers)
        self.remedies, self.answers = [], []
        self._show()

    def _buttons(self, offers: Iterable[Offer]) -> list[QPushButton]:
        buttons = []
        for name, act in offers:
            button = QPushButton(name)
            button.clicked.connect(lambda *_, act=act: self._do(act))
            self._line.insertWidget(self._line.count() - 1, button)
            buttons.append(button)
        return buttons

    def _do(self, act: Callable[[], object]) -> None:
        self.clear()
        act()

    def _show(self) -> None:
        self.setProperty("level", "error" if self._error else "warning")
        for part in (self, self.label):  # the words have the colours of the level too
            part.style().unpolish(part)
            part.style().polish(part)
        texts = [text for text in (self._error, self._question, self._doubt, *self._warnings) if text]
        self.label.setText("\n".join(texts))
        self.label.setToolTip(self.label.text())
        self.setVisible(bool(texts))
        self._place.place()


def _drop(buttons: Iterable[QPushButton]) -> None:
    for button in buttons:
        button.hide()
        button.deleteLater()
