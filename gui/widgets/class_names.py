"""What people call the classes of cells."""

from __future__ import annotations

from core.text import gettext

_LONG_NAMES = {"RBC": gettext("Red cells (RBC)"), "WBC": gettext("White cells (WBC)")}


def long_name(name: str) -> str:
    """Return the full name of a class; an unknown class has only the name of its model."""
    return _LONG_NAMES.get(name, name)
