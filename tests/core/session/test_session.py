"""The session file: what was put in comes out, whatever happens to the program, the drive or the file."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.cells import Cell, CellChange, Detections, Origin
from core.session.schema import APPLICATION_ID, SCHEMA
from core.session.session import (
    Command,
    FileStamp,
    Session,
    SessionBusyError,
    SessionDamagedError,
    SessionError,
    SessionNewerError,
    SessionReadOnlyError,
    StoredDetections,
    find_moved,
    recover,
    stamp_of,
)

EDITOR = Path(__file__).with_name("session_editor.py")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODEL = ("house model", "ab" * 32)


def cell(number: int = 0, name: str = "RBC", origin: Origin = Origin.PERSON) -> Cell:
    return Cell(name, (number + 0.1, 2.5, number + 60.0, 1e-3), 0.25 + number % 2 / 2, origin)


def found(session: Session, count: int, seed: int = 0) -> StoredDetections:
    """Make up what a model found, under fresh ids."""
    rng = np.random.default_rng(seed)
    first = session.new_ids(count)
    detections = Detections(
        rng.random((count, 4), np.float32) * 640,
        np.sort(rng.random(count, np.float32))[::-1].copy(),
        rng.integers(0, 3, count).astype(np.int32),
        np.arange(first, first + count),
        np.full(count, Origin.MODEL, np.uint8),
    )
    return StoredDetections(detections, ("RBC", "WBC", "Platelets"), 63.75, 1.1, *MODEL)


def count(session: Session, image: int, cells: int = 3, stamp: FileStamp | None = None) -> StoredDetections:
    stored = found(session, cells, image)
    session.set_counted(image, stored, width=640, height=480, seconds=0.75, notices=("One notice.",), stamp=stamp)
    return stored


def add(session: Session, image: int, name: str = "Add a cell", person: str = "Ada") -> Command:
    number = session.new_ids(1)
    change = CellChange(number, None, cell(number))
    return session.record(Command(0, image, name, (change,), None, None), person)


def take_back(session: Session, command: Command, person: str = "Ada") -> Command:
    """Undo or redo as the window does."""
    changes = tuple(CellChange(change.cell, change.after, change.before) for change in command.changes)
    reviewed = None if command.reviewed is None else (command.reviewed[1], command.reviewed[0])
    back = Command(0, command.image, f"Undo: {command.name}", changes, reviewed, command.number)
    return session.record(back, person)


def cells_now(session: Session, image: int) -> dict[int, Cell | None]:
    """Return what became of each cell that edits touched, in order of first touch; None = removed."""
    return {number: change.after for number, change in session.changes(image).items()}


def cells_of(stored: StoredDetections | None) -> Any:
    """Return everything of stored detections as values that can be compared."""
    if stored is None:
        return None
    cells = stored.detections
    arrays = [cells.boxes, cells.scores, cells.labels, cells.ids, cells.origin]
    content = [(array.dtype.str, array.tolist()) for array in arrays]
    return content, stored.classes, stored.diameter, stored.scale, stored.model_name, stored.model_sha256


def contents(session: Session, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return everything that a session holds, piece by piece."""
    images = session.images()
    pieces: dict[str, Any] = {"edited": session.edited_cells(), "conflicts": session.conflicts()}
    pieces["done"], pieces["undone"] = session.commands()
    for position, image in enumerate(images):
        pieces[f"image {position}"] = image
        pieces[f"overlay {image.id}"] = list(cells_now(session, image.id).items())
        try:
            pieces[f"cells {image.id}"] = cells_of(session.detections(image.id))
        except SessionDamagedError:
            pieces[f"cells {image.id}"] = "damaged"
    for line in session.history(limit=10_000):
        pieces[f"line {line.number}"] = line
    for key in keys:
        pieces[f"setting {key}"] = session.get(key)
    return pieces


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


# -- round trip ------------------------------------------------------------------------------------


KEYS = ("thresholds", "current image", "zoom", "nothing")


