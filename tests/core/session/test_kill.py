"""Killing the program loses nothing that it said was stored."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.cells import Cell

EDITOR = Path(__file__).with_name("session_editor.py")
HELPER = runpy.run_path(str(EDITOR))
IMAGES = range(1, HELPER["IMAGES"] + 1)
KILLS = 200
IN_A_SESSION = 20
"""Kills before a new session is made, since each opening checks all of it."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the processes to be killed are forked")


@pytest.fixture
def editor(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return the process that forks those to be killed."""
    arguments = [sys.executable, EDITOR, "edit", path]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "killed.smearcount"


class Life:
    """One process from its start to its death, and what it said."""

    def __init__(self, editor: subprocess.Popen[bytes], seed: int) -> None:
        assert editor.stdin is not None
        assert editor.stdout is not None
        self._pipe = editor.stdout
        self._said = b""
        editor.stdin.write(b"%d\n" % seed)
        while b"\n" not in self._said:
            self._listen()
        self._process = int(self._said.split(b"\n")[0])

    def _listen(self, most: int = 4096) -> int:
        heard = os.read(self._pipe.fileno(), most)
        assert heard, "the editor ended"
        self._said += heard.replace(b".", b"")
        return len(heard)

    def stored(self) -> list[int]:
        """Return the numbers of the edits that it said were stored."""
        lines = self._said.split(b"\n")[1:-1]
        return [int(line) for line in lines if line.isdigit()]

    def listen_for(self, commands: int, then_bytes: int) -> None:
        while len(self.stored()) < commands:
            self._listen(64)
        while then_bytes > 0:
            then_bytes -= self._listen(min(then_bytes, 64))

    def kill(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        while b"ended by" not in self._said or not self._said.endswith(b"\n"):
            self._listen()
        assert self._said.endswith(b"ended by %d\n" % signal.SIGKILL), self._said[-500:]


def head_of_journal(path: Path) -> bytes:
    """Return the start of the journal: not zero if something must be taken back."""
    journal = path.with_name(path.name + "-journal")
    return journal.read_bytes()[:8] if journal.exists() else b""


def cells_now(session: Session, image: int) -> dict[int, Cell | None]:
    """Return what became of each cell that edits touched, in order of first touch; None = removed."""
    return {number: change.after for number, change in session.edits.changes(image).items()}


class Expected:
    """What a session must hold after the lives that worked on it."""

    def __init__(self) -> None:
        self.last = 0
        self._overlays: dict[int, dict[int, Cell | None]] = {image: {} for image in IMAGES}
        self._counts: dict[int, Any] = dict.fromkeys(IMAGES)
        self._reviewed = dict.fromkeys(IMAGES, False)

    def follow(self, session: Session, seed: int, said: list[int]) -> None:
        """Take over what a life stored; it is what it said, and at most one edit of which it could not say so."""
        lines = session.edits.history(limit=10_000, before=None)
        new = list(reversed([line for line in lines if line.number > self.last]))
        assert said == [line.number for line in new][: len(said)]
        assert len(new) <= len(said) + 1
        for line, (edit, found) in zip(new, HELPER["script"](seed), strict=False):
            assert (line.text, line.image) == (edit.name, edit.image)
            self._overlays[edit.image].update({change.cell: change.after for change in edit.cells})
            self._reviewed[edit.image] = edit.values[0].after is not None
            self._counts[edit.image] = found or self._counts[edit.image]
        self.last += len(new)

    def check(self, session: Session) -> None:
        assert {image: cells_now(session, image) for image in IMAGES} == self._overlays
        assert {image.id: image.reviewed for image in session.images.all()} == self._reviewed
        for image in IMAGES:
            stored, expected = session.detections.get(image), self._counts[image]
            assert (stored is None) == (expected is None)
            if stored is not None:
                assert np.array_equal(stored.detections.boxes, expected.detections.boxes)
                assert np.array_equal(stored.detections.labels, expected.detections.labels)
        assert session.damage == ()
        check = session._file.connection.execute("PRAGMA integrity_check").fetchall()
        assert check == [("ok",)]


@pytest.mark.slow
def test_every_stored_edit_survives_two_hundred_kills(path: Path, tmp_path: Path, editor: subprocess.Popen[bytes]):
    stored, unfinished = 0, 0
    for first in range(0, KILLS, IN_A_SESSION):
        path.unlink(missing_ok=True)
        with Session.create(path) as session:
            session.images.add([tmp_path / f"{image}.png" for image in IMAGES])
        expected = Expected()
        for seed in range(first, first + IN_A_SESSION):
            rng = random.Random(seed)
            life = Life(editor, seed)
            life.listen_for(commands=rng.choice([0, 0, 1, 1, 2, 3, 6]), then_bytes=rng.randrange(600))
            life.kill()
            unfinished += any(head_of_journal(path))
            with Session.open(path) as session:
                expected.follow(session, seed, life.stored())
                expected.check(session)
        stored += expected.last
    assert stored > KILLS
    assert unfinished > KILLS / 20, "the kills came between the edits only"
