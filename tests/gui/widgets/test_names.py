"""Long names, shortened where they do not differ; lines that never ask for more room than there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.widgets.elided import ElidedLabel
from gui.widgets.names import Names

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("2024-11-27_Patient-A_Field-017_final.png", "2024-11-27_Patient-A_Field-018_final.png"), ("017", "018")),
        (("slide 1 of the long series of today.png", "slide 10 of the long series of today.png"), ("1 of", "10 of")),
        (("a very long name that ends as one.png", "a very long name that ends as two.png"), ("one", "two")),
        (("short beginning " + "x" * 40 + ".png", "other beginning " + "x" * 40 + ".png"), ("short", "other")),
    ],
)
def test_what_differs_stays(qapp: QApplication, names: tuple[str, str], parts: tuple[str, str]) -> None:
    shortened, metrics = Names([*names, "elsewhere.png"]), QFontMetrics(QFont())
    width = metrics.horizontalAdvance("a name of this widthxx")
    for name, part in zip(names, parts, strict=True):
        told = shortened.fitting(name, width, metrics)
        assert part in told
        assert metrics.horizontalAdvance(told) <= width


def test_a_name_that_fits_is_left_alone(qapp: QApplication) -> None:
    metrics = QFontMetrics(QFont())
    assert Names(["a.png", "b.png"]).fitting("a.png", 500, metrics) == "a.png"
    assert Names([]).fitting("never listed.png", 500, metrics) == "never listed.png"


def test_a_long_line_asks_for_no_room_and_keeps_its_text(qtbot: QtBot) -> None:
    box = QWidget()
    label = ElidedLabel("a line that is very much longer than the room that there is for it")
    QHBoxLayout(box).addWidget(label)
    qtbot.addWidget(box)
    box.resize(120, 40)
    box.show()
    assert box.width() == 120
    assert label.shortened
    assert label.text().endswith("for it")
    label.setText("short")
    assert not label.shortened
