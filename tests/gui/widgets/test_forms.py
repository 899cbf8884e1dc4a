"""What dialogs are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from core.counting.quality import Grade
from gui.widgets.forms import Outcome, open_at

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_window_is_never_larger_than_the_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    open_at(window, QSize(300, 200))
    assert window.size() == QSize(300, 200)
    open_at(window, QSize(9000, 9000))
    room = window.screen().availableGeometry().size()
    assert room.width() - 40 < window.width() < room.width()
    assert room.height() - 80 < window.height() < room.height()


def test_an_error_does_not_look_like_a_success(qtbot: QtBot) -> None:
    outcome = Outcome()
    qtbot.addWidget(outcome)
    outcome.show()
    looks = []
    for grade in (None, Grade.GOOD, Grade.POOR):
        outcome.show_text("report.pdf", grade)
        looks.append(outcome.mark.pixmap().toImage() if outcome.mark.isVisible() else None)
    assert looks[0] is None
    assert looks[1] != looks[2]
    assert outcome.label.property("wrong")
    outcome.show_text("report.pdf", Grade.GOOD)
    assert not outcome.label.property("wrong")
