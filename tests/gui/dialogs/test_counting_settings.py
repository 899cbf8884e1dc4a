"""The counting settings: what they show of the sample, and that no threshold is lost by looking at another model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMessageBox, QPushButton

from core.detection.segmentation.classical import CLASSICAL
from core.models.method import Method
from core.models.network import default_model_path
from gui.commands.context import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gui.dialogs.counting_settings.page import CountingSettings
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


@pytest.fixture
def page(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[..., None], qtbot: QtBot
) -> CountingSettings:
    """Open the page over two counted smears."""
    window.workspace.opening.open([make_smear(f"{seed}.png", seed)[0] for seed in (1, 2)])
    wait_counted(window)
    window.actions_["counting_settings"].trigger()
    page = window.dialogs.counting
    assert page is not None
    qtbot.waitUntil(lambda: window.workspace.scores.of("RBC").sum() > 0, timeout=10_000)
    return page


def answer(button: str) -> list[str]:
    """Click a button of the next question; return a list that will hold what was asked."""
    asked: list[str] = []

    def click() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(other for other in box.buttons() if other.text().strip("&") == button).click()
        else:
            QTimer.singleShot(20, click)

    QTimer.singleShot(0, click)
    return asked


def wait_for_model(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    qtbot.waitUntil(
        lambda: window.workspace.inference.model is not None and window.workspace.inference.model.path == path,
        timeout=30_000,
    )


def thresholds(window: MainWindow) -> dict[str, float]:
    assert window.workspace.settings.value is not None
    return dict(window.workspace.settings.value.thresholds)


# -- thresholds -----------------------------------------------------------------------------------


def test_bars_are_the_cells_of_the_whole_sample(page: CountingSettings, window: MainWindow) -> None:
    workspace = window.workspace
    found = 0
    for item in workspace.images.items:
        index = workspace.counts.index(item.id)
        assert index is not None
        found += int((index.labels == workspace.settings.classes.index("RBC")).sum())
    bins = workspace.scores.of("RBC")
    assert bins.sum() == found
    np.testing.assert_array_equal(page.thresholds.rows["RBC"].histogram.bars.bins, bins)


def test_a_threshold_that_moves_says_what_becomes_of_the_sample(
    page: CountingSettings, window: MainWindow, qtbot: QtBot
) -> None:
    row, workspace = page.thresholds.rows["RBC"], window.workspace
    before, was = workspace.counts.totals, thresholds(window)["RBC"]
    assert before is not None
    assert row.effect.text() == f"<b>{before['RBC']}</b> in the sample"
    row.slider.setFocus()
    while (totals := workspace.counts.totals) is None or totals["RBC"] >= before["RBC"]:
        assert row.slider.value() < row.slider.maximum()
        qtbot.keyClick(row.slider, Qt.Key.Key_PageUp)
        qtbot.waitUntil(lambda: workspace.counts.totals is not None)
    change = before["RBC"] - totals["RBC"]
    assert row.effect.text() == f"<b>{totals['RBC']}</b> in the sample, {change} fewer than at {was:.2f}"
    assert row.number.value() == pytest.approx(thresholds(window)["RBC"])
    workspace.settings.flush()
    qtbot.mouseClick(page.thresholds.reset_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.effect.text() == f"<b>{before['RBC']}</b> in the sample")
    assert row.usual.text() == "As the model suggests."
    workspace.history.undo()
    assert thresholds(window)["RBC"] > was


def test_enter_in_a_number_sets_it_and_keeps_the_page(page: CountingSettings, window: MainWindow, qtbot: QtBot) -> None:
    number = page.thresholds.rows["WBC"].number
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "0.40")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert thresholds(window)["WBC"] == pytest.approx(0.40)
    assert page.isVisible()


# -- models ---------------------------------------------------------------------------------------


def test_thresholds_are_kept_for_each_model_and_the_way_back_is_in_the_history(
    page: CountingSettings, window: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    workspace, own = window.workspace, window.workspace.inference.model
    assert own is not None
    workspace.settings.set_threshold("RBC", 0.33)
    workspace.settings.flush()
    asked = answer("Count again")
    qtbot.mouseClick(page.method.without_model, Qt.MouseButton.LeftButton)
    wait_for_model(qtbot, window, Path(CLASSICAL))
    wait_counted(window)
    assert asked == ["Count 2 images again without a model?"]
    without = thresholds(window)
    counted_again: list[int] = []
    workspace.inference.queue.counted.connect(lambda item, _: counted_again.append(item.id))
    qtbot.mouseClick(page.method.with_model, Qt.MouseButton.LeftButton)
    wait_for_model(qtbot, window, own.path)
    wait_counted(window)
    assert thresholds(window)["RBC"] == 0.33
    assert counted_again == []
    line = workspace.history.lines()[0].text
    assert line == f"Model {own.card.name}; thresholds " + ", ".join(
        f"{name} {without[name]:.2f} to {value:.2f}"
        for name, value in thresholds(window).items()
        if without[name] != value
    )
    workspace.history.undo()
    wait_for_model(qtbot, window, Path(CLASSICAL))
    assert thresholds(window) == without
    workspace.history.undo()
    wait_for_model(qtbot, window, own.path)
    assert thresholds(window)["RBC"] == 0.33


def test_no_for_an_answer_changes_nothing(page: CountingSettings, window: MainWindow, qtbot: QtBot) -> None:
    lines = len(window.workspace.history.lines())
    asked = answer("Cancel")
    qtbot.mouseClick(page.method.without_model, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(asked) == 1)
    qtbot.waitUntil(page.method.with_model.isChecked)
    assert not window.workspace.inference.queue.opening_model
    assert len(window.workspace.history.lines()) == lines


def test_the_actions_of_the_menu_ask_too(page: CountingSettings, window: MainWindow, qtbot: QtBot) -> None:
    asked = answer("Cancel")
    window.actions_["no_model"].trigger()
    qtbot.waitUntil(lambda: asked == ["Count 2 images again without a model?"])


def test_methods_are_those_of_the_model_in_use(
    page: CountingSettings, window: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    assert not page.method.methods
    answer("Count again")
    qtbot.mouseClick(page.method.without_model, Qt.MouseButton.LeftButton)
    wait_for_model(qtbot, window, Path(CLASSICAL))
    wait_counted(window)
    box = page.method.methods["RBC"]
    assert [box.itemText(place) for place in range(3)] == ["Watershed", "Connected components", "Circles (Hough)"]
    assert box.currentText() == "Circles (Hough)"
    place = box.findText("Watershed")
    asked = answer("Count again")
    box.setCurrentIndex(place)
    box.activated.emit(place)
    qtbot.waitUntil(lambda: window.workspace.inference.model.card.methods["RBC"] is Method.WATERSHED, timeout=30_000)  # type: ignore[union-attr]
    wait_counted(window)
    assert asked == ["Count 2 images again by Watershed for RBC?"]
    assert box.currentText() == "Watershed"


def test_the_card_speaks_in_words_and_folds_its_figures(page: CountingSettings, window: MainWindow) -> None:
    model = window.workspace.inference.model
    assert model is not None
    if model.path == default_model_path():
        assert page.model.name.text() == f"{model.card.name} (bundled)"
        assert not page.model.bundled_button.isEnabled()
    learned = sum(data.images for data in model.card.trained_on if data.split != "val")
    assert f"{learned:,} annotated images" in page.model.about.text()
    assert not page.model.details.is_open
    page.model.details.heading.click()
    texts = [label.text() for label in page.model.details.body.findChildren(QLabel)]
    assert any(data.sha256[:12] in text for data in model.card.trained_on for text in texts)


# -- the page -------------------------------------------------------------------------------------


def _fits(inside: QWidget, room: QWidget) -> bool:
    return inside.width() <= room.width()


def test_the_page_is_not_modal_and_never_scrolls_sideways(page: CountingSettings, qtbot: QtBot) -> None:
    assert not page.isModal()
    for width, height in ((980, 720), (640, 460)):
        page.resize(width, height)
        inside, room = page.area.widget(), page.area.viewport()
        assert inside is not None
        qtbot.waitUntil(partial(_fits, inside, room))
        assert inside.minimumSizeHint().width() <= room.width()


def test_everything_has_a_name_and_most_things_a_tip(page: CountingSettings) -> None:
    for button in page.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.accessibleName() or button.text()
    for button in page.findChildren(QPushButton):
        assert button.toolTip()
    for row in page.thresholds.rows.values():
        assert "probability" in row.number.toolTip()


def test_the_model_card_opens_the_page_at_the_model(window: MainWindow) -> None:
    window.open_dialog(Dialog.MODEL_CARD)
    assert window.dialogs.counting is not None
    assert window.dialogs.counting.isVisible()


def test_a_red_cell_size_by_hand_counts_again_and_is_undone(
    page: CountingSettings, window: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    workspace, size = window.workspace, page.cell_size
    assert size.number.value() > 20
    size.by_hand.click()
    size.number.setValue(40)
    wait_counted(window)
    current = workspace.images.current
    assert current is not None
    assert current.diameter == 40
    while workspace.images.current is not None and workspace.images.current.diameter is not None:
        workspace.history.undo()
    wait_counted(window)
    assert not size.by_hand.isChecked()


def test_nothing_tells_a_count_while_one_counts_blind(page: CountingSettings, window: MainWindow) -> None:
    window.workspace.tally.set_options(blind=True)
    window.actions_["tally"].trigger()
    assert not page.isVisible()
    assert not window.actions_["counting_settings"].isEnabled()
    window.actions_["tally"].trigger()
    assert page.isVisible()
    assert window.actions_["counting_settings"].isEnabled()
