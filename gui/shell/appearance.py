"""Colours of the classes and theme of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from core.classes import PALETTES, Palette
from core.text import gettext
from gui.commands.menus import add_choice
from gui.widgets.theme import Theme, apply_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtWidgets import QMenu

    from gui.preferences import Preferences


class Coloured(Protocol):
    """Something that shows classes in their colours."""

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        ...


class Appearance(QObject):
    """Offers palettes and themes in a menu, and applies what is chosen."""

    def __init__(self, menu: QMenu, preferences: Preferences, parts: Callable[[], Iterable[Coloured]]) -> None:
        """``parts`` returns what shows classes now: some of it is made when it is first opened."""
        super().__init__(menu)
        self._preferences = preferences
        self._parts = parts
        palettes = [(palette.name, palette) for palette in PALETTES]
        add_choice(menu, gettext("Class &colours"), palettes, preferences.palette, self.set_palette)
        themes = [(theme.value.capitalize(), theme) for theme in Theme]
        add_choice(menu, gettext("&Theme"), themes, preferences.theme, self.set_theme)

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._preferences.palette = palette
        for part in self._parts():
            part.set_palette(palette)

    def set_theme(self, theme: Theme) -> None:
        """Show the program in another theme."""
        self._preferences.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)
