"""Drives and folders that cannot be written, and files that are not sessions."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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
    add,
    cells_now,
    contents,
    count,
    fill,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def add_endlessly(session: Session, image: int) -> None:
    for number in range(10_000):
        add(session, image, f"Edit {number}")


def test_a_full_drive_loses_nothing_and_the_edit_can_be_repeated(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        images = session.images.add([tmp_path / f"{number}.png" for number in range(3)])
        connection = session._file.connection
        [(pages,)] = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SessionError, match=r"the drive is full; free some space"):
            add_endlessly(session, images[0].id)
        stored = len(session.edits.history(limit=10_000))
        assert len(cells_now(session, images[0].id)) == stored > 10
        with pytest.raises(SessionError, match="the drive is full"):
            count(session, images[1].id, 5000)
        assert session.images.all()[1].state == "waiting"
        with pytest.raises(SessionError, match="the drive is full"), session.transaction():
            add_endlessly(session, images[1].id)
        assert cells_now(session, images[1].id) == {}
        connection.execute("PRAGMA max_page_count = 100000")
        add(session, images[0].id, f"Edit {stored}")
        count(session, images[1].id, 5000)
        before = contents(session)
    with Session.open(path) as session:
        assert contents(session) == before
        assert len(session.edits.history(limit=10_000)) == stored + 1


def test_a_drive_that_is_really_full(small_drive: Path, tmp_path: Path):
    path = small_drive / "s.smearcount"
    with Session.create(path) as session:
        [image] = session.images.add([small_drive / "a.png"])
        count(session, image.id, 2000)
        ballast = small_drive / "ballast"
        with pytest.raises(OSError, match="space"):
            ballast.write_bytes(bytes(2**20))
        before = contents(session)
        with pytest.raises(SessionError, match=r"s\.smearcount: the drive is full"):
            add_endlessly(session, image.id)
        with pytest.raises(SessionError, match=r"copy\.smearcount: the drive is full"):
            session.copy_to(small_drive / "copy.smearcount")
        with pytest.raises(SessionError, match=r"new\.smearcount: the drive is full"):
            Session.create(small_drive / "new.smearcount")
        assert sorted(item.name for item in small_drive.iterdir()) == ["ballast", path.name, f"{path.name}-journal"]
        written = len(session.edits.history(limit=10_000))
        ballast.unlink()
        session.edits.note("Ada", None, "There is room again")
        session.copy_to(small_drive / "copy.smearcount")
        after = contents(session)
        assert len(session.edits.history(limit=10_000)) == written + 1
        assert {key: after[key] for key in before if key.startswith(("cells", "image"))} == {
            key: before[key] for key in before if key.startswith(("cells", "image"))
        }
    for name in (path, small_drive / "copy.smearcount"):
        with Session.open(name) as session:
            assert contents(session) == after


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are those of POSIX")
def test_a_drive_that_fails_in_the_middle(path: Path, tmp_path: Path):
    """A limit on the size of files makes writing fail within a transaction."""
    import resource

    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        add(session, image.id)
        before = contents(session)
        _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        for limit in (path.stat().st_size, path.stat().st_size + 8192, 6000, 600):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                with pytest.raises(SessionError, match="check the drive"):
                    count(session, image.id, 5000)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            assert contents(session) == before
            add(session, image.id)
            before = contents(session)
        count(session, image.id, 5000)
        before = contents(session)
    with Session.open(path) as session:
        assert contents(session) == before


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere, so that permissions tell only under another user."""
    if os.name != "posix":
        pytest.skip("permissions are those of POSIX")
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


@pytest.mark.parametrize(("of_folder", "of_file"), [(0o555, 0o444), (0o777, 0o444), (0o555, 0o666)])
def test_a_session_that_may_only_be_read_can_be_read(public_folder: Path, of_folder: int, of_file: int):
    path = public_folder / "s.smearcount"
    with Session.create(path) as session:
        fill(session, public_folder)
        before = contents(session, KEYS)
    path.chmod(of_file)
    public_folder.chmod(of_folder)
    with ordinary_user():
        with pytest.raises(SessionReadOnlyError, match=r"s\.smearcount: you may not write .*; open it for reading"):
            Session.open(path)
        with Session.open(path, read_only=True) as session:
            assert contents(session, KEYS) == before
            for change in (
                lambda: add(session, 1),
                lambda: session.images.add([path]),
                lambda: session.view.put("zoom", 1),
                lambda: session.edits.note("Ada", None, "Hello"),
            ):
                with pytest.raises(SessionReadOnlyError, match="opened for reading only"):
                    change()
            if of_folder == 0o555:
                with pytest.raises(SessionError, match="you may not write in this folder; choose another one"):
                    session.copy_to(public_folder / "copy.smearcount")
    if of_folder == 0o555:
        with ordinary_user(), pytest.raises(SessionReadOnlyError, match="in this folder; choose another one"):
            Session.create(public_folder / "new.smearcount")
    assert [item.name for item in public_folder.iterdir()] == [path.name]