def fill(session: Session, folder: Path) -> None:
    """Put something of everything into a session, enough for trees of two levels and long rows."""
    images = session.add_images([folder / f"smear {number:02}.png" for number in range(8)])
    ids = [image.id for image in images]
    for image in ids[:4]:
        count(session, image, 40 * image, FileStamp(f"{image:064x}", 10**7 + image, 1_700_000_000_000_000_000 + image))
    session.set_failed(ids[4], "smear 04.png: the picture is truncated; copy it again.")
    session.set_diameter(ids[5], 81.25)
    for number in range(60):
        command = add(session, ids[number % 5], f"Add cell {number}", "Grace" if number % 2 else "Ada")
        if number % 7 == 0:
            take_back(session, command)
    removed = tuple(CellChange(number, cell(number, origin=Origin.MODEL), None) for number in range(5))
    session.record(Command(0, ids[0], "Remove 5 cells", removed, (False, True), None), "Ada")
    last = session.record(Command(0, ids[1], "Reviewed", (), (False, True), None), "Ada")
    take_back(session, last)
    session.note("Ada", None, "Threshold of RBC from 0.5 to 0.45")
    session.note("Ada", ids[2], "Counted again with another model")
    session.put("thresholds", {"RBC": 0.45, "WBC": 0.5})
    session.put("current image", ids[3])
    session.put("zoom", [1.5, None, "fit", True])
    session.put("zoom", [2.5, None, "fit", True])
    session.put_conflicts(ids[0], [(1, "Removed by Ada, found again."), (7, "Now a WBC.")])
    session.put_conflicts(ids[1], [(50, "Moved by Ada, gone now.")])
    session.resolve_conflict(2)
    session.remove_images([ids[6]])


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
    [image, other] = session.add_images([tmp_path / "a.png", tmp_path / "b.png"])
    assert (image.state, image.path, image.notices, image.diameter, image.reviewed, image.stamp) == (
        "waiting",
        tmp_path / "a.png",
        (),
        None,
        False,
        None,
    )
    assert session.detections(image.id) is None
    stamp = FileStamp("ef" * 32, 123, 456)
    stored = count(session, image.id, 1000, stamp)
    session.set_diameter(image.id, 70)
    [image, _] = session.images()
    assert image == replace(
        image, state="counted", notices=("One notice.",), width=640, height=480, seconds=0.75, diameter=70, stamp=stamp
    )
    assert cells_of(session.detections(image.id)) == cells_of(stored)
    session.set_failed(other.id, "It is broken.")
    assert session.images()[1].error == "It is broken."
    session.set_waiting(other.id)
    session.set_diameter(image.id, None)
    assert [(i.state, i.error, i.diameter) for i in session.images()] == [("counted", "", None), ("waiting", "", None)]


