"""Colours of the classes and theme of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui.widgets.theme import apply_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.classes import Palette
    from gui.preferences import Preferences, Theme


class Coloured(Protocol):
    """Something that shows classes in their colours."""

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        ...


class Appearance(QObject):
    """Applies what is chosen at once, everywhere."""

    def __init__(self, preferences: Preferences, parts: Callable[[], Iterable[Coloured]], parent: QObject) -> None:
        """``parts`` returns what shows classes now: some of it is made when it is first opened."""
        super().__init__(parent)
        self._preferences = preferences
        self._parts = parts

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
        self.set_palette(self._preferences.palette)  # class colours stand out from another ground now
