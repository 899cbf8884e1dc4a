"""The differential count of a sample: what users said of the cells that count, at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from core.counting.frame import EdgeRule
from core.kinds.tree import NO_CELL
from gui.workspace.images import State
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, counted_cells, ids, red_cells

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from core.kinds.differential import Differential
    from gui.workspace.workspace import Workspace


def result_of(workspace: Workspace, reading: str = "") -> Differential:
    found = workspace.kinds.differential.result(reading)
    assert found is not None
    return found


def cells_of(workspace: Workspace, kind: str) -> int:
    return next(row.cells for row in result_of(workspace).rows if row.kind == kind)


def test_cells_count_as_soon_as_a_user_names_them_whatever_they_were_taken_for(counted: Workspace):
    assert counted.kinds.differential.result() is None
    counted.kinds.tree.add_ready_set("WBC")
    first, second = ids(counted)
    white, red = counted_cells(counted, first, "WBC"), counted_cells(counted, second, "RBC")
    platelets = counted_cells(counted, first, "Platelets")
    assert counted.kinds.typed.give([*white, red[0], *platelets[:1]], "lymphocyte")
    expected = len(white) + 1 + len(platelets[:1])
    assert cells_of(counted, "lymphocyte") == result_of(counted).cells == expected
    assert counted.kinds.piles.numbers("WBC")["lymphocyte"].confirmed == expected
    assert counted.kinds.typed.give([red[0]], "erythroblast")
    assert result_of(counted).cells == expected - 1
    counted.history.undo()
    counted.history.undo()
    assert result_of(counted).cells == 0


def test_a_cell_of_another_class_teaches_the_kind_that_it_was_given(described: Workspace, qtbot: QtBot):
    described.kinds.tree.add_ready_set("WBC")
    [first, _] = ids(described)
    described.kinds.typed.give(red_cells(described, first)[:3], "lymphocyte")
    qtbot.waitUntil(lambda: described.kinds.piles.too_few("RBC") == {}, timeout=WAIT_MS)
    found = described.kinds.embeddings.cells_of(first)
    assert found is not None
    assert (found.labels == described.settings.classes.index("WBC")).sum() >= 3
    assert not set(described.kinds.piles.numbers("RBC")) & {"lymphocyte"}


def test_cells_count_without_their_image(counted: Workspace):
    """A file that is gone cannot be described; what a user said of its cells stands all the same."""
    for item in counted.images.items:
        item.path.unlink()
    counted.kinds.tree.add_ready_set("WBC")
    assert counted.kinds.typed.give(counted_cells(counted, ids(counted)[0], "RBC")[:2], "monocyte")
    assert cells_of(counted, "monocyte") == 2
    assert counted.kinds.piles.numbers("WBC")["monocyte"].confirmed == 2


def test_what_does_not_count_is_not_in_the_differential(counted: Workspace):
    counted.kinds.tree.add_ready_set("WBC")
    [first, _] = ids(counted)
    counted.images.set_current(first)
    cells = counted_cells(counted, first, "RBC")
    assert counted.kinds.typed.give(cells, "lymphocyte")
    whole = result_of(counted).cells
    assert whole == len(cells)
    counted.editing.remove(cells[:1])
    assert result_of(counted).cells == whole - 1
    counted.history.undo()
    assert counted.kinds.typed.give(cells[:2], NO_CELL)
    assert result_of(counted).cells == whole - 2
    counted.history.undo()
    counted.settings.set_edge_rule(EdgeRule.TOP_LEFT)
    inside = set(counted_cells(counted, first, "WBC"))
    assert result_of(counted).cells == len(inside & set(cells))
    counted.settings.set_edge_rule(EdgeRule.ALL)
    white = [cell for cell in counted_cells(counted, first, "WBC") if cell not in cells]
    assert counted.kinds.typed.give(white, "monocyte")
    assert cells_of(counted, "monocyte") == len(white) > 0
    counted.settings.set_threshold("WBC", 1.0)
    assert cells_of(counted, "monocyte") == 0  # the others are a user's own: they count at any threshold
    counted.settings.reset_thresholds()
    assert result_of(counted).cells == whole + len(white)
    counted.images.remove([first])
    assert result_of(counted).cells == 0


def test_settings_of_the_differential_are_edits_of_the_session(counted: Workspace):
    path = counted.store.path
    assert path is not None
    counted.kinds.tree.add_ready_set("WBC")
    [first, _] = ids(counted)
    cells = counted_cells(counted, first, "RBC")
    counted.kinds.typed.give(cells[:4], "neutrophil")
    counted.kinds.typed.give(cells[4:5], "erythroblast")
    count = counted.kinds.differential
    assert not count.set_analyser(-1)
    assert count.set_analyser(10.0)
    assert count.set_target(200)
    found = result_of(counted)
    assert (found.cells, found.target, found.complete) == (4, 200, False)
    assert found.white_cells == pytest.approx(8.0)  # 25 erythroblasts to 100 white cells
    assert count.set_corrected(True)
    assert result_of(counted).white_cells == 10.0
    counted.store.close()
    assert count.inputs.analyser is None
    assert counted.store.open(path)
    assert (count.inputs.analyser, count.inputs.target, count.inputs.corrected) == (10.0, 200, True)
    counted.history.undo()
    assert result_of(counted).white_cells == pytest.approx(8.0)
    counted.history.undo()
    counted.history.undo()
    assert result_of(counted).white_cells is None


def test_two_users_are_compared_class_by_class(counted: Workspace):
    counted.kinds.tree.add_ready_set("WBC")
    counted.kinds.tree.add_ready_set("RBC")
    [first, _] = ids(counted)
    cells = counted_cells(counted, first, "RBC")
    typed = counted.kinds.typed
    typed.give(cells[:2], "spherocyte")
    typed.give(cells[2:4], "target-cell")
    typed.give(cells[:3], "spherocyte", "Ben")
    typed.give(cells[3:4], "target-cell", "Ben")
    typed.give(cells[4:6], "lymphocyte")
    typed.give(cells[4:6], "lymphocyte", "Ben")
    typed.give(cells[6:7], "monocyte")
    typed.give(cells[6:8], "monocyte", "Ben")
    assert typed.readings == ("Ben",)
    red = counted.kinds.differential.agreement("RBC", "Ben")
    assert red.kappa is not None
    assert red.kappa.value == pytest.approx(0.5)
    assert red.cells == 4
    assert [((one.image, one.cell), one.first, one.second) for one in red.apart] == [
        (cells[2], "target-cell", "spherocyte")
    ]
    white = counted.kinds.differential.agreement("WBC", "Ben")
    assert white.kappa is not None
    assert (white.kappa.value, white.cells, white.apart) == (1.0, 3, ())
    assert (result_of(counted).cells, result_of(counted, "Ben").cells) == (3, 4)
    counted.images.set_current(first)
    counted.editing.remove(cells[2:3])
    assert counted.kinds.differential.agreement("RBC", "Ben").cells == 3


def test_kinds_that_a_recount_loses_are_told(counted: Workspace, qtbot: QtBot):
    """Where a new count has no cells in their places, their kinds are lost, which must not go unnoticed."""
    counted.kinds.tree.add_ready_set("RBC")
    [first, _] = ids(counted)
    counted.images.set_current(first)
    item = counted.images.item(first)
    assert item is not None
    counted.kinds.typed.give(counted_cells(counted, first, "RBC")[:4], "spherocyte")
    Image.new("RGB", item.size, (235, 225, 230)).save(item.path)
    told: list[str] = []
    counted.messages.posted.connect(lambda _level, text: told.append(text))
    counted.inference.count_current()
    text = "1.png: 4 cells with a kind were lost as the image was counted again; give them a kind again."
    qtbot.waitUntil(lambda: text in told, timeout=WAIT_MS)
    counted.history.undo()
    assert counted.kinds.typed.lost(first) == 0


def test_a_kind_of_another_class_gives_the_cell_this_class(counted: Workspace):
    counted.kinds.tree.add_ready_set("WBC")
    [first, _] = ids(counted)
    before = counted.counts.counts(first)
    assert before is not None
    [red, *_] = counted_cells(counted, first, "RBC")
    assert counted.kinds.typed.give([red], "blast")
    assert counted.counts.counts(first) == {**before, "RBC": before["RBC"] - 1, "WBC": before["WBC"] + 1}
    assert cells_of(counted, "blast") == 1
    counted.editing.make([red], "RBC")
    assert counted.counts.counts(first) == before
    assert cells_of(counted, "blast") == 0
    assert counted.kinds.typed.of(first) == {}
    counted.history.undo()
    assert cells_of(counted, "blast") == 1
    counted.history.undo()
    assert counted.counts.counts(first) == before
    assert cells_of(counted, "blast") == 0


def test_kinds_stay_with_their_cells_when_an_image_is_counted_again(counted: Workspace, qtbot: QtBot):
    counted.kinds.tree.add_ready_set("WBC")
    counted.kinds.tree.add_ready_set("RBC")
    [first, _] = ids(counted)
    red, white = counted_cells(counted, first, "RBC"), counted_cells(counted, first, "WBC")
    typed = counted.kinds.typed
    assert typed.give(red[:3], "spherocyte")
    assert typed.give(white, "monocyte")
    assert typed.give(red[1:2], "target-cell", "Ben")
    boxes = {cell: counted.editing.cell_of(*cell) for cell in (*red[:3], *white)}
    counted.inference.count([first])
    qtbot.waitUntil(
        lambda: not set(typed.of(first)) & {cell for _, cell in boxes} and bool(typed.of(first)), timeout=WAIT_MS
    )
    item = counted.images.item(first)
    assert item is not None
    qtbot.waitUntil(lambda: item.state is State.COUNTED, timeout=WAIT_MS)
    assert sorted(typed.of(first).values()) == ["monocyte"] * len(white) + ["spherocyte"] * 3
    assert list(typed.of(first, "Ben").values()) == ["target-cell"]
    now = {counted.editing.cell_of(first, cell) for cell in typed.of(first)}
    assert {one.box for one in now if one is not None} == {one.box for one in boxes.values() if one is not None}
    assert typed.lost(first) == 0
    assert cells_of(counted, "monocyte") == len(white)
