"""Drawing a region of interest on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from gui.canvas.tools.editor import Tool

if TYPE_CHECKING:
    from core.counting.region import Point
    from gui.canvas.tools.editor import CanvasEditor

_CLOSING_REACH = 9.0
"""A click this near the first corner closes a polygon, in pixels of the screen."""

_SLIP = 5.0
_FEWEST_CORNERS = 3
_OWN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class RegionTool(QObject):
    """Turns the mouse into a rectangle (press, drag, release) or a polygon (a click for each corner).

    A polygon is closed by a double click, Enter or a click on its first corner; Backspace takes the last corner
    back, Esc all of them. It sees events before the editor does: it is made after it.
    """

    def __init__(self, editor: CanvasEditor) -> None:
        super().__init__(editor)
        self._editor = editor
        self._canvas = editor.canvas
        self._corners: list[Point] = []
        editor.canvas.viewport().installEventFilter(self)
        editor.canvas.installEventFilter(self)
        editor.tool_changed.connect(self._forget)
        editor.document.current_changed.connect(self._forget)

    @property
    def corners(self) -> tuple[Point, ...]:
        """The corners of the outline so far."""
        return tuple(self._corners)

    def _forget(self) -> None:
        self._corners = []
        self._canvas.frame.set_draft(())
        self._canvas.viewport().update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        tool = self._editor.tool
        if tool not in (Tool.RECTANGLE, Tool.POLYGON):
            return False
        if isinstance(event, QKeyEvent):
            return watched is self._canvas and self._on_key(event)
        if watched is self._canvas or not isinstance(event, QMouseEvent) or self._editor.document.picture is None:
            return False
        point = self._canvas.mapToScene(event.position().toPoint())
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.LeftButton:
                self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
                self._press(tool, point)
            case QEvent.Type.MouseMove:
                self._show(point)
            case QEvent.Type.MouseButtonRelease if event.button() == Qt.MouseButton.LeftButton:
                self._release(tool, point)
            case QEvent.Type.MouseButtonDblClick if tool is Tool.POLYGON:
                self._close()
        return True

    def _on_key(self, event: QKeyEvent) -> bool:
        if event.key() not in _OWN_KEYS or self._editor.tool is not Tool.POLYGON:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._close()
            elif self._corners:
                self._corners.pop()
                self._show(None)
        return True

    def _press(self, tool: Tool, point: QPointF) -> None:
        if tool is Tool.RECTANGLE:
            self._corners = [(point.x(), point.y())]
        elif len(self._corners) >= _FEWEST_CORNERS and self._distance(point, self._corners[0]) <= _CLOSING_REACH:
            self._close()
        else:
            self._corners.append((point.x(), point.y()))
            self._show(point)

    def _release(self, tool: Tool, point: QPointF) -> None:
        if tool is not Tool.RECTANGLE or not self._corners:
            return
        corners = _rectangle(self._corners[0], point)
        slipped = self._distance(point, self._corners[0]) < _SLIP
        self._forget()
        if not slipped:
            self._take(corners)

    def _close(self) -> None:
        corners = self._corners
        if len(corners) >= _FEWEST_CORNERS:
            self._forget()
            self._take(corners)

    def _take(self, corners: list[Point]) -> None:
        if self._editor.document.frames.draw_region(corners):
            self._editor.set_tool(Tool.SELECT)

    def _show(self, point: QPointF | None) -> None:
        """Show the outline so far, on to the pointer."""
        if not self._corners:
            draft: list[Point] = []
        elif point is None:
            draft = [*self._corners, self._corners[-1]]
        elif self._editor.tool is Tool.RECTANGLE:
            corners = _rectangle(self._corners[0], point)
            draft = [*corners, corners[0]]
        else:
            draft = [*self._corners, (point.x(), point.y())]
        self._canvas.frame.set_draft(draft)
        self._canvas.viewport().update()

    def _distance(self, point: QPointF, corner: Point) -> float:
        """Return how far a corner is from a point, in pixels of the screen."""
        apart = point - QPointF(*corner)
        return (apart.x() ** 2 + apart.y() ** 2) ** 0.5 * self._canvas.zoom


def _rectangle(corner: Point, opposite: QPointF) -> list[Point]:
    x1, y1, x2, y2 = *corner, opposite.x(), opposite.y()
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
