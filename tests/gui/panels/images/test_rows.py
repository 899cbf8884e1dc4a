"""What a row of the list says, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from gui.panels.images.delegate import fitting
from gui.panels.images.legend import Legend
from gui.workspace.images import State
from tests.gui.panels.images.builders import (
    choose,
    counted,
    waiting,
)

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace
    from tests.gui.panels.images.builders import MakeList


def test_a_row_says_all_in_words_that_its_marks_say(make_list: MakeList, workspace: Workspace) -> None:
    failed = waiting("f <b>.png")
    failed.state, failed.error, failed.notices = State.FAILED, f"{failed.path}: damaged & cut.", ("Two pages.",)
    opened = waiting("opened.png")
    opened.state = State.COUNTED  # its counts are still to be read from the session
    image_list = make_list([counted("a.png", 87, 3, 12, edited=2, reviewed=True), waiting("w.png"), failed, opened])
    model = image_list.model

    def told(place: int, role: Qt.ItemDataRole) -> str:
        return model.data(model.index(place), role)

    spoken, tip = Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole
    assert told(0, spoken) == "a.png, RBC 87  WBC 3  PLT 12, 2 cells edited, reviewed"
    assert told(1, spoken) == "w.png, waiting"
    assert told(2, spoken) == "f <b>.png, could not be counted"
    assert told(3, spoken) == "opened.png, counted"
    assert told(0, tip) == (
        f"<html><b>{workspace.images.items[0].path}</b>"
        "<br>Counted: 87\xa0RBC, 3\xa0WBC, 12\xa0Platelets<br>2 cells edited<br>Reviewed</html>"
    )
    assert "f &lt;b&gt;.png</b><br>Could not be counted<br>Damaged &amp; cut.<br>Two pages." in told(2, tip)


def test_no_mark_is_told_by_colour_alone(make_list: MakeList) -> None:
    items = [waiting("x") for _ in State] + [counted("x", 1, edited=edited, reviewed=bool(edited)) for edited in (0, 1)]
    items += [counted("x", 1, edited=1), counted("x", 1, reviewed=True)]
    for item, state in zip(items, State, strict=False):
        item.state = state
    image_list = make_list(items)
    image_list.stop()
    image_list.resize(230, 800)
    image_list.rows.selectionModel().clear()
    rows = image_list.rows

    def look(place: int, left: int, width: int) -> bytes:
        """Black where something is drawn, white elsewhere."""
        rect = rows.visualRect(image_list.model.index(place))
        image = rows.viewport().grab(QRect(rect.left() + left, rect.top(), width, rect.height())).toImage()
        ground = image.pixelColor(0, 0)
        pixels = [image.pixelColor(x, y) for y in range(image.height()) for x in range(image.width())]
        return bytes(abs(pixel.lightness() - ground.lightness()) > 30 for pixel in pixels)

    states = {look(place, 0, 66) for place in range(len(State))}
    assert len(states) == len(State)
    room = rows.viewport().width() - 100
    marks = {look(place, 100, room) for place in range(len(State), len(items))}
    assert len(marks) == 4


def test_half_a_number_is_never_shown(make_list: MakeList) -> None:
    metrics = make_list([]).fontMetrics()
    parts = ["RBC 1087", "WBC 3", "PLT 112"]
    assert fitting(parts, 1000, metrics) == "RBC 1087  WBC 3  PLT 112"
    for width in range(0, 300, 3):
        shown = fitting(parts, width, metrics)
        whole = shown.removesuffix("…").split()
        assert shown == "1087 / 3 / 112" or whole == " ".join(parts).split()[: len(whole)]
        assert shown == "…" or metrics.horizontalAdvance(shown) <= width
    assert fitting(parts, metrics.horizontalAdvance("1087 / 3 / 112"), metrics) == "1087 / 3 / 112"


def test_one_picture_changes_one_row(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    image_list = make_list([waiting(f"{number}.png") for number in range(50)])
    choose(image_list, "Name")
    assert image_list.footer.reviewed.text() == "0 of 50 reviewed"
    changes: list[tuple[int, int]] = []
    image_list.model.dataChanged.connect(lambda top, bottom, *_: changes.append((top.row(), bottom.row())))
    with qtbot.assertNotEmitted(image_list.model.modelReset):
        item = workspace.images.items[7]
        item.reviewed_counts = {}
        workspace.images.item_changed.emit(item.id)
        workspace.images.item_changed.emit(item.id)
        workspace.counts.changed.emit(frozenset({item.id}))
        workspace.counts.totals_changed.emit()
    assert set(changes) == {(7, 7)}
    assert image_list.footer.reviewed.text() == "1 of 50 reviewed"
    item.reviewed_counts = None
    workspace.images.item_changed.emit(item.id)
    workspace.counts.totals_changed.emit()
    assert image_list.footer.reviewed.text() == "0 of 50 reviewed"
    changes.clear()
    workspace.images.item_changed.emit(51)  # one that has just been taken off the list
    assert not changes


def test_a_slider_step_counts_only_what_is_on_the_screen(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_list = make_list([counted(f"{number}.png", 3) for number in range(500)])
    image_list.rows.grab()
    asked: list[int] = []
    result = workspace.counts.result
    monkeypatch.setattr(workspace.counts, "result", lambda image: asked.append(image) or result(image))
    workspace.settings.set_threshold("RBC", 0.6)
    image_list.rows.grab()
    assert 0 < len(asked) <= len(image_list.rows.visible_places())


def test_names_are_shortened_where_they_do_not_differ(make_list: MakeList) -> None:
    long = [f"2024-11-27_Patient-Schmidt_Field-0{number}_final_v2.png" for number in (17, 18)]
    image_list = make_list([waiting(name) for name in [*long, "chula_39.png"]])
    metrics, shortened = image_list.fontMetrics(), image_list.model.names
    width = metrics.horizontalAdvance("2024-11-27_Patient-Sch")
    told = [shortened.fitting(name, width, metrics) for name in long]
    assert ["017" in told[0], "018" in told[1]] == [True, True]
    assert all(metrics.horizontalAdvance(name) <= width for name in told)
    assert shortened.fitting("chula_39.png", width, metrics) == "chula_39.png"
    assert shortened.fitting(long[0], 1000, metrics) == long[0]


def test_the_menu_of_a_row_is_about_that_image(
    make_list: MakeList, workspace: Workspace, actions: Actions, qtbot: QtBot
) -> None:
    image_list = make_list([waiting("a.png"), waiting("b.png")])
    place = image_list.rows.visualRect(image_list.model.index(1)).center()
    qtbot.mouseClick(image_list.rows.viewport(), Qt.MouseButton.RightButton, pos=place)
    image_list.rows.customContextMenuRequested.emit(place)
    assert workspace.images.current_position == 1
    menu = image_list.findChild(QMenu)
    assert menu is not None
    offered = menu.actions()
    assert all(actions[name] in offered for name in ("reviewed", "count_again", "remove_picture"))
    next(action for action in offered if action.text() == "Copy its name").trigger()
    assert QGuiApplication.clipboard().text() == "b.png"
    menu.close()


def test_the_marks_are_explained(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("a.png")])
    qtbot.mouseClick(image_list.legend_button, Qt.MouseButton.LeftButton)
    legend = image_list.findChild(Legend)
    assert legend is not None
    assert legend.isVisible()
    legend.close()
