"""Which images are listed, in which order, and which one is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QApplication

from gui.panels.images.filters import Show, natural_key
from gui.workspace.images import State
from tests.gui.panels.images.builders import (
    cells_of,
    choose,
    click,
    counted,
    names,
    put,
    selected,
    set_classes,
    waiting,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace
    from tests.gui.panels.images.builders import MakeList


def test_the_name_filter_wants_every_word_in_any_case(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("Smear A 1.png"), waiting("smear b 2.png"), waiting("field a.png")])
    qtbot.keyClicks(image_list.name_filter, "SMEAR a")
    assert names(image_list) == ["Smear A 1.png", "smear b 2.png"]  # "a" is in "smear" too
    qtbot.keyClicks(image_list.name_filter, " 1")
    assert names(image_list) == ["Smear A 1.png"]
    assert image_list.footer.showing.text() == "Showing 1 of 3"
    qtbot.keyClick(image_list.name_filter, Qt.Key.Key_Escape)
    assert len(names(image_list)) == 3
    assert not image_list.footer.showing.isVisible()


def test_a_decomposed_umlaut_is_found_by_the_typed_one(make_list: MakeList) -> None:
    image_list = make_list([waiting("Mu\u0308ller.png"), waiting("Muller.png")])
    image_list.name_filter.setText("m\u00fcl")
    assert names(image_list) == ["Mu\u0308ller.png"]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (Show.ALL, "abcdef"),
        (Show.WAITING, "ab"),
        (Show.COUNTED, "cde"),
        (Show.EDITED, "d"),
        (Show.REVIEWED, "e"),
        (Show.NOT_REVIEWED, "abcdf"),
        (Show.FAILED, "f"),
    ],
)
def test_the_state_filter(make_list: MakeList, show: Show, expected: str) -> None:
    busy, failed = waiting("b"), waiting("f")
    busy.state, failed.state = State.COUNTING, State.FAILED
    items = [waiting("a"), busy, counted("c", 1), counted("d", 1, edited=2), counted("e", 1, reviewed=True), failed]
    image_list = make_list(items)
    image_list.state_filter.setCurrentText(show.value)
    assert "".join(names(image_list)) == expected


def test_names_are_sorted_as_people_count(make_list: MakeList) -> None:
    image_list = make_list([waiting(name) for name in ("smear 10.png", "Smear 2.png", "smear 1.png", "7.png")])
    assert names(image_list) == ["smear 10.png", "Smear 2.png", "smear 1.png", "7.png"]
    choose(image_list, "Name")
    assert names(image_list) == ["7.png", "smear 1.png", "Smear 2.png", "smear 10.png"]
    assert natural_key("a٣") < natural_key("a10")  # digits of other scripts are digits too


def test_states_are_sorted_by_what_asks_for_work(make_list: MakeList) -> None:
    failed = waiting("failed")
    failed.state = State.FAILED
    items = [counted("reviewed", 1, reviewed=True), counted("edited", 1, edited=1), counted("counted", 1)]
    image_list = make_list([*items, waiting("waiting"), failed])
    choose(image_list, "State")
    assert names(image_list) == ["failed", "waiting", "counted", "edited", "reviewed"]


def test_each_class_has_an_order_with_its_largest_counts_first(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot
) -> None:
    image_list = make_list([waiting("none"), counted("few", 2, 5, 0), counted("many", 9, 0, 0), counted("no", 0, 0, 0)])
    texts = [image_list.order_box.itemText(item) for item in range(image_list.order_box.count())]
    assert texts == ["Order opened", "Name", "State", "Most RBC", "Most WBC", "Most PLT"]
    choose(image_list, "Most RBC")
    qtbot.waitUntil(lambda: names(image_list) == ["many", "few", "no", "none"])
    choose(image_list, "Most WBC")
    qtbot.waitUntil(lambda: names(image_list) == ["few", "many", "no", "none"])
    set_classes(workspace, "RBC", "Blasts")
    assert image_list.order_box.currentText() == "Order opened"
    assert image_list.order_box.itemText(4) == "Most BLA"
    assert names(image_list) == ["none", "few", "many", "no"]


def test_a_threshold_reorders_later_and_only_where_the_order_is_by_counts(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot
) -> None:
    doubtful = counted("doubtful", 9)
    doubtful.cells = cells_of(9, score=0.6)
    image_list = make_list([counted("sure", 5), doubtful])
    choose(image_list, "Most RBC")
    qtbot.waitUntil(lambda: names(image_list) == ["doubtful", "sure"])
    workspace.settings.set_threshold("RBC", 0.7)
    assert names(image_list) == ["doubtful", "sure"]  # not under the person's hand
    qtbot.waitUntil(lambda: names(image_list) == ["sure", "doubtful"])
    assert image_list.model.summary(doubtful)[0] == "RBC 0"


def test_nothing_moves_while_the_pointer_is_pressed(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    image_list = make_list([counted("a", 1), counted("b", 2)])
    choose(image_list, "Most RBC")
    qtbot.waitUntil(lambda: names(image_list) == ["b", "a"])
    viewport, at = image_list.rows.viewport(), QPoint(100, 20)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
    with qtbot.waitSignal(image_list._later.timeout, timeout=5000):
        workspace.counts.take(workspace.images.items[0].id, cells_of(5))
    with qtbot.waitSignal(image_list._later.timeout, timeout=5000):
        pass
    assert names(image_list) == ["b", "a"]
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: names(image_list) == ["a", "b"])


def test_the_current_picture_stays_although_it_no_longer_passes(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot
) -> None:
    image_list = make_list([counted("a", 1), counted("b", 1), counted("c", 1)])
    image_list.state_filter.setCurrentText(Show.NOT_REVIEWED.value)
    workspace.images.items[0].reviewed_counts = {}
    with qtbot.waitSignal(image_list._later.timeout, timeout=5000):
        workspace.images.item_changed.emit(workspace.images.items[0].id)
    assert names(image_list) == ["a", "b", "c"]
    workspace.images.set_current(workspace.images.items[1].id)
    qtbot.waitUntil(lambda: names(image_list) == ["b", "c"])
    assert selected(image_list) == ["b"]


def test_an_empty_result_says_so_and_offers_the_way_back(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("a"), waiting("b")])
    image_list.name_filter.setText("zebra")
    assert names(image_list) == []
    assert image_list.rows.empty_text == "No image passes the filter."
    assert image_list.footer.showing.text() == "Showing 0 of 2"
    written = image_list.rows.grab().toImage()
    image_list.rows.empty_text = ""
    assert written != image_list.rows.grab().toImage()
    qtbot.mouseClick(image_list.footer.show_all, Qt.MouseButton.LeftButton)
    assert names(image_list) == ["a", "b"]
    assert selected(image_list) == ["a"]
    assert image_list.name_filter.text() == ""


def test_another_session_starts_unfiltered(make_list: MakeList, workspace: Workspace) -> None:
    image_list = make_list([waiting("a")])
    image_list.name_filter.setText("zebra")
    workspace.images._set_items([])
    workspace.store.session_changed.emit()
    put(workspace, [waiting("c")])
    assert names(image_list) == ["c"]


# -- current row -------------------------------------------------------------------------------------


def test_choosing_a_row_shows_its_image(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    image_list = make_list([waiting("c"), waiting("b"), waiting("a")])
    choose(image_list, "Name")
    assert selected(image_list) == ["c"]
    ids = [item.id for item in workspace.images.items]
    with qtbot.waitSignal(workspace.images.current_changed) as shown:
        click(qtbot, image_list, 0)
    assert shown.args == [ids[2]]
    assert workspace.images.current_position == 2
    with qtbot.waitSignal(workspace.images.current_changed) as shown:
        qtbot.keyClick(image_list.rows, Qt.Key.Key_Down)
    assert shown.args == [ids[1]]
    workspace.images.set_current(workspace.images.items[0].id)
    assert selected(image_list) == ["c"]


def test_control_and_a_click_leave_the_picture_chosen(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("a"), waiting("b")])
    at = image_list.rows.visualRect(image_list.model.index(0)).center()
    viewport = image_list.rows.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at)
    assert selected(image_list) == ["a"]


def test_steps_follow_order_and_filter(make_list: MakeList, workspace: Workspace) -> None:
    image_list = make_list([waiting(name) for name in ("d", "b", "c", "a", "skip")])
    d, b, c, a, skip = (item.id for item in workspace.images.items)
    choose(image_list, "Name")
    assert image_list.listed_images() == [a, b, c, d, skip]
    workspace.images.set_current(b)
    assert (image_list.neighbour(1), image_list.neighbour(-1), image_list.neighbour(2)) == (c, a, d)
    assert image_list.neighbour(-2) is None
    workspace.images.set_current(skip)
    assert image_list.neighbour(1) is None
    image_list.name_filter.setText("b")
    assert image_list.neighbour(-1) == b  # from where the hidden current image would be
    assert image_list.neighbour(1) is None
    image_list.name_filter.setText("zebra")
    assert image_list.neighbour(1) is None


def test_steps_in_an_empty_list_lead_nowhere(make_list: MakeList) -> None:
    image_list = make_list([])
    assert image_list.neighbour(1) is None
    assert image_list.neighbour(-1) is None
    assert not image_list.header.isEnabled()


def test_return_in_the_filter_goes_to_the_first_match(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    image_list = make_list([waiting("a"), waiting("b"), waiting("ba")])
    image_list.name_filter.setFocus()
    qtbot.keyClicks(image_list.name_filter, "b")
    qtbot.keyClick(image_list.name_filter, Qt.Key.Key_Return)
    assert workspace.images.current_position == 1
    assert selected(image_list) == ["b"]


def test_reordering_leaves_the_current_row_where_it_is_on_the_screen(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot
) -> None:
    image_list = make_list([waiting(f"smear {number}.png") for number in range(200, 0, -1)])
    workspace.images.set_current(workspace.images.items[150].id)
    rows = image_list.rows
    before = rows.visualRect(rows.currentIndex()).top()
    choose(image_list, "Name")
    assert rows.currentIndex().row() == 49
    assert rows.visualRect(rows.currentIndex()).top() == before


def test_the_wheel_over_a_box_changes_nothing(make_list: MakeList) -> None:
    image_list = make_list([waiting("a")])
    image_list.rows.setFocus()
    box = image_list.order_box
    turn = QWheelEvent(
        QPoint(5, 5),
        box.mapToGlobal(QPoint(5, 5)),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, turn)
    assert box.currentIndex() == 0


def test_what_is_not_reviewed_is_one_click_away(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([counted("a", 1, reviewed=True), counted("b", 1), counted("c", 1)])
    image_list.footer.show_rest.click()
    assert names(image_list) == ["b", "c"]
    assert image_list.state_filter.currentText() == Show.NOT_REVIEWED.value
    image_list.footer.show_all.click()
    assert names(image_list) == ["a", "b", "c"]


def test_emptying_the_filter_takes_its_cross_away(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("a"), waiting("b")])
    clear = image_list.name_filter.findChild(QAction)
    assert clear is not None
    qtbot.keyClicks(image_list.name_filter, "b")
    image_list.footer.show_all.click()
    bare = make_list([waiting("a"), waiting("b")])
    image_list.name_filter.clearFocus()
    qtbot.waitUntil(lambda: image_list.name_filter.grab().toImage() == bare.name_filter.grab().toImage())


def test_images_of_several_folders_are_listed_below_their_folders(make_list: MakeList, workspace: Workspace) -> None:
    items = [waiting("/one/b.png"), waiting("/one/a.png"), waiting("/two/d.png"), waiting("/two/c.png")]
    image_list = make_list(items)
    assert names(image_list) == ["one", "b.png", "a.png", "two", "d.png", "c.png"]
    choose(image_list, "Name")
    assert names(image_list) == ["one", "a.png", "b.png", "two", "c.png", "d.png"]
    image_list.name_filter.setText("d")
    assert names(image_list) == ["two", "d.png"]
    image_list.name_filter.setText("")
    workspace.images.set_current(items[0].id)
    assert image_list.neighbour(1) == items[3].id
    assert "2 images" in image_list.model.data(image_list.model.index(0), Qt.ItemDataRole.AccessibleTextRole)


def test_a_heading_is_never_chosen(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    items = [waiting("/one/a.png"), waiting("/two/b.png")]
    image_list = make_list(items)
    click(qtbot, image_list, 2)
    assert workspace.images.current is items[0]
    qtbot.keyClick(image_list.rows, Qt.Key.Key_Down)
    assert workspace.images.current is items[1]
    qtbot.keyClick(image_list.rows, Qt.Key.Key_Up)
    assert workspace.images.current is items[0]
