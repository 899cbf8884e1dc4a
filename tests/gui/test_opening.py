"""Which session pictures go into, and how one goes from one picture to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.app import demo_smear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.window import MainWindow


def names(window: MainWindow) -> list[str]:
    return [entry.path.name for entry in window.document.entries]


def test_own_pictures_are_not_added_to_the_demo(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    window.document.open_paths([demo_smear()])
    wait_counted(window)
    demo = window.document.session
    assert demo is not None
    window.document.open_paths([make_smear("mine.png")[0]])
    assert names(window) == ["mine.png"]
    assert window.document.session is not None
    assert window.document.session.path != demo.path
    assert demo.path.exists()


def test_opening_pictures_anew_points_to_their_corrections(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    path, _ = make_smear("slides/mine.png")
    window.document.open_paths([path])
    wait_counted(window)
    window.document.close_session()
    window.document.open_paths([path])
    wait_counted(window)
    assert not window.notice.isVisible()
    window.document.editing.mark_reviewed(True)
    session = window.document.session
    assert session is not None
    corrected = session.path.stem
    window.document.close_session()
    window.document.open_paths([path])
    assert window.notice.isVisible()
    assert f"in the session {corrected}." in window.notice.label.text()


def test_next_unreviewed_goes_in_the_order_shown_and_passes_what_is_filtered_out(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    window.document.open_paths([make_smear(name)[0] for name in ("a1.png", "b.png", "a2.png", "a3.png")])
    wait_counted(window)
    window.document.set_current(2)
    window.document.editing.mark_reviewed(True)
    window.document.set_current(0)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.image_list.name_filter.hasFocus()
    qtbot.keyClicks(window.image_list.name_filter, "a")
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    assert names(window)[window.document.current] == "a3.png"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    assert names(window)[window.document.current] == "a1.png"
