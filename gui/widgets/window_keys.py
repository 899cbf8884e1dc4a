"""Views that leave the letters and digits to the keys of their window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QAbstractItemView

    _View = QAbstractItemView
else:
    _View = object


class LeavesLetters(_View):
    """Mixed into an item view: typing does not search in it, and reaches the window instead."""

    def is_own_key(self, event: QKeyEvent) -> bool:
        """Tell whether the view itself may use a key."""
        return not (event.text() and event.text().isprintable())

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters and digits are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_own_key(event):
            super().keyPressEvent(event)
        else:
            event.ignore()
