"""Chooses whether cells are shown by class or by kind."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from core.text import gettext

_CHOICES = (
    (gettext("By class"), gettext("The cells of each counted class side by side")),
    (gettext("By kind"), gettext("Teach kinds of cells by a few examples; the program sorts the others")),
)


class ModeSwitch(QWidget):
    """Two buttons of which one is down."""

    chosen = Signal(bool)  # by kind

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, (text, tip) in enumerate(_CHOICES):
            button = QToolButton()
            button.setObjectName("segment")
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button, place)
            row.addWidget(button)
        self.show_mode(False)
        self._group.idClicked.connect(lambda place: self.chosen.emit(place == 1))

    def show_mode(self, by_kind: bool) -> None:
        """Show which is chosen, without saying that it was."""
        self._group.button(int(by_kind)).setChecked(True)

    def button(self, by_kind: bool) -> QWidget:
        """Return one of the buttons."""
        return self._group.button(int(by_kind))
