"""Copies of a session as it was at its last openings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.session.session import Session
from core.session.storage.backups import FOLDER, backups_of
from tests.core.session.session_builders import add, contents

if TYPE_CHECKING:
    from pathlib import Path


def opened(path: Path, day: int, *, read_only: bool = False) -> Path | None:
    """Open a session that was changed last on a day, and back it up."""
    os.utime(path, (day * 86_400, day * 86_400))
    with Session.open(path, read_only=read_only) as session:
        return session.back_up()


def test_the_last_three_openings_are_kept(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        session.images.add([tmp_path / "a.png"])
    states = []
    for day in range(100, 105):
        with Session.open(path) as session:
            add(session, 1, f"Edit {day}")
            states.append(contents(session))
        assert opened(path, day) is not None
    backups = backups_of(path)
    assert len(backups) == 3
    assert {backup.parent.name for backup in backups} == {FOLDER}
    for backup, state in zip(backups, reversed(states), strict=False):
        with Session.open(backup, read_only=True) as session:
            assert contents(session) == state
    assert sorted(item.name for item in backups[0].parent.iterdir()) == sorted(backup.name for backup in backups)


def test_only_a_session_that_changed_is_backed_up(path: Path, tmp_path: Path):
    Session.create(path).close()
    first = opened(path, 100)
    assert first is not None
    assert opened(path, 100) is None
    assert opened(path, 101, read_only=True) is None
    assert backups_of(path) == [first]


def test_a_backup_that_cannot_be_written_keeps_nobody_from_working(path: Path, tmp_path: Path):
    Session.create(path).close()
    (tmp_path / FOLDER).write_bytes(b"no folder")
    assert opened(path, 100) is None
    assert backups_of(path) == []


def test_sessions_of_like_names_have_backups_of_their_own(tmp_path: Path):
    paths = [tmp_path / f"{name}.smearcount" for name in ("a", "a b", "a[1]")]
    for path in paths:
        Session.create(path).close()
        assert opened(path, 100) is not None
    assert [len(backups_of(path)) for path in paths] == [1, 1, 1]
