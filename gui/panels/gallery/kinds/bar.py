"""The line above the piles: what is to be known of them, and their order and size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from core.text import gettext
from gui.panels.gallery.switch import ModeSwitch
from gui.panels.gallery.view import LARGEST_SIDE, SMALLEST_SIDE, USUAL_SIDE
from gui.widgets.elided import ElidedLabel
from gui.widgets.icons import pixmap
from gui.widgets.wheel_safe import QuietSlider

if TYPE_CHECKING:
    from core.kinds.differential import Differential

_SLIDER_WIDTH = 90


class KindsBar(QWidget):
    """Chooses, and says what the page tells it."""

    sort_wanted = Signal()
    side_chosen = Signal(int)
    figures_toggled = Signal(bool)
    differential_wanted = Signal()
    reading_ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.switch = ModeSwitch()
        self.note = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.note.setObjectName("faint")
        self.figures_button = QToolButton()
        self.figures_button.setObjectName("segment")
        self.figures_button.setText(gettext("Figures"))
        self.figures_button.setToolTip(gettext("How well the kinds are told apart, and which are taken for which"))
        self.figures_button.setCheckable(True)
        self.figures_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.figures_button.toggled.connect(self.figures_toggled)
        self.end_button = QPushButton(gettext("End the reading"))
        self.end_button.clicked.connect(lambda *_: self.reading_ended.emit())
        self.end_button.hide()
        self.differential_button = QPushButton()
        self.differential_button.setToolTip(gettext("Per cent of each kind of white cell, and what follows from them"))
        self.differential_button.clicked.connect(lambda *_: self.differential_wanted.emit())
        self.show_differential(None)
        self.sort_button = QPushButton(gettext("Sort again"))
        self.sort_button.setToolTip(
            gettext("Nothing moves while you work in the piles; this puts every cell into its pile (Ctrl+R)")
        )
        self.sort_button.setEnabled(False)
        self.sort_button.clicked.connect(lambda *_: self.sort_wanted.emit())
        self.size_slider = QuietSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(SMALLEST_SIDE, LARGEST_SIDE)
        self.size_slider.setPageStep(16)
        self.size_slider.setValue(USUAL_SIDE)
        self.size_slider.setFixedWidth(_SLIDER_WIDTH)
        self.size_slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.size_slider.setAccessibleName(gettext("Size of the tiles"))
        self.size_slider.setToolTip(gettext("Size of the tiles; all are at the same scale"))
        self.size_slider.valueChanged.connect(self.side_chosen)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.switch)
        row.addWidget(self.figures_button)
        row.addWidget(self.note, 1)
        for button in (self.end_button, self.differential_button, self.sort_button):
            row.addWidget(button)
        self._circles = _circle(10), _circle(18)
        for widget in (self._circles[0], self.size_slider, self._circles[1]):
            row.addWidget(widget)

    @property
    def shows_figures(self) -> bool:
        """Whether the figures are wanted in place of the piles."""
        return self.figures_button.isChecked()

    def show_figures(self, shown: bool) -> None:
        """Show the figures or the piles, without saying that it was chosen."""
        with QSignalBlocker(self.figures_button):
            self.figures_button.setChecked(shown)

    def show_differential(self, counted: Differential | None) -> None:
        """Show how far the differential count is."""
        cells, target = (0, 0) if counted is None else (counted.cells, counted.target)
        text = gettext("Differential {cells:,} of {target:,}…").format(cells=cells, target=target)
        text = gettext("Differential…") if counted is None else text
        self.differential_button.setText(text)
        self.differential_button.setEnabled(counted is not None)
        wide = self.fontMetrics().horizontalAdvance(
            gettext("Differential {cells:,} of {target:,}…").format(cells=8888, target=888)
        )
        self.differential_button.setMinimumWidth(wide + 16)

    def show_kinds(self, there: bool) -> None:
        """Show what can be done with kinds, if there are any."""
        for widget in (self.figures_button, self.differential_button, self.sort_button, self.size_slider):
            widget.setVisible(there)
        for circle in self._circles:
            circle.setVisible(there)

    def show_note(self, text: str, tip: str = "") -> None:
        """Say something in the middle of the line."""
        self.note.setText(text)
        self.note.setToolTip(tip)


def _circle(side: int) -> QLabel:
    """Return a small or a large circle, for the ends of the slider."""
    label = QLabel()
    label.setPixmap(pixmap("circle", side))
    return label
