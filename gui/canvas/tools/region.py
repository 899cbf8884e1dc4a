"""Drawing a region of interest on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt

from gui.canvas.tools.base import Tool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QMouseEvent

    from core.counting.region import Point
    from gui.canvas.view import Canvas
    from gui.workspace.counting.regions import Regions

_CLOSING_REACH = 9.0
"""A click this near the first corner closes a polygon, in pixels of the screen."""

_SLIP = 5.0
_FEWEST_CORNERS = 3
_OWN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class RegionTool(Tool):
    """A rectangle (press, drag, release) or a polygon (a click for each corner): only cells in it count.

    A polygon is closed by a double click, Enter or a click on its first corner; Backspace and undo take the last
    corner back, Esc all of them.
    """

    def __init__(
        self, name: ToolName, canvas: Canvas, regions: Regions, has_image: Callable[[], bool], done: Callable[[], None]
    ) -> None:
        super().__init__(canvas)
        self.name = name
        self._regions = regions
        self._has_image = has_image
        self._done = done
        self._corners: list[Point] = []

    @property
    def corners(self) -> tuple[Point, ...]:
        """The corners of the outline so far."""
        return tuple(self._corners)

    def forget(self) -> None:
        self._corners = []
        self.canvas.frame.set_draft(())
        self.canvas.viewport().update()

    def press(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._has_image() and event.button() == Qt.MouseButton.LeftButton:
            self.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
            self._press(point)
        return self._has_image()

    def move(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._has_image():
            self._show(point)
        return self._has_image()

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._has_image() and event.button() == Qt.MouseButton.LeftButton:
            self._release(point)
        return self._has_image()

    def double_click(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._has_image() and self.name is ToolName.POLYGON:
            self._close()
        return self._has_image()

    def key(self, event: QKeyEvent) -> bool:
        if event.key() not in _OWN_KEYS or self.name is not ToolName.POLYGON:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._close()
            else:
                self.undo()
        return True

    def undo(self) -> bool:
        """Take the last corner back."""
        if not self._corners:
            return False
        self._corners.pop()
        self._show(None)
        return True

    def _press(self, point: QPointF) -> None:
        if self.name is ToolName.RECTANGLE:
            self._corners = [(point.x(), point.y())]
        elif len(self._corners) >= _FEWEST_CORNERS and self._distance(point, self._corners[0]) <= _CLOSING_REACH:
            self._close()
        else:
            self._corners.append((point.x(), point.y()))
            self._show(point)

    def _release(self, point: QPointF) -> None:
        if self.name is not ToolName.RECTANGLE or not self._corners:
            return
        corners = _rectangle(self._corners[0], point)
        slipped = self._distance(point, self._corners[0]) < _SLIP
        self.forget()
        if not slipped:
            self._take(corners)

    def _close(self) -> None:
        corners = self._corners
        if len(corners) >= _FEWEST_CORNERS:
            self.forget()
            self._take(corners)

    def _take(self, corners: list[Point]) -> None:
        if self._regions.draw(corners):
            self._done()

    def _show(self, point: QPointF | None) -> None:
        """Show the outline so far, on to the pointer."""
        if not self._corners:
            draft: list[Point] = []
        elif point is None:
            draft = [*self._corners, self._corners[-1]]
        elif self.name is ToolName.RECTANGLE:
            corners = _rectangle(self._corners[0], point)
            draft = [*corners, corners[0]]
        else:
            draft = [*self._corners, (point.x(), point.y())]
        self.canvas.frame.set_draft(draft)
        self.canvas.viewport().update()

    def _distance(self, point: QPointF, corner: Point) -> float:
        """Return how far a corner is from a point, in pixels of the screen."""
        apart = point - QPointF(*corner)
        return (apart.x() ** 2 + apart.y() ** 2) ** 0.5 * self.canvas.zoom


def _rectangle(corner: Point, opposite: QPointF) -> list[Point]:
    x1, y1, x2, y2 = *corner, opposite.x(), opposite.y()
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
