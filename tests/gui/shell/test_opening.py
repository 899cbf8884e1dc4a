"""Which session pictures go into, and how one goes from one picture to the next."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.app import demo_smear
from gui.panels.images.model import Show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


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


def test_keys_go_to_the_picture_after_opening_and_not_into_the_filter(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    window.document.open_paths([make_smear("a.png")[0]])
    wait_counted(window)
    assert window.focusWidget() is window.canvas
    window.image_list.name_filter.setFocus()
    window.document.open_paths([make_smear("b.png", seed=1)[0]])
    wait_counted(window)
    assert window.focusWidget() is window.canvas


def test_a_copy_is_told_once_and_can_be_removed(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    path, _ = make_smear("first/a.png")
    copy = path.parents[1] / "again" / "a.png"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    document = window.document
    document.open_paths([path, make_smear("first/b.png", seed=2)[0], copy])
    wait_counted(window)
    qtbot.waitUntil(window.notice.isVisible)
    text = "again/a.png is a copy of first/a.png. What is in both is counted twice."
    assert window.notice.label.text() == text
    tip = window.image_list.model.data(window.image_list.model.index(2), Qt.ItemDataRole.ToolTipRole)
    assert "A copy of a.png" in tip
    [remove] = window.notice.answers
    remove.click()
    assert [entry.path for entry in document.entries] == [path, path.with_name("b.png")]
    assert document.current == 0
    assert not window.notice.isVisible()


def test_the_line_at_the_bottom_names_what_failed(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    good, _ = make_smear("a.png")
    bad = good.with_name("bad.png")
    bad.write_bytes(good.read_bytes()[:900])
    window.document.open_paths([good, bad])
    wait_counted(window)
    qtbot.waitUntil(lambda: window.status.activity.text() == "2 pictures, 1 failed")
    assert not window.status.zoom_label.isHidden()
    window.document.set_current(1)
    qtbot.waitUntil(window.failure_page.isVisible)
    assert window.status.zoom_label.isHidden()


def test_doubtful_fields_are_marked_and_can_be_filtered(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    few, _ = make_smear("few.png", red_cells=4)
    many, _ = make_smear("many.png", seed=3, red_cells=24)
    document, image_list = window.document, window.image_list
    document.open_paths([many, few])
    wait_counted(window)
    image_list.state_filter.setCurrentText(Show.DOUBTFUL.value)
    assert [document.entries[row].path.name for row in image_list.model.rows][-1] == "few.png"
    spoken = image_list.model.data(image_list.model.index_of(1), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.endswith("quality: look")
    assert document.session is not None
    path = document.session.path
    document.close_session()
    assert document.open_session(path)
    qtbot.waitUntil(lambda: document.overview.pictures == 2)
    assert [entry.quality is not None for entry in document.entries] == [True, True]


def test_a_review_is_of_the_counts_that_were_seen(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    document, image_list, panel = window.document, window.image_list, window.panel
    document.open_paths([make_smear("a.png")[0], make_smear("b.png", seed=1)[0]])
    wait_counted(window)
    for row in (0, 1):
        document.set_current(row)
        window.actions_["reviewed"].trigger()
    result = document.result(document.entries[0])
    assert result is not None
    seen = result.counts["RBC"]
    assert document.settings is not None
    before = document.settings.thresholds["RBC"]
    document.set_current(0)
    document.set_threshold("RBC", 0.98)
    qtbot.waitUntil(lambda: image_list.reviewed.text() == "2 of 2 reviewed; 2 changed since")
    spoken = image_list.model.data(image_list.model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert "reviewed before the count changed" in spoken
    assert panel.since_review.isVisible()
    assert f"it was RBC {seen}," in panel.since_review.text()
    image_list.state_filter.setCurrentText(Show.OUTDATED.value)
    assert len(image_list.model.rows) == 2
    image_list.clear_filter()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    assert document.current == 1  # the next whose present count nobody reviewed
    assert window.actions_["reviewed"].text() == "Mark reviewed again"
    window.actions_["reviewed"].trigger()
    qtbot.waitUntil(lambda: image_list.reviewed.text() == "2 of 2 reviewed; 1 changed since")
    document.editing.undo()
    qtbot.waitUntil(lambda: image_list.reviewed.text() == "2 of 2 reviewed; 2 changed since")
    document.set_threshold("RBC", before)
    qtbot.waitUntil(lambda: image_list.reviewed.text() == "2 of 2 reviewed")
    assert not panel.since_review.isVisible()


def test_what_was_reviewed_is_known_when_the_session_is_opened_again(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    document = window.document
    document.open_paths([make_smear("a.png")[0]])
    wait_counted(window)
    document.editing.mark_reviewed(True)
    document.set_threshold("RBC", 0.98)
    document.settle()
    assert document.session is not None
    path = document.session.path
    document.close_session()
    assert document.open_session(path)
    qtbot.waitUntil(lambda: window.image_list.reviewed.text() == "1 of 1 reviewed; 1 changed since")
    cells = document.current_cells()
    assert cells is not None
    document.editing.remove_cells([int(cells.cells.ids[0])])  # takes the mark
    assert window.image_list.reviewed.text() == "0 of 1 reviewed"
    document.editing.undo()
    qtbot.waitUntil(lambda: window.image_list.reviewed.text() == "1 of 1 reviewed; 1 changed since")
