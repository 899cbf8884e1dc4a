"""Models beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from tests.gui.verify.verify_steps import (
    answer_with,
    give_boxes,
    opened,
    settled,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tests.gui.verify.verify_steps import Counted


@pytest.mark.slow
def test_models_are_compared_once_and_one_is_used(
    counted: Counted,
    qtbot: QtBot,
    other_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_counted: Callable[..., None],
) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    answer_with(monkeypatch, other_model)
    qtbot.mouseClick(models.add_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    assert "0 of 3 images" in models.models.item(1).text()
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    assert not models.run_button.isEnabled()
    own, strict = [row for row in models.runs.rows if row.class_name == "RBC"]
    assert (own.accuracy, strict.model) == (1.0, "Strict")
    assert strict.accuracy_difference is not None
    assert strict.counted < own.counted
    assert models.plot.chart is not None
    assert [text for _, text in models.plot.chart.ticks] == [own.model, "Strict"]
    models.models.setCurrentRow(1)
    qtbot.mouseClick(models.use_button, Qt.MouseButton.LeftButton)
    workspace = window.workspace
    counted_again = []
    workspace.inference.queue.counted.connect(lambda item, _: counted_again.append(item.id))
    qtbot.waitUntil(
        lambda: workspace.inference.model is not None and workspace.inference.model.card.name == "Strict",
        timeout=30_000,
    )
    wait_counted(window)
    assert counted_again == []
    settled(qtbot, page)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    assert models.runs.rows[0].model == "Strict"
    assert models.runs.rows[0].counted == strict.counted


@pytest.mark.slow
def test_the_comparison_takes_in_counting_without_a_model(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    qtbot.mouseClick(models.no_model_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    assert models.models.item(1).text() == "No model: classical   (0 of 2 images)"
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    without = next(row for row in models.runs.rows if row.model == "No model: classical" and row.class_name == "RBC")
    assert without.counted > 8
    assert without.f1 is not None
    messages: list[str] = []
    window.workspace.messages.posted.connect(lambda _, text: messages.append(text))
    qtbot.mouseClick(models.no_model_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: messages == ["No model: classical takes part already."], timeout=30_000)
    assert len(models.runs.candidates) == 1


def test_a_comparison_is_stopped(
    counted: Counted, qtbot: QtBot, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    answer_with(monkeypatch, other_model)
    qtbot.mouseClick(models.add_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    assert models.stop_button.isEnabled()
    qtbot.mouseClick(models.stop_button, Qt.MouseButton.LeftButton)
    assert not models.runs.busy
    assert models.run_button.isEnabled()
    assert models.runs.rows == []
