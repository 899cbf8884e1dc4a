"""Text for people: translated sentences, their plurals, and text that can be written to a file."""

from __future__ import annotations

from gettext import translation
from importlib import resources
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
