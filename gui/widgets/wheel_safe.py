"""Inputs that the mouse wheel changes only while they have the focus: scrolling a panel must not change a count."""

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
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class QuietSlider(Quiet, QSlider):
    """A slider that the wheel moves only while it has the focus."""


class QuietComboBox(Quiet, QComboBox):
    """A box of choices that the wheel changes only while it has the focus, which the wheel does not give it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
