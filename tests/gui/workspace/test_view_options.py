"""How a session was looked at is kept in the user's preferences, and not in the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.session.session import Session
from gui.workspace.messages import Messages
from gui.workspace.store import SessionStore
from gui.workspace.view_options import ViewOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    Look = Callable[[str], ViewOptions]


@pytest.fixture
def store(qtbot: QtBot, tmp_path: Path) -> Iterator[SessionStore]:
    store = SessionStore(tmp_path, "Anna", Messages())
    yield store
    store.shut()


@pytest.fixture
def look(store: SessionStore, preferences: Preferences, tmp_path: Path) -> Look:
    """Return a function that opens a session, made if need be, as a new window does."""

    def open_session(name: str) -> ViewOptions:
        path = tmp_path / f"{name}.smearcount"
        if not path.exists():
            Session.create(path).close()
        options = ViewOptions(store, preferences, store)
        assert store.open(path)
        return options

    return open_session


def test_each_session_is_shown_again_as_it_was(look: Look, store: SessionStore) -> None:
    first = look("first")
    first.hide_classes(["WBC", "RBC"])
    first.keep_zoom(3, [2.5, 10.0, 20.0])
    assert look("second").hidden_classes == frozenset()
    assert look("second").zoom is None
    store.close()
    again = look("first")
    assert again.hidden_classes == {"RBC", "WBC"}
    assert again.zoom == [3, 2.5, 10.0, 20.0]


def test_looking_at_a_session_leaves_no_trace_in_its_history(look: Look, store: SessionStore) -> None:
    look("first").hide_classes(["RBC"])
    session = store.session
    assert session is not None
    assert session.edits.history() == []
    assert session.view.get("hidden") is None


def test_only_opening_a_session_does_not_change_it(look: Look, store: SessionStore, tmp_path: Path) -> None:
    look("first")
    store.close()
    before = (tmp_path / "first.smearcount").read_bytes()
    look("first")
    store.close()
    assert (tmp_path / "first.smearcount").read_bytes() == before


def test_what_an_earlier_version_kept_in_the_session_is_shown(look: Look, tmp_path: Path) -> None:
    with Session.create(tmp_path / "old.smearcount") as session:
        session.view.put("hidden", ["WBC"])
        session.view.put("view", [1, 2.0, 5.0, 6.0])
    options = look("old")
    assert options.hidden_classes == {"WBC"}
    assert options.zoom == [1, 2.0, 5.0, 6.0]
    options.hide_classes([])
    assert options.zoom == [1, 2.0, 5.0, 6.0]
    assert look("other").hidden_classes == frozenset()
    assert look("old").hidden_classes == frozenset()


def test_a_session_that_is_only_read_is_looked_at_all_the_same(
    store: SessionStore, preferences: Preferences, tmp_path: Path
) -> None:
    Session.create(tmp_path / "read.smearcount").close()
    options = ViewOptions(store, preferences, store)
    assert store.open(tmp_path / "read.smearcount", read_only=True)
    options.hide_classes(["RBC"])
    assert options.hidden_classes == {"RBC"}
    assert options.zoom is None
