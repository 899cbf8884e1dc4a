"""The panel on the left, alone with a workspace whose images are put there by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags, Image
from PySide6.QtCore import QPoint, QRect, Qt, QThread
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from core.cells import Detections
from core.counting.count import CountSettings
from core.session.values import StoredDetections
from gui.panels.images import thumbnails
from gui.panels.images.delegate import fitting
from gui.panels.images.model import Show, natural_key
from gui.panels.images.panel import ImageList
from gui.panels.images.thumbnails import read_thumbnail
from gui.preferences import Theme
from gui.widgets.theme import apply_theme
from gui.workspace.counting.cells import ImageCells
from gui.workspace.images import ImageItem, State
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytestqt.qtbot import QtBot

    MakeList = Callable[[Sequence[ImageItem]], ImageList]

CLASSES = ("RBC", "WBC", "Platelets")
RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


@dataclass(eq=False)
class CountedItem(ImageItem):
    """An image together with the cells that were found in it."""

    cells: ImageCells | None = None


def cells_of(*counts: int, score: float = 0.9) -> ImageCells:
    """Return cells whose count comes out as the given numbers."""
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    corners = np.stack([20 * np.arange(len(labels)), np.zeros(len(labels))], axis=1)
    boxes = np.concatenate([corners, corners + 10], axis=1).astype(np.float32)
    detections = Detections.from_model(boxes, np.full(len(labels), score, np.float32), labels)
    return ImageCells.of(StoredDetections(detections, CLASSES, 10.0, 1.0, "none", ""), {}, CLASSES)


def counted(name: str, *counts: int, edited: int = 0, reviewed: bool = False) -> CountedItem:
    item = CountedItem(0, Path("/smears") / name, state=State.COUNTED, edited=edited, cells=cells_of(*counts))
    item.reviewed_counts = dict(zip(CLASSES, counts, strict=False)) if reviewed else None
    return item


def waiting(name: str | Path) -> ImageItem:
    return ImageItem(0, Path("/smears") / name)


@pytest.fixture
def workspace(qtbot: QtBot, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose worker is at rest: nothing but the test changes it."""
    workspace = Workspace(tmp_path / "none.onnx", tmp_path / "sessions")
    workspace.inference.queue.close()
    set_classes(workspace, *CLASSES)
    yield workspace
    workspace.close()
    workspace.deleteLater()


def set_classes(workspace: Workspace, *classes: str) -> None:
    workspace.settings.classes = classes
    workspace.settings.value = CountSettings(dict.fromkeys(classes, 0.5))
    workspace.settings.classes_changed.emit()
    workspace.settings.changed.emit()


def put(workspace: Workspace, items: Sequence[ImageItem]) -> None:
    for row, item in enumerate(items):
        item.id = row + 1
    workspace.images._set_items(list(items))
    workspace.images.changed.emit()
    for item in items:
        if isinstance(item, CountedItem) and item.cells is not None:
            workspace.counts.take(item.id, item.cells)


