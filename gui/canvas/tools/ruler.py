"""Measuring on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, Qt

from gui.canvas.tools.base import Tool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent

    from gui.canvas.view import Canvas


class RulerTool(Tool):
    """A drag draws a line and says how long it is; the line stays until the next, or until the tool is left."""

    name = ToolName.RULER

    def __init__(self, canvas: Canvas, length_text: Callable[[float], str]) -> None:
        super().__init__(canvas)
        self._length_text = length_text
        self._start: QPointF | None = None

    def forget(self) -> None:
        self._start = None
        self._show(None)

    def press(self, event: QMouseEvent, point: QPointF) -> bool:
        if event.button() == Qt.MouseButton.LeftButton:
            self.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
            self._start = point
            self._show(None)
        return True

    def move(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._start is not None:
            self._show(QLineF(self._start, point))
        return True

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        if event.button() == Qt.MouseButton.LeftButton:
            self._start = None
        return True

    def double_click(self, event: QMouseEvent, point: QPointF) -> bool:
        """Keep the canvas from fitting."""
        return True

    def _show(self, line: QLineF | None) -> None:
        self.canvas.ruler.set_line(line, "" if line is None else self._length_text(line.length()))
        self.canvas.viewport().update()