def test_an_image_without_cells_was_counted_all_the_same(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    count(session, image.id, 0)
    stored = session.detections(image.id)
    assert stored is not None
    assert len(stored.detections) == 0


def test_counting_again_replaces_what_was_found_and_keeps_the_edits(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    count(session, image.id, 20)
    command = add(session, image.id)
    second = count(session, image.id, 5)
    assert cells_of(session.detections(image.id)) == cells_of(second)
    assert list(cells_now(session, image.id)) == [command.changes[0].cell]


@pytest.mark.parametrize("fault", ["gap", "origin"])
def test_detections_that_would_come_back_otherwise_are_refused(session: Session, tmp_path: Path, fault: str):
    [image] = session.add_images([tmp_path / "a.png"])
    stored = found(session, 3)
    cells = stored.detections
    ids = cells.ids + (np.arange(3) if fault == "gap" else 0)
    origin = np.full(3, Origin.PERSON if fault == "origin" else Origin.MODEL, np.uint8)
    stored = replace(stored, detections=Detections(cells.boxes, cells.scores, cells.labels, ids, origin))
    with pytest.raises(ValueError, match="consecutive ids"):
        session.set_counted(image.id, stored, width=1, height=1, seconds=0, notices=(), stamp=None)
    assert session.images()[0].state == "waiting"


def test_numbers_of_numpy_are_numbers(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    x = np.float32(0.1)
    box: Any = (x, np.float64(2), np.int32(3), 4)
    put = Cell("RBC", box, np.float32(0.5), Origin.PERSON)  # pyright: ignore[reportArgumentType]
    session.record(Command(0, image.id, "Add", (CellChange(int(np.int64(9)), None, put),), None, None), "Ada")
    assert cells_now(session, image.id) == {9: Cell("RBC", (float(x), 2.0, 3.0, 4.0), 0.5, Origin.PERSON)}
    session.put("zoom", {"factor": x, "centre": np.array([1, 2])})
    assert session.get("zoom") == {"factor": float(x), "centre": [1, 2]}


def test_a_cell_that_is_nowhere_is_refused(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    nowhere = Cell("RBC", (0, 0, float("nan"), 1), 1, Origin.PERSON)
    with pytest.raises(ValueError, match="finite"):
        session.record(Command(0, image.id, "Add", (CellChange(1, None, nowhere),), None, None), "Ada")
    assert session.history() == []


def test_an_unknown_image_is_a_fault_of_the_program(session: Session):
    with pytest.raises(KeyError):
        session.set_waiting(7)
    with pytest.raises(KeyError):
        session.record(Command(0, 7, "Add", (), None, None), "Ada")
    assert session.history() == []


def test_settings_have_defaults_and_last_values(session: Session):
    assert session.get("zoom") is None
    assert session.get("zoom", 1) == 1
    session.put("zoom", 2)
    session.put("zoom", None)
    assert session.get("zoom", 1) is None


def test_ids_are_never_given_twice(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        assert session.new_ids(5) == 0
        assert session.new_ids(1) == 5
        last = int(count(session, image.id, 10).detections.ids[-1])
        assert session.new_ids(1) == last + 1
        drawn = add(session, image.id).changes[0].cell
        count(session, image.id, 2)
    with Session.open(path) as session:
        assert session.new_ids(1) == drawn + 3
        session.put_conflicts(image.id, [(900, "Gone.")])
    with Session.open(path) as session:
        assert session.new_ids(1) == 901


# -- the list of images ----------------------------------------------------------------------------


def test_thirteen_thousand_images_are_listed_at_once(path: Path, tmp_path: Path):
    paths = [tmp_path / f"folder {number % 10}" / f"{number}.png" for number in range(13_000)]
    with Session.create(path) as session:
        added = session.add_images(paths)
        assert [image.path for image in added] == paths
        assert session.images() == added
        assert session.add_images(paths) == []
    with Session.open(path) as session:
        assert session.images() == added


def test_images_are_listed_once(session: Session, tmp_path: Path):
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    assert [image.path for image in session.add_images([b, a, b])] == [b, a]
    again = session.add_images([tmp_path / "x" / ".." / "a.png", tmp_path / "c.png"])
    assert [image.path.name for image in again] == ["c.png"]


def test_a_relative_path_is_that_of_the_working_folder(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert session.add_images([Path("a.png")])[0].path == tmp_path / "a.png"


def test_a_removed_image_comes_back_with_everything(session: Session, tmp_path: Path):
    [a, b] = session.add_images([tmp_path / "a.png", tmp_path / "b.png"])
    stored = count(session, a.id)
    session.record(Command(0, a.id, "Reviewed", (), (False, True), None), "Ada")
    add(session, a.id)
    session.put_conflicts(a.id, [(1, "Gone.")])
    [before, _] = session.images()
    session.remove_images([a.id])
    assert [image.id for image in session.images()] == [b.id]
    assert session.conflicts() == []
    assert session.history()[0].path == a.path
    assert session.add_images([a.path]) == [before]
    assert [image.id for image in session.images()] == [b.id, a.id]
    assert before.reviewed
    assert cells_of(session.detections(a.id)) == cells_of(stored)
    assert len(cells_now(session, a.id)) == 1
    assert len(session.conflicts()) == 1


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are Unicode on this system")
def test_a_name_that_is_no_unicode_is_kept(path: Path, tmp_path: Path):
    name = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.png"))
    odd_folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xe9?#%"))
    odd_folder.mkdir()
    path = odd_folder / "s.smearcount"
    with Session.create(path) as session:
        [image] = session.add_images([name])
        session.set_failed(image.id, f"{name}: there is no such file.")
        session.note("Ada", image.id, f"Looked for {name}")
    with Session.open(path) as session:
        assert session.images()[0].path == name
        assert session.add_images([name]) == []


def test_images_are_found_when_their_folder_moved_with_the_session(tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (old / "pictures" / name).write_bytes(b"pixels")
    with Session.create(old / "s.smearcount") as session:
        session.add_images([old / "pictures" / "a.png", old / "pictures" / "b.png", old / "lost.png"])
    old.rename(new)
    with Session.open(new / "s.smearcount") as session:
        expected = [new / "pictures" / "a.png", new / "pictures" / "b.png", old / "lost.png"]
        assert [image.path for image in session.images()] == expected
        assert session.add_images([new / "pictures" / "b.png"]) == []
    shutil.copytree(new, old)
    with Session.open(new / "s.smearcount") as session:
        assert session.images()[0].path == old / "pictures" / "a.png"


# -- edits -----------------------------------------------------------------------------------------


def test_the_last_state_of_each_edited_cell_counts(session: Session, tmp_path: Path):
    [image, other] = session.add_images([tmp_path / "a.png", tmp_path / "b.png"])
    one, two, three = cell(1), cell(2), cell(3)
    for changes in (
        (CellChange(7, one, None), CellChange(3, None, two)),
        (CellChange(5, None, one), CellChange(3, two, three)),
        (CellChange(7, None, one),),
    ):
        session.record(Command(0, image.id, "Edit", changes, None, None), "Ada")
    session.record(Command(0, other.id, "Edit", (CellChange(9, one, None),), None, None), "Ada")
    assert list(cells_now(session, image.id).items()) == [(7, one), (3, three), (5, one)]
    assert cells_now(session, other.id) == {9: None}
    assert session.edited_cells() == {image.id: 2, other.id: 1}


def test_a_cell_put_back_as_it_was_is_not_edited(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    command = session.record(
        Command(0, image.id, "Remove", (CellChange(1, Cell("RBC", (1, 2, 3, 4), 1, Origin.MODEL), None),), None, None),
        "Ada",
    )
    session.record(
        Command(
            0,
            image.id,
            "Undo",
            (CellChange(1, None, Cell("RBC", (1.0, 2.0, 3.0, 4.0), 1.0, Origin.MODEL)),),
            None,
            command.number,
        ),
        "Ada",
    )
    assert session.edited_cells() == {}


def test_the_reviewed_mark_follows_the_edit(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])
    command = session.record(Command(0, image.id, "Reviewed", (), (False, True), None), "Ada")
    assert session.images()[0].reviewed
    take_back(session, command)
    assert not session.images()[0].reviewed


def test_history_tells_who_did_what_when(session: Session, tmp_path: Path):
    [a, b] = session.add_images([tmp_path / "a.png", tmp_path / "b.png"])
    first = add(session, a.id, "Add a cell", "Ada")
    take_back(session, first, "Grace")
    session.note("Ada", None, "Threshold moved")
    add(session, b.id)
    lines = session.history()
    assert [(line.number, line.person, line.image, line.path, line.text, line.undoes) for line in lines] == [
        (4, "Ada", b.id, b.path, "Add a cell", None),
        (3, "Ada", None, None, "Threshold moved", None),
        (2, "Grace", a.id, a.path, "Undo: Add a cell", 1),
        (1, "Ada", a.id, a.path, "Add a cell", None),
    ]
    assert all(line.time == NOON and line.time.utcoffset() == timedelta(0) for line in lines)
    assert session.history(a.id) == lines[2:]
    assert session.history(limit=2) == lines[:2]
    assert session.history(limit=1, before=3) == lines[2:3]


def test_a_clock_that_goes_back_changes_no_order(path: Path, tmp_path: Path):
    times = iter(NOON + timedelta(hours=hours) for hours in (5, 1, 3, -20))
    with Session.create(path, clock=lambda: next(times)) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        for number in range(3):
            session.record(Command(0, image.id, str(number), (CellChange(1, None, cell(number)),), None, None), "Ada")
        session.note("Ada", None, "3")
    with Session.open(path) as session:
        assert [line.text for line in session.history()] == ["3", "2", "1", "0"]
        assert cells_now(session, image.id) == {1: cell(2)}
        assert [command.name for command in session.commands()[0]] == ["0", "1", "2"]


def test_the_clock_may_be_of_any_zone(path: Path):
    with Session.create(path, clock=lambda: NOON.astimezone(timezone(timedelta(hours=-5)))) as session:
        session.note("Ada", None, "Noon")
        assert session.history()[0].time == NOON
        assert session.history()[0].time.utcoffset() == timedelta(0)


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
        [image] = session.add_images([tmp_path / "a.png"])
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
        [image] = session.add_images([tmp_path / "a.png"])
        add(session, image.id)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER edits_DELETE")
    connection.close()
    with pytest.raises(SessionDamagedError, match="open what can be recovered"):
        Session.open(path)


# -- the undo stack --------------------------------------------------------------------------------


def names(commands: list[Command]) -> list[str]:
    return [command.name for command in commands]


def test_the_undo_stack_comes_back(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        first, second, third = (add(session, image.id, name) for name in "abc")
        undo_third = take_back(session, third)
        take_back(session, second)
        session.note("Ada", None, "A note is not a command")
    with Session.open(path) as session:
        done, undone = session.commands()
        assert (names(done), names(undone)) == (["a"], ["b", "c"])
        assert done == [first]
        assert undone[0].changes == second.changes
        assert undone[1].number == undo_third.number
        redone = session.record(replace(undone[0], undoes=undone[0].number), "Ada")
        done, undone = session.commands()
        assert (names(done), names(undone)) == (["a", "b"], ["c"])
        assert done[1].number == redone.number
        take_back(session, done[1])
        assert names(session.commands()[1]) == ["b", "c"]
        add(session, image.id, "d")
        done, undone = session.commands()
        assert (names(done), names(undone)) == (["a", "d"], [])


@pytest.mark.parametrize("convention", ["latest row", "first row"])
@pytest.mark.parametrize("seed", range(20))
def test_the_undo_stack_is_that_of_the_window(memory_folder: Path, seed: int, convention: str):
    """A random walk against a plain list with a position, as a window's undo stack is."""
    path = memory_folder / "s.smearcount"
    rng = random.Random(seed)
    stack: list[tuple[Command, int]] = []  # the command, and the number of the latest row about it
    position = 0
    with Session.create(path) as session:
        images = [image.id for image in session.add_images([memory_folder / name for name in "ab"])]

        def step(back: bool) -> None:
            nonlocal position
            position -= back
            command, latest = stack[position]
            undoes = latest if convention == "latest row" else command.number
            row = take_back(session, replace(command, number=undoes)) if back else None
            row = row or session.record(replace(command, undoes=undoes), "Ada")
            stack[position] = command, row.number
            position += not back

        for number in range(40):
            choice = rng.random()
            if choice < 0.35 and position:
                step(back=True)
            elif choice < 0.6 and position < len(stack):
                step(back=False)
            else:
                command = add(session, rng.choice(images), f"command {number}")
                stack[position:] = [(command, command.number)]
                position += 1
        expected = [(command.name, command.changes, latest) for command, latest in stack]
        after = {image: cells_now(session, image) for image in images}
    with Session.open(path) as session:
        done, undone = session.commands()
        assert len(done) == position
        assert [(command.name, command.changes, command.number) for command in done + undone] == expected
        standing = {change.cell for command in done for change in command.changes}
        assert {image: cells_now(session, image) for image in images} == after
        there = {number for image in images for number, state in after[image].items() if state is not None}
        assert there == standing


# -- several changes at once -----------------------------------------------------------------------


def divide_by_zero(after: Callable[[], None]) -> None:
    after()
    raise ZeroDivisionError


def test_changes_made_together_are_stored_together(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        count(session, image.id, 5)
        add(session, image.id)
        before = contents(session, KEYS)

        def recount() -> None:
            count(session, image.id, 9)
            add(session, image.id, "Carried over")
            session.put_conflicts(image.id, [(1, "Gone.")])
            session.add_images([tmp_path / "b.png"])
            session.put("zoom", 3)

        with pytest.raises(ZeroDivisionError), session.together():
            divide_by_zero(recount)
        assert contents(session, KEYS) == before
        with session.together():
            recount()
        after = contents(session, KEYS)
        assert after["done"][-1].name == "Carried over"
    with Session.open(path) as session:
        assert contents(session, KEYS) == after


def test_one_of_several_changes_that_fails_takes_the_others_along(session: Session, tmp_path: Path):
    [image] = session.add_images([tmp_path / "a.png"])

    def fail_and_go_on() -> None:
        add(session, image.id)
        with pytest.raises(KeyError):
            session.set_waiting(99)
        add(session, image.id)

    with pytest.raises(SessionError, match="none of it was stored"), session.together():
        fail_and_go_on()
    assert session.history() == []
    assert cells_now(session, image.id) == {}
    add(session, image.id)
    assert len(cells_now(session, image.id)) == 1


# -- copies ----------------------------------------------------------------------------------------


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
            assert copy.images()[0].path == moved / "smear 00.png"
    finally:
        moved.rename(tmp_path)


def test_a_copy_replaces_a_file_only_when_it_is_complete(session: Session, path: Path, tmp_path: Path):
    add(session, session.add_images([tmp_path / "a.png"])[0].id)
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


# -- places that cannot be written -----------------------------------------------------------------


def add_endlessly(session: Session, image: int) -> None:
    for number in range(10_000):
        add(session, image, f"Edit {number}")


def test_a_full_drive_loses_nothing_and_the_edit_can_be_repeated(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        images = session.add_images([tmp_path / f"{number}.png" for number in range(3)])
        connection = session._file.connection
        [(pages,)] = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SessionError, match=r"the drive is full; free some space"):
            add_endlessly(session, images[0].id)
        stored = len(session.history(limit=10_000))
        assert len(cells_now(session, images[0].id)) == stored > 10
        with pytest.raises(SessionError, match="the drive is full"):
            count(session, images[1].id, 5000)
        assert session.images()[1].state == "waiting"
        with pytest.raises(SessionError, match="the drive is full"), session.together():
            add_endlessly(session, images[1].id)
        assert cells_now(session, images[1].id) == {}
        connection.execute("PRAGMA max_page_count = 100000")
        add(session, images[0].id, f"Edit {stored}")
        count(session, images[1].id, 5000)
        before = contents(session)
    with Session.open(path) as session:
        assert contents(session) == before
        assert len(session.history(limit=10_000)) == stored + 1


def test_a_drive_that_is_really_full(small_drive: Path, tmp_path: Path):
    path = small_drive / "s.smearcount"
    with Session.create(path) as session:
        [image] = session.add_images([small_drive / "a.png"])
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
        written = len(session.history(limit=10_000))
        ballast.unlink()
        session.note("Ada", None, "There is room again")
        session.copy_to(small_drive / "copy.smearcount")
        after = contents(session)
        assert len(session.history(limit=10_000)) == written + 1
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
        [image] = session.add_images([tmp_path / "a.png"])
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
                lambda: session.add_images([path]),
                lambda: session.put("zoom", 1),
                lambda: session.note("Ada", None, "Hello"),
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
        [image] = session.add_images([tmp_path / "a.png"])
        add(session, image.id, "Before")
        share.rename(away)
        for change in (lambda: add(session, image.id), lambda: session.put("zoom", 1)):
            with pytest.raises(SessionError, match=r"s\.smearcount: it cannot be reached any more; connect the drive"):
                change()
        away.rename(share)
        add(session, image.id, "After")
        before = contents(session)
    with Session.open(share / "s.smearcount") as session:
        assert contents(session) == before
        assert [line.text for line in session.history()] == ["After", "Before"]
        shutil.rmtree(share)
        with pytest.raises(SessionError, match="cannot be reached any more"):
            add(session, image.id)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be taken away on Windows")
def test_a_file_put_in_place_of_the_session_is_left_alone(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        session.copy_to(tmp_path / "copy.smearcount")
        os.replace(tmp_path / "copy.smearcount", path)
        with pytest.raises(SessionError, match="another file was put in its place"):
            add(session, image.id)


# -- the session is open elsewhere -----------------------------------------------------------------


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
        assert session.images() == []


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


# -- what is no session ----------------------------------------------------------------------------


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
        assert session.images() == []


def test_a_closed_session_says_so(path: Path):
    session = Session.create(path)
    session.close()
    session.close()
    with pytest.raises(SessionError, match="closed"):
        session.images()
    with pytest.raises(SessionError, match="closed"):
        session.note("Ada", None, "Hello")


# -- versions --------------------------------------------------------------------------------------


def test_a_newer_version_is_refused_and_left_alone(path: Path, tmp_path: Path):
    Session.create(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.execute("ALTER TABLE images ADD COLUMN colour TEXT")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(SessionNewerError, match=r"made by a newer version of SmearCount; update"):
            Session.open(path, read_only=read_only)
    with pytest.raises(SessionNewerError):
        recover(path, tmp_path / "to.smearcount")
    assert path.read_bytes() == before


def test_the_file_says_what_it_is(path: Path):
    """Tools such as file(1) tell by the id in the header."""
    Session.create(path).close()
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"SMCR"


# -- damage ----------------------------------------------------------------------------------------


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
        placeholder = session.images()[-1]
        assert placeholder.path == memory_folder / "unreadable name 3"
        assert len(session.images()) == len([key for key in expected if key.startswith("image ")])
        assert cells_of(session.detections(3)) == expected["cells 3"]
        assert list(cells_now(session, 3).items()) == expected["overlay 3"]
        assert session.history()[0].text == " ".join(session.damage)
        assert session.commands()[0] == expected["done"]
        session.relocate({3: memory_folder / "smear 02.png"}, "Ada")
        assert session.images()[-1].path.name == "smear 02.png"


def test_a_lost_edit_ends_what_can_be_undone(memory_folder: Path, sound: tuple[bytes, dict[str, Any]]):
    data, expected = sound
    path, to = memory_folder / "damaged.smearcount", memory_folder / "to.smearcount"
    at = data.index(b"Add cell 30")
    path.write_bytes(data[:at] + b"X" + data[at + 1 :])
    with recover(path, to) as session:
        assert "1 line of the history was lost." in session.damage
        assert session.commands() == ([], [])
        assert session.edited_cells() == expected["edited"]
        unreadable = [line for line in session.history() if line.text == "(unreadable)"]
        assert [(line.image, line.person) for line in unreadable] == [(1, "")]
        add(session, 1, "After the recovery")
    with Session.open(to) as session:
        assert names(session.commands()[0]) == ["After the recovery"]


@pytest.mark.parametrize("page", range(1, 8))
def test_inner_pages_are_not_needed_for_recovery(memory_folder: Path, page: int):
    """The header, the definitions and the roots of the trees are in the first pages."""
    path, to = memory_folder / "s.smearcount", memory_folder / "to.smearcount"
    with Session.create(path) as session:
        [image] = session.add_images([memory_folder / "a.png"])
        with session.together():
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
            session.detections(2)
        stored = count(session, 2, 10)
    with Session.open(path) as session:
        assert session.damage == ()
        assert cells_of(session.detections(2)) == cells_of(stored)
        assert list(cells_now(session, 2).items()) == expected["overlay 2"]


@pytest.mark.skipif(os.name != "posix", reason="a file that is open cannot be copied on Windows")
def test_what_a_kill_left_half_done_is_taken_back(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.add_images([tmp_path / "a.png"])
        add(session, image.id)
        before = contents(session)
        session._file.connection.execute("PRAGMA cache_size = 2")  # so that it writes before the end

        def copy_half_done() -> None:
            count(session, image.id, 50_000)
            for name in ("s.smearcount", "damaged.smearcount"):
                subprocess.run(["cp", path, tmp_path / name], check=True)
                subprocess.run(["cp", f"{path}-journal", tmp_path / f"{name}-journal"], check=True)

        with pytest.raises(ZeroDivisionError), session.together():
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


# -- images that moved -----------------------------------------------------------------------------


def test_moved_images_are_found_by_their_contents(session: Session, tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "new" / "deeper"
    old.mkdir()
    new.mkdir(parents=True)
    pixels = {"same.png": b"one", "renamed.png": b"two", "changed.png": b"six", "gone.png": b"ten", "twin.png": b"win"}
    pixels |= {"unknown.png": b"seven", "ambiguous.png": b"eight", "here.png": b"nine"}
    for name, content in pixels.items():
        (old / name).write_bytes(content)
    images = session.add_images([old / name for name in pixels])
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
    moved = find_moved(session.images(), tmp_path / "new")
    assert moved == {
        by_name["same"]: new / "same.png",
        by_name["renamed"]: new / "other name.png",
        by_name["twin"]: new / "twin.png",
        by_name["unknown"]: new / "unknown.png",
    }
    session.relocate(moved, "Ada")
    paths = {image.id: image.path for image in session.images()}
    assert {image: paths[image] for image in moved} == moved
    assert find_moved(session.images(), tmp_path / "new") == {}
    [line] = session.history()
    assert (line.person, line.image) == ("Ada", None)
    assert line.text.startswith(f"Moved: {old / 'same.png'} is now {new / 'same.png'}, and 3 more.")


def test_two_missing_images_never_share_a_file(session: Session, tmp_path: Path):
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    images = session.add_images(paths)
    for image in images:
        image.path.write_bytes(b"alike")
        count(session, image.id, 1, stamp_of(image.path))
    for image in images:
        image.path.unlink()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x.png").write_bytes(b"alike")
    (tmp_path / "new" / "b.png").write_bytes(b"alike")
    assert find_moved(session.images(), tmp_path) == {
        images[1].id: tmp_path / "new" / "b.png",
        images[0].id: tmp_path / "new" / "x.png",
    }


def test_a_path_of_another_image_is_refused(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [a, b] = session.add_images([tmp_path / "a.png", tmp_path / "b.png"])
        with pytest.raises(SessionError, match=r"b\.png: it belongs to another image of the session"):
            session.relocate({a.id: b.path})
        session.relocate({a.id: b.path, b.id: a.path})
        assert [image.path for image in session.images()] == [b.path, a.path]
        assert session.add_images([a.path, b.path]) == []
        session.relocate({a.id: tmp_path / "c.png"})
        assert [(line.image, line.text) for line in session.history(limit=1)] == [
            (a.id, f"Moved: {b.path} is now {tmp_path / 'c.png'}.")
        ]
    with Session.open(path) as session:
        assert [image.path.name for image in session.images()] == ["c.png", "a.png"]


def test_the_stamp_of_a_file_that_is_gone_is_an_error_with_its_name(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"abc")
    stamp = stamp_of(tmp_path / "a.png")
    assert stamp.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (stamp.size, stamp.modified_ns) == (3, (tmp_path / "a.png").stat().st_mtime_ns)
    with pytest.raises(SessionError, match=r"b\.png: there is no such file"):
        stamp_of(tmp_path / "b.png")