@pytest.fixture
def make_list(qtbot: QtBot, workspace: Workspace) -> Iterator[MakeList]:
    """Return a function that shows the list of a workspace with these images, the first being the current one."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    lists: list[ImageList] = []

    def make(items: Sequence[ImageItem]) -> ImageList:
        image_list = ImageList(workspace)
        QAbstractItemModelTester(image_list.model, QAbstractItemModelTester.FailureReportingMode.Warning, image_list)
        lists.append(image_list)
        qtbot.addWidget(image_list)
        put(workspace, items)
        workspace.images.set_current(items[0].id if items else None)
        image_list.resize(230, 480)
        image_list.show()
        qtbot.waitExposed(image_list)
        return image_list

    yield make
    for image_list in lists:
        image_list.stop()


def names(image_list: ImageList) -> list[str]:
    model = image_list.model
    return [model.data(model.index(place)) for place in range(model.rowCount())]


def selected(image_list: ImageList) -> list[str]:
    return [index.data() for index in image_list.rows.selectionModel().selectedIndexes()]


def choose(image_list: ImageList, text: str) -> None:
    """Choose an order by the text the person reads."""
    image_list.order_box.setCurrentIndex(image_list.order_box.findText(text))


def click(qtbot: QtBot, image_list: ImageList, place: int) -> None:
    rows = image_list.rows
    centre = rows.visualRect(rows.model().index(place, 0)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=centre)


# -- filter and order ------------------------------------------------------------------------------


def test_the_name_filter_wants_every_word_in_any_case(make_list: MakeList, qtbot: QtBot) -> None:
    image_list = make_list([waiting("Smear A 1.png"), waiting("smear b 2.png"), waiting("field a.png")])
    qtbot.keyClicks(image_list.name_filter, "SMEAR a")
    assert names(image_list) == ["Smear A 1.png", "smear b 2.png"]  # "a" is in "smear" too
    qtbot.keyClicks(image_list.name_filter, " 1")
    assert names(image_list) == ["Smear A 1.png"]
    assert image_list.showing.text() == "Showing 1 of 3"
    qtbot.keyClick(image_list.name_filter, Qt.Key.Key_Escape)
    assert len(names(image_list)) == 3
    assert not image_list.showing.isVisible()


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
    assert image_list.showing.text() == "Showing 0 of 2"
    written = image_list.rows.grab().toImage()
    image_list.rows.empty_text = ""
    assert written != image_list.rows.grab().toImage()
    qtbot.mouseClick(image_list.show_all, Qt.MouseButton.LeftButton)
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


# -- what a row says -----------------------------------------------------------------------------------


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
        assert whole == " ".join(parts).split()[: len(whole)]
        assert shown == "…" or metrics.horizontalAdvance(shown) <= width


def test_one_picture_changes_one_row(make_list: MakeList, workspace: Workspace, qtbot: QtBot) -> None:
    image_list = make_list([waiting(f"{number}.png") for number in range(50)])
    choose(image_list, "Name")
    assert image_list.reviewed.text() == "0 of 50 reviewed"
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
    assert image_list.reviewed.text() == "1 of 50 reviewed"
    item.reviewed_counts = None
    workspace.images.item_changed.emit(item.id)
    workspace.counts.totals_changed.emit()
    assert image_list.reviewed.text() == "0 of 50 reviewed"
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


# -- thumbnails ------------------------------------------------------------------------------------------


def write_field(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (160, 120)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def shown_colour(image_list: ImageList, row: int) -> tuple[int, int, int]:
    """The colour in the middle of a row's thumbnail."""
    rows = image_list.rows
    rect = rows.visualRect(image_list.model.index_of(row))
    colour = rows.viewport().grab().toImage().pixelColor(rect.left() + 32, rect.center().y())
    return colour.red(), colour.green(), colour.blue()


