"""How the photograph is brought to the eye: brightness and colours of the display, never of the count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from core.text import gettext
from gui.workspace.view_options import Display

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PySide6.QtGui import QMouseEvent, QWheelEvent

    from gui.workspace.view_options import ViewOptions

_STEPS = 100
_GROUND_QUANTILE = 0.9  # the empty field is brighter than the cells
_NAMES = {
    "brightness": gettext("Brightness"),
    "contrast": gettext("Contrast"),
    "gamma": gettext("Gamma"),
    "warmth": gettext("Warmth"),
    "tint": gettext("Tint"),
}


class _Slider(QSlider):
    """A slider that the wheel leaves alone; a double click brings it back to the middle."""

    def __init__(self, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(-_STEPS, _STEPS)
        self.setPageStep(10)
        self.setFixedWidth(150)
        self.setAccessibleName(name)
        self.setToolTip(gettext("A double click sets it back"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(0)


class AdjustPanel(QFrame):
    """Sliders in a corner of the canvas, over the photograph that they change."""

    def __init__(self, canvas: QWidget, options: ViewOptions, pixels: Callable[[], NDArray[np.uint8] | None]) -> None:
        """``pixels`` returns the photograph that is shown, or a smaller copy, uint8 RGB (H, W, 3)."""
        super().__init__(canvas)
        self._options = options
        self._pixels = pixels
        self.setObjectName("card")
        self.setAccessibleName(gettext("Adjust view"))
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.sliders = {name: _Slider(title) for name, title in _NAMES.items()}
        self.auto_button = QPushButton(gettext("Auto white"))
        self.auto_button.setToolTip(gettext("Show the empty field without a colour cast"))
        self.reset_button = QPushButton(gettext("Reset"))
        self.reset_button.setToolTip(gettext("Show the photograph as it is in the file"))
        self.close_button = QPushButton(gettext("Close"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, (name, title) in enumerate(_NAMES.items()):
            label = QLabel(title)
            label.setBuddy(self.sliders[name])
            grid.addWidget(label, row, 0)
            grid.addWidget(self.sliders[name], row, 1)
            self.sliders[name].valueChanged.connect(lambda value, name=name: self._set(name, value))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button, slot in (
            (self.auto_button, self._balance),
            (self.reset_button, lambda: options.set_display(Display())),
            (self.close_button, lambda: options.show_adjusting(False)),
        ):
            button.clicked.connect(lambda *_, slot=slot: slot())
            buttons.addWidget(button)
        hint = QLabel(gettext("The display only: counts do not change."))
        hint.setObjectName("faint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(grid)
        layout.addWidget(hint)
        layout.addLayout(buttons)
        options.display_changed.connect(self._show)
        self.adjustSize()
        self.hide()

    def _set(self, name: str, value: int) -> None:
        self._options.set_display(replace(self._options.display, **{name: value / _STEPS}))

    def _balance(self) -> None:
        pixels = self._pixels()
        if pixels is not None:
            red, green, blue = np.quantile(pixels[::4, ::4].reshape(-1, 3), _GROUND_QUANTILE, axis=0).tolist()
            self._options.set_display(self._options.display.with_neutral((red, green, blue)))

    @Slot()
    def _show(self) -> None:
        for name, slider in self.sliders.items():
            with QSignalBlocker(slider):
                slider.setValue(round(getattr(self._options.display, name) * _STEPS))
        self.reset_button.setEnabled(self._options.display != Display())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # what is beside a slider is not the photograph

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
