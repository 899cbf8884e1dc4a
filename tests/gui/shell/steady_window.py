"""Drives a window with real keys and clicks and prints, as JSON, what has moved meanwhile.

``steady_window.py MODEL FOLDER STEPS IMAGE...``; the images are of one size.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QApplication, QComboBox, QWidget

from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
KEYS = (
    *((key, NONE) for key in (Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)),
    *((key, NONE) for key in (Qt.Key.Key_R, Qt.Key.Key_G, Qt.Key.Key_L, Qt.Key.Key_H, Qt.Key.Key_Escape)),
    *((key, NONE) for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)),
    (Qt.Key.Key_Z, CTRL),
    (Qt.Key.Key_Z, CTRL | SHIFT),
    (Qt.Key.Key_S, CTRL),
)
CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox)


class Places:
    """Where the canvas, the image in it and every control of the window are."""

    def __init__(self, window: MainWindow) -> None:
        canvas = window.canvas
        image = canvas.mapFromScene(canvas.photograph.boundingRect()).boundingRect()
        self.view = {
            "canvas": place(canvas, window),
            "image": (image.x(), image.y(), image.width(), image.height()),
            "zoom": (round(canvas.transform().m11(), 6),),
        }
        over = (window.toast, window.notice)
        self.controls = {
            control: place(control, window)
            for kind in CONTROLS
            for control in window.findChildren(kind)
            if control.isVisible() and not any(part.isAncestorOf(control) for part in over) and in_panel(control)
        }

    def moved(self, other: Places) -> list[str]:
        """Return what is elsewhere than in other places, if it is in both."""
        moved = [f"{name} {was} to {other.view[name]}" for name, was in self.view.items() if other.view[name] != was]
        for control, was in self.controls.items():
            now = other.controls.get(control, was)
            if now != was:
                moved.append(
                    f"{type(control).__name__} {control.objectName()} {control.accessibleName()} {was} to {now}"
                )
        return moved


def place(widget: QWidget, window: MainWindow) -> tuple[int, int, int, int]:
    corner = widget.mapTo(window, QPoint(0, 0))
    return corner.x(), corner.y(), widget.width(), widget.height()


def in_panel(control: QWidget) -> bool:
    """Leave out scroll bars, and the canvas's own, which come with what is scrolled."""
    return not control.objectName().startswith("qt_") and type(control).__name__ != "QScrollBar"


def step(window: MainWindow, rng: random.Random) -> str:
    """Do something by chance; return what."""
    canvas, messages = window.canvas, window.workspace.messages
    match rng.choice(["key", "key", "key", "cell", "cell", "slider", "add", "message"]):
        case "key":
            key, modifiers = rng.choice(KEYS)
            QTest.keyClick(canvas, key, modifiers)
            return f"{key.name} {modifiers.name}"
        case "cell" if shown := canvas.boxes.shown_ids():
            rect = canvas.boxes.rect_of(rng.choice(shown))
            assert rect is not None
            at = canvas.mapFromScene(rect.center())
            QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, NONE, at)
            return "click on a cell"
        case "slider":
            sliders = [it for it in window.side.findChildren(QAbstractSlider) if it.isVisible() and in_panel(it)]
            if sliders:
                slider = rng.choice(sliders)
                slider.setFocus()
                for _ in range(rng.randrange(1, 6)):
                    QTest.keyClick(slider, rng.choice([Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Left]))
            return "slider"
        case "add":
            QTest.keyClick(canvas, Qt.Key.Key_A)
            at = QPoint(rng.randrange(60, canvas.width() - 60), rng.randrange(60, canvas.height() - 60))
            QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, NONE, at)
            QTest.keyClick(canvas, Qt.Key.Key_Escape)
            return "add a cell"
        case _:
            post = rng.choice([messages.info, messages.warning, messages.error])
            post("Something that takes many words to tell. " * rng.randrange(1, 5))
            return "message"


def settle(app: QApplication, window: MainWindow) -> None:
    """Let everything come to rest: the image that is shown is read, and nothing is left to do."""
    for _ in range(3):
        app.processEvents()
    while window.workspace.inference.shown is None:
        app.processEvents()
    for _ in range(3):
        app.processEvents()


def main() -> None:
    model, folder, steps, *images = sys.argv[1:]
    app, rng = QApplication([]), random.Random(2026)
    apply_theme(app, Theme.LIGHT)
    preferences = Preferences(QSettings(str(Path(folder, "settings.ini")), QSettings.Format.IniFormat))
    preferences.person = "Anna"
    window = MainWindow(Workspace(Path(model), Path(folder), "Anna"), preferences)
    window.resize(1280, 800)
    window.show()
    window.workspace.opening.open(images)
    while any(item.state is not State.COUNTED for item in window.workspace.images.items):
        app.processEvents()
    settle(app, window)
    before, found = Places(window), []
    for number in range(int(steps)):
        done = step(window, rng)
        settle(app, window)
        moved = before.moved(Places(window))
        if moved:
            found.append({"step": number, "done": done, "moved": moved[:5]})
            before = Places(window)
    window.close()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
