"""Inputs that the mouse wheel never changes: scrolling a panel must not change a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QSlider, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

    _Input = QWidget
else:
    _Input = object


class Quiet(_Input):
    """What all of them do with the wheel."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class QuietSlider(Quiet, QSlider):
    """A slider that the wheel does not move; a click does not give it the keyboard, which stays where it was."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)


class QuietComboBox(Quiet, QComboBox):
    """A box of choices that the wheel does not change, nor gives the keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
