"""Cells by kind can be used by the keyboard alone, by a screen reader, and on a small screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QDialog

from gui.commands.context import Dialog
from gui.dialogs.kinds.editor import KindEditor
from gui.dialogs.kinds.teaching import TeachingSetsDialog
from gui.panels.gallery.kinds.content import USEFUL
from tests.gui.panels.gallery.kinds.conftest import WAIT_MS
from tests.gui.panels.gallery.kinds.test_page import teach
from tests.gui.shell.test_reach import controls, name_of, nameless, scrolls

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


def test_every_control_has_a_name_for_a_screen_reader(by_kind: MainWindow, qtbot: QtBot) -> None:
    assert not nameless(by_kind), nameless(by_kind)
    teach(by_kind, qtbot)
    page = by_kind.cells.kinds
    page.sort_again()
    QApplication.processEvents()
    assert not nameless(by_kind), nameless(by_kind)
    qtbot.mouseClick(page.bar.figures_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.figures.confusion.isVisible, timeout=WAIT_MS)
    assert not nameless(by_kind), nameless(by_kind)


def test_every_control_of_the_dialogs_has_a_name(by_kind: MainWindow, qtbot: QtBot) -> None:
    for dialog, kind in ((Dialog.KINDS, KindEditor), (Dialog.TEACHING_SETS, TeachingSetsDialog)):
        by_kind.open_dialog(dialog)
        shown = by_kind.findChild(kind)
        assert isinstance(shown, QDialog)
        assert not nameless(shown), nameless(shown)
        shown.reject()
    by_kind.open_dialog(Dialog.DIFFERENTIAL)
    differential = by_kind.dialogs.differential
    assert differential is not None
    for page in range(differential.tabs.count()):
        differential.tabs.setCurrentIndex(page)
        QApplication.processEvents()
        assert not nameless(differential), nameless(differential)
    differential.close()


def test_tab_reaches_every_control(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    page.tree.setFocus()
    reached: set[QWidget] = set()
    focus = QApplication.focusWidget()
    while focus is not None and focus not in reached:
        reached.add(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
    wanted = [one for one in controls(page) if one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    missed = [f"{type(one).__name__} {name_of(one)}" for one in wanted if one not in reached]
    assert not missed, missed


def test_the_arrows_go_on_from_pile_to_pile(by_kind: MainWindow, qtbot: QtBot) -> None:
    area = by_kind.cells.kinds.area
    view = area.piles[USEFUL].view
    view.setFocus()
    view.choose_row(0)
    for _ in range(view.lines):
        qtbot.keyClick(QApplication.focusWidget() or view, Qt.Key.Key_Down)
    following = area.views[1]
    assert following.hasFocus()
    assert by_kind.workspace.selection.all == following.tiles.cells()[:1]
    qtbot.keyClick(following, Qt.Key.Key_Up)
    assert view.hasFocus()


@pytest.mark.parametrize("figures", [False, True])
def test_nothing_is_out_of_reach_on_a_small_screen(by_kind: MainWindow, qtbot: QtBot, figures: bool) -> None:
    by_kind.resize(910, 480)  # 1366 x 768 at 150 %, less the bars of the desktop
    by_kind.cells.kinds.bar.figures_button.setChecked(figures)
    QApplication.processEvents()
    assert by_kind.width() == 910
    for one in controls(by_kind):
        if scrolls(one):
            continue
        place = QRect(one.mapTo(by_kind, QPoint()), one.size())
        assert by_kind.rect().contains(place), f"{type(one).__name__} {name_of(one)}"
        clipped = one.visibleRegion().boundingRect()
        assert clipped.width() >= 0.9 * one.width(), f"{type(one).__name__} {name_of(one)} is cut off"
