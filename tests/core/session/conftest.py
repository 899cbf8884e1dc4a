"""Session files for the tests of this folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.session.session import (
    Session,
)
from tests.core.session.session_builders import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "morning.smearcount"


@pytest.fixture
def session(path: Path) -> Iterator[Session]:
    with Session.create(path, clock=lambda: NOON) as session:
        yield session


@pytest.fixture
def memory_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder in memory where there is one: thousands of files are written to it."""
    if os.access("/dev/shm", os.W_OK):
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
