"""The head line: what sample it is, how far it is, and in which state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui.commands.context import View
from gui.workspace.sample import SampleState
from tests.gui.shell.samples import LEFT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QPoint, QRect
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]


def test_the_sample_is_named_in_place_and_undone(counted: MainWindow, qtbot: QtBot) -> None:
    head, sample = counted.head, counted.workspace.sample
    head.edit_id()
    qtbot.keyClicks(head.id, "24-1187")
    qtbot.keyClick(head.id, Qt.Key.Key_Return)
    assert sample.id == "24-1187"
    assert counted.canvas.hasFocus()
    assert counted.windowTitle().startswith("24-1187 – ")
    assert counted.workspace.history.lines(limit=1)[0].text == "Sample: 24-1187"
    counted.actions_["undo"].trigger()
    assert sample.id == ""
    assert head.id.text() == ""
    qtbot.keyClicks(head.id, "wrong")
    qtbot.keyClick(head.id, Qt.Key.Key_Escape)
    assert head.id.text() == ""
    assert sample.id == ""


def test_the_id_is_kept_with_the_session(counted: MainWindow) -> None:
    store = counted.workspace.store
    counted.workspace.sample.set_id("24-1187")
    path = store.path
    assert path is not None
    store.close()
    assert counted.workspace.sample.id == ""
    store.open(path)
    assert counted.head.id.text() == "24-1187"


def test_a_new_sample_asks_for_its_id_without_getting_in_the_way(counted: MainWindow, qtbot: QtBot) -> None:
    assert "id" in counted.toast.text
    assert QApplication.activeModalWidget() is None
    counted.workspace.messages.info("Something else.")
    assert counted.toast.text == "Something else."
    counted.toast.leave()  # as it does after a while
    assert "id" in counted.toast.text, "it stays until it is answered"
    qtbot.mouseClick(counted.toast.button, LEFT)
    assert counted.head.id.hasFocus()
    assert not counted.toast.isVisible()


def test_whoever_goes_on_is_not_held_up_by_the_question_for_an_id(counted: MainWindow) -> None:
    assert "id" in counted.toast.text
    counted.show_view(View.RESULTS)
    assert not counted.toast.isVisible()


def test_nobody_is_asked_for_an_id_that_was_given(counted: MainWindow) -> None:
    assert "id" in counted.toast.text
    counted.workspace.sample.set_id("24-1187")
    counted.toast.leave()  # what else is said
    assert not counted.toast.isVisible()


def test_the_head_line_says_how_far_it_is_and_leads_on(counted: MainWindow, qtbot: QtBot) -> None:
    head, workspace = counted.head, counted.workspace
    assert head.progress.text() == "0 of 3 reviewed"
    workspace.editing.mark_reviewed(True)
    assert head.progress.text() == "1 of 3 reviewed"
    counted.show_view(View.RESULTS)
    qtbot.mouseClick(head.progress, LEFT)
    assert workspace.images.current_position == 1
    assert counted.view is View.REVIEW
    workspace.history.undo()
    assert head.progress.text() == "0 of 3 reviewed"


def test_a_review_that_no_longer_holds_does_not_count_as_progress(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    workspace.editing.mark_reviewed(True)
    workspace.settings.set_threshold("RBC", 0.99)
    qtbot.waitUntil(lambda: workspace.sample.progress == (0, 3))
    assert counted.head.progress.text() == "0 of 3 reviewed"


def test_the_head_line_says_what_state_the_sample_is_in(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    sample, queue = window.workspace.sample, window.workspace.inference.queue
    assert sample.state is SampleState.EMPTY
    window.workspace.opening.open([make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")])
    assert sample.state is SampleState.COUNTING
    queue.pause()
    qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Paused", timeout=30_000)
    assert sample.state is SampleState.PAUSED
    queue.toggle_pause()
    wait_counted(window)
    qtbot.waitUntil(lambda: sample.state is SampleState.READY)
    assert window.head.state.accessibleName() == "Ready"


def test_nothing_in_the_head_line_moves(counted: MainWindow, qtbot: QtBot) -> None:
    head = counted.head

    def places() -> list[QRect | QPoint]:
        """Where everything is; the id grows with its text, into room that is free."""
        return [head.id.pos(), *(part.geometry() for part in (head.user, head.progress, head.state))]

    before = places()
    counted.workspace.editing.mark_reviewed(True)
    counted.workspace.sample.set_id("a long id of a sample from another laboratory 2026-11-28")
    counted.workspace.inference.retry_failed()
    QApplication.processEvents()
    assert places() == before


def test_a_long_id_has_room_and_is_shortened_at_its_end_where_it_has_none(counted: MainWindow, qtbot: QtBot) -> None:
    edit, sample = counted.head.id, counted.workspace.sample
    counted.resize(1600, 900)
    sample.set_id("P-2026/0417 Müller, Johanna")
    qtbot.waitUntil(lambda: edit.shown_text == sample.id)
    sample.set_id("P-2026/0417 Müller, Johanna, third smear of the morning, edge of the slide")
    qtbot.waitUntil(lambda: edit.shown_text.endswith("…"))
    assert sample.id.startswith(edit.shown_text.removesuffix("…"))
    assert sample.id in edit.toolTip()
    counted.head.edit_id()
    assert edit.shown_text == sample.id
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: edit.shown_text.endswith("…"))


def test_the_history_names_what_changed_of_the_sample(counted: MainWindow) -> None:
    workspace = counted.workspace
    workspace.sample.set_id("24-1187")
    workspace.sample.set_fields((("Patient", "Müller"), ("Ward", "3")))
    assert workspace.history.lines(limit=1)[0].text == "Sample: Patient Müller, Ward 3"
    workspace.sample.set_fields((("Patient", "Müller"),))
    assert workspace.history.lines(limit=1)[0].text == "Sample: Ward –"


def test_id_and_fields_have_room_for_a_long_name_in_a_small_window(counted: MainWindow, qtbot: QtBot) -> None:
    head, sample = counted.head, counted.workspace.sample
    sample.set_id("4711/2026 Müller-Lüdenscheidt")
    sample.set_fields((("Patient", "Karl-Theodor von und zu Hohenstein"), ("Stain", "MGG")))
    for width in (911, 1366, 1900):
        counted.resize(width, 600)
        qtbot.waitUntil(lambda width=width: head.width() > width - 40)
        QApplication.processEvents()
        assert head.id.shown_text == sample.id, width
        assert head.fields.text() == "Patient: Karl-Theodor von und zu Hohenstein · Stain: MGG", width
        for part in (head.id, head.fields):
            assert head.rect().contains(part.geometry())
            assert part.geometry().right() < head.user.geometry().left()
    assert head.fields.geometry().left() > head.id.geometry().right()


def test_after_the_last_review_the_way_leads_to_the_results(counted: MainWindow, qtbot: QtBot) -> None:
    counted.canvas.setFocus()
    for image in counted.workspace.images.items:
        assert counted.view is View.REVIEW
        counted.workspace.images.set_current(image.id)
        qtbot.waitUntil(lambda: counted.workspace.inference.shown is not None)
        qtbot.keyClick(counted.canvas, Qt.Key.Key_Space)
    assert counted.toast.text == "All 3 images are reviewed."
    assert counted.toast.button.text() == "Results"
    qtbot.mouseClick(counted.toast.button, LEFT)
    assert counted.view is View.RESULTS
