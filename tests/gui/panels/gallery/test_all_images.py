"""The gallery with the cells of all images, in a real window, and the keys that lead there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from gui.commands.context import View
from gui.panels.gallery.tiles import Order
from gui.shell.window import MainWindow
from gui.workspace.workspace import Workspace
from tests.gui.panels.gallery.builders import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.view import TileView
    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

LEFT, NONE, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def counted_ids(workspace: Workspace, row: int, name: str) -> set[int]:
    item = workspace.images.items[row]
    cells, result = workspace.counts.cells(item.id), workspace.counts.result(item.id)
    assert cells is not None
    assert result is not None
    mine = result.counted & (cells.cells.labels == workspace.settings.classes.index(name))
    return set(cells.cells.ids[mine].tolist())


def counts(workspace: Workspace, row: int) -> dict[str, int]:
    result = workspace.counts.result(workspace.images.items[row].id)
    assert result is not None
    return result.counts


def view_of(window: MainWindow, name: str) -> TileView:
    return window.gallery.sections[name].view


def shown(window: MainWindow, name: str) -> set[int]:
    return set(view_of(window, name).tiles.ids.tolist())


def row_of(window: MainWindow, name: str, picture: int, place: int = 0) -> int:
    """The row of the so-manieth tile of an image of the list."""
    tiles = view_of(window, name).tiles
    return int(np.flatnonzero(tiles.images == window.workspace.images.items[picture].id)[place])


def click(qtbot: QtBot, view: TileView, row: int, keys: Qt.KeyboardModifier = NONE) -> int:
    index = view.tile_model.index(row)
    view.scrollTo(index)
    number = int(view.tiles.ids[row])
    qtbot.mouseClick(view.viewport(), LEFT, keys, view.visualRect(index).center())
    return number


@pytest.fixture
def opened(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None], qtbot: QtBot
) -> MainWindow:
    """Three images, the first of them current, and the gallery of all of them, opened with its key."""
    window.workspace.opening.open([make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")])
    wait_counted(window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_F7)
    wait_shown(window, qtbot)
    return window


def wait_shown(window: MainWindow, qtbot: QtBot) -> None:
    workspace = window.workspace

    def all_there() -> bool:
        return bool(window.gallery.sections) and all(
            shown(window, name) == set().union(*(counted_ids(workspace, row, name) for row in range(3)))
            for name in workspace.settings.classes
        )

    qtbot.waitUntil(all_there, timeout=30_000)


def test_the_cells_of_all_pictures_are_sorted_by_score(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.gallery.isVisible()
    assert opened.gallery.bar.scope_box.currentText() == "All images"
    tiles = view_of(opened, "RBC").tiles
    assert set(tiles.images.tolist()) == {item.id for item in opened.workspace.images.items}
    assert (np.diff(tiles.scores) >= 0).all()
    assert len(set(tiles.images[:12].tolist())) > 1  # mixed, not image after image
    model = view_of(opened, "RBC").tile_model
    for row in (0, 7):
        item = opened.workspace.images.item(int(tiles.images[row]))
        assert item is not None
        assert item.path.name in model.index(row).data(Qt.ItemDataRole.ToolTipRole)
    choose(opened.gallery, Order.CERTAIN)
    assert (np.diff(view_of(opened, "RBC").tiles.scores) <= 0).all()
    qtbot.keyClick(opened.gallery.bar.scope_box, Qt.Key.Key_Up)
    assert shown(opened, "RBC") == counted_ids(opened.workspace, 0, "RBC")


def test_the_choice_is_remembered(
    opened: MainWindow, qtbot: QtBot, preferences: Preferences, model_path: Path, tmp_path: Path
) -> None:
    assert preferences.gallery_of_all
    other = MainWindow(Workspace(model_path, tmp_path / "other", "Anna"), preferences)
    qtbot.addWidget(other)
    assert other.gallery.bar.scope_box.currentIndex() == 1
    assert other.actions_["gallery_all"].isChecked()
    other.actions_["gallery_all"].trigger()
    assert not preferences.gallery_of_all
    other.close()


def test_a_tile_shows_its_piece_of_a_picture_that_is_not_current(opened: MainWindow, qtbot: QtBot) -> None:
    """Compared with what the canvas's own photograph gives, when the image is current."""
    workspace, gallery = opened.workspace, opened.gallery
    tiles = view_of(opened, "RBC").tiles
    row = row_of(opened, "RBC", 2)
    image = int(tiles.images[row])
    view_of(opened, "RBC").scrollTo(view_of(opened, "RBC").tile_model.index(row))
    region = tiles.region(row)
    qtbot.waitUntil(lambda: gallery.crops.piece(image, region, 72) is not None, timeout=10_000)
    piece = gallery.crops.piece(image, region, 72)
    assert piece is not None
    workspace.images.set_current(workspace.images.items[2].id)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None and gallery.crops.at_hand(image), timeout=10_000)
    own = gallery.crops.piece(image, region, piece.width())
    assert own is not None
    one, other = piece.toImage(), own.toImage()
    for place in range(0, piece.width(), 9):
        mine, theirs = one.pixelColor(place, place), other.pixelColor(place, place)
        if theirs.alpha() == 255:
            assert abs(mine.red() - theirs.red()) <= 12


