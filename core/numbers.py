"""Numbers as people type them: either decimal sign, digits of any script, never a guess."""

from __future__ import annotations

import math
import re
import unicodedata

from core.errors import UserError
from core.text import gettext

_POINTS = {"\N{FULLWIDTH FULL STOP}": ".", "\N{FULLWIDTH COMMA}": ",", "\N{ARABIC COMMA}": ","}
_ARABIC_POINT = "\N{ARABIC DECIMAL SEPARATOR}"
_MINUS = {"\N{MINUS SIGN}": "-", "\N{FULLWIDTH HYPHEN-MINUS}": "-", "\N{FULLWIDTH PLUS SIGN}": "+"}
_GROUPS = re.compile(r"(?<=\d)[\s'\u2019\u066c_\u00b7\u02d9](?=\d)")
_UNSEEN = re.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")  # marks of direction
_NUMBER = re.compile(r"([+-]?)(\d*)(?:([.,])(\d*))?")


class NumberError(UserError):
    """A text that is no number, or might be two; the message says how to write it."""


def read_number(text: str, *, decimal_sign: str = ".", whole: bool = False) -> float:
    """Return the number that a text stands for.

    Point and comma are both decimal signs. Where the one that is not the reader's own could as well part thousands
    (``1.234`` where 1,234 is meant), and wherever thousands are parted, the text is refused.

    Parameters
    ----------
    decimal_sign
        The decimal sign of the reader's language, which is always taken for one.
    whole
        Only whole numbers will do; then there is no decimal sign at all.

    Raises
    ------
    NumberError
        If it is no number, or might be two.
    """
    plain = _plain(text)
    if _GROUPS.search(plain) or sum(plain.count(sign) for sign in ".,") > 1:
        raise NumberError(gettext("{text}: write it without signs between thousands.").format(text=text.strip()))
    match = _NUMBER.fullmatch(plain)
    if match is None or not (match[2] or match[4]):
        raise NumberError(gettext("{text}: this is not a number.").format(text=text.strip()))
    sign, before, point, after = match[1], match[2], match[3], match[4] or ""
    if whole and point is not None:
        raise NumberError(gettext("{text}: give a whole number, digits only.").format(text=text.strip()))
    if point is not None and point != _ascii_sign(decimal_sign) and _parts_thousands(before, after):
        sentence = gettext("{text}: this may be {decimal} or {thousands}; write one of them.")
        decimal = f"{before}{_ascii_sign(decimal_sign)}{after}"
        raise NumberError(sentence.format(text=text.strip(), decimal=f"{decimal}0", thousands=f"{before}{after}"))
    value = float(f"{sign}{before or '0'}.{after or '0'}")
    if not math.isfinite(value):
        raise NumberError(gettext("{text}: this number is too large.").format(text=text.strip()))
    return value


def _plain(text: str) -> str:
    """Return a text with ASCII digits and signs, without marks of direction."""
    text = _UNSEEN.sub("", text).strip()
    signs = {**_POINTS, **_MINUS, _ARABIC_POINT: "."}
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else signs.get(one, one) for one in text)


def _ascii_sign(decimal_sign: str) -> str:
    return "," if decimal_sign == "," else "."


def _parts_thousands(before: str, after: str) -> bool:
    """Tell whether a sign between these digits could part thousands."""
    return len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
