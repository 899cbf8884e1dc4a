"""Texts that are shortened where there is no room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gui.widgets.elided import WrappedLabel
from gui.widgets.names import without_shared

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (
            ["2026-11-27_Miller_Field-017_final_v2.png", "2026-11-27_Miller_Field-018_final_v2.png", "a.png"],
            ["…Field-017…", "…Field-018…", "a.png"],
        ),
        (["IMG_3001.jpg", "IMG_3002.jpg"], ["IMG_3001.jpg", "IMG_3002.jpg"]),
        (["patient_of_ward_7_01.png", "patient_of_ward_7_012.png"], ["…01.png", "…012.png"]),
        (["patient_of_ward_7_01.png"], ["patient_of_ward_7_01.png"]),
        (["one_and_the_same.png", "one_and_the_same.png"], ["one_and_the_same.png", "one_and_the_same.png"]),
        ([], []),
    ],
)
def test_names_keep_what_tells_them_apart(names: list[str], shown: list[str]) -> None:
    assert without_shared(names) == shown


def test_a_text_is_wrapped_at_words_and_shortened_in_its_last_line(qtbot: QtBot) -> None:
    label = WrappedLabel(20)
    qtbot.addWidget(label)
    text = "RBC count depends on the threshold: 14 at 0.05 above, 17 below."
    label.setText(text)
    width = label.fontMetrics().horizontalAdvance("RBC count depends on the threshold:") + 4
    label.resize(width, label.height())
    assert label.lines == ["RBC count depends on the thresh…"] or label.lines[0].endswith("…")
    label.set_lines(3)
    assert " ".join(label.lines) == text
    assert len(label.lines) == 2
    label.setText(text + " " + text)
    assert len(label.lines) == 3
    assert label.lines[-1].endswith("…")
    assert label.height() == 60
