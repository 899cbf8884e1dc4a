"""The shape of the window: one sample in three views, a head line, and a line that says all is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication

from gui.commands.actions import ACTIONS
from gui.commands.context import Pane, View
from tests.gui.shell.samples import LEFT, remove_one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    WaitCounted = Callable[[MainWindow], None]


def test_the_views_share_image_and_selection(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    workspace.images.set_current(workspace.images.items[1].id)
    qtbot.waitUntil(lambda: workspace.counts.current_cells() is not None)
    cells = workspace.counts.current_cells()
    assert cells is not None
    cell = int(cells.cells.ids[0])
    workspace.selection.set([cell])
    for key, view in ((Qt.Key.Key_2, View.CELLS), (Qt.Key.Key_3, View.RESULTS), (Qt.Key.Key_1, View.REVIEW)):
        qtbot.keyClick(counted, key, Qt.KeyboardModifier.ControlModifier)
        assert counted.view is view
        assert counted.stage.currentWidget() is counted.views[view]
        assert workspace.images.current_position == 1
        assert workspace.selection.cells == (cell,)


def test_escape_leads_home(counted: MainWindow, qtbot: QtBot) -> None:
    counted.show_view(View.CELLS)
    focus = QApplication.focusWidget()
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Escape)
    assert counted.view is View.REVIEW
    counted.show_view(View.RESULTS)
    qtbot.keyClick(counted, Qt.Key.Key_Escape)
    assert counted.view is View.REVIEW


def test_a_cell_is_shown_in_review_from_anywhere(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    image = workspace.images.items[2].id
    cells = workspace.counts.cells(image)
    assert cells is not None
    number = int(cells.cells.ids[0])
    counted.show_view(View.RESULTS)
    counted.show_image(image, number)
    assert counted.view is View.REVIEW
    assert workspace.images.current_id == image
    assert workspace.selection.cells == (number,)


def test_a_tool_of_review_goes_to_review(counted: MainWindow) -> None:
    counted.show_view(View.CELLS)
    counted.actions_["add"].trigger()
    assert counted.view is View.REVIEW
    assert counted.actions_["add"].isChecked()


def test_tools_of_review_are_not_in_the_bar_of_other_views(counted: MainWindow) -> None:
    def shown() -> set[str]:
        buttons = counted.view_bar.findChildren(QAbstractButton)
        return {button.text() for button in buttons if button.isVisible()}

    in_review = shown()
    counted.show_view(View.RESULTS)
    QApplication.processEvents()
    assert {"Clear", "Uncertain"} <= in_review
    assert not {"Clear", "Uncertain"} & shown()
    assert {"Review", "Cells", "Results", "Undo", "Report"} <= shown()


def test_the_bar_fits_a_small_screen(counted: MainWindow) -> None:
    counted.resize(910, 480)  # 1366 x 768 at 150 %
    QApplication.processEvents()
    for button in counted.view_bar.findChildren(QAbstractButton):
        if button.isVisible() and button.objectName() != "qt_toolbar_ext_button":
            place = button.mapTo(counted.view_bar, button.rect().bottomRight())
            assert counted.view_bar.rect().contains(place), button.text()
    extension = counted.view_bar.findChild(QAbstractButton, "qt_toolbar_ext_button")
    assert extension is None or not extension.isVisible()


def test_only_the_start_page_is_there_while_no_image_is_open(window: MainWindow) -> None:
    assert window.start_page.isVisible()
    for part in (window.image_list, window.side, window.canvas):
        assert not part.isVisible()


def test_samples_that_were_open_are_tiles_to_go_on_with(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, start = counted.workspace, counted.start_page
    workspace.sample.set_id("24-1187")
    workspace.editing.mark_reviewed(True)
    counted.actions_["new_session"].trigger()
    qtbot.waitUntil(lambda: len(start.tiles.tiles) == 1)
    tile = start.tiles.tiles[0]
    assert tile.seen.title == "24-1187"
    assert "1 of 3 reviewed" in tile.accessibleName()
    qtbot.mouseClick(tile, LEFT)
    assert workspace.sample.id == "24-1187"
    assert len(workspace.images.items) == 3
    counted.recent_menu.aboutToShow.emit()
    assert counted.recent_menu.actions()[0].text() == "No sample was open yet"  # this one is open
    workspace.store.close()
    counted.recent_menu.aboutToShow.emit()
    assert "24-1187" in counted.recent_menu.actions()[0].text()


def test_a_folder_without_images_is_named_with_a_remedy(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    window.dialogs.open_paths([tmp_path / "nothing"])
    assert window.notice.isVisible()
    assert "nothing: there are no images in it" in window.notice.label.text()


def test_an_undo_in_another_image_says_so_and_leads_back(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    remove_one(counted)
    workspace.images.set_current(workspace.images.items[2].id)
    counted.actions_["undo"].trigger()
    assert workspace.images.current_position == 0
    assert counted.toast.text == "Undone in a.png: Remove RBC"
    assert counted.toast.button.text() == "Go back"
    qtbot.mouseClick(counted.toast.button, LEFT)
    assert workspace.images.current_position == 2
    counted.actions_["redo"].trigger()
    assert counted.toast.text == "Redone in a.png: Remove RBC"


def test_an_undo_of_a_setting_says_what_it_was(counted: MainWindow) -> None:
    workspace = counted.workspace
    assert workspace.settings.value is not None
    before = workspace.settings.value.thresholds["RBC"]
    workspace.settings.set_threshold("RBC", 0.9)
    counted.actions_["undo"].trigger()
    assert workspace.settings.value.thresholds["RBC"] == before
    assert counted.toast.text.startswith("Undone: Threshold RBC")


def test_an_image_that_was_removed_comes_back_by_the_button(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    counted.actions_["remove_picture"].trigger()
    assert counted.toast.text == "Removed a.png from the list."
    assert len(workspace.images.items) == 2
    qtbot.mouseClick(counted.toast.button, LEFT)
    assert [item.path.name for item in workspace.images.items] == ["a.png", "b.png", "c.png"]


def test_an_offer_to_undo_goes_with_the_next_step(counted: MainWindow) -> None:
    counted.actions_["remove_picture"].trigger()
    assert counted.toast.isVisible()
    remove_one(counted)
    assert not counted.toast.button.isVisible()


def test_ctrl_w_does_nothing(counted: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(counted.canvas, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert len(counted.workspace.images.items) == 3
    assert QKeySequence("Ctrl+W") not in [QKeySequence(action.key) for action in ACTIONS if action.key]


def test_return_confirms_only_on_the_image(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    cells, result = workspace.counts.current_cells(), workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    number = int(cells.cells.ids[result.counted][0])
    workspace.selection.set([number])
    counted.head.edit_id()
    qtbot.keyClick(counted.head.id, Qt.Key.Key_Return)
    counted.head.progress.setFocus()
    qtbot.keyClick(counted.head.progress, Qt.Key.Key_Return)
    assert not workspace.history.can_undo
    counted.canvas.setFocus()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Return)
    assert workspace.history.undo_text == "Confirm RBC"


def test_space_presses_the_button_that_has_the_keyboard(counted: MainWindow, qtbot: QtBot) -> None:
    counted.panel.setFocus()
    counted.head.user.setFocus()
    before = counted.workspace.images.current_id
    with qtbot.waitSignal(counted.head.user.pressed):
        qtbot.keyPress(counted.head.user, Qt.Key.Key_Space)
    assert counted.workspace.images.current_id == before


def test_ctrl_s_says_that_all_is_saved_and_where(counted: MainWindow, qtbot: QtBot) -> None:
    path = counted.workspace.store.path
    assert path is not None
    assert counted.status.saved.text() == "All changes saved"
    qtbot.keyClick(counted.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert counted.toast.text == f"All changes are saved in {path.name}."


def test_a_message_covers_neither_progress_nor_saved(counted: MainWindow) -> None:
    counted.workspace.messages.info("The report is in a folder with a long name.")
    assert counted.status.currentMessage() == ""
    assert counted.status.saved.isVisible()
    assert counted.toast.text == "The report is in a folder with a long name."


def test_messages_move_nothing(counted: MainWindow) -> None:
    before = counted.canvas.geometry(), counted.canvas.transform()
    counted.workspace.messages.warning("Two lines of a warning that is long. " * 6)
    counted.workspace.messages.info("Something was done.")
    QApplication.processEvents()
    assert counted.notice.isVisible()
    assert counted.toast.isVisible()
    assert (counted.canvas.geometry(), counted.canvas.transform()) == before


def test_what_is_beside_the_image_folds_away_and_stays_so(counted: MainWindow, qtbot: QtBot) -> None:
    counted.resize(1300, 760)
    QApplication.processEvents()
    wide = counted.canvas.width()
    counted.actions_["images_pane"].trigger()
    counted.actions_["counts_pane"].trigger()
    QApplication.processEvents()
    assert not counted.image_list.isVisible()
    assert not counted.side.isVisible()
    assert counted.canvas.width() > wide + 300
    assert set(counted.preferences.folded_panes) == {"images", "counts"}
    for fold in counted.review.folds.values():
        qtbot.mouseClick(fold.strip, LEFT)
    QApplication.processEvents()
    assert counted.canvas.width() == wide
    assert counted.shows_pane(Pane.IMAGES)


def test_a_small_screen_leaves_the_image_most_of_the_width(counted: MainWindow) -> None:
    counted.resize(910, 480)
    QApplication.processEvents()
    assert counted.canvas.width() >= 0.6 * 910
    counted.resize(1300, 760)
    QApplication.processEvents()
    assert counted.image_list.isVisible()


def test_full_screen_is_left_with_escape(counted: MainWindow, qtbot: QtBot) -> None:
    counted.actions_["full_screen"].trigger()
    assert counted.isFullScreen()
    counted.canvas.setFocus()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert not counted.isFullScreen()


def test_a_button_is_not_lit_once_its_menu_is_closed_elsewhere(counted: MainWindow) -> None:
    for button in (counted.view_bar.open_button, counted.add_button):
        QCursor.setPos(button.mapToGlobal(button.rect().bottomRight() + QPoint(200, 200)))
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
        button.menu().popup(button.mapToGlobal(QPoint(0, button.height())))
        button.menu().close()
        assert not button.underMouse()
