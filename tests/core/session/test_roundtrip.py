"""What was put into a session comes out of it, and of a copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.cells import Cell, CellChange, Detections, Origin
from core.session.session import (
    FileStamp,
    Session,
    SessionBusyError,
    SessionError,
)
from core.session.values import Edit
from tests.core.session.session_builders import (
    KEYS,
    NOON,
    add,
    cells_now,
    cells_of,
    contents,
    count,
    fill,
    found,
    set_diameter,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_comes_back_after_reopening(path: Path, tmp_path: Path):
    with Session.create(path, clock=lambda: NOON) as session:
        fill(session, tmp_path)
        before = contents(session, KEYS)
    for read_only in (False, True):
        with Session.open(path, read_only=read_only) as session:
            assert contents(session, KEYS) == before
            assert session.damage == ()
            assert session.read_only is read_only
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_what_was_stored_is_what_was_given(session: Session, tmp_path: Path):
    [image, other] = session.images.add([tmp_path / "a.png", tmp_path / "b.png"])
    assert (image.state, image.path, image.notices, image.diameter, image.reviewed, image.stamp) == (
        "waiting",
        tmp_path / "a.png",
        (),
        None,
        False,
        None,
    )
    assert session.detections.get(image.id) is None
    stamp = FileStamp("ef" * 32, 123, 456)
    stored = count(session, image.id, 1000, stamp)
    set_diameter(session, image.id, 70)
    [image, _] = session.images.all()
    assert image == replace(
        image, state="counted", notices=("One notice.",), width=640, height=480, seconds=0.75, diameter=70, stamp=stamp
    )
    assert cells_of(session.detections.get(image.id)) == cells_of(stored)
    session.images.set_failed(other.id, "It is broken.")
    assert session.images.all()[1].error == "It is broken."
    count(session, other.id, 3)
    set_diameter(session, image.id, None)
    assert [(i.state, i.error, i.diameter) for i in session.images.all()] == [
        ("counted", "", None),
        ("counted", "", None),
    ]


def test_an_image_without_cells_was_counted_all_the_same(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    count(session, image.id, 0)
    stored = session.detections.get(image.id)
    assert stored is not None
    assert len(stored.detections) == 0


def test_counting_again_replaces_what_was_found_and_keeps_the_edits(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    count(session, image.id, 20)
    edit = add(session, image.id)
    second = count(session, image.id, 5)
    assert cells_of(session.detections.get(image.id)) == cells_of(second)
    assert list(cells_now(session, image.id)) == [edit.cells[0].cell]


@pytest.mark.parametrize("fault", ["gap", "origin"])
def test_detections_that_would_come_back_otherwise_are_refused(session: Session, tmp_path: Path, fault: str):
    [image] = session.images.add([tmp_path / "a.png"])
    stored = found(session, 3)
    cells = stored.detections
    ids = cells.ids + (np.arange(3) if fault == "gap" else 0)
    origin = np.full(3, Origin.PERSON if fault == "origin" else Origin.MODEL, np.uint8)
    stored = replace(stored, detections=Detections(cells.boxes, cells.scores, cells.labels, ids, origin))
    with pytest.raises(ValueError, match="consecutive ids"):
        session.detections.set_counted(image.id, stored, width=1, height=1, seconds=0, notices=(), stamp=None)
    assert session.images.all()[0].state == "waiting"


def test_numbers_of_numpy_are_numbers(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    x = np.float32(0.1)
    box: Any = (x, np.float64(2), np.int32(3), 4)
    put = Cell("RBC", box, np.float32(0.5), Origin.PERSON)  # pyright: ignore[reportArgumentType]
    session.edits.record(Edit(image.id, "Add", (CellChange(int(np.int64(9)), None, put),)), "Ada")
    assert cells_now(session, image.id) == {9: Cell("RBC", (float(x), 2.0, 3.0, 4.0), 0.5, Origin.PERSON)}
    session.view.put("zoom", {"factor": x, "centre": np.array([1, 2])})
    assert session.view.get("zoom") == {"factor": float(x), "centre": [1, 2]}


def test_a_cell_that_is_nowhere_is_refused(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    nowhere = Cell("RBC", (0, 0, float("nan"), 1), 1, Origin.PERSON)
    with pytest.raises(ValueError, match="finite"):
        session.edits.record(Edit(image.id, "Add", (CellChange(1, None, nowhere),)), "Ada")
    assert session.edits.history() == []


def test_an_unknown_image_is_a_fault_of_the_program(session: Session):
    with pytest.raises(KeyError):
        session.images.set_failed(7, "It is broken.")
    with pytest.raises(KeyError):
        session.edits.record(Edit(7, "Add", ()), "Ada")
    assert session.edits.history() == []


def test_ids_are_never_given_twice(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        assert session.detections.new_ids(5) == 0
        assert session.detections.new_ids(1) == 5
        last = int(count(session, image.id, 10).detections.ids[-1])
        assert session.detections.new_ids(1) == last + 1
        drawn = add(session, image.id).cells[0].cell
        count(session, image.id, 2)
    with Session.open(path) as session:
        assert session.detections.new_ids(1) == drawn + 3
        session.conflicts.replace(image.id, [(900, "Gone.")])
    with Session.open(path) as session:
        assert session.detections.new_ids(1) == 901


def test_a_copy_holds_everything_and_finds_images_from_where_it_is(path: Path, tmp_path: Path):
    other = tmp_path / "other folder"
    other.mkdir()
    (tmp_path / "smear 00.png").write_bytes(b"pixels")
    with Session.create(path) as session:
        fill(session, tmp_path)
        before = contents(session, KEYS)
        session.copy_to(other / "copy.smearcount")
        add(session, 1, "Only in the original")
    assert [item.name for item in other.iterdir()] == ["copy.smearcount"]
    with Session.open(other / "copy.smearcount") as copy:
        assert contents(copy, KEYS) == before
    moved = tmp_path.with_name(tmp_path.name + " moved")
    tmp_path.rename(moved)
    try:
        with Session.open(moved / "other folder" / "copy.smearcount") as copy:
            assert copy.images.all()[0].path == moved / "smear 00.png"
    finally:
        moved.rename(tmp_path)


def test_a_copy_replaces_a_file_only_when_it_is_complete(session: Session, path: Path, tmp_path: Path):
    add(session, session.images.add([tmp_path / "a.png"])[0].id)
    target = tmp_path / "copy.smearcount"
    target.write_bytes(b"what was there before")
    (tmp_path / "copy.smearcount-journal").write_bytes(b"of what was there before")
    session.copy_to(target)
    with Session.open(target) as copy:
        assert contents(copy) == contents(session)
    with pytest.raises(SessionBusyError):
        session.copy_to(path)
    with Session.open(target), pytest.raises(SessionBusyError):
        session.copy_to(target)
    with pytest.raises(SessionError, match="connect the drive"):
        session.copy_to(tmp_path / "nowhere" / "copy.smearcount")
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "copy.smearcount",
        "morning.smearcount",
        "morning.smearcount-journal",
    ]
