"""Counting by hand on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt

from gui.canvas.tools.base import Tool, is_drag
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent

    from gui.canvas.view import Canvas
    from gui.workspace.tally import Tally


class TallyTool(Tool):
    """A click marks a cell of the armed class; a class's key marks the cell under the pointer.

    A click on a mark puts no second one, so that a double click counts once; a right click removes a mark; a drag
    moves the image.
    """

    name = ToolName.TALLY

    def __init__(self, canvas: Canvas, tally: Tally, has_image: Callable[[], bool]) -> None:
        super().__init__(canvas)
        self._tally = tally
        self._has_image = has_image
        self._pressed: QPoint | None = None
        self._pointer: QPointF | None = None

    def begin(self) -> None:
        self._tally.begin()

    def end(self) -> None:
        super().end()
        self._tally.finish()

    def forget(self) -> None:
        self._pressed = self._pointer = None

    def leave(self) -> None:
        self._pointer = None

    def class_key(self, name: str) -> None:
        """Arm a class, and mark the cell under the pointer with it."""
        self._tally.arm(name)
        if self._pointer is not None:
            self._mark(name, self._pointer)

    def remove(self) -> None:
        """Remove the mark under the pointer."""
        if self._pointer is not None:
            self._remove_at(self._pointer)

    def press(self, event: QMouseEvent, point: QPointF) -> bool:
        self._pointer = point
        if event.button() == Qt.MouseButton.RightButton:
            self._remove_at(point)
            return True
        if event.button() == Qt.MouseButton.LeftButton:
            self.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pressed = event.position().toPoint()
        return False

    def double_click(self, event: QMouseEvent, point: QPointF) -> bool:
        """Take two quick clicks on neighbours for two cells, not for a wish to see the whole image."""
        self._pressed = event.position().toPoint()
        return True

    def move(self, event: QMouseEvent, point: QPointF) -> bool:
        self._pointer = point
        if not event.buttons():
            self.canvas.viewport().setCursor(self.cursor)
        return False

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        self._pointer = point
        if event.button() == Qt.MouseButton.LeftButton:
            pressed, self._pressed = self._pressed, None
            if pressed is not None and not is_drag(pressed, event.position().toPoint()):
                self._mark(self._tally.armed, self.canvas.mapToScene(pressed))
        return False

    def _mark(self, name: str, point: QPointF) -> None:
        if self._has_image() and self.canvas.tally.near(point, self.canvas.zoom) is None:
            self._tally.put(name, point.x(), point.y())

    def _remove_at(self, point: QPointF) -> None:
        position = self.canvas.tally.near(point, self.canvas.zoom)
        if position is not None:
            self._tally.remove(position)
