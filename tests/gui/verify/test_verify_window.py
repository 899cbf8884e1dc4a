"""The verification window: keyboard, wheel, themes, names, and what it offers while it is empty."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox

from core.verification.charts import ChartKind
from gui.preferences import Theme
from gui.verify.comparison_model import Part
from gui.verify.empty import EmptyPage
from gui.widgets.numbers import NumberBox
from gui.widgets.theme import apply_theme
from gui.widgets.wheel_safe import QuietComboBox
from tests.gui.verify.verify_steps import (
    give_boxes,
    opened,
    press,
    settled,
    type_here,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow
    from tests.gui.verify.verify_steps import Counted, MakeSmear


def test_the_wheel_changes_no_box_of_any_window(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    opened(qtbot, window)
    boxes = [box for top in QApplication.topLevelWidgets() for box in top.findChildren(QComboBox)]
    numbers = [box for top in QApplication.topLevelWidgets() for box in top.findChildren(QAbstractSpinBox)]
    shown = [box for box in (*boxes, *numbers) if box.window() in (window, window.dialogs.verify)]
    assert len(shown) > 10
    for box in shown:
        assert isinstance(box, (QuietComboBox, NumberBox))
        assert not box.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus


def test_from_counting_to_a_threshold_with_the_keyboard_only(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    workspace = window.workspace
    workspace.settings.set_threshold("RBC", 0.95)
    page = opened(qtbot, window)
    grid = page.comparison_page.grid
    page.comparison_page.go_to(workspace.images.items[0].id)
    grid.setFocus()
    type_here(qtbot, grid, ["12", "13"])
    settled(qtbot, page)
    press(qtbot, page, Qt.Key.Key_T)
    assert page.pages.currentWidget() is page.threshold_page
    assert page.threshold_page.shown is not None
    assert page.threshold_page.shown.choice is not None
    best = page.threshold_page.shown.choice.threshold
    assert best < 0.95
    press(qtbot, page, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: workspace.settings.value is not None and workspace.settings.value.thresholds["RBC"] == best)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not page.isVisible()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert page.isVisible()


@pytest.mark.slow
def test_themes_can_be_changed_while_and_after_plots_with_legends_are_shown(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window, without=1, extra=1)
    page = opened(qtbot, window)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    page.pages.setCurrentWidget(page.threshold_page)
    for kind in ChartKind:
        page.threshold_page.kind.setCurrentIndex(page.threshold_page.kind.findData(kind))
        if page.threshold_page.plot.chart is not None and len(page.threshold_page.plot.chart.series) > 1:
            break
    chart = page.threshold_page.plot.chart
    assert chart is not None
    assert len(chart.series) > 1  # else there is no legend
    for turn in range(6):
        window.dialogs.verify.setVisible(turn % 3 != 2) if window.dialogs.verify else None
        app.processEvents()
        legend = page.threshold_page.plot.view.getPlotItem().legend
        apply_theme(app, Theme.LIGHT if turn % 2 else Theme.DARK)
        assert page.threshold_page.plot.view.getPlotItem().legend is legend  # its layout is known to the style sheet
        app.processEvents()
        gc.collect()
    qtbot.waitUntil(lambda: page.threshold_page.plot.view.getPlotItem().legend is not legend)


@pytest.mark.slow
@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_plots_follow_the_theme(counted: Counted, qtbot: QtBot, theme: Theme) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, theme)
    app.processEvents()
    ground = page.threshold_page.plot.view.backgroundBrush().color()
    assert (ground.lightness() < 128) == (theme is Theme.DARK)


def test_a_long_file_name_makes_no_window_wider(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: Callable[..., None]
) -> None:
    widths = []
    for name in ("1.png", f"{'Patient_of_ward_7_' * 9}.png"):
        window.workspace.opening.open([make_smear(name, len(widths))[0]])  # other images: a copy would be asked about
        window.workspace.images.set_current(window.workspace.images.items[len(window.workspace.images.items) - 1].id)
        wait_counted(window)
        window.notice.show_warning(f"{name} is a copy of another picture.")
        page = opened(qtbot, window)
        page.comparison_page.grid.setCurrentIndex(page.comparison_page.model.index(len(widths), 0))
        widths.append((window.minimumSizeHint().width(), page.minimumSizeHint().width()))
    assert widths[0] == widths[1]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_empty_pages_offer_to_count_by_hand(counted: Counted, qtbot: QtBot, place: int) -> None:
    window = counted(1)
    page = opened(qtbot, window)
    page.pages.setCurrentIndex(place)
    shown = [empty for empty in page.findChildren(EmptyPage) if empty.isVisible()]
    assert len(shown) == 1
    qtbot.mouseClick(shown[0].count_button, Qt.MouseButton.LeftButton)
    assert window.workspace.tally.active


def test_counting_by_hand_takes_the_image_of_the_row(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    page = opened(qtbot, window)
    page.comparison_page.go_to(window.workspace.images.items[1].id)
    qtbot.mouseClick(page.comparison_page.count_button, Qt.MouseButton.LeftButton)
    assert window.workspace.images.current_position == 1
    assert window.workspace.tally.active


def test_overlap_step_and_average_precision_are_details(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window)
    kinds = page.threshold_page.kind
    assert not page.options.iou.isVisible()
    assert kinds.findData(ChartKind.AP_IOU) == -1
    page.options.details_button.click()
    assert page.options.iou.isVisible()
    assert page.options.step.isVisible()
    assert kinds.findData(ChartKind.AP_IOU) > 0


def test_the_window_comes_back_where_it_was(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    page = opened(qtbot, window)
    page.move(57, 43)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert page.isVisible()
    assert (page.x(), page.y()) == (57, 43)


def test_a_manual_count_leads_to_the_comparison(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    workspace = window.workspace
    workspace.tally.set_options(blind=True)
    workspace.images.set_current(workspace.images.items[1].id)
    window.actions_["tally"].trigger()
    for place in range(3):
        workspace.tally.put("RBC", 60 + 60 * place, 90)
    window.actions_["tally"].trigger()
    assert window.toast.text == "Counted by hand: RBC 3."
    qtbot.mouseClick(window.toast.button, Qt.MouseButton.LeftButton)
    page = window.dialogs.verify
    assert page is not None
    settled(qtbot, page)
    comparison = page.comparison_page
    assert page.pages.currentWidget() is comparison
    index = comparison.grid.currentIndex()
    assert (index.row(), index.data()) == (1, "3")
    assert index.siblingAtColumn(comparison.model.column_of("RBC", Part.PROGRAM)).data() != ""
