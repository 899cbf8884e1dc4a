"""Kinds in a workspace without a window: from a few examples to piles, accepted, undone and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.kinds.teaching_set import read_teaching_set
from core.kinds.tree import NO_CELL, Kind
from core.models.embedding import default_embedding_path
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, ids, red_cells, teach

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not default_embedding_path().exists(), reason="there is no embedding model in resources/models"
)


def test_examples_make_piles_that_are_accepted_and_undone(described: Workspace, qtbot: QtBot):
    kinds = described.kinds
    assert kinds.piles.pile("RBC", "normal-red-cell") == []
    qtbot.waitUntil(lambda: len(kinds.piles.useful("RBC", 4)) == 4, timeout=WAIT_MS)
    taught = teach(described, qtbot)
    suggested = kinds.piles.suggested("RBC")
    assert not set(suggested) & set(taught)
    numbers = kinds.piles.numbers("RBC")
    assert numbers["normal-red-cell"].confirmed == numbers["spherocyte"].confirmed == 4
    piles = {kind: kinds.piles.pile("RBC", kind) for kind in ("normal-red-cell", "spherocyte", "")}
    assert sum(map(len, piles.values())) == len(suggested)
    pile = max(piles["normal-red-cell"], piles["spherocyte"], key=len)
    assert pile
    assert [cell.certainty for cell in pile] == sorted((cell.certainty for cell in pile), reverse=True)
    kind, before = pile[0].kind, described.counts.totals
    assert kinds.piles.accept(pile)
    assert kinds.piles.numbers("RBC")[kind].confirmed == 4 + len(pile)
    assert kinds.piles.pile("RBC", kind) == []
    assert described.counts.totals == before
    described.history.undo()
    assert kinds.piles.numbers("RBC")[kind].confirmed == 4
    assert kinds.piles.pile("RBC", kind) == pile
    qtbot.waitUntil(lambda: kinds.piles.figures("RBC") is not None, timeout=WAIT_MS)
    figures = kinds.piles.figures("RBC")
    assert figures is not None
    assert {row.examples for row in figures.rows} == {4}


def test_accepted_suggestions_are_told_from_cells_that_a_user_named(described: Workspace, qtbot: QtBot, tmp_path: Path):
    """In the figures, in the session, and in a teaching set."""
    kinds = described.kinds
    teach(described, qtbot)
    [pile] = [pile for kind in ("normal-red-cell", "spherocyte") if (pile := kinds.piles.pile("RBC", kind))][:1]
    assert kinds.piles.accept(pile)
    accepted = {(image, cell) for image in ids(described) for cell in kinds.typed.accepted(image)}
    assert accepted == {(cell.image, cell.cell) for cell in pile}

    def measured() -> tuple[int, int]:
        figures = kinds.piles.figures("RBC")
        assert figures is not None
        return sum(row.examples for row in figures.rows), figures.accepted

    qtbot.waitUntil(lambda: measured() == (8, len(pile)), timeout=WAIT_MS)
    kind, first = pile[0].kind, (pile[0].image, pile[0].cell)
    assert kinds.typed.give([first], kind)  # the user says so too
    qtbot.waitUntil(lambda: measured() == (9, len(pile) - 1), timeout=WAIT_MS)
    assert kinds.teaching.save(tmp_path / "set.smearkinds", "Ours")
    taught = read_teaching_set(tmp_path / "set.smearkinds")
    assert sum(cell.accepted for cell in taught.header.cells) == len(pile) - 1
    path = described.store.path
    assert path is not None
    described.store.close()
    assert described.store.open(path)
    assert sum(len(kinds.typed.accepted(image)) for image in ids(described)) == len(pile) - 1


def test_no_cell_leaves_the_count_and_comes_back(described: Workspace):
    [first, *_] = ids(described)
    before = described.counts.counts(first)
    assert before is not None
    cells = red_cells(described, first)[:2]
    assert described.kinds.typed.give(cells, NO_CELL)
    assert described.counts.counts(first) == {**before, "RBC": before["RBC"] - 2}
    result = described.counts.result(first)
    assert result is not None
    assert result.ledger["RBC"].removed == 2
    assert set(cells) <= set(red_cells(described, first))  # they go on teaching
    assert described.kinds.typed.give(cells[:1], "spherocyte")
    assert described.counts.counts(first) == {**before, "RBC": before["RBC"] - 1}
    described.history.undo()
    described.history.undo()
    assert described.counts.counts(first) == before
    assert described.kinds.typed.of(first) == {}


def test_kinds_are_in_the_session_and_described_only_once(described: Workspace, qtbot: QtBot):
    path = described.store.path
    assert path is not None
    [first, *_] = ids(described)
    cells = red_cells(described, first)[:1]
    described.kinds.typed.give(cells, "target-cell")
    described.kinds.tree.put(Kind(key="own", name="Our own", parent="RBC", shortcut="O"))
    known = described.kinds.embeddings.of(first)
    described.store.close()
    assert described.kinds.tree.tree.kinds == ()
    assert described.store.open(path)
    assert described.kinds.tree.tree.name("own") == "Our own"
    assert described.kinds.typed.of(first) == {cells[0][1]: "target-cell"}
    again = described.kinds.embeddings.of(first)
    assert known is not None
    assert again is not None
    assert (again.steps == known.steps).all()
    described.history.undo()
    assert described.kinds.tree.tree.get("own") is None


def test_a_session_that_is_opened_again_is_sorted(described: Workspace, qtbot: QtBot):
    teach(described, qtbot)
    piles = described.kinds.piles
    before = piles.suggested("RBC").keys()
    path = described.store.path
    assert path is not None
    described.store.close()
    assert piles.suggested("RBC") == {}
    assert described.store.open(path)
    qtbot.waitUntil(lambda: piles.suggested("RBC").keys() == before, timeout=WAIT_MS)
    assert piles.figures("RBC") is not None
