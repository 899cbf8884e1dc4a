"""The line above the tiles: which cells, in which order, how large."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from core.text import gettext
from gui.panels.gallery.switch import ModeSwitch
from gui.panels.gallery.tiles import Order
from gui.panels.gallery.view import LARGEST_SIDE, SMALLEST_SIDE, USUAL_SIDE
from gui.widgets.elided import ElidedLabel
from gui.widgets.icons import pixmap
from gui.widgets.wheel_safe import QuietComboBox, QuietSlider

_SCOPES = (gettext("This image"), gettext("All images"))
_SLIDER_WIDTH, _LEAST_WIDTH = 110, 60


class GalleryBar(QWidget):
    """Chooses, and says nothing of its own."""

    scope_chosen = Signal(bool)  # all images
    order_chosen = Signal(object)  # Order
    side_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.scope_box = QuietComboBox()
        self.scope_box.addItems(_SCOPES)
        self.scope_box.setAccessibleName(gettext("Which cells are shown"))
        self.scope_box.setToolTip(gettext("The cells of all counted images of the sample, or of the current one"))
        self.scope_box.currentIndexChanged.connect(lambda place: self.scope_chosen.emit(place == 1))
        self.order_box = QuietComboBox()
        for order in Order:
            self.order_box.addItem(order.value, order)
        self.order_box.setAccessibleName(gettext("In which order the cells are shown"))
        self.order_box.setToolTip(
            gettext("Sizes are compared with the red cells of the same image; how dark a cell is, in its middle")
        )
        self.order_box.currentIndexChanged.connect(lambda *_: self.order_chosen.emit(self.order))
        for box in (self.scope_box, self.order_box):
            box.setMinimumWidth(_LEAST_WIDTH)
        self.note = ElidedLabel()
        self.note.setObjectName("faint")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.size_slider = QuietSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(SMALLEST_SIDE, LARGEST_SIDE)
        self.size_slider.setPageStep(16)
        self.size_slider.setValue(USUAL_SIDE)
        self.size_slider.setMinimumWidth(_LEAST_WIDTH)
        self.size_slider.setMaximumWidth(_SLIDER_WIDTH)
        self.size_slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.size_slider.setAccessibleName(gettext("Size of the tiles"))
        self.size_slider.setToolTip(gettext("Size of the tiles; all are at the same scale"))
        self.size_slider.valueChanged.connect(self.side_chosen)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.switch = ModeSwitch()
        row.addWidget(self.switch)
        row.addWidget(self.scope_box)
        row.addWidget(self.order_box)
        row.addWidget(self.note, 1)
        for widget in (_circle(10), self.size_slider, _circle(18)):
            row.addWidget(widget)

    @property
    def order(self) -> Order:
        """The order that is chosen."""
        return self.order_box.currentData()

    def show_scope(self, everything: bool) -> None:
        """Show which cells are shown, without saying that it was chosen."""
        with QSignalBlocker(self.scope_box):
            self.scope_box.setCurrentIndex(int(everything))

    def show_note(self, text: str, tip: str) -> None:
        """Say something in the middle of the line."""
        self.note.setText(text)
        self.note.setToolTip(tip)


def _circle(side: int) -> QLabel:
    """Return a small or a large circle, for the ends of the slider."""
    label = QLabel()
    label.setPixmap(pixmap("circle", side))
    return label