def test_one_reading_gives_all_pieces_of_a_picture(opened: MainWindow, qtbot: QtBot) -> None:
    tiles, crops = view_of(opened, "RBC").tiles, opened.gallery.crops
    for picture in (1, 2):
        image = opened.workspace.images.items[picture].id
        regions = [tiles.region(row) for row in np.flatnonzero(tiles.images == image).tolist()]
        qtbot.waitUntil(lambda image=image, one=regions[0]: crops.piece(image, one, 72) is not None, timeout=10_000)
        assert all(crops.piece(image, region, 72) is not None for region in regions)


def test_a_double_click_shows_the_cell_in_its_image_and_the_way_back(opened: MainWindow, qtbot: QtBot) -> None:
    workspace, view = opened.workspace, view_of(opened, "RBC")
    row = row_of(opened, "RBC", 2)
    number = click(qtbot, view, row)
    assert workspace.images.current_position == 0  # a click only selects
    assert workspace.selection.all == view.selected_cells() == [(workspace.images.items[2].id, number)]
    assert opened.gallery.inspector.image_name.text() == "c.png"
    qtbot.mouseDClick(view.viewport(), LEFT, pos=view.visualRect(view.tile_model.index(row)).center())
    assert opened.view is View.REVIEW
    assert workspace.images.current_position == 2
    assert workspace.selection.cells == (number,)
    qtbot.waitUntil(lambda: opened.canvas.boxes.rect_of(number) is not None, timeout=10_000)
    rect = opened.canvas.boxes.rect_of(number)
    assert rect is not None
    seen = opened.canvas.mapToScene(opened.canvas.viewport().rect()).boundingRect()
    assert seen.contains(rect.center())
    assert opened.canvas.selection.single == rect
    qtbot.mouseClick(opened.toast.button, LEFT)
    assert opened.view is View.CELLS
    assert view.selected_cells() == [(workspace.images.items[2].id, number)]


def test_a_key_reclassifies_cells_of_several_pictures_and_one_undo_returns_them(
    opened: MainWindow, qtbot: QtBot
) -> None:
    workspace, view = opened.workspace, view_of(opened, "RBC")
    before = [counts(workspace, row) for row in range(3)]
    here = click(qtbot, view, row_of(opened, "RBC", 0))
    there = [click(qtbot, view, row_of(opened, "RBC", picture, 1), CTRL) for picture in (1, 2)]
    assert workspace.images.current_position == 0
    assert workspace.selection.cells == (here,)
    assert {number for _, number in workspace.selection.elsewhere} == set(there)
    assert "3 cells selected" in opened.status.activity.full_text
    qtbot.keyClick(view, "2")
    for row in range(3):
        after = {**before[row], "RBC": before[row]["RBC"] - 1, "WBC": before[row]["WBC"] + 1}
        assert counts(workspace, row) == after
        assert workspace.images.items[row].edited == 1
    qtbot.waitUntil(lambda: {here, *there} <= shown(opened, "WBC"))
    assert {cell for _, cell in view_of(opened, "WBC").selected_cells()} == {here, *there}
    assert "2 more images" in workspace.history.undo_text
    qtbot.keyClick(view, "Z", CTRL)
    assert [counts(workspace, row) for row in range(3)] == before
    qtbot.waitUntil(lambda: {here, *there} <= shown(opened, "RBC"))


def test_delete_takes_cells_of_another_picture_away(opened: MainWindow, qtbot: QtBot) -> None:
    workspace, view = opened.workspace, view_of(opened, "RBC")
    before = counts(workspace, 1)
    workspace.images.set_current(workspace.images.items[1].id)
    click(qtbot, view, row_of(opened, "RBC", 1))
    click(qtbot, view, row_of(opened, "RBC", 1, 3), CTRL)
    workspace.images.set_current(workspace.images.items[0].id)
    assert workspace.selection.all == []
    click(qtbot, view, row_of(opened, "RBC", 0))
    gone = click(qtbot, view, row_of(opened, "RBC", 1, 2), CTRL)
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert counts(workspace, 1)["RBC"] == before["RBC"] - 1
    qtbot.waitUntil(lambda: gone not in shown(opened, "RBC"))
    assert workspace.selection.all == []


