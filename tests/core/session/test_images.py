"""The list of images."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from core.session.session import (
    Session,
)
from core.session.values import Edit
from tests.core.session.session_builders import (
    add,
    cells_now,
    cells_of,
    count,
    remove,
    reviewed,
)


@pytest.mark.slow
def test_thirteen_thousand_images_are_listed_at_once(path: Path, tmp_path: Path):
    paths = [tmp_path / f"folder {number % 10}" / f"{number}.png" for number in range(13_000)]
    with Session.create(path) as session:
        added = session.images.add(paths)
        assert [image.path for image in added] == paths
        assert session.images.all() == added
        assert session.images.add(paths) == []
    with Session.open(path) as session:
        assert session.images.all() == added


def test_images_are_listed_once(session: Session, tmp_path: Path):
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    assert [image.path for image in session.images.add([b, a, b])] == [b, a]
    again = session.images.add([tmp_path / "x" / ".." / "a.png", tmp_path / "c.png"])
    assert [image.path.name for image in again] == ["c.png"]


def test_a_relative_path_is_that_of_the_working_folder(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert session.images.add([Path("a.png")])[0].path == tmp_path / "a.png"


def test_a_removed_image_comes_back_with_everything(session: Session, tmp_path: Path):
    [a, b] = session.images.add([tmp_path / "a.png", tmp_path / "b.png"])
    stored = count(session, a.id)
    session.edits.record(Edit(a.id, "Reviewed", (), (reviewed(a.id),)), "Ada")
    add(session, a.id)
    session.conflicts.replace(a.id, [(1, "Gone.")])
    [before, _] = session.images.all()
    remove(session, a.id)
    assert [image.id for image in session.images.all()] == [b.id]
    assert session.conflicts.all() == []
    assert session.edits.history()[0].path == a.path
    assert session.images.add([a.path]) == [before]
    assert [image.id for image in session.images.all()] == [b.id, a.id]
    assert before.reviewed
    assert cells_of(session.detections.get(a.id)) == cells_of(stored)
    assert len(cells_now(session, a.id)) == 1
    assert len(session.conflicts.all()) == 1


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are Unicode on this system")
def test_a_name_that_is_no_unicode_is_kept(path: Path, tmp_path: Path):
    name = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.png"))
    odd_folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xe9?#%"))
    odd_folder.mkdir()
    path = odd_folder / "s.smearcount"
    with Session.create(path) as session:
        [image] = session.images.add([name])
        session.images.set_failed(image.id, f"{name}: there is no such file.")
        session.edits.note("Ada", image.id, f"Looked for {name}")
    with Session.open(path) as session:
        assert session.images.all()[0].path == name
        assert session.images.add([name]) == []


def test_images_are_found_when_their_folder_moved_with_the_session(tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (old / "pictures" / name).write_bytes(b"pixels")
    with Session.create(old / "s.smearcount") as session:
        session.images.add([old / "pictures" / "a.png", old / "pictures" / "b.png", old / "lost.png"])
    old.rename(new)
    with Session.open(new / "s.smearcount") as session:
        expected = [new / "pictures" / "a.png", new / "pictures" / "b.png", old / "lost.png"]
        assert [image.path for image in session.images.all()] == expected
        assert session.images.add([new / "pictures" / "b.png"]) == []
    shutil.copytree(new, old)
    with Session.open(new / "s.smearcount") as session:
        assert session.images.all()[0].path == old / "pictures" / "a.png"
