"""Counting again keeps what a person did, however often, and says where the model disagrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.detections import Detections, Origin
from core.recount import carry_over, found_cell
from core.session import Cell, Change, Command, Session, StoredDetections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLASSES = ("RBC", "WBC", "Platelets")
PLACES = [(10, 10, 60, 60), (100, 10, 150, 60), (200, 10, 250, 60)]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "s.smearcount") as session:
        session.add_images([tmp_path / "a.png"])
        yield session


def count(session: Session, *names: str, score: float = 0.9, move: float = 0.0) -> tuple[Detections, list[str]]:
    """Count again as the window does: the model finds these classes at the three places."""
    labels = np.array([CLASSES.index(name) for name in names], np.int32)
    boxes = np.array(PLACES[: len(names)], np.float32) + np.float32(move)
    found = Detections.from_model(boxes, np.full(len(names), score, np.float32), labels)
    found = found.numbered_from(session.new_ids(len(names)))
    changes, conflicts = carry_over(
        session.overlay(1), session.originals(1), found, CLASSES, dict.fromkeys(CLASSES, 0.5)
    )
    if changes:
        session.record(Command(0, 1, "Count again", tuple(changes), None, None), "SmearCount", carried=True)
    stored = StoredDetections(found, CLASSES, 50.0, 1.0, "model", "ab")
    session.set_counted(1, stored, width=300, height=100, seconds=0, notices=(), stamp=None)
    return found, [text for _, text in conflicts]


def correct(session: Session, found: Detections, place: int, after: str | None) -> None:
    before = found_cell(found, place, CLASSES)
    cell = None if after is None else Cell(after, before.box, before.score, Origin.PERSON)
    change = Change(int(found.ids[place]), before, cell)
    session.record(Command(0, 1, "Correct", (change,), None, None), "Ada")


def standing(session: Session, found: Detections) -> list[str]:
    """Return the class at each of the three places, with a star where a person put it."""
    overlay = session.overlay(1)
    cells = {int(number): found_cell(found, place, CLASSES) for place, number in enumerate(found.ids)} | overlay
    at: dict[float, list[str]] = {place[0]: [] for place in PLACES}
    for cell in cells.values():
        if cell is not None:
            left = min(at, key=lambda x, box=cell.box: abs(x - box[0]))
            at[left].append(cell.class_name + "*" * (cell.origin is Origin.PERSON))
    return ["+".join(sorted(names)) for names in at.values()]


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
        "The model now finds WBC where there is nothing (taken away by hand).",
    ]
    assert count(session, "Platelets", "WBC", "WBC", score=0.4)[1] == []  # what does not count contradicts nobody
    assert count(session, "WBC", "RBC", "RBC")[1] == []  # the person was right


def test_an_undone_correction_leaves_no_trace_in_later_counts(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    for place, after in ((0, "WBC"), (1, None)):
        correct(session, found, place, after)
        [*_, last], _ = session.commands()
        back = tuple(Change(change.cell, change.after, change.before) for change in last.changes)
        session.record(Command(0, 1, "Undo", back, None, last.number), "Ada")
    for _ in range(3):
        found, conflicts = count(session, "WBC", "RBC")
        assert standing(session, found) == ["WBC", "RBC", ""]
        assert conflicts == []


def test_carrying_over_is_told_but_cannot_be_undone(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 1, None)
    count(session, "RBC", "RBC", "RBC")
    done, undone = session.commands()
    assert [command.name for command in done] == ["Correct"]
    assert undone == []
    assert [line.text for line in session.history()] == ["Count again", "Correct"]


def test_a_correction_can_be_undone_after_a_new_count(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 1, None)
    found, _ = count(session, "RBC", "RBC", "RBC")
    assert standing(session, found) == ["RBC", "", "RBC"]
    [last], _ = session.commands()
    back = tuple(Change(change.cell, change.after, change.before) for change in last.changes)
    session.record(Command(0, 1, "Undo", back, None, last.number), "Ada")
    assert standing(session, found) == ["RBC", "RBC", "RBC"]
    found, _ = count(session, "RBC", "RBC", "RBC")
    assert standing(session, found) == ["RBC", "RBC", "RBC"]


def test_a_model_of_other_classes_leaves_corrections_alone(session: Session) -> None:
    found, _ = count(session, "RBC", "RBC", "RBC")
    correct(session, found, 0, "WBC")
    new = Detections.from_model(np.array(PLACES, np.float32), np.full(3, 0.9, np.float32), np.zeros(3, np.int32))
    changes, conflicts = carry_over(session.overlay(1), session.originals(1), new, ("Cell",), {"Cell": 0.5})
    assert changes == []
    assert [text for _, text in conflicts] == ["The model now finds Cell where there is WBC (by hand)."]
