"""However many images a session has, counting one more takes the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.session.session import Session
from core.session.values import Edit, FileStamp, StoredDetections, Subject, ValueChange
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from core.models.network import Model


@pytest.fixture
def workspace(qtbot: QtBot, model_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(model_path, tmp_path / "sessions", "Anna")
    qtbot.waitUntil(lambda: workspace.inference.model is not None, timeout=30_000)
    yield workspace
    workspace.close()


def counted_session(folder: Path, model: Model, images: int) -> Path:
    """Make a session of images that were counted and reviewed, whose files are gone."""
    cells = Detections.from_model(
        np.array([[5, 5, 60, 60], [80, 80, 140, 140]], np.float32), np.array([0.9, 0.8], np.float32), np.zeros(2, int)
    )
    with Session.create(folder / "many.smearcount") as session, session.transaction():
        session.models.keep(model.sha256, model.card)
        for number, image in enumerate(session.images.add([folder / f"{number}.png" for number in range(images)])):
            found = StoredDetections(
                cells.numbered_from(session.detections.new_ids(2)),
                model.card.classes,
                64.0,
                1.0,
                model.card.name,
                model.sha256,
            )
            stamp = FileStamp(f"{number:064x}", 1, 1)
            session.detections.set_counted(image.id, found, width=200, height=200, seconds=0, notices=(), stamp=stamp)
            review = ValueChange(Subject.REVIEW, image.id, {"RBC": 2})
            session.edits.record(Edit(image.id, "Mark as reviewed", values=(review,)), "Anna")
        return session.path


@pytest.mark.slow
@pytest.mark.parametrize("images", [3, 600])
def test_counting_one_more_image_reads_as_much_of_the_session(
    qtbot: QtBot,
    workspace: Workspace,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    model: Model,
    tmp_path: Path,
    images: int,
) -> None:
    workspace.opening.open([counted_session(tmp_path, model, images)])
    qtbot.waitUntil(lambda: workspace.counts.complete and workspace.counts.counted_images == images, timeout=60_000)
    path, counts = make_smear("one more.png")
    workspace.inference.queue.pause()
    workspace.opening.open([path])
    item = workspace.images.items[-1]
    session, steps = workspace.store.session, 0
    assert session is not None

    def tick() -> int:
        nonlocal steps
        steps += 1
        return 0

    session._file.connection.set_progress_handler(tick, 1)
    workspace.inference.queue.resume()
    qtbot.waitUntil(lambda: item.state is State.COUNTED and workspace.inference.shown is not None, timeout=60_000)
    session._file.connection.set_progress_handler(None, 0)
    assert workspace.counts.counts(item.id) == counts
    totals = workspace.counts.totals
    assert totals is not None
    assert totals["RBC"] == 2 * images + counts["RBC"]
    assert steps < 600  # steps of SQLite's machine; a scan takes several for each row


def test_sums_follow_images_that_go_and_come_back(
    qtbot: QtBot, workspace: Workspace, model: Model, tmp_path: Path
) -> None:
    workspace.opening.open([counted_session(tmp_path, model, 5)])
    counts = workspace.counts
    qtbot.waitUntil(lambda: counts.totals is not None and counts.counted_images == 5, timeout=60_000)
    workspace.images.remove([workspace.images.items[1].id, workspace.images.items[3].id])
    qtbot.waitUntil(lambda: counts.totals is not None and counts.counted_images == 3, timeout=60_000)
    assert counts.totals is not None
    assert counts.totals["RBC"] == 6
    workspace.history.undo()
    qtbot.waitUntil(lambda: counts.totals is not None and counts.counted_images == 5, timeout=60_000)
    assert counts.totals["RBC"] == 10
    workspace.store.close()
    assert counts.counted_images == 0


def test_fields_of_a_large_folder_are_judged_like_a_single_one(
    qtbot: QtBot, workspace: Workspace, make_smear: Callable[..., tuple[Path, dict[str, int]]]
) -> None:
    few_cells = [make_smear(f"{number}.png", number % 2, 4 + 10 * (number % 2))[0] for number in range(16)]
    workspace.opening.open(few_cells)
    items = workspace.images.items
    qtbot.waitUntil(lambda: all(workspace.quality.known(item.id) is not None for item in items), timeout=60_000)
    judged = {item.id: workspace.quality.known(item.id) for item in items}
    assert len(set(judged.values())) > 1
    assert judged == {item.id: workspace.quality.assess(item.id) for item in items}
