"""What the canvas is doing or not showing, said in its corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GAP = 4
_STYLE = """
QLabel, QPushButton { background: rgba(20, 24, 30, 225); color: white; border: 1px solid transparent;
border-radius: 6px; padding: 4px 8px; text-align: left; }
QPushButton:hover { background: rgba(54, 62, 74, 235); }
QPushButton:focus { border-color: white; }
"""


@dataclass(frozen=True)
class Chip:
    """One sentence, and what a click on it does."""

    text: str
    end: Callable[[], object]
    tip: str = ""


class Chips(QWidget):
    """A column of chips that lies over the canvas and moves nothing of it; as large as its chips.

    Above them is said what a click on the image does. That lets clicks through: the cells below it are clicked too.
    """

    def __init__(self, canvas: QWidget, corner: QPoint) -> None:
        super().__init__(canvas)
        self.setStyleSheet(_STYLE)
        self._corner = corner
        self._mode = QLabel(canvas)
        self._mode.setStyleSheet(_STYLE)
        self._mode.setTextFormat(Qt.TextFormat.PlainText)
        self._mode.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._mode.move(corner)
        self._mode.hide()
        self._chips: list[Chip] = []
        self._buttons: list[QPushButton] = []
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What is said, from above."""
        mode = [] if self._mode.isHidden() else [self._mode.text()]
        return [*mode, *(chip.text for chip in self._chips)]

    @property
    def area(self) -> QRect:
        """What all of them cover of the canvas; empty if nothing is said."""
        said = [part.geometry() for part in (self._mode, self) if not part.isHidden()]
        return QRect() if not said else said[0].united(said[-1])

    def show_mode(self, text: str) -> None:
        """Say what a click on the image does; "" if it selects, as usual."""
        if text != self._mode.text():
            self._mode.setText(text)
            self._mode.adjustSize()
        self._mode.setVisible(bool(text))
        self._mode.raise_()
        self.move(self._corner + QPoint(0, self._mode.height() + _GAP if text else 0))

    def show_chips(self, chips: Sequence[Chip]) -> None:
        """Say these things, and nothing else."""
        same = [(chip.text, chip.tip) for chip in chips] == [(chip.text, chip.tip) for chip in self._chips]
        self._chips = list(chips)
        if same:
            return
        while len(self._buttons) < len(chips):
            button = QPushButton(self)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            place = len(self._buttons)
            button.clicked.connect(lambda *_, place=place: self._chips[place].end())
            self._buttons.append(button)
        top = width = 0
        for place, button in enumerate(self._buttons):
            shown = place < len(chips)
            button.setVisible(shown)
            if shown:
                button.setText(chips[place].text.replace("&", "&&"))
                button.setAccessibleName(chips[place].text)
                button.setToolTip(chips[place].tip)
                button.adjustSize()
                button.move(0, top)
                top += button.height() + _GAP
                width = max(width, button.width())
        self.resize(width, max(top - _GAP, 0))
        self.setVisible(bool(chips))
        self.raise_()