def test_a_drag_takes_cells_of_another_picture_along(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The offscreen platform has no drag and drop: what it would do while the drag lasts is done here."""
    workspace, view, taken = opened.workspace, view_of(opened, "RBC"), []
    target = opened.gallery.sections["WBC"]

    def run(self: QDrag, *_: object) -> Qt.DropAction:
        mime: QMimeData = self.mimeData()
        place, move = target.rect().center(), Qt.DropAction.MoveAction
        enter = QDragEnterEvent(place, move, mime, LEFT, NONE)
        QApplication.sendEvent(target, enter)
        taken.append(enter.isAccepted())
        QApplication.sendEvent(target, QDropEvent(QPointF(place), move, mime, LEFT, NONE))
        return move

    monkeypatch.setattr(QDrag, "exec", run)
    first = click(qtbot, view, row_of(opened, "RBC", 0))
    second = click(qtbot, view, row_of(opened, "RBC", 2), CTRL)
    place = view.visualRect(view.tile_model.index(row_of(opened, "RBC", 2))).center()
    qtbot.mousePress(view.viewport(), LEFT, pos=place)
    for step in (5, 15):
        qtbot.mouseMove(view.viewport(), place + type(place)(QApplication.startDragDistance() + step, 0))
    qtbot.mouseRelease(view.viewport(), LEFT, pos=place)
    assert taken == [True]
    qtbot.waitUntil(lambda: {first, second} <= shown(opened, "WBC"))
    assert workspace.images.items[2].edited == 1


def test_what_nobody_sees_selected_is_not_changed(opened: MainWindow, qtbot: QtBot) -> None:
    workspace, view = opened.workspace, view_of(opened, "RBC")
    for leave in (
        lambda: opened.gallery.bar.scope_box.setCurrentIndex(0),
        lambda: opened.actions_["review_view"].trigger(),
        lambda: workspace.settings.set_threshold("RBC", 0.9999),
    ):
        opened.gallery.set_all(True)
        opened.show_view(View.CELLS)
        wait_shown(opened, qtbot)
        click(qtbot, view, row_of(opened, "RBC", 0))
        click(qtbot, view, row_of(opened, "RBC", 1), CTRL)
        assert workspace.selection.elsewhere
        leave()
        qtbot.waitUntil(lambda: not workspace.selection.elsewhere)


def test_tiles_of_all_pictures_follow_a_threshold(opened: MainWindow, qtbot: QtBot) -> None:
    tiles = view_of(opened, "RBC").tiles
    limit = float(np.median(tiles.scores))
    opened.workspace.settings.set_threshold("RBC", limit)
    wait_shown(opened, qtbot)
    assert (view_of(opened, "RBC").tiles.scores >= np.float32(limit)).all()


def test_a_missing_picture_has_an_empty_tile_that_says_why(opened: MainWindow, qtbot: QtBot) -> None:
    workspace, gallery, view = opened.workspace, opened.gallery, view_of(opened, "RBC")
    gallery.hide()
    gallery.crops.forget()
    path = workspace.images.items[1].path
    moved = path.rename(path.with_name("moved.png"))
    workspace.inference.queue.forget_pixels(workspace.images.items[1])
    gallery.show()
    row = row_of(opened, "RBC", 1)
    index = view.tile_model.index(row)
    view.scrollTo(index)

    def told() -> str:
        return str(index.data(Qt.ItemDataRole.ToolTipRole))

    qtbot.waitUntil(lambda: told().count("b.png") > 1, timeout=10_000)
    assert "there is no such file" in told()
    moved.rename(path)
    gallery.hide()
    gallery.show()
    region = view.tiles.region(row)
    image = workspace.images.items[1].id
    qtbot.waitUntil(lambda: gallery.crops.piece(image, region, 72) is not None, timeout=10_000)
    assert told().endswith("b.png")


def test_pictures_that_failed_are_told(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, wait_counted: Callable[[MainWindow], None]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    opened.workspace.opening.open([broken])
    wait_counted(opened)
    opened.resize(1400, 900)
    qtbot.waitUntil(lambda: opened.gallery.bar.note.text() == "1 image could not be counted")
    assert "broken.png" in opened.gallery.bar.note.toolTip()
    assert len(view_of(opened, "RBC").tiles) > 30  # although the current image has none


@pytest.fixture
def place_of_focus(window: MainWindow) -> Callable[[], str]:
    window.activateWindow()

    def place() -> str:
        focus = QApplication.focusWidget()
        assert focus is not None
        parts = {
            "list": window.image_list,
            "picture": window.image_page,
            "count": window.side,
            "gallery": window.gallery,
            "head": window.head,
            "bar": window.view_bar,
            "history": window.history_panel,
        }
        return next(name for name, part in parts.items() if part is focus or part.isAncestorOf(focus))

    return place


def test_f6_goes_round_the_parts_of_the_window(
    opened: MainWindow, qtbot: QtBot, place_of_focus: Callable[[], str]
) -> None:
    opened.toast.leave()
    opened.resize(1500, 760)  # a narrow one folds the list away
    opened.actions_["history"].trigger()
    opened.actions_["review_view"].trigger()
    QApplication.processEvents()
    there = []
    for _ in range(6):
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, Qt.Key.Key_F6)
        there.append(place_of_focus())
    assert there == ["count", "history", "head", "bar", "list", "picture"]
    opened.actions_["cells_view"].trigger()
    QApplication.processEvents()
    assert place_of_focus() == "gallery"
    assert opened.gallery.focusProxy() is view_of(opened, "RBC")
    back = []
    for _ in range(4):
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
        back.append(place_of_focus())
    assert back == ["bar", "head", "history", "gallery"]
    opened.actions_["review_view"].trigger()
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Tab)  # still walks the cells
    assert place_of_focus() == "picture"
    assert len(opened.workspace.selection.cells) == 1
