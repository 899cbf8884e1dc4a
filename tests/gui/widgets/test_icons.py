"""Icons follow the theme, and class colours stand out from both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication

from core.classes import CANONICAL_CLASSES, PALETTES
from gui.commands.actions import ACTIONS
from gui.preferences import Theme
from gui.widgets.colour import class_ink, luminance, swatch
from gui.widgets.icons import icon
from gui.widgets.theme import apply_theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

GUI = Path(__file__).parents[3] / "gui"


def darkest(shown: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> QColor:
    """The colour of the most opaque pixel."""
    image = shown.pixmap(32, 32, mode, state).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda pixel: pixel.alpha())


@pytest.fixture(params=[Theme.LIGHT, Theme.DARK])
def theme(request: pytest.FixtureRequest, qtbot: QtBot) -> Theme:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, request.param)
    return request.param


def test_an_icon_has_the_colour_of_the_text_and_of_the_accent_when_it_is_on(theme: Theme) -> None:
    palette = QApplication.palette()
    assert darkest(icon("user")).rgb() == palette.buttonText().color().rgb()
    assert darkest(icon("user"), state=QIcon.State.On).rgb() == palette.highlight().color().rgb()
    assert darkest(icon("user"), QIcon.Mode.Disabled).alpha() < 200


def test_an_icon_that_is_there_already_follows_the_theme(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    shown, seen = icon("folder-open"), []
    for theme in (Theme.DARK, Theme.LIGHT):
        apply_theme(app, theme)
        seen.append(luminance(darkest(shown)))
    assert seen[0] > 0.5 > seen[1]


def test_every_icon_that_is_named_is_in_the_set(qtbot: QtBot) -> None:
    named = {action.icon for action in ACTIONS if action.icon}
    for path in GUI.rglob("*.py"):
        named |= set(re.findall(r"\b(?:icon|pixmap)\(\"([a-z-]+)\"", path.read_text("utf-8")))
    assert len(named) > 10
    for name in named:
        assert not icon(name).isNull()
    with pytest.raises(KeyError):
        icon("there is no such icon")


def test_class_colours_stand_out_from_cards_in_both_themes(theme: Theme) -> None:
    ground = luminance(QApplication.palette().base().color())
    for palette in PALETTES:
        for label in range(len(CANONICAL_CLASSES)):
            colour = palette.colour(CANONICAL_CLASSES, label)
            for shown in (class_ink(colour), darkest(swatch(colour))):
                light, dark = sorted((luminance(shown), ground), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 2.99
