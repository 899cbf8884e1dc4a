"""Number fields, typed into with real keys in the languages of their users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from gui.widgets.numbers import NumberBox, NumberEdit

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LOCALES = ("en_US", "de_DE", "de_CH", "fr_FR", "es_ES", "pl_PL", "ar_EG", "fa_IR", "hi_IN")


class Form(QWidget):
    """One field of each kind, in a language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.setLocale(QLocale(language))
        self.edit = NumberEdit(largest=1e6)
        self.box = NumberBox()
        self.box.setRange(0, 1000)
        self.box.setDecimals(3)
        self.box.setValue(7)
        self.box.setKeyboardTracking(False)
        self.whole = NumberBox()
        self.whole.setRange(1, 100_000)
        self.whole.setDecimals(0)
        self.whole.setSuffix(" px")
        self.whole.setValue(80)
        column = QVBoxLayout(self)
        for field in (self.edit, self.box, self.whole):
            column.addWidget(field)
        self.resize(300, 240)


@pytest.fixture
def form(request: pytest.FixtureRequest, qtbot: QtBot) -> Form:
    form = Form(request.param)
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    form.activateWindow()
    return form


def type_into(field: QWidget, text: str, *, enter: bool = True) -> None:
    """Type over what stands in a field."""
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    for sign in text:
        if sign.isascii():
            QTest.keyClicks(field, sign)
        else:  # QTest knows no keys of other scripts
            for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
                event = QKeyEvent(kind, ord(sign), Qt.KeyboardModifier.NoModifier, sign)
                QApplication.sendEvent(field, event)
    if enter:
        QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.mark.parametrize("form", LOCALES, indirect=True)
@pytest.mark.parametrize("text", ["4.5", "4,5", "own digits"])
def test_four_and_a_half_is_never_forty_five(form: Form, text: str):
    if text == "own digits":
        text = form.locale().toString(4.5, "f", 1)
    type_into(form.edit, text)
    assert form.edit.value() == 4.5
    type_into(form.box, text)
    assert form.box.value() == 4.5


@pytest.mark.parametrize("form", LOCALES, indirect=True)
@pytest.mark.parametrize("text", ["1.234,5", "1,234.5", "1'234", "1 234"])
def test_signs_between_thousands_are_refused(form: Form, text: str):
    given: list[float | None] = []
    form.edit.set_value(3.0)
    form.edit.given.connect(given.append)
    type_into(form.edit, text)
    assert form.edit.value() is None
    assert given == [None]
    type_into(form.box, text)
    assert form.box.value() == 7


@pytest.mark.parametrize("form", LOCALES, indirect=True)
def test_the_sign_that_may_part_thousands_is_refused(form: Form):
    own = form.locale().decimalPoint()
    other = "." if own == "," else ","
    type_into(form.edit, f"1{other}234")
    assert form.edit.value() is None
    type_into(form.whole, "1.000")
    assert form.whole.value() == 80
    type_into(form.whole, "1000")
    assert form.whole.value() == 1000


@pytest.mark.parametrize("form", LOCALES, indirect=True)
def test_what_was_understood_is_shown_as_it_is_typed(form: Form):
    for field, echo in ((form.edit, form.edit.echo), (form.box, form.box.echo)):
        type_into(field, "4,5", enter=False)
        assert echo.isVisible()
        assert echo.text() == f"= {form.locale().toString(4.5, 'f', 1 if field is form.edit else 3)}"
        type_into(field, "1.234,5", enter=False)
        assert "thousands" in echo.text()
    form.whole.setFocus()
    assert not form.edit.echo.isVisible()
    assert not form.box.echo.isVisible()


@pytest.mark.parametrize("form", ["en_US"], indirect=True)
def test_what_was_understood_goes_with_enter_and_what_was_not_stays(form: Form):
    for field, echo in ((form.edit, form.edit.echo), (form.box, form.box.echo)):
        type_into(field, "4.5", enter=False)
        assert echo.isVisible()
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert not echo.isVisible()
    type_into(form.edit, "1.234,5")
    assert form.edit.echo.isVisible(), "nobody took it, and it says why"


@pytest.mark.parametrize("form", LOCALES, indirect=True)
def test_what_is_shown_can_be_typed_again(form: Form):
    """A number that was set comes back as it is: nothing is rounded, and no sign parts its thousands."""
    given: list[float | None] = []
    form.edit.given.connect(given.append)
    for value in (4.5, 1234.5678, 123456.0, 0.0012345678):
        form.edit.set_value(value)
        assert form.edit.value() == value
        form.edit.setFocus()
        form.box.setFocus()
    assert given == []
    form.whole.setValue(12345)
    type_into(form.whole, form.whole.cleanText())
    assert form.whole.value() == 12345


@pytest.mark.parametrize("form", ["en_US"], indirect=True)
def test_letters_are_not_taken_and_an_emptied_field_is_not_given(form: Form):
    given: list[float | None] = []
    form.edit.given.connect(given.append)
    type_into(form.edit, "4.5")
    type_into(form.box, "12x")
    assert form.box.value() == 12
    form.edit.setFocus()
    QTest.keyClick(form.edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(form.edit, Qt.Key.Key_Delete)
    form.box.setFocus()
    assert given == [4.5, None]


@pytest.mark.parametrize("form", ["en_US"], indirect=True)
def test_a_number_out_of_range_is_not_taken_and_the_range_is_told(form: Form):
    type_into(form.box, "2000", enter=False)
    assert "1000" in form.box.echo.text()
    QTest.keyClick(form.box, Qt.Key.Key_Return)
    assert form.box.value() == 7


@pytest.mark.parametrize("form", ["en_GB"], indirect=True)
def test_what_counts_as_not_given_has_a_red_frame_and_says_why(form: Form) -> None:
    form.edit.setToolTip("What the analyser says")
    for text in ("abc", "2000000"):
        type_into(form.edit, text)
        assert form.edit.value() is None
        assert form.edit.property("wrong")
        assert form.edit.toolTip() != "What the analyser says"
    assert "is not between 0 and 1,000,000" in form.edit.toolTip()
    type_into(form.edit, "4.5")
    assert form.edit.value() == 4.5
    assert not form.edit.property("wrong")
    assert form.edit.toolTip() == "What the analyser says"
