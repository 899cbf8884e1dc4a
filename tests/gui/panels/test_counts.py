"""The slim card: counts of the image and of the sample, and what there is to know of the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.widgets.theme import SIDE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


@pytest.fixture
def two(window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None]) -> MainWindow:
    """Two images, the first of them current."""
    window.workspace.opening.open([make_smear("a.png", 0)[0], make_smear("b.png", 1)[0]])
    wait_counted(window)
    return window


def test_each_class_shows_this_image_and_the_sample(two: MainWindow, qtbot: QtBot) -> None:
    workspace = two.workspace
    qtbot.waitUntil(lambda: workspace.counts.totals is not None)
    for name, card in two.panel.classes.cards.items():
        counts = [workspace.counts.counts(item.id) or {} for item in workspace.images.items]
        assert card.count.text() == f"{counts[0][name]:,}"
        assert card.sample.text() == f"{counts[0][name] + counts[1][name]:,}"
        assert "2 images" in card.sample.toolTip()
        assert "95 % interval" in card.count.toolTip()


def test_what_was_corrected_is_said_in_its_own_line(two: MainWindow) -> None:
    card = two.panel.classes.cards["RBC"]
    assert card.ledger.text() == ""
    height = card.height()
    before = int(card.count.text())
    two.workspace.editing.remove_cells(two.canvas.boxes.shown_ids()[:1])
    two.workspace.editing.add_cell("RBC", (10, 10, 60, 60))
    assert "+1 added" in card.ledger.text()
    assert "1 removed" in card.ledger.text()
    assert card.ledger.text().endswith(f"= {card.count.text()}")
    assert abs(int(card.count.text()) - before) <= 1
    assert (card.height(), two.panel.width()) == (height, SIDE_WIDTH)


def test_a_class_that_only_the_user_counts_does_not_contradict_itself(two: MainWindow) -> None:
    """A count of corrections alone says nothing of a mean confidence, nor that nothing was found."""
    two.workspace.settings.set_threshold("WBC", 0.99)
    two.workspace.editing.add_cell("WBC", (100, 100, 160, 160))
    card = two.panel.classes.cards["WBC"]
    assert card.ledger.text() == "model 0, +1 added = 1"
    assert "confidence" not in card.count.toolTip()
    assert card.count.toolTip().startswith("1 cell was counted.")


def test_an_image_without_a_count_shows_dashes(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"no image")
    window.workspace.opening.open([path])
    qtbot.waitUntil(lambda: window.panel.field_note.text.text() == "Could not be counted", timeout=30_000)
    for card in window.panel.classes.cards.values():
        assert {card.count.text(), card.sample.text()} == {"–"}
        assert card.interval.text() == card.ledger.text() == ""


def test_a_long_number_is_written_smaller_not_wider(two: MainWindow) -> None:
    card = two.panel.classes.cards["RBC"]
    width = card.sample.width()
    card.show_sample(1_234_567, 13_000)
    assert card.sample.text() == "1,234,567"
    assert card.sample.width() == width
    assert card.sample.fontMetrics().horizontalAdvance("1,234,567") <= width
    assert card.sample_interval.fontMetrics().horizontalAdvance(card.sample_interval.text()) <= width
    card.show_sample(99_999, 13_000)
    assert card.sample_interval.fontMetrics().horizontalAdvance(card.sample_interval.text()) <= width


def test_the_large_button_marks_and_goes_on(two: MainWindow, qtbot: QtBot) -> None:
    workspace = two.workspace
    assert two.panel.next_button.text() == "Reviewed, next"
    qtbot.mouseClick(two.panel.next_button, Qt.MouseButton.LeftButton)
    assert workspace.images.items[0].reviewed
    assert workspace.images.current_position == 1
    qtbot.keyClick(two.canvas, Qt.Key.Key_Space)
    assert workspace.images.items[1].reviewed


def test_what_is_set_once_is_one_click_away(two: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(two.panel.settings_button, Qt.MouseButton.LeftButton)
    assert two.dialogs.counting is not None
    assert two.dialogs.counting.isVisible()


def test_few_cells_are_something_to_know_not_a_warning(
    window: MainWindow, tmp_path: Path, wait_counted: Callable[[MainWindow], None], qtbot: QtBot
) -> None:
    smear = render_smear(420, 320, red_cells=4, white_cells=0, platelets=0, diameter=56, rng=np.random.default_rng(3))
    write_picture(smear.image, tmp_path / "few.png")
    window.workspace.opening.open([tmp_path / "few.png"])
    wait_counted(window)
    note = window.panel.field_note
    qtbot.waitUntil(lambda: "Too few cells" in note.reason.text())
    assert "Check" not in note.text.text()
    item = window.workspace.images.items[0]
    assert window.image_list.model.reason(item) == ""


def test_another_class_is_told_as_such(two: MainWindow) -> None:
    workspace = two.workspace
    red, white = (two.panel.classes.cards[name] for name in ("RBC", "WBC"))
    cells, result = workspace.counts.current_cells(), workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    [number, *_] = cells.cells.ids[result.counted & (cells.cells.labels == 0)].tolist()
    workspace.editing.reclassify([number], "WBC")
    assert "1 to another class" in red.ledger.text()
    assert "+1 from another class" in white.ledger.text()
    assert "added" not in white.ledger.text()
    assert "removed" not in red.ledger.text()


def test_after_a_threshold_the_keys_are_the_images(two: MainWindow, qtbot: QtBot) -> None:
    card = two.panel.classes.cards["RBC"]
    two.canvas.setFocus()
    qtbot.mouseClick(card.slider, Qt.MouseButton.LeftButton)
    assert two.canvas.hasFocus()
    card.number.setFocus()
    card.number.selectAll()
    qtbot.keyClicks(card.number, "0.62")
    qtbot.keyClick(card.number, Qt.Key.Key_Return)
    settings = two.workspace.settings.value
    assert settings is not None
    assert settings.thresholds["RBC"] == 0.62
    assert two.canvas.hasFocus()
    card.slider.setFocus()
    qtbot.keyClick(card.slider, Qt.Key.Key_Escape)
    assert two.canvas.hasFocus()


def test_the_wheel_never_changes_a_threshold(two: MainWindow) -> None:
    card = two.panel.classes.cards["RBC"]
    before = two.workspace.settings.value
    for control in (card.slider, card.number):
        control.setFocus()
        place, none = QPointF(control.rect().center()), Qt.KeyboardModifier.NoModifier
        turned = QPoint(0, 480)
        event = QWheelEvent(
            place, control.mapToGlobal(place), QPoint(), turned, Qt.MouseButton.NoButton, none,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(control, event)
    assert two.workspace.settings.value == before


def test_grades_follow_the_threshold_without_opening_an_image(two: MainWindow, qtbot: QtBot) -> None:
    workspace = two.workspace
    other = workspace.images.items[1].id
    before = workspace.quality.known(other)
    assert before is not None
    workspace.settings.set_threshold("RBC", 0.99)
    qtbot.waitUntil(lambda: workspace.quality.known(other) != before, timeout=10_000)
    assert workspace.quality.known(other) == workspace.quality.assess(other)
    workspace.history.undo()
    qtbot.waitUntil(lambda: workspace.quality.known(other) == before, timeout=10_000)
