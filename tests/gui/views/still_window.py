"""A window that is worked with, and watched for anything that moves: run by the tests, each time at another scale.

``still_window.py MODEL FOLDER ACTIONS SEED``: open the images of a folder, which have one size, and do so many random
things with real keys and clicks. Prints what moved, one line each, and at the end ``still`` if nothing did.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3]))

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QPoint, QRect, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QSlider, QWidget

from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.selection import ToolName
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.panels.counts.class_row import ClassRow

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONTROLS = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider)
WAIT_S = 180


def wait(done: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(1000 * WAIT_S)
    while not done():
        if deadline.hasExpired():
            sys.exit("waited in vain")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


class Work:
    """Random things that one does in Review."""

    def __init__(self, window: MainWindow, seed: str) -> None:
        self.window = window
        self.rng = random.Random(seed)
        self._warned = False

    def anything(self) -> str:
        """Do something, and return what it was."""
        doings = {
            "drag a threshold": self.drag_threshold,
            "type a threshold": self.type_threshold,
            "remove a cell": lambda: self.on_cell(Qt.Key.Key_Delete),
            "confirm a cell": lambda: self.on_cell(Qt.Key.Key_Return),
            "make it another class": lambda: self.on_cell(self.rng.choice([Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3])),
            "add a cell": self.add_cell,
            "undo": lambda: self.key(Qt.Key.Key_Z, CTRL),
            "redo": lambda: self.key(Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier),
            "save": lambda: self.key(Qt.Key.Key_S, CTRL),
            "cells below the threshold": lambda: self.key(Qt.Key.Key_G),
            "next image": lambda: self.key(Qt.Key.Key_PageDown),
            "previous image": lambda: self.key(Qt.Key.Key_PageUp),
            "mark reviewed": lambda: self.key(Qt.Key.Key_R),
            "reviewed, next": lambda: self.click(self.window.panel.next_button),
            "hide a class": lambda: self.click(self.rng.choice(self.rows()).shown),
            "hide the boxes": lambda: self.key(Qt.Key.Key_H),
            "labels": lambda: self.key(Qt.Key.Key_L),
            "warn": self.warn,
            "count by hand": lambda: self.key(Qt.Key.Key_T),
        }
        name = self.rng.choice(list(doings))
        doings[name]()
        if self.window.workspace.tally.active:
            self.click_at(self.anywhere())
            self.key(Qt.Key.Key_T)
        return name

    def rows(self) -> list[ClassRow]:
        return list(self.window.panel.classes.cards.values())

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        self.window.canvas.setFocus()
        QTest.keyClick(self.window.canvas, key, modifiers)

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, LEFT, NONE, widget.rect().center())

    def click_at(self, place: QPoint) -> None:
        QTest.mouseClick(self.window.canvas.viewport(), LEFT, NONE, place)

    def anywhere(self) -> QPoint:
        canvas = self.window.canvas
        scene = canvas.sceneRect()
        x, y = self.rng.uniform(0.05, 0.95), self.rng.uniform(0.05, 0.95)
        return canvas.mapFromScene(scene.x() + x * scene.width(), scene.y() + y * scene.height())

    def drag_threshold(self) -> None:
        slider = self.rng.choice(self.rows()).slider
        start = QPoint(slider.width() // 2, slider.height() // 2)
        end = QPoint(self.rng.randrange(4, slider.width() - 4), slider.height() // 2)
        QTest.mousePress(slider, LEFT, NONE, start)
        QTest.mouseMove(slider, end)
        QTest.mouseRelease(slider, LEFT, NONE, end)
        QTest.keyClick(
            slider, self.rng.choice([Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown])
        )

    def type_threshold(self) -> None:
        number = self.rng.choice(self.rows()).number
        number.setFocus()
        number.selectAll()
        QTest.keyClicks(number, f"0.{self.rng.randrange(10, 95)}")
        QTest.keyClick(number, Qt.Key.Key_Return)

    def on_cell(self, key: Qt.Key) -> None:
        canvas, shown = self.window.canvas, self.window.canvas.boxes.shown_ids()
        cell = self.window.workspace.editing.cell(self.rng.choice(shown)) if shown else None
        if cell is not None:
            x1, y1, x2, y2 = cell.box
            self.click_at(canvas.mapFromScene((x1 + x2) / 2, (y1 + y2) / 2))
            self.key(key)
        self.key(Qt.Key.Key_Escape)

    def add_cell(self) -> None:
        if self.window.tools.tool is not ToolName.ADD:
            self.key(Qt.Key.Key_A)
        self.click_at(self.anywhere())
        self.key(Qt.Key.Key_Escape)
        self.key(Qt.Key.Key_Escape)

    def warn(self) -> None:
        messages = self.window.workspace.messages
        post = self.rng.choice([messages.info, messages.warning, messages.error])
        post(
            "A sentence that is as long as the sentences of warnings are, which take more than one line of the window."
        )


class Watch:
    """Where everything was when the work began."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._places: dict[str, QRect] = {}
        self._canvas = self._of_canvas()
        self.moved()

    def _of_canvas(self) -> tuple[object, ...]:
        canvas = self._window.canvas
        corner = canvas.viewport().mapTo(self._window, QPoint())
        view = canvas.viewportTransform()
        return QRect(corner, canvas.viewport().size()), [getattr(view, f"m{i}{j}")() for i in "123" for j in "123"]

    def moved(self) -> list[str]:
        """Return what is not where it was when it was first seen."""
        canvas = self._of_canvas()
        moved = [] if canvas == self._canvas else [f"the image: {self._canvas} is now {canvas}"]
        for control in (found for kind in CONTROLS for found in self._window.findChildren(kind)):
            if not control.isVisibleTo(self._window) or _floats(control):
                continue
            name = f"{type(control).__name__} {control.objectName()} {control.accessibleName()} {id(control)}"
            place = QRect(control.mapTo(self._window, QPoint()), control.size())
            before = self._places.setdefault(name, place)
            if before != place:
                moved.append(f"{name}: {before} is now {place}")
        return moved


def _floats(control: QWidget) -> bool:
    """Tell whether a control is on something that lies over the window for a moment, or in a list that scrolls."""
    widget: QWidget | None = control
    while widget is not None and not widget.isWindow():
        if widget.objectName() in ("toast", "notice"):
            return True
        widget = widget.parentWidget()
    return widget is None or not isinstance(widget, MainWindow)


def main() -> None:
    model, folder, actions, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    preferences = Preferences(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    workspace = Workspace(model, folder / "sessions", "Ada")
    window = MainWindow(workspace, preferences)
    window.resize(1200, 800)
    window.show()
    wait(lambda: workspace.inference.model is not None)
    workspace.opening.open(sorted(folder.glob("*.png")))
    wait(lambda: bool(workspace.images.items) and workspace.counts.states[State.COUNTED] == len(workspace.images.items))
    wait(lambda: workspace.inference.shown is not None)
    QTest.qWait(300)
    work, watch = Work(window, seed), Watch(window)
    found: dict[str, str] = {}
    for _ in range(actions):
        done = work.anything()
        wait(lambda: workspace.inference.shown is not None)
        QApplication.processEvents()
        for line in watch.moved():
            found.setdefault(line.split(":")[0], f"{done} moved {line}")
    edits = len(workspace.history.lines(None, 10_000))
    window.close()
    last = f"{'moved' if found else 'still'} {actions} actions {edits} edits"
    sys.stdout.write("\n".join([*found.values(), last]) + "\n")


if __name__ == "__main__":
    main()
