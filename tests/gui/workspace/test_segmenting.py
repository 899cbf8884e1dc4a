"""Counting by segmentation in the window: contours in place of boxes, and no model at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from PySide6.QtCore import Qt

from core.exchange.export_items import Format
from core.models.method import Method
from core.models.network import default_model_path
from core.verification.ground_truth import GroundTruth
from gui.dialogs.guide import guide_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from core.cells import Detections
    from gui.shell.window import MainWindow
    from gui.widgets.wheel_safe import QuietComboBox


@pytest.fixture(autouse=True)
def always_agreed(agreed: MainWindow) -> None:
    """Count again without a question."""


@pytest.fixture
def without_model(
    window: MainWindow,
    qtbot: QtBot,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
) -> MainWindow:
    """Return a window in which two images were counted without a model."""
    paths = [make_smear(f"{seed}.png", seed)[0] for seed in range(2)]
    window.workspace.opening.open(paths)
    wait_counted(window)
    with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
        window.actions_["no_model"].trigger()
    wait_counted(window)
    return window


def model_name(window: MainWindow) -> str:
    model = window.workspace.inference.model
    assert model is not None
    return model.card.name


def methods(window: MainWindow) -> dict[str, QuietComboBox]:
    """The boxes of the counting settings that choose how the masks of a class are counted."""
    window.actions_["counting_settings"].trigger()
    assert window.dialogs.counting is not None
    return window.dialogs.counting.method.methods


def cells(window: MainWindow) -> Detections:
    shown = window.workspace.counts.current_cells()
    assert shown is not None
    return shown.cells


def test_a_picture_is_counted_without_a_model(without_model: MainWindow) -> None:
    assert model_name(without_model) == "No model: classical"
    assert int(without_model.panel.classes.cards["RBC"].count.text()) > 8
    assert without_model.workspace.inference.model is not None
    assert cells(without_model).contours is not None


def test_contours_of_a_picture_that_is_shown_later_come_from_the_session(
    without_model: MainWindow, wait_counted: Callable[..., None]
) -> None:
    without_model.actions_["next"].trigger()
    wait_counted(without_model)
    shown = cells(without_model)
    assert shown.contours is not None
    for box, contour in zip(shown.boxes, shown.contours, strict=True):
        assert np.abs(contour.min(axis=0) - box[:2]).max() <= 2
        assert np.abs(contour.max(axis=0) - box[2:]).max() <= 2


def test_contours_go_out_as_coco_polygons(without_model: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace = without_model.workspace
    workspace.editing.add_cell("RBC", (5.0, 5.0, 40.0, 40.0))
    exporting = workspace.exporter.start(workspace.images.items[:1], Format.COCO, tmp_path / "a.json")
    qtbot.waitSignal(exporting.ended, timeout=30_000).wait()
    items = json.loads((tmp_path / "a.json").read_bytes())["annotations"]
    *found, by_hand = sorted(items, key=lambda item: not item["segmentation"])
    assert len(found) > 8
    for item in found:
        (polygon,), (x, y, w, h) = item["segmentation"], item["bbox"]
        assert np.abs(np.array([min(polygon[::2]) - x, max(polygon[1::2]) - y - h])).max() <= 2
        assert 0.4 < item["area"] / (w * h) < 0.95
    assert (by_hand["segmentation"], by_hand["bbox"]) == ([], [5, 5, 35, 35])


def test_a_cell_put_by_hand_has_a_box_among_contours(without_model: MainWindow) -> None:
    window = without_model
    window.workspace.editing.add_cell("RBC", (5.0, 5.0, 40.0, 40.0))
    drawn = cells(window)
    assert drawn.contours is not None
    assert len(drawn.contours[-1]) == 0
    window.grab()  # draws both


def test_the_model_that_came_with_the_program_is_a_click_away(
    without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    with qtbot.waitSignal(without_model.workspace.inference.model_changed, timeout=30_000):
        without_model.actions_["default_model"].trigger()
    wait_counted(without_model)
    assert cells(without_model).contours is None


@pytest.mark.slow
def test_the_way_of_counting_is_chosen_in_the_counting_settings(
    without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window = without_model
    window.workspace.settings.set_threshold("WBC", 0.42)
    box = methods(window)["RBC"]
    assert box.isVisible()
    assert box.currentData() == Method.HOUGH
    before = cells(window)
    with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
        box.setFocus()
        qtbot.keyClick(box, Qt.Key.Key_Up)
    wait_counted(window)
    assert model_name(window) == "No model: classical (RBC by components)"
    assert methods(window)["RBC"].currentData() == Method.COMPONENTS
    after = cells(window)
    assert len(after) != len(before) or (after.boxes != before.boxes).any()
    assert window.workspace.settings.value is not None
    assert window.workspace.settings.value.thresholds["WBC"] == pytest.approx(0.42)


@pytest.mark.slow
def test_the_way_of_counting_comes_back_with_the_model(
    without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window = without_model

    def trigger(action: str) -> None:
        with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
            window.actions_[action].trigger()
        wait_counted(window)

    with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
        window.workspace.inference.use_method("RBC", Method.COMPONENTS)
    wait_counted(window)
    count = window.panel.classes.cards["RBC"].count.text()
    trigger("default_model")
    assert not methods(window)
    trigger("no_model")
    assert model_name(window) == "No model: classical (RBC by components)"
    assert methods(window)["RBC"].currentData() == Method.COMPONENTS
    assert window.panel.classes.cards["RBC"].count.text() == count
    with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
        window.workspace.inference.use_method("RBC", Method.HOUGH)
    wait_counted(window)
    trigger("default_model")
    trigger("no_model")
    assert model_name(window) == "No model: classical"


def test_the_menu_ticks_what_counts(without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]) -> None:
    def ticked() -> list[str]:
        return [name for name in ("no_model", "default_model") if without_model.actions_[name].isChecked()]

    assert ticked() == ["no_model"]
    for name in ("no_model", "default_model"):
        with qtbot.waitSignal(without_model.workspace.inference.model_changed, timeout=30_000):
            without_model.actions_[name].trigger()
            assert ticked() == ["no_model"]
        wait_counted(without_model)
        assert ticked() == [name]


def test_a_model_that_finds_boxes_offers_no_way_of_counting(window: MainWindow) -> None:
    assert not methods(window)


@pytest.mark.slow
def test_a_count_taken_over_from_the_comparison_of_models_has_contours_and_its_way_of_counting(
    without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window, workspace = without_model, without_model.workspace
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        workspace.inference.use_method("RBC", Method.WATERSHED)
    wait_counted(window)
    for item in workspace.images.items:
        shown, result = workspace.counts.cells(item.id), workspace.counts.result(item.id)
        assert shown is not None
        assert result is not None
        workspace.truths.set(item.id, GroundTruth.reviewed(shown.cells, result.counted, workspace.settings.classes))
    before = cells(window)
    assert before.contours is not None
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F9)
    page = window.dialogs.verify
    assert page is not None
    qtbot.waitUntil(lambda: not page.verifier.busy and page.verifier.answer is not None, timeout=30_000)
    runs = page.model_page.runs
    runs.add([default_model_path()])
    qtbot.waitUntil(lambda: len(runs.candidates) == 1, timeout=30_000)
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        runs.use(runs.candidates[0])
    wait_counted(window)
    qtbot.waitUntil(lambda: not page.verifier.busy and page.verifier.answer is not None, timeout=30_000)
    counted_again: list[int] = []
    workspace.inference.queue.counted.connect(lambda item, _: counted_again.append(item.id))
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        runs.use(runs.candidates[0])
    wait_counted(window)
    assert counted_again == []
    assert model_name(window) == "No model: classical (RBC by watershed)"
    after = cells(window)
    assert after.contours is not None
    for contour, earlier in zip(after.contours, before.contours, strict=True):
        assert contour == pytest.approx(earlier, abs=0.13)


def test_a_confirmed_cell_keeps_its_contour(without_model: MainWindow) -> None:
    editing, before = without_model.workspace.editing, cells(without_model)
    assert before.contours is not None
    number, contour = int(before.ids[0]), before.contours[0].tolist()
    editing.accept([number])
    confirmed = cells(without_model)
    assert confirmed.contours is not None
    assert int(confirmed.ids[-1]) == number
    assert confirmed.contours[-1].tolist() == contour
    x1, y1, x2, y2 = confirmed.boxes[-1].tolist()
    editing.reshape(number, (x1, y1, x2 + 4, y2))
    moved = cells(without_model)
    assert moved.contours is not None
    assert len(moved.contours[-1]) == 0


def test_the_guide_names_what_the_window_offers(window: MainWindow) -> None:
    text = " ".join((guide_folder() / "contours.md").read_text("utf-8").split())
    for method in Method:
        assert f"| {method.label} |" in text
    for action in ("no_model", "default_model"):
        assert f"Count ▸ {window.actions_[action].text().replace('&', '')}" in text


@pytest.mark.slow
def test_a_session_brings_back_what_it_was_counted_with_and_counts_nothing_again(
    without_model: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window = without_model
    workspace = window.workspace
    workspace.settings.set_threshold("RBC", 0.44)
    assert workspace.store.session is not None
    path, before = workspace.store.session.path, cells(window).ids.tolist()
    workspace.store.close()
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        window.actions_["default_model"].trigger()
    assert workspace.store.open(path)
    qtbot.waitUntil(lambda: model_name(window) == "No model: classical", timeout=30_000)
    wait_counted(window)
    assert cells(window).ids.tolist() == before
    assert methods(window)["RBC"].currentData() == Method.HOUGH
    assert workspace.settings.value is not None
    assert workspace.settings.value.thresholds["RBC"] == pytest.approx(0.44)


@pytest.mark.slow
def test_a_session_whose_model_is_gone_keeps_its_counts_and_says_so(
    window: MainWindow,
    qtbot: QtBot,
    model_path: Path,
    tmp_path: Path,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
) -> None:
    workspace, mine = window.workspace, tmp_path / "mine.onnx"
    other = onnx.load(model_path)
    other.doc_string = "another one"
    onnx.save(other, mine)
    window.workspace.opening.open([make_smear("one.png", 1)[0]])
    wait_counted(window)
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        workspace.inference.open_model(mine)
    wait_counted(window)
    assert workspace.store.session is not None
    path, before = workspace.store.session.path, cells(window).ids.tolist()
    workspace.store.close()
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        workspace.inference.open_model(model_path)
    mine.unlink()
    with qtbot.waitSignal(workspace.messages.posted, timeout=30_000) as told:
        assert workspace.store.open(path)
    assert "mine.onnx" in str(told.args)
    assert "Its counts stay" in str(told.args)
    wait_counted(window)
    assert cells(window).ids.tolist() == before
