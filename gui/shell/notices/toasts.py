"""What has just happened, for a moment, over the view: a sentence, and maybe a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from core.text import gettext
from gui.widgets.layout.overlay import Edge, Overlay

if TYPE_CHECKING:
    from PySide6.QtGui import QEnterEvent

    from gui.workspace.messages import Offer

_SHOWN_MS, _OFFERED_MS = 5000, 10000
_WIDEST_TEXT = 560


class Toast(QFrame):
    """Lies at the lower edge of its parent and goes by itself, but not from under the pointer or the keyboard.

    What stays until it is answered gives way to what is said meanwhile, and comes back.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.button.setObjectName("toastButton")
        self.button.clicked.connect(self._act)
        self.close_button = QToolButton()
        self.close_button.setObjectName("toastClose")
        self.close_button.setText("✕")
        self.close_button.setToolTip(gettext("Close"))
        self.close_button.setAccessibleName(gettext("Close"))
        self.close_button.clicked.connect(self.leave)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 8, 8)
        line.setSpacing(12)
        for widget in (self.label, self.button, self.close_button):
            line.addWidget(widget)
        self._offer: Offer | None = None
        self._standing: Offer | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.leave)
        self._place = Overlay(self, Edge.BOTTOM)
        self.hide()

    @property
    def text(self) -> str:
        """What is said now; "" if nothing is."""
        return self.label.toolTip() if not self.isHidden() else ""

    @Slot(str)
    def say(self, text: str) -> None:
        """Say what has happened."""
        self._show(text, None)

    @Slot(object)
    def offer(self, offer: Offer) -> None:
        """Say what has happened, and offer to do something about it."""
        if offer.stays:
            self._standing = offer
        self._show(offer.text, offer)

    @Slot()
    def leave(self) -> None:
        """Go; what waits for an answer comes back."""
        if self._offer is self._standing:
            self._standing = None
        self._timer.stop()
        self._offer = None
        self.hide()
        if self._standing is not None:
            self._show(self._standing.text, self._standing)

    @Slot()
    def withdraw(self) -> None:
        """Take off what waits for an answer: there is one, or the user goes on without."""
        if self._offer is not None and self._offer is self._standing:
            self.leave()
        self._standing = None

    @Slot()
    def clear(self) -> None:
        """Go, and ask nothing any more."""
        self._standing = None
        self.leave()

    @Slot()
    def leave_step(self) -> None:
        """Go if this is about the last step, which it no longer is."""
        if self._offer is not None and self._offer.about_step:
            self.leave()

    def _show(self, text: str, offer: Offer | None) -> None:
        self._offer = offer
        self.label.setText(self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST_TEXT))
        self.label.setToolTip(text)
        self.setAccessibleName(text)
        self.button.setVisible(offer is not None)
        if offer is not None:
            self.button.setText(offer.label)
            self.button.setAccessibleDescription(text)
        self.show()
        self._place.place()
        self._wait(_SHOWN_MS if offer is None else _OFFERED_MS)

    def _wait(self, milliseconds: int) -> None:
        """Go after a while, unless it stays until it is answered."""
        self._timer.stop()
        if self._offer is None or not self._offer.stays:
            self._timer.start(milliseconds)

    @Slot()
    def _act(self) -> None:
        offer = self._offer
        self.leave()
        if offer is not None:
            offer.act()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self.isHidden():
            self._wait(_SHOWN_MS)
