"""Text for people: translated sentences, their plurals, and text that can be written to a file."""

from __future__ import annotations

from gettext import translation
from importlib import resources
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CATALOGUE = translation("smearcount", str(resources.files("resources") / "locale"), fallback=True)

# Every sentence that a user reads goes through one of these; Babel extracts it from the call. The language is that of
# the environment (LANGUAGE, LC_ALL, LC_MESSAGES, LANG) when the program starts; English without a catalogue.
# Values are filled in afterwards: gettext("{path}: no such file.").format(path=path), never by an f-string.
gettext = _CATALOGUE.gettext
ngettext = _CATALOGUE.ngettext


def printable(text: str | Path) -> str:
    """Return text that can be written as UTF-8: file names on Linux may hold bytes that are not."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def percent(value: float | None) -> str:
    """Return a share of 1 as per cent with one decimal: ``97.3 %``; a dash for None and NaN."""
    return "–" if value is None or isnan(value) else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    """Return a measure with three decimals: ``0.973``; a dash for None."""
    return "–" if value is None else f"{value:.3f}"


def whole(value: int | None) -> str:
    """Return a number of things: ``1,234``; a dash for None."""
    return "–" if value is None else f"{value:,}"


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign, a true minus: ``+0.5``, ``−1.2``."""
    return f"{value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")
