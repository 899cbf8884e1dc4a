"""Damaged sessions: nothing is believed that is not so, and nothing is lost but what is damaged."""

from __future__ import annotations

import os
import random
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.session.session import (
    Session,
    SessionDamagedError,
    SessionError,
    SessionReadOnlyError,
    recover,
)
from tests.core.session.session_builders import (
    KEYS,
    NOON,
    add,
    cells_now,
    cells_of,
    contents,
    count,
    divide_by_zero,
    fill,
    names,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sound(memory_folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Return a session as bytes, and what is in it."""
    path = memory_folder / "sound.smearcount"
    with Session.create(path, clock=lambda: NOON) as session:
        fill(session, memory_folder)
    with Session.open(path) as session:
        return path.read_bytes(), contents(session, KEYS)


def assert_honest(got: dict[str, Any], damage: tuple[str, ...], expected: dict[str, Any]) -> None:
    """Every value that a recovered session gives is right, or the damage speaks of a loss."""
    if not damage:
        assert got == expected
    changed = {key for key in expected if got.get(key) != expected[key]}
    for key in changed:
        if key.startswith("cells"):
            assert got.get(key) is None
        if key.startswith("setting"):
            assert got[key] is None
        if key.startswith("line"):
            unknown = "(unreadable)", " ".join(damage)
            assert key not in got or got[key].text in unknown or got[key].path != expected[key].path
    if changed:
        assert any(
            "lost" in sentence or "could not be read" in sentence or "missing" in sentence for sentence in damage
        )


def look(path: Path, expected: dict[str, Any], *, recover_sound: bool = True) -> str:
    """Open a damaged session and recover it; nothing that it gives may be wrong without a word."""
    kept, to = path.read_bytes(), path.with_name("to.smearcount")
    outcome, refused = "opened", ""
    try:
        with Session.open(path) as session:
            got, damage = contents(session, KEYS), session.damage
        changed = {key for key in expected.keys() | got.keys() if got.get(key) != expected.get(key)}
        assert all(got[key] == "damaged" for key in changed)
        assert len(damage) == len(changed)
        outcome += ", damaged" * bool(changed)
    except SessionError as error:
        outcome, refused = "refused", str(error)
    assert not refused or refused.startswith(f"{path}: ")
    assert path.read_bytes() == kept
    if outcome == "opened" and not recover_sound:
        return outcome
    refused = ""
    try:
        with recover(path, to, clock=lambda: NOON) as session:
            assert_honest(contents(session, KEYS), session.damage, expected)
            assert bool(session.damage) == (outcome != "opened")
        with Session.open(to) as session:
            assert session.damage == ()
        to.unlink()
    except SessionError as error:
        outcome, refused = outcome + ", nothing left", str(error)
    assert not refused or refused.startswith(f"{path}: ")
    assert path.read_bytes() == kept
    assert {item.name for item in path.parent.iterdir()} == {"sound.smearcount", path.name}
    return outcome


@pytest.mark.slow
def test_a_flipped_byte_is_never_believed(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    rng = random.Random(3)
    outcomes: dict[str, int] = {}
    for _ in range(150):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        path = memory_folder / "flipped.smearcount"
        path.write_bytes(flipped)
        outcome = look(path, expected, recover_sound=rng.random() < 0.1)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes.keys() >= {"opened", "opened, damaged", "refused"}
    assert not any("nothing left" in outcome for outcome in outcomes)


def test_a_truncated_session_gives_what_is_left(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    rng = random.Random(4)
    lengths = {0, 1, 15, 16, 99, 100, 4095, 4096, len(data) - 4096, len(data) - 1}
    lengths |= {rng.randrange(len(data)) for _ in range(20)} | {
        4096 * rng.randrange(len(data) // 4096) for _ in range(10)
    }
    for length in sorted(lengths):
        path = memory_folder / "truncated.smearcount"
        path.write_bytes(data[:length])
        outcome = look(path, expected)
        assert outcome.startswith("refused")
        if length > 20_000:
            assert "nothing left" not in outcome


def test_what_was_lost_is_told(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    path, to = memory_folder / "damaged.smearcount", memory_folder / "to.smearcount"
    name = b"smear 02.png"
    at = data.rindex(b"/" + name)
    path.write_bytes(data[:at] + b"X" + data[at + 1 :])
    with pytest.raises(SessionDamagedError):
        Session.open(path)
    with recover(path, to) as session:
        assert "1 image was lost." in session.damage
        placeholder = session.images.all()[-1]
        assert placeholder.path == memory_folder / "unreadable name 3"
        assert len(session.images.all()) == len([key for key in expected if key.startswith("image ")])
        assert cells_of(session.detections.get(3)) == expected["cells 3"]
        assert list(cells_now(session, 3).items()) == expected["overlay 3"]
        assert session.edits.history()[0].text == " ".join(session.damage)
        assert [edit.loaded() for edit in session.edits.stack()[0]] == expected["done"]
        session.relocate({3: memory_folder / "smear 02.png"}, "Ada")
        assert session.images.all()[-1].path.name == "smear 02.png"


def test_a_lost_edit_ends_what_can_be_undone(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    path, to = memory_folder / "damaged.smearcount", memory_folder / "to.smearcount"
    at = data.index(b"Add cell 30")
    path.write_bytes(data[:at] + b"X" + data[at + 1 :])
    with recover(path, to) as session:
        assert "1 line of the history was lost." in session.damage
        assert session.edits.stack() == ([], [])
        assert session.edits.edited_cells() == expected["edited"]
        unreadable = [line for line in session.edits.history() if line.text == "(unreadable)"]
        assert [(line.image, line.user) for line in unreadable] == [(1, "")]
        add(session, 1, "After the recovery")
    with Session.open(to) as session:
        assert names(session.edits.stack()[0]) == ["After the recovery"]


@pytest.mark.parametrize("page", range(1, 8))
def test_inner_pages_are_not_needed_for_recovery(memory_folder: Path, page: int):
    """The header, the definitions and the roots of the trees are in the first pages."""
    path, to = memory_folder / "s.smearcount", memory_folder / "to.smearcount"
    with Session.create(path) as session:
        [image] = session.images.add([memory_folder / "a.png"])
        with session.transaction():
            for number in range(300):
                add(session, image.id, f"Edit {number}")
        before = contents(session)
    data = bytearray(path.read_bytes())
    kind = data[(page - 1) * 4096]
    data[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(SessionError):
        Session.open(path)
    with recover(path, to) as session:
        assert session.damage
        if page == 1 or kind == 5:
            assert {**contents(session), "done": before["done"]} == {**contents(session), **before}


def test_a_sound_session_is_recovered_without_a_loss(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    _, expected = sound
    with recover(memory_folder / "sound.smearcount", memory_folder / "to.smearcount") as session:
        assert session.damage == ()
        assert contents(session, KEYS) == expected
    with pytest.raises(SessionError, match="there is a file of this name already"):
        recover(memory_folder / "sound.smearcount", memory_folder / "to.smearcount")
    with pytest.raises(SessionError, match="there is a file of this name already"):
        recover(memory_folder / "sound.smearcount", memory_folder / "sound.smearcount")


def test_damaged_cells_are_counted_again(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    path = memory_folder / "damaged.smearcount"
    at = data.index(np.asarray(expected["cells 2"][0][1][1], "<f4").tobytes()[:64])
    path.write_bytes(data[:at] + b"X" + data[at + 1 :])
    with Session.open(path) as session:
        [sentence] = session.damage
        assert sentence.endswith("smear 01.png: the cells found in it cannot be read; count it again.")
        with pytest.raises(SessionDamagedError):
            session.detections.get(2)
        stored = count(session, 2, 10)
    with Session.open(path) as session:
        assert session.damage == ()
        assert cells_of(session.detections.get(2)) == cells_of(stored)
        assert list(cells_now(session, 2).items()) == expected["overlay 2"]


@pytest.mark.skipif(os.name != "posix", reason="a file that is open cannot be copied on Windows")
def test_what_a_kill_left_half_done_is_taken_back(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        add(session, image.id)
        before = contents(session)
        session._file.connection.execute("PRAGMA cache_size = 2")  # so that it writes before the end

        def copy_half_done() -> None:
            count(session, image.id, 50_000)
            for name in ("s.smearcount", "damaged.smearcount"):
                subprocess.run(["cp", path, tmp_path / name], check=True)
                subprocess.run(["cp", f"{path}-journal", tmp_path / f"{name}-journal"], check=True)

        with pytest.raises(ZeroDivisionError), session.transaction():
            divide_by_zero(copy_half_done)
    assert (tmp_path / "s.smearcount").stat().st_size > 100_000
    with pytest.raises(SessionReadOnlyError, match=r"open it where you may write, together with s\.smearcount-journal"):
        Session.open(tmp_path / "s.smearcount", read_only=True)
    with recover(tmp_path / "damaged.smearcount", tmp_path / "to.smearcount") as session:
        assert contents(session) == before
        assert session.damage == ()
    with Session.open(tmp_path / "s.smearcount") as session:
        assert contents(session) == before
    assert (tmp_path / "damaged.smearcount").stat().st_size > 100_000
