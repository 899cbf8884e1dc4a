"""Images that moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.session.session import (
    Session,
    SessionError,
    find_moved,
    stamp_of,
)
from tests.core.session.session_builders import (
    count,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_moved_images_are_found_by_their_contents(session: Session, tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "new" / "deeper"
    old.mkdir()
    new.mkdir(parents=True)
    pixels = {"same.png": b"one", "renamed.png": b"two", "changed.png": b"six", "gone.png": b"ten", "twin.png": b"win"}
    pixels |= {"unknown.png": b"seven", "ambiguous.png": b"eight", "here.png": b"nine"}
    for name, content in pixels.items():
        (old / name).write_bytes(content)
    images = session.images.add([old / name for name in pixels])
    for image in images:
        if image.path.stem not in ("unknown", "ambiguous"):
            count(session, image.id, 1, stamp_of(image.path))
    for name in pixels.keys() - {"here.png"}:
        (old / name).unlink()
    (new / "same.png").write_bytes(b"one")
    (new / "other name.png").write_bytes(b"two")
    (new / "changed.png").write_bytes(b"SIX")
    (new / "first of twins.png").write_bytes(b"win")
    (new / "twin.png").write_bytes(b"win")
    (new / "unknown.png").write_bytes(b"seven")
    for folder in ("a", "b"):
        (new / folder).mkdir()
        (new / folder / "ambiguous.png").write_bytes(b"eight")
    by_name = {image.path.stem: image.id for image in images}
    moved = find_moved(session.images.all(), tmp_path / "new")
    assert moved == {
        by_name["same"]: new / "same.png",
        by_name["renamed"]: new / "other name.png",
        by_name["twin"]: new / "twin.png",
        by_name["unknown"]: new / "unknown.png",
    }
    session.relocate(moved, "Ada")
    paths = {image.id: image.path for image in session.images.all()}
    assert {image: paths[image] for image in moved} == moved
    assert find_moved(session.images.all(), tmp_path / "new") == {}
    [line] = session.edits.history()
    assert (line.user, line.image) == ("Ada", None)
    assert line.text.startswith(f"Moved: {old / 'same.png'} is now {new / 'same.png'}, and 3 more.")


def test_two_missing_images_never_share_a_file(session: Session, tmp_path: Path):
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    images = session.images.add(paths)
    for image in images:
        image.path.write_bytes(b"alike")
        count(session, image.id, 1, stamp_of(image.path))
    for image in images:
        image.path.unlink()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x.png").write_bytes(b"alike")
    (tmp_path / "new" / "b.png").write_bytes(b"alike")
    assert find_moved(session.images.all(), tmp_path) == {
        images[1].id: tmp_path / "new" / "b.png",
        images[0].id: tmp_path / "new" / "x.png",
    }


def test_a_path_of_another_image_is_refused(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [a, b] = session.images.add([tmp_path / "a.png", tmp_path / "b.png"])
        with pytest.raises(SessionError, match=r"b\.png: it belongs to another image of the session"):
            session.relocate({a.id: b.path})
        session.relocate({a.id: b.path, b.id: a.path})
        assert [image.path for image in session.images.all()] == [b.path, a.path]
        assert session.images.add([a.path, b.path]) == []
        session.relocate({a.id: tmp_path / "c.png"})
        assert [(line.image, line.text) for line in session.edits.history(limit=1)] == [
            (a.id, f"Moved: {b.path} is now {tmp_path / 'c.png'}.")
        ]
    with Session.open(path) as session:
        assert [image.path.name for image in session.images.all()] == ["c.png", "a.png"]


def test_the_stamp_of_a_file_that_is_gone_is_an_error_with_its_name(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"abc")
    stamp = stamp_of(tmp_path / "a.png")
    assert stamp.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (stamp.size, stamp.modified_ns) == (3, (tmp_path / "a.png").stat().st_mtime_ns)
    with pytest.raises(SessionError, match=r"b\.png: there is no such file"):
        stamp_of(tmp_path / "b.png")
