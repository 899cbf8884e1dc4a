"""Sessions that are damaged, or of another version: nothing is believed, and what is left is recovered."""

from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from core.session.storage.schema import SCHEMA
from gui.workspace.images import State
from tests.gui.shell.troubles import counted_cells, notice, press, session_path, shown_counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    WaitCounted = Callable[[MainWindow], None]


def test_a_session_of_a_newer_version_is_left_alone(corrected: MainWindow) -> None:
    workspace, path = corrected.workspace, session_path(corrected)
    workspace.store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.execute("ALTER TABLE images ADD COLUMN colour TEXT")
    connection.close()
    content = path.read_bytes()
    workspace.store.open(path)
    assert notice(corrected) == f"{path}: it was made by a newer version of SmearCount; update the program to open it."
    assert corrected.notice.remedies == []
    assert path.read_bytes() == content
    assert corrected.stage.currentWidget() is corrected.start_page


def test_a_truncated_session_is_recovered_into_a_new_file(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path = corrected.workspace, session_path(corrected)
    for number in counted_cells(corrected)[:5]:
        workspace.editing.reclassify([number], "WBC")
    expected = shown_counts(corrected)
    workspace.store.close()
    damaged = path.read_bytes()[:-4096]
    path.write_bytes(damaged)
    workspace.store.open(path)
    assert notice(corrected).startswith(f"{path}: the session is damaged (")
    press(qtbot, corrected, "Recover what can be read")
    recovered = path.with_name(f"{path.stem} recovered.smearcount")
    assert session_path(corrected) == recovered
    assert notice(corrected).startswith(f"{path}: it was damaged; what could be read was copied to {recovered}.")
    assert "The last 4,096 bytes of the file are missing." in notice(corrected)
    wait_counted(corrected)
    assert shown_counts(corrected) == expected  # the last page held nothing of this
    assert path.read_bytes() == damaged
    workspace.editing.mark_reviewed(True)
    assert workspace.images.items[0].reviewed


def test_cells_that_cannot_be_read_are_counted_again_with_the_corrections(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = corrected.workspace, session_path(corrected), shown_counts(corrected)
    scores = workspace.counts.cells(workspace.images.items[0].id)
    assert scores is not None
    stored = scores.found.detections.scores.tobytes()[:40]
    workspace.store.close()
    content = path.read_bytes()
    path.write_bytes(content.replace(stored, bytes(reversed(stored))))
    workspace.store.open(path)
    picture = workspace.images.items[0].path
    assert f"{picture}: the cells found in it cannot be read; count it again." in notice(corrected)
    assert workspace.images.items[0].state is State.FAILED
    corrected.actions_["retry_failed"].trigger()
    wait_counted(corrected)
    assert shown_counts(corrected) == expected


@pytest.mark.slow
def test_no_flipped_byte_changes_anything_without_a_word(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace, sound = corrected.workspace, session_path(corrected)
    for number in counted_cells(corrected)[:8]:
        workspace.editing.reclassify([number], "WBC")
    workspace.editing.mark_reviewed(True)

    def contents() -> object:
        names = [item.path for item in workspace.images.items]
        reviewed = [item.reviewed for item in workspace.images.items]
        history = [(line.user, line.text, line.time) for line in workspace.history.lines()]
        return names, reviewed, history, shown_counts(corrected) if names else None

    workspace.store.close()
    workspace.store.open(sound)
    wait_counted(corrected)
    expected = contents()
    workspace.store.close()
    data, rng, outcomes = sound.read_bytes(), random.Random(11), {"as it was": 0, "told": 0, "recovered": 0}
    for attempt in range(40):
        path = tmp_path / f"flipped {attempt}.smearcount"
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        path.write_bytes(flipped)
        workspace.store.open(path)
        outcome = "told" if notice(corrected) else "as it was"
        if workspace.store.session is None:
            assert str(path) in notice(corrected)
            press(qtbot, corrected, "Recover what can be read")
            assert notice(corrected).startswith(f"{path}: it was damaged; what could be read was copied to ")
            assert path.read_bytes() == flipped
            outcome = "recovered"
        if outcome == "as it was":
            wait_counted(corrected)
            assert contents() == expected
        outcomes[outcome] += 1
        workspace.store.close()
    assert outcomes["as it was"]
    assert outcomes["recovered"]
