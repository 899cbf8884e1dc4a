"""Fields for numbers: one way to read what is typed, and what was understood is shown meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLabel, QLineEdit, QWidget

from core.numbers import NumberError, read_number
from core.text import gettext
from gui.widgets.wheel_safe import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFocusEvent


_UNDERSTOOD = "= "


class Echo(QLabel):
    """What was understood of a field, below it while it is typed in."""

    def __init__(self, field: QWidget, edit: QLineEdit, understood: Callable[[], str]) -> None:
        super().__init__(field.window())
        self._field = field
        self._understood = understood
        self.setObjectName("echo")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(gettext("What was understood"))
        self.hide()
        edit.textEdited.connect(self._show)
        for watched in {field, edit}:  # a box with steps gets the keys and the focus instead of its line
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        entered = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        left = event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide)
        if left or (entered and self.text().startswith(_UNDERSTOOD)):
            self.hide()
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        text = self._understood()
        self.setVisible(bool(text))
        if not text:
            return
        window = self._field.window()
        if self.parentWidget() is not window:
            self.setParent(window)
            self.show()
        self.setText(text)
        self.adjustSize()
        below = self._field.mapTo(window, QPoint(0, self._field.height()))
        if below.y() + self.height() > window.height():
            below = self._field.mapTo(window, QPoint(0, -self.height()))
        below.setX(max(0, min(below.x(), window.width() - self.width())))
        self.move(below)
        self.raise_()


class NumberBox(Quiet, QDoubleSpinBox):
    """A number with steps. The wheel does not change it, nor gives it the keyboard.

    A text that is no number, or might be two, is not taken: the number stays what it was.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)
        self._before = self.value()
        self._typing = False
        self.lineEdit().textEdited.connect(self._begin)
        self.echo = Echo(self, self.lineEdit(), self._understood)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._before, self._typing = self.value(), False
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._settle()
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._typing:
            self._before = self.value()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._settle()
        super().keyPressEvent(event)

    def stepBy(self, steps: int) -> None:
        self._settle()
        super().stepBy(steps)

    def _begin(self) -> None:
        self._typing = True

    def _settle(self) -> None:
        """Go back to the number before the typing if the text is refused; Qt keeps what its beginning stood for."""
        self._typing = False
        if not self.lineEdit().hasAcceptableInput():
            self.setValue(self._before)
            self.lineEdit().setText(f"{self.prefix()}{self.textFromValue(self._before)}{self.suffix()}")
            self.echo.hide()

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        if self.specialValueText() and text == self.specialValueText():
            return QValidator.State.Acceptable, text, place
        typed = self._without_unit(text)
        if any(one.isalpha() for one in typed):
            return QValidator.State.Invalid, text, place
        try:
            value = self._read(typed)
        except NumberError:
            return QValidator.State.Intermediate, text, place
        good = self.minimum() <= value <= self.maximum()
        return QValidator.State.Acceptable if good else QValidator.State.Intermediate, text, place

    def valueFromText(self, text: str) -> float:
        try:
            return self._read(self._without_unit(text))
        except NumberError:
            return self.value()

    def fixup(self, text: str) -> str:
        return text  # Qt would drop the signs between thousands, or what it takes for them

    def _without_unit(self, text: str) -> str:
        return text.removeprefix(self.prefix()).removesuffix(self.suffix())

    def _read(self, text: str) -> float:
        value = read_number(text, decimal_sign=self.locale().decimalPoint(), whole=self.decimals() == 0)
        return round(value, self.decimals())

    def _understood(self) -> str:
        typed = self._without_unit(self.lineEdit().text())
        if not typed.strip():
            return ""
        try:
            value = self._read(typed)
        except NumberError as error:
            return str(error)
        if not self.minimum() <= value <= self.maximum():
            text = gettext("{value} is not between {low} and {high}.")
            return text.format(value=f"{value:g}", low=f"{self.minimum():g}", high=f"{self.maximum():g}")
        return f"{_UNDERSTOOD}{self.textFromValue(value)}{self.suffix()}"


class NumberEdit(QLineEdit):
    """A number that need not be given. What is no number, or might be two, counts as not given, and stays in view.

    Such a text has a red frame, and the pointer tells why. ``given`` is emitted with a float or None when the typing is
    finished, and once all is deleted.
    """

    given = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, largest: float, whole: bool = False) -> None:
        super().__init__(parent)
        self._largest = largest
        self._whole = whole
        self._told: float | None = None
        self._usual_tip = ""
        self.echo = Echo(self, self, self._understood)
        self.editingFinished.connect(self._finish)
        self.textEdited.connect(lambda text: None if text else self._finish())
        self.textChanged.connect(self._show_validity)

    def value(self) -> float | None:
        """Return what was typed; None if that is nothing, no number, or too large."""
        try:
            value = self._read()
        except NumberError:
            return None
        return value if 0 <= value <= self._largest else None

    def set_value(self, value: float | None) -> None:
        """Show a number; it is not given by that."""
        if value is not None or self.value() is not None:
            self.setText("" if value is None else self._written(value))
        self._told = value

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._finish()

    @Slot()
    def _show_validity(self) -> None:
        wrong, was_wrong = bool(self.text().strip()) and self.value() is None, bool(self.property("wrong"))
        if wrong and not was_wrong:
            self._usual_tip = self.toolTip()
        if wrong or was_wrong:
            self.setToolTip(self._understood() if wrong else self._usual_tip)
        if wrong is not was_wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def _finish(self) -> None:
        value = self.value()
        if value != self._told:
            self._told = value
            self.given.emit(value)

    def _read(self) -> float:
        return read_number(self.text(), decimal_sign=self.locale().decimalPoint(), whole=self._whole)

    def _understood(self) -> str:
        if not self.text().strip():
            return ""
        try:
            value = self._read()
        except NumberError as error:
            return str(error)
        if not 0 <= value <= self._largest:
            return gettext("{value} is not between {low} and {high}.").format(
                value=f"{value:g}", low="0", high=f"{self._largest:,.0f}"
            )
        return f"{_UNDERSTOOD}{self._written(value)}"

    def _written(self, value: float) -> str:
        """Return a number as it could have been typed here: without signs between thousands."""
        locale = QLocale(self.locale())
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        return locale.toString(value, "f", QLocale.FloatingPointPrecisionOption.FloatingPointShortest.value)
