"""Teaching sets in a workspace: used, opened again, added to, merged, locked, and told when they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.kinds.teaching_set import read_teaching_set
from core.models.embedding import default_embedding_path
from gui.workspace.images import State
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, ids, red_cells, teach

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not default_embedding_path().exists(), reason="there is no embedding model in resources/models"
)


def test_what_was_taught_sorts_another_sample(
    described: Workspace, qtbot: QtBot, tmp_path: Path, make_smear: Callable[..., tuple[Path, dict[str, int]]]
):
    path = tmp_path / "house.smearkinds"
    assert not described.kinds.teaching.save(path, "House")
    teach(described, qtbot)
    assert described.kinds.teaching.save(path, "House")
    taught = read_teaching_set(path)
    assert len(taught) == 8
    assert {cell.user for cell in taught.header.cells} == {"Ada"}
    assert all(crop.startswith(b"\xff\xd8") for crop in taught.crops)
    described.store.close()
    described.opening.open([make_smear("other/3.png", seed=5)[0]])
    qtbot.waitUntil(lambda: all(item.state is State.COUNTED for item in described.images.items), timeout=WAIT_MS)
    assert described.kinds.teaching.use(path)
    qtbot.waitUntil(lambda: bool(described.kinds.piles.suggested("RBC")), timeout=WAIT_MS)
    assert described.kinds.teaching.title == "House, version 1"
    assert all(one.confirmed == 0 for one in described.kinds.piles.numbers("RBC").values())


@pytest.fixture
def messages(described: Workspace) -> list[str]:
    """Return what the user is told from now on."""
    told: list[str] = []
    described.messages.posted.connect(lambda _level, text: told.append(text))
    return told


@pytest.fixture
def house(described: Workspace, qtbot: QtBot, tmp_path: Path) -> Path:
    """Return a teaching set of eight cells that sorts the sample which it was taught in."""
    teach(described, qtbot)
    path = tmp_path / "house.smearkinds"
    assert described.kinds.teaching.save(path, "House")
    assert described.kinds.teaching.use(path)
    return path


def open_again(workspace: Workspace) -> None:
    path = workspace.store.path
    assert path is not None
    workspace.store.close()
    assert workspace.kinds.teaching.title == ""
    assert workspace.store.open(path)


def test_a_session_opens_its_set_again(described: Workspace, house: Path, messages: list[str], qtbot: QtBot):
    teaching = described.kinds.teaching
    open_again(described)
    assert teaching.set is not None
    assert teaching.path == house
    assert messages == []
    described.history.undo()
    assert (teaching.set, teaching.title) == (None, "")
    described.history.redo()
    assert teaching.set is not None
    teaching.stop()
    assert (teaching.set, teaching.title) == (None, "")


def test_own_examples_are_not_learnt_from_the_set_again(described: Workspace, house: Path):
    """Else cross-validation would measure an example by itself."""
    for_sorting = described.kinds.teaching.for_sorting
    assert for_sorting is not None
    assert len(for_sorting) == 0
    assert len(read_teaching_set(house)) == 8


def test_a_set_that_is_gone_or_has_changed_is_told(described: Workspace, house: Path, messages: list[str]):
    teaching = described.kinds.teaching
    content = house.read_bytes()
    house.unlink()
    open_again(described)
    assert teaching.set is None
    assert teaching.title == "House, version 1"
    assert len(messages) == 1
    assert str(house) in messages[0]
    house.write_bytes(content + b"!")
    open_again(described)
    assert teaching.set is None
    assert len(messages) == 2
    assert "has changed" in messages[1]


def test_a_set_grows_merges_and_is_locked(
    described: Workspace, house: Path, tmp_path: Path, messages: list[str], qtbot: QtBot
):
    teaching, other = described.kinds.teaching, tmp_path / "other.smearkinds"
    assert teaching.export(other)
    [first, _] = ids(described)
    described.kinds.typed.give(red_cells(described, first)[4:6], "target-cell")
    assert teaching.add()
    assert len(read_teaching_set(house)) == 10
    assert teaching.title == "House, version 2"
    assert teaching.merge(other)
    assert len(read_teaching_set(house)) == 10
    assert teaching.title == "House, version 3"
    assert teaching.lock()
    assert teaching.locked.startswith("Locked by Ada on ")
    content = house.read_bytes()
    described.kinds.typed.give(red_cells(described, first)[6:7], "target-cell")
    assert not teaching.add()
    assert not teaching.merge(other)
    assert house.read_bytes() == content
    assert all("Ada locked this teaching set on" in message for message in messages[-2:])
    open_again(described)
    assert teaching.locked.startswith("Locked by Ada on ")
