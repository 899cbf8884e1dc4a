"""The undo stack, and changes that are stored together or not at all."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.session.session import (
    Session,
    SessionError,
)
from tests.core.session.session_builders import (
    KEYS,
    add,
    cells_now,
    contents,
    count,
    divide_by_zero,
    names,
    take_back,
)

if TYPE_CHECKING:
    from pathlib import Path

    from core.session.values import Edit


def test_the_undo_stack_comes_back(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        first, second, third = (add(session, image.id, name) for name in "abc")
        undo_third = take_back(session, third)
        take_back(session, second)
        session.edits.note("Ada", None, "A note is not an edit")
    with Session.open(path) as session:
        done, undone = session.edits.stack()
        assert (names(done), names(undone)) == (["a"], ["b", "c"])
        assert [edit.loaded() for edit in done] == [first]
        assert undone[0].cells == second.cells
        assert undone[1].number == undo_third.number
        redone = session.edits.record(replace(undone[0].loaded(), undoes=undone[0].number), "Ada")
        done, undone = session.edits.stack()
        assert (names(done), names(undone)) == (["a", "b"], ["c"])
        assert done[1].number == redone.number
        take_back(session, done[1])
        assert names(session.edits.stack()[1]) == ["b", "c"]
        add(session, image.id, "d")
        done, undone = session.edits.stack()
        assert (names(done), names(undone)) == (["a", "d"], [])


@pytest.mark.parametrize("convention", ["latest row", "first row"])
@pytest.mark.parametrize("seed", range(20))
def test_the_undo_stack_is_that_of_the_window(memory_folder: Path, seed: int, convention: str):
    """A random walk against a plain list with a position, as a window's undo stack is."""
    path = memory_folder / "s.smearcount"
    rng = random.Random(seed)
    stack: list[tuple[Edit, int]] = []  # the edit, and the number of the latest row about it
    position = 0
    with Session.create(path) as session:
        images = [image.id for image in session.images.add([memory_folder / name for name in "ab"])]

        def step(back: bool) -> None:
            nonlocal position
            position -= back
            edit, latest = stack[position]
            undoes = latest if convention == "latest row" else edit.number
            row = take_back(session, replace(edit, number=undoes)) if back else None
            row = row or session.edits.record(replace(edit, undoes=undoes), "Ada")
            stack[position] = edit, row.number
            position += not back

        for number in range(40):
            choice = rng.random()
            if choice < 0.35 and position:
                step(back=True)
            elif choice < 0.6 and position < len(stack):
                step(back=False)
            else:
                edit = add(session, rng.choice(images), f"edit {number}")
                stack[position:] = [(edit, edit.number)]
                position += 1
        expected = [(edit.name, edit.cells, latest) for edit, latest in stack]
        after = {image: cells_now(session, image) for image in images}
    with Session.open(path) as session:
        done, undone = session.edits.stack()
        assert len(done) == position
        assert [(edit.name, edit.cells, edit.number) for edit in done + undone] == expected
        standing = {change.cell for edit in done for change in edit.cells}
        assert {image: cells_now(session, image) for image in images} == after
        there = {number for image in images for number, state in after[image].items() if state is not None}
        assert there == standing


def test_changes_made_together_are_stored_together(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        [image] = session.images.add([tmp_path / "a.png"])
        count(session, image.id, 5)
        add(session, image.id)
        before = contents(session, KEYS)

        def recount() -> None:
            count(session, image.id, 9)
            add(session, image.id, "Carried over")
            session.conflicts.replace(image.id, [(1, "Gone.")])
            session.images.add([tmp_path / "b.png"])
            session.view.put("zoom", 3)

        with pytest.raises(ZeroDivisionError), session.transaction():
            divide_by_zero(recount)
        assert contents(session, KEYS) == before
        with session.transaction():
            recount()
        after = contents(session, KEYS)
        assert after["done"][-1].name == "Carried over"
    with Session.open(path) as session:
        assert contents(session, KEYS) == after


def test_one_of_several_changes_that_fails_takes_the_others_along(session: Session, tmp_path: Path):
    [image] = session.images.add([tmp_path / "a.png"])

    def fail_and_go_on() -> None:
        add(session, image.id)
        with pytest.raises(KeyError):
            session.images.set_failed(99, "It is broken.")
        add(session, image.id)

    with pytest.raises(SessionError, match="nothing was stored"), session.transaction():
        fail_and_go_on()
    assert session.edits.history() == []
    assert cells_now(session, image.id) == {}
    add(session, image.id)
    assert len(cells_now(session, image.id)) == 1
