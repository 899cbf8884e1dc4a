"""A typed number is read as it was meant, or refused: never a tenfold or a thousandfold of it."""

from __future__ import annotations

import pytest

from core.numbers import NumberError, read_number

POINT, COMMA = ".", ","


@pytest.mark.parametrize("decimal_sign", [POINT, COMMA, "\u066b"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.5", 4.5), ("4,5", 4.5), (" 4.5 ", 4.5), (".5", 0.5), (",5", 0.5), ("5.", 5), ("5,", 5), ("12", 12),
        ("0.234", 0.234), ("0,234", 0.234), ("1234.567", 1234.567), ("1234,567", 1234.567), ("4.5678", 4.5678),
        ("-3,5", -3.5), ("\N{MINUS SIGN}3.5", -3.5), ("+3", 3), ("\u200e4,5\u200f", 4.5),
        ("\u0664\u066b\u0665", 4.5), ("\u06f4\u066b\u06f5", 4.5),
        ("\u096a.\u096b", 4.5), ("\uff14\uff0e\uff15", 4.5), ("0", 0),
    ],
)  # fmt: skip
def test_both_decimal_signs_are_right_in_every_language(text: str, value: float, decimal_sign: str):
    assert read_number(text, decimal_sign=decimal_sign) == value


@pytest.mark.parametrize(("own", "other"), [(POINT, COMMA), (COMMA, POINT)])
def test_the_other_sign_before_three_digits_is_refused(own: str, other: str):
    assert read_number(f"1{own}234", decimal_sign=own) == 1.234
    with pytest.raises(NumberError, match=r"may be"):
        read_number(f"1{other}234", decimal_sign=own)
    with pytest.raises(NumberError, match=r"may be"):
        read_number(f"123{other}456", decimal_sign=own)


@pytest.mark.parametrize("decimal_sign", [POINT, COMMA])
@pytest.mark.parametrize(
    "text",
    ["1,234.5", "1.234,5", "1 234", "1\u202f234,5", "1\u00a0234", "1'234", "1\u2019234.5", "1,234,567", "1.234.567",
     "1,00,000", "\u0661\u066c\u0662\u0663\u0664", "1_000", "4..5", "4,,5"],
)  # fmt: skip
def test_signs_between_thousands_are_refused(text: str, decimal_sign: str):
    with pytest.raises(NumberError, match="thousands"):
        read_number(text, decimal_sign=decimal_sign)


@pytest.mark.parametrize("text", ["", " ", ".", ",", "-", "4.5e3", "nan", "0x10", "four", "4.5 %", "½", "²", "4-5"])
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(NumberError):
        read_number(text)


@pytest.mark.parametrize("text", ["1.000", "1,000", "4.5", "5.", "1 000"])
def test_a_whole_number_has_no_signs(text: str):
    with pytest.raises(NumberError):
        read_number(text, whole=True)
    assert read_number("1000", whole=True) == 1000
