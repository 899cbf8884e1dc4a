"""Edits and the history."""

from __future__ import annotations

import sqlite3
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from core.cells import Cell, CellChange, Origin
from core.session.session import (
    Session,
    SessionDamagedError,
)
from core.session.values import Edit
from tests.core.session.session_builders import (
    NOON,
    add,
    cell,
    cells_now,
    contents,
    reviewed,
    take_back,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_last_state_of_each_edited_cell_counts(session: Session, tmp_path: Path):
    [image, other] = session.images.add([tmp_path / "a.png", tmp_path / "b.png"])
    one, two, three = cell(1), cell(2), cell(3)
    for changes in (
        (CellChange(7, one, None), CellChange(3, None, two)),
        (CellChange(5, None, one), CellChange(3, two, three)),
        (CellChange(7, None, one),),
    ):
        session.edits.record(Edit(image.id, "Edit", changes), "Ada")
    session.edits.record(Edit(other.id, "Edit", (CellChange(9, one, None),)), "Ada")
    assert list(cells_now(session, image.id).items()) == [(7, one), (3, three), (5, one)]
    assert cells_now(session, other.id) == {9: None}
    assert session.edits.edited_cells() == {image.id: 2, other.id: 1}


def test_a_cell_put_back_as_it_was_is_not_edited(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    edit = session.edits.record(
        Edit(image.id, "Remove", (CellChange(1, Cell("RBC", (1, 2, 3, 4), 1, Origin.MODEL), None),)),
        "Ada",
    )
    session.edits.record(
        Edit(
            image.id,
            "Undo",
            (CellChange(1, None, Cell("RBC", (1.0, 2.0, 3.0, 4.0), 1.0, Origin.MODEL)),),
            undoes=edit.number,
        ),
        "Ada",
    )
    assert session.edits.edited_cells() == {}


def test_the_reviewed_mark_follows_the_edit(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])
    edit = session.edits.record(Edit(image.id, "Reviewed", (), (reviewed(image.id),)), "Ada")
    assert session.images.all()[0].reviewed
    take_back(session, edit)
    assert not session.images.all()[0].reviewed


def test_history_tells_who_did_what_when(session: Session, tmp_path: Path):
    [a, b] = session.images.add([tmp_path / "a.png", tmp_path / "b.png"])
    first = add(session, a.id, "Add a cell", "Ada")
    take_back(session, first, "Grace")
    session.edits.note("Ada", None, "Threshold moved")
    add(session, b.id)
    lines = session.edits.history()
    assert [(line.number, line.user, line.image, line.path, line.text, line.undoes) for line in lines] == [
        (4, "Ada", b.id, b.path, "Add a cell", None),
        (3, "Ada", None, None, "Threshold moved", None),
        (2, "Grace", a.id, a.path, "Undo: Add a cell", 1),
        (1, "Ada", a.id, a.path, "Add a cell", None),
    ]
    assert all(line.time == NOON and line.time.utcoffset() == timedelta(0) for line in lines)
    assert session.edits.history(a.id) == lines[2:]
    assert session.edits.history(limit=2) == lines[:2]
    assert session.edits.history(limit=1, before=3) == lines[2:3]


def test_a_clock_that_goes_back_changes_no_order(path: Path, tmp_path: Path):
    times = iter(NOON + timedelta(hours=hours) for hours in (5, 1, 3, -20))
    with Session.create(path, clock=lambda: next(times)) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        for number in range(3):
            session.edits.record(Edit(image.id, str(number), (CellChange(1, None, cell(number)),)), "Ada")
        session.edits.note("Ada", None, "3")
    with Session.open(path) as session:
        assert [line.text for line in session.edits.history()] == ["3", "2", "1", "0"]
        assert cells_now(session, image.id) == {1: cell(2)}
        assert [edit.name for edit in session.edits.stack()[0]] == ["0", "1", "2"]


def test_the_clock_may_be_of_any_zone(path: Path):
    with Session.create(path, clock=lambda: NOON.astimezone(timezone(timedelta(hours=-5)))) as session:
        session.edits.note("Ada", None, "Noon")
        assert session.edits.history()[0].time == NOON
        assert session.edits.history()[0].time.utcoffset() == timedelta(0)


@pytest.mark.parametrize("table", ["history", "edits"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET number = number + 100",
        "UPDATE {} SET image = 2",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE number = 1",
        "INSERT OR REPLACE INTO {} (number, image) VALUES (1, 2)",
    ],
)
def test_the_history_cannot_be_rewritten(path: Path, tmp_path: Path, table: str, change: str):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        add(session, image.id)
        before = contents(session)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="cannot be changed"):
        connection.execute(change.format(table))
    connection.close()
    with Session.open(path) as session:
        assert contents(session) == before


def test_a_history_without_its_guards_is_not_trusted(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        add(session, image.id)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER edits_DELETE")
    connection.close()
    with pytest.raises(SessionDamagedError, match="open what can be recovered"):
        Session.open(path)