def is_near(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) < 8


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that thumbnails were really made from."""
    read: list[Path] = []

    def reading(path: Path, side: int) -> np.ndarray | None:
        read.append(path)
        return read_thumbnail(path, side)

    monkeypatch.setattr(thumbnails, "read_thumbnail", reading)
    return read


def test_only_what_is_on_the_screen_is_read(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    real = write_field(tmp_path / "0.png", RED)
    items = [waiting(tmp_path / f"{number}.png") for number in range(2000)]
    for item in items[1:]:
        os.link(real, item.path)
    image_list = make_list(items)
    visible = image_list.rows.visible_places()
    assert 5 < len(visible) < 15
    qtbot.waitUntil(lambda: len(files_read) == len(visible))
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), RED))
    assert files_read == [item.path for item in items[: len(visible)]]
    files_read.clear()
    bar = image_list.rows.verticalScrollBar()
    for value in range(0, bar.maximum(), bar.maximum() // 40):  # what is scrolled past is not read
        bar.setValue(value)
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1999), RED))
    assert set(files_read) <= {item.path for item in items[1980:]}
    files_read.clear()
    bar.setValue(0)
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), RED))
    assert files_read == []  # they were kept


def test_unreadable_files_are_marked_and_the_rest_goes_on(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    good = write_field(tmp_path / "good.jpg", BLUE, (900, 700))
    cut, empty = tmp_path / "cut.jpg", tmp_path / "empty.png"
    cut.write_bytes(good.read_bytes()[:600])
    empty.write_bytes(b"")
    image_list = make_list([waiting(path) for path in (cut, empty, tmp_path / "gone.tif", tmp_path, good)])
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 4), BLUE))
    for item in workspace.images.items[:4]:
        thumbnail = image_list._thumbnails.get(item.path, image_list.devicePixelRatioF())
        assert thumbnail is not None
        assert not thumbnail.readable
    write_field(empty, GREEN)
    workspace.images.item_changed.emit(workspace.images.items[1].id)  # it waits to be counted again
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), GREEN))
    assert files_read.count(cut) == 1


def test_stopping_joins_the_thread_and_can_be_repeated(
    make_list: MakeList, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    image_list = make_list([waiting(write_field(tmp_path / f"{number}.png", RED)) for number in range(30)])
    thread = image_list.findChild(QThread)
    assert thread is not None
    qtbot.waitUntil(thread.isRunning)
    image_list.stop()
    assert thread.isFinished()
    image_list.stop()
    read = len(files_read)
    image_list.rows.verticalScrollBar().setValue(10_000)
    image_list.rows.grab()
    QApplication.processEvents()
    assert thread.isFinished()
    assert len(files_read) == read
    image_list.close()


def test_a_list_that_is_destroyed_takes_its_thread_with_it(workspace: Workspace, qtbot: QtBot, tmp_path: Path) -> None:
    image_list = ImageList(workspace)
    put(workspace, [waiting(write_field(tmp_path / f"{number}.png", RED)) for number in range(8)])
    image_list.show()
    thread = image_list.findChild(QThread)
    assert thread is not None
    qtbot.waitUntil(thread.isRunning)
    with qtbot.waitSignal(image_list.destroyed):
        image_list.deleteLater()
    assert not isValid(thread) or thread.isFinished()  # Qt ends the program when it deletes a running thread
    workspace.images.changed.emit()
    workspace.counts.changed.emit(frozenset())


def two_halves(size: tuple[int, int]) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0], size[1] // 2))
    return image


@pytest.mark.parametrize("name", ["field.jpg", "field.png", "field.tif"])
def test_a_thumbnail_is_the_upright_middle(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    two_halves((1200, 800)).save(tmp_path / name, exif=exif)
    pixels = read_thumbnail(tmp_path / name, 72)
    assert pixels is not None
    assert pixels.shape == (72, 72, 3)
    assert is_near(tuple(pixels[10, 36].tolist()), BLUE)
    assert is_near(tuple(pixels[60, 36].tolist()), RED)


@pytest.mark.parametrize(("mode", "name"), [("L", "grey.jpg"), ("CMYK", "print.jpg"), ("I;16", "deep.png")])
def test_a_thumbnail_of_uncommon_pixels(tmp_path: Path, mode: str, name: str) -> None:
    Image.new(mode, (100, 10)).save(tmp_path / name)  # smaller than the thumbnail too
    pixels = read_thumbnail(tmp_path / name, 48)
    assert pixels is not None
    assert pixels.shape == (48, 48, 3)


def test_a_picture_too_large_to_decode_for_it_has_no_thumbnail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "_MOST_DECODED", 100 * 100)
    write_field(tmp_path / "large.png", RED, (200, 100))
    write_field(tmp_path / "large.jpg", RED, (200, 100))
    assert read_thumbnail(tmp_path / "large.png", 48) is None
    assert read_thumbnail(tmp_path / "large.jpg", 48) is not None
