"""Counting again: corrections are laid over the new count, and undone from it as if it had been the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from PySide6.QtCore import Qt

from core.geometry.boxes import iou_matrix
from core.report.gather import gather
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from core.cells import Detections
    from core.counting.count import CountResult
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]
    CountBy = Callable[[Path | None], None]
    ChangeModel = Callable[[Callable[[], None]], None]


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted) -> MainWindow:
    """Return a window with a counted picture."""
    window.workspace.opening.open([make_smear("slides/1.png")[0]])
    wait_counted(window)
    return window


@pytest.fixture
def twin(model_path: Path, tmp_path: Path) -> Path:
    """Return another model, which finds the very same cells."""
    other = onnx.load(model_path)
    other.doc_string = "another one"
    onnx.save(other, tmp_path / "twin.onnx")
    return tmp_path / "twin.onnx"


@pytest.fixture
def change_model(counted: MainWindow, agreed: MainWindow, qtbot: QtBot, wait_counted: WaitCounted) -> ChangeModel:
    """Do what changes the model, and wait for the counts of the other one."""

    def change(do: Callable[[], None]) -> None:
        counted.activateWindow()
        qtbot.waitUntil(counted.isActiveWindow)  # after a question
        with qtbot.waitSignal(counted.workspace.inference.model_changed, timeout=30_000):
            do()
        wait_counted(counted)

    return change


@pytest.fixture
def count_by(counted: MainWindow, change_model: ChangeModel) -> CountBy:
    """Change to another model, or to none."""

    def change(path: Path | None) -> None:
        if path is None:
            change_model(counted.actions_["no_model"].trigger)
        else:
            change_model(lambda: counted.workspace.inference.open_model(path))

    return change


def result_of(window: MainWindow) -> CountResult:
    item = window.workspace.images.current
    assert item is not None
    result = window.workspace.counts.result(item.id)
    assert result is not None
    return result


def shown(window: MainWindow) -> Detections:
    """Return the cells that count, as they are drawn."""
    cells = window.workspace.counts.current_cells()
    assert cells is not None
    return cells.cells.taken(np.flatnonzero(result_of(window).counted))


def picture_of(window: MainWindow) -> list[object]:
    """Return the counted cells but for their ids, and what the window counts."""
    cells = shown(window)
    rows = zip(cells.labels.tolist(), cells.boxes.tolist(), cells.origin.tolist(), strict=True)
    drawn = sorted((label, tuple(box), origin) for label, box, origin in rows)
    counts = [(name, card.count.text()) for name, card in window.panel.classes.cards.items()]
    return [*drawn, *counts, *result_of(window).ledger.values()]


def red_cells(window: MainWindow) -> list[int]:
    """Return the ids of the counted red cells, the likeliest first."""
    cells = shown(window)
    return cells.ids[cells.labels == window.workspace.settings.classes.index("RBC")].tolist()


def ledger(window: MainWindow, name: str = "RBC") -> tuple[int, int]:
    """Return how many cells of a class the ledger tells as added and as removed."""
    row = result_of(window).ledger[name]
    return row.added, row.removed


def reopen(window: MainWindow) -> None:
    """Close the session and open it again."""
    assert window.workspace.store.session is not None
    path = window.workspace.store.session.path
    window.workspace.store.close()
    assert window.workspace.store.open(path)


# -- what was confirmed -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_confirmed_cell_stands_as_confirmed_after_a_change_of_model(
    counted: MainWindow, twin: Path, count_by: CountBy, wait_counted: WaitCounted
) -> None:
    editing = counted.workspace.editing
    accepted, moved = red_cells(counted)[:2]
    editing.accept([accepted])
    cell = editing.cell(moved)
    assert cell is not None
    x1, y1, x2, y2 = cell.box
    editing.reshape(moved, (x1 + 3, y1, x2 + 3, y2))
    before = picture_of(counted)
    assert ledger(counted) == (0, 0)
    count_by(twin)
    assert ledger(counted) == (0, 0)
    assert picture_of(counted) == before
    assert not counted.workspace.conflicts.all
    assert counted.workspace.history.lines()[0].text == "Count again: edits carried over"
    assert counted.workspace.images.items[0].edited == 1
    reopen(counted)
    assert picture_of(counted) == before
    assert counted.workspace.images.items[0].edited == 1


@pytest.mark.slow
def test_a_confirmed_cell_takes_the_contour_that_segmentation_finds(
    counted: MainWindow, model_path: Path, count_by: CountBy, wait_counted: WaitCounted
) -> None:
    count_by(None)
    by_segmentation = shown(counted)
    red = by_segmentation.boxes[by_segmentation.labels == counted.workspace.settings.classes.index("RBC")]
    count_by(model_path)
    numbers, cells = red_cells(counted), shown(counted)
    fit = iou_matrix(cells.boxes[np.isin(cells.ids, numbers)], red).max(axis=1)
    number = numbers[int(fit.argmax())]
    counted.workspace.editing.accept([number])
    for _ in range(2):
        count_by(None)
        own = shown(counted).taken(np.flatnonzero(shown(counted).origin))
        assert own.ids.tolist() == [number]
        assert ledger(counted) == (0, 0)
        assert own.contours is not None
        [contour] = own.contours
        assert np.concatenate([contour.min(axis=0), contour.max(axis=0)]) == pytest.approx(own.boxes[0], abs=2)
        assert own.boxes[0].tolist() in red.tolist()
        reopen(counted)
        assert len((shown(counted).contours or [()])[-1]) == len(contour)
        count_by(model_path)
        assert ledger(counted) == (0, 0)
        assert shown(counted).boxes[-1].tolist() == cells.boxes[cells.ids == number][0].tolist()


@pytest.mark.slow
def test_a_confirmed_cell_that_the_new_count_does_not_find_is_the_persons_own(
    counted: MainWindow, twin: Path, count_by: CountBy, tmp_path: Path, make_smear: MakeSmear
) -> None:
    """The image is another one by then."""
    before = red_cells(counted)
    counted.workspace.editing.accept(before)
    make_smear("slides/1.png", seed=3, red_cells=2)
    _, expected = make_smear("other.png", seed=3, red_cells=2)
    count_by(twin)
    added, removed = ledger(counted)
    assert added > 0
    assert removed == 0
    assert result_of(counted).counts["RBC"] == expected["RBC"] + added
    assert len(shown(counted).origin.nonzero()[0]) == len(before)


def test_a_class_that_the_new_model_agrees_to_is_no_correction_of_its_count(
    counted: MainWindow, twin: Path, count_by: CountBy
) -> None:
    editing = counted.workspace.editing
    [number] = red_cells(counted)[:1]
    editing.reclassify([number], "WBC")
    assert (ledger(counted), ledger(counted, "WBC")) == ((0, 1), (1, 0))
    count_by(twin)
    assert (ledger(counted), ledger(counted, "WBC")) == ((0, 1), (1, 0))


# -- undo across counts -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_undo_across_a_change_of_model_and_a_new_count_shows_the_count_alone(
    counted: MainWindow,
    model_path: Path,
    qtbot: QtBot,
    count_by: CountBy,
    change_model: ChangeModel,
    wait_counted: WaitCounted,
) -> None:
    history = counted.workspace.history
    editing = counted.workspace.editing
    first, second, third, fourth = red_cells(counted)[:4]
    editing.remove_cells([first])
    editing.reclassify([second], "Platelets")
    editing.accept([third])
    cell = editing.cell(fourth)
    assert cell is not None
    x1, y1, x2, y2 = cell.box
    editing.reshape(fourth, (x1 + 4, y1 + 4, x2 + 4, y2 + 4))
    editing.add_cell("WBC", (3, 3, 40, 40))
    by_model = picture_of(counted)
    count_by(None)
    by_segmentation = picture_of(counted)
    assert by_segmentation != by_model
    change_model(lambda: qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
    states = [picture_of(counted)]
    assert states == [by_model]
    for _ in range(5):
        qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        states.append(picture_of(counted))
        counted.workspace.selection.set([])
    qtbot.keyClick(counted, Qt.Key.Key_F5)
    wait_counted(counted)
    assert picture_of(counted) == states[-1]
    assert not shown(counted).origin.any()
    assert ledger(counted) == ledger(counted, "WBC") == ledger(counted, "Platelets") == (0, 0)
    assert counted.workspace.images.items[0].edited == 0
    counts = result_of(counted).counts
    assert counted.workspace.counts.totals == counts
    reopen(counted)
    assert picture_of(counted) == states[-1]
    for state in states[-2::-1]:
        history.redo()
        assert picture_of(counted) == state
        reopen(counted)
        assert picture_of(counted) == state
    change_model(history.redo)
    assert picture_of(counted) == by_segmentation
    reopen(counted)
    assert picture_of(counted) == by_segmentation
    assert counted.workspace.store.session is not None
    [image] = gather(counted.workspace.store.session).images
    assert image.counted is not None
    assert image.counted.result.counts == result_of(counted).counts
    count_by(model_path)
    for _ in range(2):
        change_model(history.undo)
    for _ in range(5):
        history.undo()
    assert not shown(counted).origin.any()


def test_a_correction_made_on_the_new_count_of_a_corrected_cell_is_undone_step_by_step(
    counted: MainWindow, twin: Path, model_path: Path, count_by: CountBy, change_model: ChangeModel
) -> None:
    editing, history = counted.workspace.editing, counted.workspace.history
    states = [picture_of(counted)]
    [number] = red_cells(counted)[:1]
    editing.accept([number])
    states.append(picture_of(counted))
    count_by(twin)
    editing.reclassify([number], "WBC")
    states.append(picture_of(counted))
    count_by(model_path)
    editing.remove_cells([number])
    untouched, confirmed, reclassified = states
    history.undo()
    assert picture_of(counted) == reclassified
    change_model(history.undo)
    assert picture_of(counted) == reclassified
    history.undo()
    assert picture_of(counted) == confirmed
    change_model(history.undo)
    assert picture_of(counted) == confirmed
    history.undo()
    assert picture_of(counted) == untouched


# -- images that cannot be counted again ----------------------------------------------------------------


@pytest.mark.parametrize("others", [0, 1], ids=["an empty folder", "a folder with others"])
def test_a_picture_whose_file_is_deleted_keeps_its_count(
    counted: MainWindow,
    qtbot: QtBot,
    make_smear: MakeSmear,
    wait_counted: WaitCounted,
    others: int,
) -> None:
    workspace = counted.workspace
    [item] = workspace.images.items
    for number in range(others):
        make_smear(f"slides/other {number}.png")
    workspace.editing.remove_cells(red_cells(counted)[:1])
    before, content = picture_of(counted), item.path.read_bytes()
    totals = workspace.counts.totals
    item.path.unlink()
    qtbot.keyClick(counted, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: counted.image_page.currentWidget() is counted.image_page.failure_page, timeout=30_000)
    assert item.state is State.COUNTED
    assert picture_of(counted) == before
    assert workspace.counts.totals == totals
    assert counted.image_page.failure_page.text.text() == (
        f"{item.path}: there is no such file; check the name, or put the file back. Its earlier count stays."
    )
    assert workspace.store.session is not None
    [image] = gather(workspace.store.session).images
    assert image.counted is not None
    assert image.counted.result.counts == result_of(counted).counts
    reopen(counted)
    assert picture_of(counted) == before
    item = workspace.images.items[0]
    item.path.write_bytes(content)
    qtbot.mouseClick(counted.image_page.failure_page.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: counted.image_page.currentWidget() is counted.canvas, timeout=30_000)
    wait_counted(counted)
    assert picture_of(counted) == before
    assert item.error == ""


def test_a_deleted_picture_keeps_its_count_beside_others_when_the_model_changes(
    counted: MainWindow, make_smear: MakeSmear, twin: Path, count_by: CountBy, wait_counted: WaitCounted
) -> None:
    workspace = counted.workspace
    workspace.opening.open([make_smear("slides/2.png", seed=2)[0]])
    wait_counted(counted)
    workspace.editing.remove_cells(red_cells(counted)[:1])
    totals = workspace.counts.totals
    workspace.images.items[0].path.unlink()
    count_by(twin)
    assert [item.state for item in workspace.images.items] == [State.COUNTED, State.COUNTED]
    assert workspace.images.items[0].error.endswith("Its earlier count stays.")
    assert workspace.counts.totals == totals
    assert "slides/1.png: there is no such file" in counted.notice.label.text()
