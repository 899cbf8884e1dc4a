"""What a tool of the canvas is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QKeyEvent, QMouseEvent

    from gui.canvas.view import Canvas
    from gui.workspace.selection import ToolName


class Tool:
    """Turns the mouse and the keys on the canvas into what the user means, while it is the active one.

    ``press`` to ``key`` return True if the canvas must not see the event too. ``point`` is in pixels of the image.
    """

    name: ToolName
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def begin(self) -> None:
        """Become the active tool."""

    def end(self) -> None:
        """Stop being the active tool."""
        self.forget()

    def forget(self) -> None:
        """Drop what is under way, such as a drag or the corners of an outline."""

    def press(self, event: QMouseEvent, point: QPointF) -> bool:
        """Answer a button that goes down."""
        return False

    def move(self, event: QMouseEvent, point: QPointF) -> bool:
        """Answer a pointer that moves, with or without a button."""
        return False

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        """Answer a button that goes up."""
        return False

    def double_click(self, event: QMouseEvent, point: QPointF) -> bool:
        """Answer a double click."""
        return False

    def leave(self) -> None:
        """Answer a pointer that leaves the canvas."""

    def key(self, event: QKeyEvent) -> bool:
        """Answer a key, pressed or asked for before a shortcut takes it."""
        return False

    def class_key(self, name: str) -> None:
        """Answer the key of a class."""

    def remove(self) -> None:
        """Answer the key that removes."""

    def cancel(self) -> bool:
        """Answer Esc before the tool is left; True if something was dropped and the tool stays."""
        return False

    def undo(self) -> bool:
        """Take back the last thing that is not an edit yet; True if there was one."""
        return False


def is_drag(pressed: QPoint, place: QPoint) -> bool:
    """Tell whether the pointer went far enough for a drag, in pixels of the screen."""
    return (place - pressed).manhattanLength() >= QApplication.startDragDistance() / 2
