"""A part at the side of a view that folds away, and the strip that brings it back."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPolygon
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from core.text import gettext

STRIP = 12
_ARROW = 4


class Side(Enum):
    """Where the part is, seen from the middle of the view."""

    LEFT = -1
    RIGHT = 1


class Foldable(QWidget):
    """A part with a strip on its inner side; folded, only the strip is there."""

    folded = Signal(bool)
    turned = Signal(bool)  # the same, by the user with the strip

    def __init__(self, part: QWidget, side: Side, name: str) -> None:
        """``name`` is what the part is called in sentences, such as ``list of images``."""
        super().__init__()
        self._part = part
        self.strip = FoldStrip(side, name)
        self.strip.clicked.connect(lambda *_: self._turn())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        for widget in (part, self.strip) if side is Side.LEFT else (self.strip, part):
            line.addWidget(widget)

    @property
    def is_folded(self) -> bool:
        """Whether only the strip is there."""
        return self._part.isHidden()

    def fold(self, folded: bool) -> None:
        """Fold the part away, or show it."""
        if folded != self.is_folded:
            self._part.setVisible(not folded)
            self.strip.show_folded(folded)
            self.setMaximumWidth(STRIP if folded else 16777215)
            self.folded.emit(folded)

    def _turn(self) -> None:
        self.fold(not self.is_folded)
        self.turned.emit(self.is_folded)


class FoldStrip(QAbstractButton):
    """A narrow button with an arrow to where the part goes."""

    def __init__(self, side: Side, name: str) -> None:
        super().__init__()
        self.setObjectName("foldStrip")
        self.setFixedWidth(STRIP)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._side = side
        self._name = name
        self._folded = False
        self.show_folded(False)

    def show_folded(self, folded: bool) -> None:
        """Show what a click would do now."""
        self._folded = folded
        text = gettext("Show the {name}") if folded else gettext("Fold the {name} away")
        self.setToolTip(text.format(name=self._name))
        self.setAccessibleName(text.format(name=self._name))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(STRIP, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        hot = self.underMouse() or self.hasFocus()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Button if hot else QPalette.ColorRole.Window))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight if hot else QPalette.ColorRole.PlaceholderText))
        tip = self._side.value * (-1 if self._folded else 1) * _ARROW
        middle = self.rect().center() + QPoint(1, 0)
        painter.drawPolygon(
            QPolygon([middle + QPoint(tip, 0), middle + QPoint(-tip // 2, -_ARROW), middle + QPoint(-tip // 2, _ARROW)])
        )
        painter.end()
