"""A plot as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor

from core.imaging.files.output_mark import is_output
from core.verification.charts import Chart, Series
from gui.widgets.plots.histogram import HistogramSlider
from gui.widgets.plots.plot import PlotPane

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def pane(qtbot: QtBot) -> PlotPane:
    pane = PlotPane()
    qtbot.addWidget(pane)
    pane.resize(400, 300)
    places = np.linspace(0.0, 1.0, 5)
    texts = tuple(f"{place:.2f}" for place in places)
    pane.show_chart(Chart("F1", "Threshold", "F1", (Series("RBC", 0, places, places, texts),)), {0: (255, 0, 0)})
    return pane


@pytest.mark.parametrize(("name", "start"), [("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")])
def test_a_plot_is_written_as_its_suffix_says(pane: PlotPane, tmp_path: Path, name: str, start: bytes) -> None:
    pane.save(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert is_output(tmp_path / name) == name.endswith(".png")  # SVG is no image to count anyway


def test_a_full_drive_leaves_the_plot_that_was_there(pane: PlotPane, small_drive: Path) -> None:
    path = small_drive / "plot.png"
    pane.save(path)
    before = path.read_bytes()
    with (small_drive / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="space"):
        while True:
            ballast.write(bytes(4096))
    with pytest.raises(OSError, match="space"):
        pane.save(path)
    assert path.read_bytes() == before
    assert sorted(file.name for file in small_drive.iterdir()) == ["ballast", "plot.png"]


def test_a_slider_with_bars_keeps_handle_and_bars_in_step(qtbot: QtBot) -> None:
    widget = HistogramSlider()
    qtbot.addWidget(widget)
    widget.slider.setRange(5, 99)
    widget.resize(400, 80)
    bins = np.zeros(100, np.int64)
    bins[30] = bins[70] = 9
    widget.show_bins(bins)
    widget.show_colour(QColor(200, 60, 0))
    widget.slider.setValue(50)
    widget.show()
    qtbot.waitExposed(widget)

    def coloured(step: int) -> bool:
        x = round(widget.bars.place(step) + 1)
        colour = widget.bars.grab().toImage().pixelColor(x, widget.bars.height() - 6)
        return colour.saturation() > 100

    assert [coloured(30), coloured(70)] == [False, True]
    widget.slider.setValue(20)
    assert [coloured(30), coloured(70)] == [True, True]
    assert 0 < widget.bars.place(5) < widget.bars.place(99) < widget.width()
