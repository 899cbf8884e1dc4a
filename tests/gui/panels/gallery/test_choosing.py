"""Cells are selected, opened, dragged and changed in the gallery; a default model found them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QApplication, QWidget

from tests.gui.panels.gallery.builders import LEFT, Host, click, counts, drop, ids, marked, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.panel import Gallery
    from gui.workspace.workspace import Workspace


def test_a_click_selects_the_cell_and_a_double_click_asks_for_it_in_its_image(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    number = ids(gallery, "RBC")[3]
    click(qtbot, gallery, "RBC", number)
    assert workspace.selection.cells == (number,)
    view = gallery.sections["RBC"].view
    with qtbot.waitSignal(gallery.open_wanted) as wanted:
        qtbot.mouseDClick(view.viewport(), LEFT, pos=place_of(view, number))
    assert wanted.args == [workspace.images.current_id, number]


def test_ctrl_and_shift_select_many_also_in_several_classes(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    red, platelets = ids(gallery, "RBC"), ids(gallery, "Platelets")
    click(qtbot, gallery, "RBC", red[1])
    click(qtbot, gallery, "RBC", red[3], Qt.KeyboardModifier.ShiftModifier)
    assert set(workspace.selection.cells) == set(red[1:4])
    click(qtbot, gallery, "Platelets", platelets[0], Qt.KeyboardModifier.ControlModifier)
    assert set(workspace.selection.cells) == {*red[1:4], platelets[0]}
    click(qtbot, gallery, "RBC", red[2], Qt.KeyboardModifier.ControlModifier)
    assert set(workspace.selection.cells) == {red[1], red[3], platelets[0]} == marked(gallery)
    click(qtbot, gallery, "Platelets", platelets[0])
    assert workspace.selection.cells == (platelets[0],)
    assert marked(gallery) == {platelets[0]}


def test_what_is_selected_elsewhere_is_marked_and_a_single_cell_scrolled_to(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]
) -> None:
    open_smear()
    gallery.window().resize(780, 320)
    gallery.tile_side = 128
    view = gallery.sections["RBC"].view
    last = ids(gallery, "RBC")[-1]
    assert not view.viewport().rect().intersects(view.visualRect(view.tile_model.index(len(view.tiles) - 1)))
    workspace.selection.set([last])
    assert marked(gallery) == {last}
    assert view.viewport().rect().intersects(view.visualRect(view.tile_model.index(len(view.tiles) - 1)))
    workspace.selection.set([])
    assert marked(gallery) == set()


def test_arrow_keys_walk_the_tiles(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    first, second = ids(gallery, "RBC")[:2]
    click(qtbot, gallery, "RBC", first)
    qtbot.keyClick(gallery.sections["RBC"].view, Qt.Key.Key_Right)
    assert workspace.selection.cells == (second,)


def test_a_drag_to_another_class_gives_the_cells_that_class(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    qtbot: QtBot,
    drag: Callable[[str, int, str | None], list[bool]],
) -> None:
    open_smear()
    before = counts(workspace)
    number, other = ids(gallery, "RBC")[:2]
    assert drag("RBC", number, "WBC") == [True]
    after = {**before, "RBC": before["RBC"] - 1, "WBC": before["WBC"] + 1}
    assert counts(workspace) == after
    qtbot.waitUntil(lambda: number in ids(gallery, "WBC"))
    assert number not in ids(gallery, "RBC")
    assert gallery.sections["WBC"].count.text() == str(after["WBC"])
    assert workspace.selection.cells == (number,)

    click(qtbot, gallery, "RBC", other)
    click(qtbot, gallery, "WBC", number, Qt.KeyboardModifier.ControlModifier)
    assert drag("WBC", number, "Platelets") == [True]
    assert counts(workspace)["Platelets"] == before["Platelets"] + 2
    workspace.history.undo()
    workspace.history.undo()
    assert counts(workspace) == before
    qtbot.waitUntil(lambda: number in ids(gallery, "RBC"))


def test_a_drag_to_its_own_class_or_into_nothing_changes_nothing(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    drag: Callable[[str, int, str | None], list[bool]],
) -> None:
    open_smear()
    assert drag("RBC", ids(gallery, "RBC")[0], "RBC") == [False]
    assert drag("RBC", ids(gallery, "RBC")[0], None) == [False]
    assert not workspace.history.can_undo


def test_what_another_program_or_another_picture_drags_is_not_taken(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear("a.png")
    click(qtbot, gallery, "RBC", ids(gallery, "RBC")[0])
    cells = gallery.drag_data()
    assert cells is not None
    open_smear("b.png")
    assert not drop(gallery, cells, "WBC")
    text = QMimeData()
    text.setText("RBC")
    assert not drop(gallery, text, "WBC")
    assert not workspace.history.can_undo


def test_delete_removes_the_selected_tiles(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    before = counts(workspace)
    red = ids(gallery, "RBC")
    click(qtbot, gallery, "RBC", red[0])
    click(qtbot, gallery, "RBC", red[2], Qt.KeyboardModifier.ShiftModifier)
    view = gallery.sections["RBC"].view
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert counts(workspace) == {**before, "RBC": before["RBC"] - 3}
    qtbot.waitUntil(lambda: ids(gallery, "RBC") == red[3:])
    assert workspace.selection.cells == ()
    # The keyboard goes on where it was.
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert len(workspace.selection.cells) == 1


def test_letters_and_numbers_are_the_windows_keys(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    number = ids(gallery, "RBC")[1]
    click(qtbot, gallery, "RBC", number)
    view = gallery.sections["RBC"].view
    qtbot.keyClick(view, "2")
    qtbot.waitUntil(lambda: number in ids(gallery, "WBC"))
    qtbot.keyClick(view, "r")
    item = workspace.images.current
    assert item is not None
    assert item.reviewed
    row = view.currentIndex().row()
    free = [Qt.Key.Key_0, Qt.Key.Key_Q, Qt.Key.Key_Escape]
    for key in free:
        qtbot.keyClick(view, key)
    host = gallery.window()
    assert isinstance(host, Host)
    assert host.keys == free
    assert view.currentIndex().row() == row
    assert workspace.selection.cells == (number,)


@pytest.mark.parametrize("height", [320, 420, 700])
def test_nothing_beside_the_tiles_lies_on_something_else(
    gallery: Gallery, open_smear: Callable[..., None], qtbot: QtBot, height: int
) -> None:
    open_smear()
    click(qtbot, gallery, "RBC", ids(gallery, "RBC")[0])
    gallery.window().resize(911, height)
    QApplication.processEvents()
    inspector = gallery.inspector
    parts = [part for part in inspector.findChildren(QWidget) if part.isVisible()]
    assert inspector.piece in parts
    for place, part in enumerate(parts):
        assert inspector.rect().contains(part.geometry())
        assert not any(part.geometry().intersects(other.geometry()) for other in parts[place + 1 :])
