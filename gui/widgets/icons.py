"""The icons of the program: Phosphor, in the colours of the theme."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

_SHARE = 0.92  # of the height of an icon is the glyph


class _GlyphEngine(QIconEngine):
    """Draws a glyph with the colours that the palette has at that moment, so that icons follow the theme."""

    def __init__(self, glyph: str, role: QPalette.ColorRole | None) -> None:
        super().__init__()
        self._glyph = glyph
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        font = QFont(_family())
        font.setPixelSize(max(round(_SHARE * min(rect.width(), rect.height())), 1))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setFont(font)
        painter.setPen(_colour(mode, state) if self._role is None else QApplication.palette().color(self._role))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._glyph, self._role)


def _colour(mode: QIcon.Mode, state: QIcon.State) -> QColor:
    palette = QApplication.palette()
    if mode is QIcon.Mode.Disabled:
        faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
        faint.setAlpha(130)
        return faint
    if mode is QIcon.Mode.Selected:
        return palette.color(QPalette.ColorRole.HighlightedText)
    checked = state is QIcon.State.On
    return palette.color(QPalette.ColorRole.Highlight if checked else QPalette.ColorRole.ButtonText)


def _file(pattern: str) -> Path:
    """Return a file of QtAwesome, which is not imported: that would take longer than all of Qt."""
    package = importlib.util.find_spec("qtawesome")
    assert package is not None, "QtAwesome is not installed"
    places = package.submodule_search_locations or []
    return next(file for place in places for file in Path(place, "fonts").glob(pattern))


@cache
def _family() -> str:
    number = QFontDatabase.addApplicationFont(str(_file("phosphor-[0-9]*.ttf")))
    return QFontDatabase.applicationFontFamilies(number)[0]


@cache
def _glyphs() -> dict[str, str]:
    codes: dict[str, str] = json.loads(_file("phosphor-charmap-*.json").read_text("utf-8"))
    return {name: chr(int(code, 16)) for name, code in codes.items()}


def icon(name: str, role: QPalette.ColorRole | None = None) -> QIcon:
    """Return an icon by its Phosphor name, such as ``folder-open``; checked it has the accent colour.

    ``role``: the colour of the palette that it always has, on a ground of its own.

    Raises
    ------
    KeyError
        If the set has no icon of that name.
    """
    return QIcon(_GlyphEngine(_glyphs()[name], role))


def pixmap(name: str, side: int) -> QPixmap:
    """Return an icon as a square pixmap for a label, as the theme has it now."""
    return icon(name).pixmap(side, side)
