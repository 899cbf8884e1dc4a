"""What people call the classes of cells."""

from __future__ import annotations

from core.text import gettext

_PLAIN_NAMES = {"RBC": gettext("Red cells"), "WBC": gettext("White cells")}
_LONG_NAMES = {
    "RBC": gettext("Red cells (RBC)"),
    "WBC": gettext("White cells (WBC)"),
    "Platelets": gettext("Platelets (PLT)"),
}


def plain_name(name: str) -> str:
    """Return the name of a class where there is little room."""
    return _PLAIN_NAMES.get(name, name)


def long_name(name: str) -> str:
    """Return the full name of a class; an unknown class has only the name of its model."""
    return _LONG_NAMES.get(name, name)
