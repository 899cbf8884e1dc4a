"""What the sorting takes for no cell is left out of the counts by a switch, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.kinds.sample import CERTAIN
from core.kinds.tree import NO_CELL
from core.report.gather import gather
from core.session.session import Session
from gui.workspace.images import State
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, ids, red_cells

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace


@pytest.fixture
def taught(dense: Workspace, qtbot: QtBot) -> Workspace:
    """Return the workspace when it was taught that what is out of focus is no cell."""
    sharp, soft = (red_cells(dense, image) for image in ids(dense))
    kinds = dense.kinds
    assert kinds.typed.give(sharp[:12], "normal-red-cell")
    assert kinds.typed.give(soft[:12], NO_CELL)
    qtbot.waitUntil(lambda: bool(kinds.piles.certainly_no_cells("RBC")), timeout=15_000)
    return dense


def red(workspace: Workspace) -> int:
    totals = workspace.counts.totals
    assert totals is not None
    return totals["RBC"]


def removed_and_left_out(workspace: Workspace) -> tuple[int, int]:
    rows = [workspace.counts.result(image) for image in ids(workspace)]
    ledgers = [row.ledger["RBC"] for row in rows if row is not None]
    return sum(row.removed for row in ledgers), sum(row.left_out for row in ledgers)


@pytest.mark.slow
def test_the_switch_leaves_certain_cells_out_and_brings_all_back(taught: Workspace):
    leaving_out, piles = taught.kinds.leaving_out, taught.kinds.piles
    before, certain = red(taught), piles.certainly_no_cells("RBC")
    suggested = piles.numbers("RBC")[NO_CELL].suggested
    assert all(cell.certainty >= CERTAIN for cell in piles.pile("RBC", NO_CELL) if (cell.image, cell.cell) in certain)
    assert not leaving_out.on
    assert leaving_out.waiting == []
    assert leaving_out.set_on(True)
    assert leaving_out.on
    assert set(leaving_out.cells) == set(certain)
    assert red(taught) == before - len(certain)
    assert leaving_out.numbers["RBC"] == len(certain)
    assert removed_and_left_out(taught) == (12 + len(certain), len(certain))
    numbers = piles.numbers("RBC")[NO_CELL]
    assert (numbers.confirmed, numbers.left_out, numbers.suggested) == (12, len(certain), suggested - len(certain))
    assert set(certain) <= {(cell.image, cell.cell) for cell in piles.pile("RBC", NO_CELL) if cell.left_out}
    taught.history.undo()
    assert (leaving_out.on, red(taught), leaving_out.cells) == (False, before, [])
    taught.history.redo()
    assert (leaving_out.on, red(taught)) == (True, before - len(certain))
    assert leaving_out.set_on(False)
    assert (leaving_out.on, red(taught), leaving_out.numbers["RBC"]) == (False, before, 0)


def test_a_cell_that_was_brought_back_stays(taught: Workspace):
    leaving_out, before = taught.kinds.leaving_out, red(taught)
    leaving_out.set_on(True)
    [first, *others] = leaving_out.cells
    assert leaving_out.bring_back([first])
    assert red(taught) == before - len(others)
    assert leaving_out.waiting == []
    taught.history.undo()
    assert taught.kinds.typed.give([first], "spherocyte")
    assert red(taught) == before - len(others)
    assert leaving_out.set_on(False)
    assert red(taught) == before


def test_cells_are_left_out_wherever_the_session_is_opened_and_after_a_recount(taught: Workspace, qtbot: QtBot):
    path = taught.store.path
    assert path is not None
    taught.kinds.leaving_out.set_on(True)
    left_out, counted = len(taught.kinds.leaving_out.cells), red(taught)
    found = {image: taught.counts.cells(image) for image in ids(taught)}
    taught.inference.count(ids(taught))
    qtbot.waitUntil(
        lambda: all(
            item.state is State.COUNTED
            and (now := taught.counts.cells(item.id)) is not None
            and (was := found[item.id]) is not None
            and now.found.detections.ids[0] != was.found.detections.ids[0]
            for item in taught.images.items
        ),
        timeout=WAIT_MS,
    )
    assert red(taught) == counted
    assert taught.kinds.leaving_out.numbers["RBC"] == left_out
    taught.store.close()
    with Session.open(path, read_only=True) as session:
        content = gather(session)
    [row] = [row for row in content.totals if row.name == "RBC"]
    assert (row.count, row.ledger.left_out) == (counted, left_out)
