"""What filters and sorts the list: a field for the name, and boxes that may be narrower than their texts."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QStyle, QStyleOptionComboBox

from gui.widgets.wheel_safe import QuietComboBox

_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class NameFilter(QLineEdit):
    """Return and Down lead on to the list, Escape clears; none of them reaches the window's actions."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down, Qt.Key.Key_Escape)
        if isinstance(event, QKeyEvent) and event.key() in keys and not event.modifiers() & ~_KEYPAD:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                if event.key() == Qt.Key.Key_Escape and self.text():
                    self.clear()
                else:
                    self.left.emit()
                return True
        return super().event(event)


class NarrowBox(QuietComboBox):
    """A box that may be narrower than its texts; its list is as wide as they are."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.currentIndexChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Ask for the room of the present text, not of the longest: two boxes share a narrow panel."""
        hint = super().sizeHint()
        widths = [self.fontMetrics().horizontalAdvance(self.itemText(item)) for item in range(self.count())]
        spare = max(widths, default=0) - self.fontMetrics().horizontalAdvance(self.currentText())
        return QSize(hint.width() - spare, hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Shorten the text, which would be cut where the box is narrow."""
        super().initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, field.width() - 2
        )

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 12)
        super().showPopup()
