"""Clearing an area of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from gui.canvas.tools.cells import CellTool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QPoint, QPointF

    from gui.canvas.view import Canvas
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.editing import Editing
    from gui.workspace.selection import Selection


class ClearTool(CellTool):
    """A drag removes every counted cell in a rectangle, and ends the tool."""

    name = ToolName.CLEAR
    colour = QColor("#c8372d")

    def __init__(
        self,
        canvas: Canvas,
        editing: Editing,
        selection: Selection,
        settings: CountSettingsModel,
        done: Callable[[], None],
    ) -> None:
        super().__init__(canvas, editing, selection, settings)
        self._done = done

    def class_key(self, name: str) -> None:
        """Give the selected cells a class."""
        if self.selection.all:
            self.editing.make(self.selection.all, name)

    def remove(self) -> None:
        """Remove the selected cells."""
        if self.selection.all:
            self.editing.remove(self.selection.all)

    def _hover(self, place: QPoint, point: QPointF) -> None:
        """Mark no cell: a click does nothing."""

    def _finish_drag(self, corners: tuple[float, float, float, float]) -> None:
        self.editing.clear_area(*corners)
        self._done()
