"""Everything can be reached: by the keyboard, by a screen reader, and on a small screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from gui.commands.context import Dialog, View
from gui.workspace.view_options import Peek

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QTextEdit,
)
INSIDE = ("qt_spinbox_lineedit", "qt_scrollarea_viewport", "qt_toolbar_ext_button")
"""Parts that Qt makes of a control; the control itself has the name."""


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None]) -> MainWindow:
    window.workspace.opening.open([make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")])
    wait_counted(window)
    return window


def controls(within: QWidget) -> Iterator[QWidget]:
    """Yield the controls that can be seen and used."""
    for widget in within.findChildren(QWidget):
        inner = widget.objectName() in INSIDE or isinstance(widget, QScrollBar)
        inside = isinstance(widget.parentWidget(), (QComboBox, QAbstractSpinBox, QTabBar, QAbstractItemView, QLineEdit))
        if isinstance(widget, CONTROLS) and widget.isVisible() and not inner and not inside:
            yield widget


def name_of(widget: QWidget) -> str:
    """Return what a screen reader says of a control, besides what it is."""
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    buddies = [
        label for label in widget.window().findChildren(QWidget) if getattr(label, "buddy", lambda: None)() is widget
    ]
    return widget.accessibleName() or text.replace("&", "").strip() or ("its label" if buddies else "")


def nameless(within: QWidget) -> list[str]:
    return [f"{type(one).__name__} {one.objectName()} in {_path(one)}" for one in controls(within) if not name_of(one)]


def _path(widget: QWidget) -> str:
    names: list[str] = []
    above = widget.parentWidget()
    while above is not None:
        names.append(type(above).__name__)
        above = above.parentWidget()
    return " < ".join(names[:4])


@pytest.mark.parametrize("view", list(View))
def test_every_control_has_a_name_for_a_screen_reader(counted: MainWindow, view: View) -> None:
    counted.show_view(view)
    counted.actions_["history"].trigger()
    counted.options.show_adjusting(view is View.REVIEW)
    QApplication.processEvents()
    assert len(list(controls(counted))) > 15
    assert not nameless(counted), nameless(counted)


def test_every_control_of_a_manual_count_and_of_uncertain_cells_has_a_name(counted: MainWindow) -> None:
    for action in ("doubts", "tally"):
        counted.actions_[action].trigger()
        QApplication.processEvents()
        assert not nameless(counted), nameless(counted)


def test_the_start_page_has_names_and_enter_presses_its_buttons(window: MainWindow, qtbot: QtBot) -> None:
    assert not nameless(window), nameless(window)
    button = window.start_page.demo_button
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert len(window.workspace.images.items) == 1


@pytest.mark.parametrize(
    "dialog", [Dialog.REPORT, Dialog.SIGN, Dialog.PREFERENCES, Dialog.KEYS, Dialog.EXPORT, Dialog.USER, Dialog.GUIDE]
)
def test_every_control_of_a_dialog_has_a_name(counted: MainWindow, qtbot: QtBot, dialog: Dialog) -> None:
    before, found = set(QApplication.topLevelWidgets()), list[list[str]]()

    def look() -> None:
        opened = [one for one in set(QApplication.topLevelWidgets()) - before if one.isVisible()]
        if not opened:
            QTimer.singleShot(20, look)
            return
        found.extend(nameless(one) for one in opened)
        for one in opened:
            one.reject() if isinstance(one, QDialog) else one.close()

    QTimer.singleShot(20, look)  # some dialogs come back only when they are closed
    counted.open_dialog(dialog)
    qtbot.waitUntil(lambda: bool(found))
    assert not any(found), found


@pytest.mark.parametrize("dialog", [Dialog.VERIFY, Dialog.COUNTING_SETTINGS, Dialog.ADAPT])
def test_every_control_of_the_other_windows_has_a_name(counted: MainWindow, qtbot: QtBot, dialog: Dialog) -> None:
    counted.open_dialog(dialog)
    dialogs = counted.dialogs
    other = {Dialog.VERIFY: dialogs.verify, Dialog.ADAPT: dialogs.adapt}.get(dialog, dialogs.counting)
    assert other is not None
    qtbot.waitUntil(other.isVisible)
    for bar in other.findChildren(QTabBar) or [None]:
        for place in range(bar.count() if bar is not None else 1):
            if bar is not None:
                bar.setCurrentIndex(place)
            QApplication.processEvents()
            assert not nameless(other), nameless(other)
    other.close()


@pytest.mark.parametrize("view", list(View))
def test_tab_and_f6_reach_every_control(counted: MainWindow, qtbot: QtBot, view: View) -> None:
    counted.resize(1400, 900)
    counted.show_view(view)
    QApplication.processEvents()
    reached: set[QWidget] = set()
    counted.head.id.setFocus()
    for _pane in range(8):
        walked: set[QWidget] = set()
        for _step in range(60):
            focus = QApplication.focusWidget()
            assert focus is not None
            if focus in walked or focus is counted.canvas:
                break
            walked.add(focus)
            qtbot.keyClick(focus, Qt.Key.Key_Tab)
        reached |= walked
        pane = QApplication.focusWidget()
        qtbot.keyClick(counted, Qt.Key.Key_F6)
        entered = QApplication.focusWidget()
        assert entered is not None
        assert entered is not pane
        if entered is not counted.canvas:
            for _step in range(4):  # Shift and Tab: what stands before the pane
                qtbot.keyClick(QApplication.focusWidget() or entered, Qt.Key.Key_Backtab)
                reached.add(QApplication.focusWidget() or entered)
            entered.setFocus()
    reached.add(counted.canvas)
    wanted = [one for one in controls(counted) if one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    missed = [f"{type(one).__name__} {name_of(one)}" for one in wanted if one not in reached]
    assert not missed, missed


@pytest.mark.parametrize("view", list(View))
def test_what_has_the_focus_can_be_seen_to_have_it(counted: MainWindow, view: View) -> None:
    counted.show_view(view)
    QApplication.processEvents()
    counted.toast.leave()
    alike: list[str] = []
    others = [counted.head.id, counted.head.progress]
    for one in controls(counted):
        if not one.isEnabled() or not one.focusPolicy() & Qt.FocusPolicy.TabFocus or one.focusProxy() is not None:
            continue
        elsewhere = next(other for other in others if other is not one and other.isVisible())
        elsewhere.setFocus(Qt.FocusReason.TabFocusReason)
        without = _seen(one)
        one.setFocus(Qt.FocusReason.TabFocusReason)
        counted.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)  # as the key itself does
        one.update()
        if isinstance(one, QAbstractItemView) and not one.model().rowCount():
            continue  # there is no row that could show it
        if _seen(one) == without:
            alike.append(f"{type(one).__name__} {one.objectName()} {name_of(one)}")
    assert not alike, alike


def _seen(widget: QWidget) -> QImage:
    QApplication.processEvents()
    window = widget.window()
    place = QRect(widget.mapTo(window, QPoint()), widget.size()).adjusted(-2, -2, 2, 2)
    return window.grab(place).toImage()


@pytest.mark.parametrize("view", list(View))
def test_nothing_is_out_of_reach_on_a_small_screen(counted: MainWindow, view: View) -> None:
    counted.resize(910, 480)  # 1366 x 768 at 150 %, less the bars of the desktop
    counted.show_view(view)
    QApplication.processEvents()
    assert counted.width() == 910
    for one in controls(counted):
        if scrolls(one):
            continue
        place = QRect(one.mapTo(counted, QPoint()), one.size())
        assert counted.rect().contains(place), f"{type(one).__name__} {name_of(one)}"
        clipped = one.visibleRegion().boundingRect()
        assert clipped.width() >= 0.9 * one.width(), f"{type(one).__name__} {name_of(one)} is cut off"


def scrolls(widget: QWidget) -> bool:
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, (QScrollArea, QAbstractItemView)):
            return True
        above = above.parentWidget()
    return False


def test_on_a_small_screen_all_classes_are_seen_and_messages_cover_no_control(
    counted: MainWindow, qtbot: QtBot
) -> None:
    counted.resize(910, 480)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not counted.panel.rows_area.verticalScrollBar().isVisible())
    area = counted.panel.rows_area.viewport()
    for row in counted.panel.classes.cards.values():
        for part in (row.count, row.sample, row.slider, row.number):
            place = QRect(part.mapTo(area, QPoint()), part.size())
            assert area.rect().contains(place), f"{row.name} {type(part).__name__}"
    counted.canvas.zoom_to(8.0)
    counted.workspace.messages.info("A sentence that is as long as the longest ones are, with a name in it " * 2)
    QApplication.processEvents()
    toast = QRect(counted.toast.mapToGlobal(QPoint()), counted.toast.size())
    overview = counted.presenter.stage.overview
    assert overview.isVisible()
    for other in (counted.panel.next_button, overview):
        assert not toast.intersects(QRect(other.mapToGlobal(QPoint()), other.size()))


def test_peek_adjust_ruler_and_fit_have_buttons_beside_the_zoom(counted: MainWindow, qtbot: QtBot) -> None:
    buttons = counted.status.tools.buttons
    qtbot.mousePress(buttons["peek"], Qt.MouseButton.LeftButton)
    assert counted.options.peek is Peek.BARE
    qtbot.mouseRelease(buttons["peek"], Qt.MouseButton.LeftButton)
    assert counted.options.peek is Peek.NOTHING
    qtbot.mouseClick(buttons["adjust_view"], Qt.MouseButton.LeftButton)
    assert counted.options.adjusting
    qtbot.mouseClick(buttons["ruler"], Qt.MouseButton.LeftButton)
    assert counted.actions_["ruler"].isChecked()
    counted.canvas.zoom_to(4.0)
    qtbot.mouseClick(buttons["fit"], Qt.MouseButton.LeftButton)
    assert counted.canvas.shows_all
    counted.show_view(View.RESULTS)
    assert not counted.status.tools.isVisible()


def shown_wholly(part: QWidget, window: QWidget) -> bool:
    """Tell whether all of a part is in view in its window."""
    return part.isVisible() and part.visibleRegion().boundingRect().size() == part.size()


def test_on_a_small_screen_a_manual_count_is_begun_and_ended_without_scrolling(
    counted: MainWindow, qtbot: QtBot
) -> None:
    counted.resize(911, 500)
    counted.actions_["tally"].trigger()
    panel = counted.tally_panel
    qtbot.waitUntil(panel.isVisible)
    QApplication.processEvents()
    for part in (*panel.rows.values(), panel.with_target, panel.target, panel.blind, panel.done_button):
        assert shown_wholly(part, counted), part.objectName() or type(part).__name__


def test_on_a_small_screen_results_and_cells_are_not_cut(counted: MainWindow, qtbot: QtBot) -> None:
    counted.resize(911, 500)
    counted.show_view(View.RESULTS)
    panel = counted.results.panel
    QApplication.processEvents()
    assert not panel.table.horizontalScrollBar().isVisible()
    panel.show_page(2)
    QApplication.processEvents()
    table = panel.estimates.table
    names = [figure.what for figure in panel.estimates.model.rows]
    assert max(map(table.fontMetrics().horizontalAdvance, names)) < table.columnWidth(0)
    assert not table.horizontalScrollBar().isVisible()
    counted.show_view(View.CELLS)
    qtbot.waitUntil(lambda: counted.gallery.source.piles != {})
    QApplication.processEvents()
    for section in counted.gallery.sections.values():
        assert section.view.columns >= 2
    assert len({section.view.side for section in counted.gallery.sections.values()}) == 1, "one scale for all"