def test_a_file_of_someone_else_is_refused(public_folder: Path):
    path = public_folder / "s.smearcount"
    Session.create(path).close()
    path.chmod(0)
    with ordinary_user():
        for read_only in (False, True):
            with pytest.raises(SessionError, match=r"s\.smearcount: "):
                Session.open(path, read_only=read_only)
        with pytest.raises(SessionError, match=r"s\.smearcount: "):
            recover(path, public_folder / "to.smearcount")


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be taken away on Windows")
def test_a_folder_that_vanishes_is_noticed_at_once(tmp_path: Path):
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    with Session.create(share / "s.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        add(session, image.id, "Before")
        share.rename(away)
        for change in (lambda: add(session, image.id), lambda: session.view.put("zoom", 1)):
            with pytest.raises(SessionError, match=r"s\.smearcount: it cannot be reached any more; connect the drive"):
                change()
        away.rename(share)
        add(session, image.id, "After")
        before = contents(session)
    with Session.open(share / "s.smearcount") as session:
        assert contents(session) == before
        assert [line.text for line in session.edits.history()] == ["After", "Before"]
        shutil.rmtree(share)
        with pytest.raises(SessionError, match="cannot be reached any more"):
            add(session, image.id)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be taken away on Windows")
def test_a_file_put_in_place_of_the_session_is_left_alone(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        session.copy_to(tmp_path / "copy.smearcount")
        os.replace(tmp_path / "copy.smearcount", path)
        with pytest.raises(SessionError, match="another file was put in its place"):
            add(session, image.id)


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE images(id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.touch(), "the file is empty; delete it"),
        (
            lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000)),
            "this is not a session of SmearCount; choose",
        ),
        (lambda path: path.write_text("image,RBC\n"), "this is not a session of SmearCount; choose"),
        (other_database, "this is a database of another program; choose"),
        (lambda path: path.mkdir(), "this is a folder; choose"),
        (lambda path: None, "there is no such file; put it back"),
    ],
)
def test_what_is_no_session_is_refused(path: Path, tmp_path: Path, make: Callable[[Path], None], sentence: str):
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for read_only in (False, True):
        with pytest.raises(SessionError) as error:
            Session.open(path, read_only=read_only)
        assert str(error.value).startswith(f"{path}: {sentence}")
        assert not isinstance(error.value, SessionDamagedError)
    with pytest.raises(SessionError) as error:
        recover(path, tmp_path / "to.smearcount")
    assert str(error.value).startswith(f"{path}: {sentence}")
    assert before is None or path.read_bytes() == before
    assert {item.name for item in tmp_path.iterdir()} <= {path.name}


def test_a_missing_folder_is_told_from_a_missing_file(tmp_path: Path):
    with pytest.raises(SessionError, match="connect the drive or the network folder"):
        Session.open(tmp_path / "nowhere" / "s.smearcount")
    with pytest.raises(SessionError, match="the folder does not exist"):
        Session.create(tmp_path / "nowhere" / "s.smearcount")


def test_a_new_session_replaces_no_file(path: Path):
    path.write_bytes(b"something")
    with pytest.raises(SessionError, match="there is a file of this name already"):
        Session.create(path)
    assert path.read_bytes() == b"something"


def test_a_file_without_contents_may_become_a_session(path: Path):
    path.touch()
    with Session.create(path) as session:
        assert session.images.all() == []


def test_a_closed_session_says_so(path: Path):
    session = Session.create(path)
    session.close()
    session.close()
    with pytest.raises(SessionError, match="closed"):
        session.images.all()
    with pytest.raises(SessionError, match="closed"):
        session.edits.note("Ada", None, "Hello")
