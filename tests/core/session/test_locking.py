"""A session that is open elsewhere."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from core.session.session import (
    Session,
    SessionBusyError,
    recover,
)
from tests.core.session.session_builders import (
    EDITOR,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held_elsewhere(path: Path, *options: str) -> Iterator[str]:
    """Open a session in another process; give what it says."""
    arguments = [sys.executable, str(EDITOR), "hold", str(path), *options]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def test_a_session_opens_in_one_window_only(path: Path, tmp_path: Path):
    Session.create(path).close()
    with held_elsewhere(path) as answer:
        assert answer == "open"
        for read_only in (False, True):
            with pytest.raises(SessionBusyError, match=r"open in another window or on another computer; close it"):
                Session.open(path, read_only=read_only)
        with pytest.raises(SessionBusyError):
            recover(path, tmp_path / "to.smearcount")
        with Session.create(tmp_path / "mine.smearcount") as session, pytest.raises(SessionBusyError):
            session.copy_to(path)
    with Session.open(path) as session:
        assert session.images.all() == []


def test_looking_at_an_open_session_does_not_give_its_lock_away(path: Path, tmp_path: Path):
    """POSIX drops the locks of a process when it closes any descriptor of the file."""
    with Session.create(path) as session:
        for read_only in (False, True):
            with pytest.raises(SessionBusyError):
                Session.open(path, read_only=read_only)
        with pytest.raises(SessionBusyError):
            recover(path, tmp_path / "to.smearcount")
        with pytest.raises(SessionBusyError):
            session.copy_to(path)
        with held_elsewhere(path) as answer:
            assert answer == "SessionBusyError"


def test_many_may_read_at_once(path: Path):
    Session.create(path).close()
    with held_elsewhere(path, "read-only") as answer:
        assert answer == "open"
        Session.open(path, read_only=True).close()
        with pytest.raises(SessionBusyError):
            Session.open(path)
