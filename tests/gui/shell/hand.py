"""A hand that works the window with real events, and counts its clicks, drags and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.canvas.view import Canvas

NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


class Hand:
    """A click, a drag, a key count as one each; to move the pointer counts as nothing."""

    def __init__(self) -> None:
        self.done = 0

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, widget: QWidget | None = None) -> None:
        """Press a key where the focus is, or in a widget."""
        focus = widget or QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, modifiers)
        self.done += 1

    def paste(self, text: str, widget: QWidget) -> None:
        """Paste a text into a field."""
        QGuiApplication.clipboard().setText(text)
        self.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier, widget)

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click a widget, in its middle if nothing else is said."""
        QTest.mouseClick(widget, LEFT, NONE, widget.rect().center() if place is None else place)
        self.done += 1

    def point(self, canvas: Canvas, x: float, y: float) -> None:
        """Move the pointer to a place of the image."""
        QTest.mouseMove(canvas.viewport(), canvas.mapFromScene(x, y))
        QApplication.processEvents()

    def click_image(self, canvas: Canvas, x: float, y: float) -> None:
        """Click a place of the image."""
        self.point(canvas, x, y)
        self.click(canvas.viewport(), canvas.mapFromScene(x, y))

    def drag_image(self, canvas: Canvas, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag from a place of the image to another one."""
        first, last = canvas.mapFromScene(*start), canvas.mapFromScene(*end)
        QTest.mousePress(canvas.viewport(), LEFT, NONE, first)
        for step in range(1, 6):
            QTest.mouseMove(canvas.viewport(), first + (last - first) * step / 5)
        QTest.mouseRelease(canvas.viewport(), LEFT, NONE, last)
        self.done += 1
