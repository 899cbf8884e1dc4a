"""What is remembered of a user's taste, in a real settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QByteArray, QSettings

from core.classes import PALETTES, PAPER
from gui.preferences import Preferences, Theme

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


def opened(file: Path) -> Preferences:
    return Preferences(QSettings(str(file), QSettings.Format.IniFormat))


def test_everything_is_there_again_at_the_next_start(file: Path) -> None:
    first = opened(file)
    first.theme, first.palette, first.show_labels = Theme.DARK, PALETTES[-1], False
    first.person, first.report_fields, first.geometry = "Anna", ["Stain"], QByteArray(b"\x01\x02")
    first.set_key("undo", "")
    first.store.sync()
    later = opened(file)
    assert (later.theme, later.palette, later.show_labels) == (Theme.DARK, PALETTES[-1], False)
    assert (later.person, later.report_fields, later.geometry) == ("Anna", ["Stain"], QByteArray(b"\x01\x02"))
    assert later.key("undo") == ""
    assert later.key("redo") is None


def test_what_cannot_be_used_gives_the_default(file: Path) -> None:
    file.write_text("[General]\ntheme=mauve\npalette=\nshow_labels=perhaps\nreport_fields=\n")
    preferences = opened(file)
    assert (preferences.theme, preferences.palette) == (Theme.SYSTEM, PAPER)
    assert preferences.geometry == QByteArray()


def test_a_default_that_was_changed_by_its_reader_stays_the_default(file: Path) -> None:
    opened(file).report_choices.append("rubbish")
    assert "rubbish" not in opened(file).report_choices


def test_an_unfinished_session_is_on_the_disk_at_once(file: Path) -> None:
    opened(file).unfinished_session = "/here/there.smearcount"
    assert "there.smearcount" in file.read_text()


def test_the_latest_sessions_come_first_and_only_once(file: Path) -> None:
    preferences = opened(file)
    for name in "zyabcdefghijkla":
        preferences.add_recent_session(name)
    assert preferences.recent_sessions == list("alkjihgfedcb")


def test_the_window_of_each_session_is_remembered_by_itself_and_not_for_ever(file: Path) -> None:
    preferences = opened(file)
    preferences.set_view("one", zoom=[3, 1.5])
    preferences.set_view("one", hidden=["RBC"])
    preferences.set_view("other", hidden=[])
    assert preferences.view_of("one") == {"zoom": [3, 1.5], "hidden": ["RBC"]}
    assert preferences.view_of("other") == {"hidden": []}
    assert preferences.view_of("never opened") == {}
    for number in range(60):
        preferences.set_view(str(number), zoom=[])
    assert preferences.view_of("one") == {}
    assert preferences.view_of("59") == {"zoom": []}
