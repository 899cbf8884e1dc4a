"""The icons of the program: Phosphor, in the colours of the theme."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QIcon, QPainter, QPalette
from PySide6.QtWidgets import QApplication
from qtawesome.iconic_font import CharIconPainter, IconicFont

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QPixmap

_FONT = ("ph", "phosphor-1.3.0.ttf", "phosphor-charmap-1.3.0.json")


class _ThemePainter(CharIconPainter):
    """Draws with the colours that the palette has at that moment, so that icons follow the theme."""

    def paint(
        self,
        iconic: IconicFont,
        painter: QPainter,
        rect: QRect,
        mode: QIcon.Mode,
        state: QIcon.State,
        options: list[dict[str, Any]],
    ) -> None:
        palette = QApplication.palette()
        if mode is QIcon.Mode.Disabled:
            colour = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
            colour.setAlpha(130)
        elif mode is QIcon.Mode.Selected:
            colour = palette.color(QPalette.ColorRole.HighlightedText)
        elif state is QIcon.State.On:
            colour = palette.color(QPalette.ColorRole.Highlight)
        else:
            colour = palette.color(QPalette.ColorRole.ButtonText)
        coloured = [{key: colour if key.startswith("color") else it for key, it in one.items()} for one in options]
        super().paint(iconic, painter, rect, mode, state, coloured)


@cache
def _font() -> IconicFont:
    font = IconicFont(_FONT)
    font.painter = _ThemePainter()
    font.setParent(QApplication.instance())
    return font


@cache
def icon(name: str) -> QIcon:
    """Return an icon by its Phosphor name, such as ``folder-open``; checked it has the accent colour.

    Raises
    ------
    Exception
        If the set has no icon of that name.
    """
    return _font().icon(f"ph.{name}")


def pixmap(name: str, side: int) -> QPixmap:
    """Return an icon as a square pixmap for a label, as the theme has it now."""
    return icon(name).pixmap(side, side)
