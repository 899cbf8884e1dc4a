"""Plots and tables: read, copied and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from core.verification.charts import ChartKind
from tests.gui.verify.verify_steps import (
    HEADINGS,
    answer_with,
    give_boxes,
    opened,
)

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from tests.gui.verify.verify_steps import Counted


@pytest.mark.slow
def test_every_plot_is_drawn_read_and_saved(
    counted: Counted, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(3)
    give_boxes(window, without=1, extra=1)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    thresholds = page.threshold_page
    page.options.details_button.click()
    for kind in ChartKind:
        thresholds.kind.setCurrentIndex(thresholds.kind.findData(kind))
        assert thresholds.plot.chart is not None
        assert not thresholds.plot.chart.missing
        thresholds.plot.view.setFocus()
        qtbot.keyClick(thresholds.plot.view, Qt.Key.Key_Right)
        assert thresholds.plot.readout.text() in thresholds.plot.chart.series[0].texts
        for suffix in (".png", ".svg"):
            path = tmp_path / f"{kind.name}{suffix}"
            answer_with(monkeypatch, path)
            qtbot.mouseClick(thresholds.save_plot_button, Qt.MouseButton.LeftButton)
            assert path.stat().st_size > 2000
        assert QSvgRenderer(str(tmp_path / f"{kind.name}.svg")).isValid()
    assert (tmp_path / "F1.png").read_bytes().startswith(b"\x89PNG")


def test_the_pointer_reads_the_nearest_point(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    give_boxes(window)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    pane = page.threshold_page.plot
    assert pane.chart is not None
    series = pane.chart.series[0]
    with qtbot.waitExposed(pane):
        QApplication.processEvents()
    # not by the cursor: the offscreen platform puts all windows on top of each other
    point_at(pane.view.viewport(), pane.screen_place(series.x[4], series.y[4]))
    assert pane.readout.text() == series.texts[4]
    point_at(pane.view.viewport(), pane.screen_place(series.x[9], series.y[9]))
    assert pane.readout.text() == series.texts[9]


def point_at(widget: QWidget, place: QPoint) -> None:
    """Move the pointer to a place of a widget."""
    none = Qt.MouseButton.NoButton
    at, on_screen = QPointF(place), QPointF(widget.mapToGlobal(place))
    move = QMouseEvent(QEvent.Type.MouseMove, at, on_screen, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, move)


def test_the_table_is_copied_and_saved(
    counted: Counted, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(2)
    give_boxes(window, without=1)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    qtbot.mouseClick(page.threshold_page.copy_button, Qt.MouseButton.LeftButton)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == HEADINGS
    assert len(lines) == 1 + page.threshold_page.table.sweep_model.rowCount()
    answer_with(monkeypatch, tmp_path / "table.csv")
    qtbot.mouseClick(page.threshold_page.save_button, Qt.MouseButton.LeftButton)
    content = (tmp_path / "table.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfClass,Threshold,True,Counted")
    assert page.verifier.answer is not None
    rows = sum(len(one.rows) for one in page.verifier.answer.classes.values())
    assert len(content.decode("utf-8-sig").splitlines()) == 1 + rows


def test_axes_have_the_minus_sign_of_the_texts_and_one_unit(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    give_boxes(window, extra=2)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    plot = page.threshold_page.plot
    page.threshold_page.kind.setCurrentIndex(page.threshold_page.kind.findData(ChartKind.BLAND_ALTMAN))
    axis = plot.view.getPlotItem().getAxis("left")
    ticks = axis.tickStrings([-2.0, -0.5, 0.0, 1.0], 1.0, 0.5)
    assert ticks[0].startswith("\N{MINUS SIGN}2")
    assert not any("-" in tick for tick in ticks)
    page.threshold_page.kind.setCurrentIndex(page.threshold_page.kind.findData(ChartKind.F1))
    assert plot.chart is not None
    assert plot.chart.y_name == "F1, %"
    assert 90 < plot.chart.series[0].y.max() <= 100
