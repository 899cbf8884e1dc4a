"""Counting again keeps what a person did, however often, and says where the model disagrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import CountSettings, Ledger
from core.counting.count import count as count_cells
from core.counting.edits import CellEdits
from core.counting.reconcile import find_conflicts, found_cell
from core.session.session import Session, StoredDetections
from core.session.values import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLASSES = ("RBC", "WBC", "Platelets")
THRESHOLDS: dict[str, float] = dict.fromkeys(CLASSES, 0.5)
PLACES = [(10, 10, 60, 60), (100, 10, 150, 60), (200, 10, 250, 60)]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "s.smearcount") as session:
        session.images.add([tmp_path / "a.png"])
        yield session


def count(session: Session, *names: str, score: float = 0.9, move: float = 0.0) -> tuple[Detections, list[str]]:
    """Count again as the window does: the model finds these classes at the three places."""
    labels = np.array([CLASSES.index(name) for name in names], np.int32)
    boxes = np.array(PLACES[: len(names)], np.float32) + np.float32(move)
    found = Detections.from_model(boxes, np.full(len(names), score, np.float32), labels)
    found = found.numbered_from(session.detections.new_ids(len(names)))
    conflicts = find_conflicts(session.edits.changes(1).values(), found, CLASSES, THRESHOLDS)
    stored = StoredDetections(found, CLASSES, 50.0, 1.0, "model", "ab")
    session.detections.set_counted(1, stored, width=300, height=100, seconds=0, notices=(), stamp=None)
    return found, [text for _, text in conflicts]


def correct(session: Session, found: Detections, place: int, after: str | None) -> None:
    """Take a found cell away, give it another class, or confirm it."""
    before = found_cell(found, place, CLASSES)
    cell = None if after is None else Cell(after, before.box, before.score, Origin.PERSON)
    change = CellChange(int(found.ids[place]), before, cell)
    session.edits.record(Edit(1, "Correct", (change,)), "Ada")


def standing(session: Session, found: Detections) -> list[str]:
    """Return the class at each of the three places, with a star where a person put it."""
    corrections = CellEdits.from_edits(found, session.edits.changes(1).values(), CLASSES)
    cells = corrections.apply(found)
    at: dict[float, list[str]] = {place[0]: [] for place in PLACES}
    for row in [*np.flatnonzero(~corrections.edited), *range(len(found), len(cells))]:
        left = min(at, key=lambda x, row=row: abs(x - cells.boxes[row, 0]))
        at[left].append(CLASSES[cells.labels[row]] + "*" * int(cells.origin[row] == Origin.PERSON))
    return ["+".join(sorted(names)) for names in at.values()]


def ledger(session: Session, found: Detections, name: str = "RBC") -> Ledger:
    corrections = CellEdits.from_edits(found, session.edits.changes(1).values(), CLASSES)
    return count_cells(found, CountSettings(THRESHOLDS), CLASSES, corrections).ledger[name]


def test_corrections_survive_any_number_of_counts(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 0, "WBC")
    correct(session, found, 1, None)
    for again in range(4):
        found, conflicts = count(session, "RBC", "RBC", "RBC", move=again, score=0.9 - again / 10)
        assert conflicts == []
        assert standing(session, found) == ["WBC*", "", "RBC"]


def test_a_model_that_changes_its_mind_is_a_conflict_told_once(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 0, "WBC")
    correct(session, found, 1, None)
    count(session, "RBC", "RBC", "RBC")
    _, conflicts = count(session, "Platelets", "WBC", "WBC")
    assert conflicts == [
        "The model now finds Platelets where there is WBC (by hand).",
        "The model now finds WBC where there is nothing (removed by hand).",
    ]
    assert count(session, "Platelets", "WBC", "WBC", score=0.4)[1] == []  # what does not count contradicts nobody
    assert count(session, "WBC", "RBC", "RBC")[1] == []  # the person was right


def test_an_undone_correction_leaves_no_trace_in_later_counts(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    for place, after in ((0, "WBC"), (1, None)):
        correct(session, found, place, after)
        [*_, last], _ = session.edits.stack()
        back = tuple(CellChange(change.cell, change.after, change.before) for change in last.cells)
        session.edits.record(Edit(1, "Undo", back, undoes=last.number), "Ada")
    for _ in range(3):
        found, conflicts = count(session, "WBC", "RBC")
        assert standing(session, found) == ["WBC", "RBC", ""]
        assert conflicts == []


def test_a_correction_can_be_undone_after_a_new_count(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 1, None)
    found, _ = count(session, "RBC", "RBC", "RBC")
    assert standing(session, found) == ["RBC", "", "RBC"]
    [last], _ = session.edits.stack()
    back = tuple(CellChange(change.cell, change.after, change.before) for change in last.cells)
    session.edits.record(Edit(1, "Undo", back, undoes=last.number), "Ada")
    assert standing(session, found) == ["RBC", "RBC", "RBC"]
    found, _ = count(session, "RBC", "RBC", "RBC")
    assert standing(session, found) == ["RBC", "RBC", "RBC"]


def test_a_model_of_other_classes_leaves_corrections_alone(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 0, "WBC")
    new = Detections.from_model(np.array(PLACES, np.float32), np.full(3, 0.9, np.float32), np.zeros(3, np.int32))
    changes = session.edits.changes(1).values()
    assert CellEdits.from_edits(new.numbered_from(70), changes, ("Cell",)).unclassed == 1
    conflicts = find_conflicts(changes, new, ("Cell",), {"Cell": 0.5})
    assert [text for _, text in conflicts] == ["The model now finds Cell where there is WBC (by hand)."]


def test_a_confirmed_cell_confirms_the_likeliest_cell_of_the_new_count_in_its_place(session: Session) -> None:
    found, _ = count(session, "RBC")
    correct(session, found, 0, "RBC")
    assert ledger(session, found) == Ledger(1, 0, 0)
    boxes = np.array([(12, 10, 62, 60), (11, 10, 61, 60), (16, 10, 66, 60)], np.float32)
    found = Detections.from_model(boxes, np.array([0.6, 0.7, 0.9], np.float32), np.zeros(3, np.int32)).numbered_from(70)
    assert ledger(session, found) == Ledger(1, 0, 0)
    corrections = CellEdits.from_edits(found, session.edits.changes(1).values(), CLASSES)
    assert corrections.cells.boxes.tolist() == [[16, 10, 66, 60]]
    assert corrections.edited.all()
    assert ledger(session, found.taken(np.array([], np.int64))) == Ledger(0, 1, 0)


def test_a_moved_cell_stays_where_the_person_put_it(session: Session) -> None:
    found, _ = count(session, "RBC")
    before = found_cell(found, 0, CLASSES)
    moved = Cell("RBC", (14.0, 10.0, 64.0, 60.0), before.score, Origin.PERSON)
    session.edits.record(Edit(1, "Move RBC", (CellChange(int(found.ids[0]), before, moved),)), "Ada")
    found, _ = count(session, "RBC", move=2)
    assert ledger(session, found) == Ledger(1, 0, 0)
    assert CellEdits.from_edits(found, session.edits.changes(1).values(), CLASSES).cells.boxes.tolist() == [
        [14, 10, 64, 60]
    ]


def test_a_model_that_comes_to_agree_with_a_person_needs_no_correction(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC")
    correct(session, found, 0, "WBC")
    assert (ledger(session, found), ledger(session, found, "WBC")) == (Ledger(2, 0, 1, went=1), Ledger(0, 1, 0, came=1))
    found, _ = count(session, "WBC", "RBC")
    assert (ledger(session, found), ledger(session, found, "WBC")) == (Ledger(1, 0, 0), Ledger(1, 0, 0))


def test_two_confirmed_cells_never_confirm_one(session: Session) -> None:
    boxes = np.array([(10, 10, 60, 60), (30, 10, 80, 60)], np.float32)
    found = Detections.from_model(boxes, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32)).numbered_from(20)
    for place in range(2):
        correct(session, found, place, "RBC")
    between = Detections.from_model(
        boxes[:1] + np.array([10, 0, 10, 0], np.float32), found.scores[:1], found.labels[:1]
    ).numbered_from(70)
    assert ledger(session, between) == Ledger(1, 1, 0)
