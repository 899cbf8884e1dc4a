"""Adding cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from gui.canvas.tools.cells import CellTool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QMouseEvent


class AddTool(CellTool):
    """A click adds a cell of the armed class, a drag draws its box."""

    name = ToolName.ADD
    armed = ""

    def class_key(self, name: str) -> None:
        """Arm a class."""
        self.armed = name

    def remove(self) -> None:
        """Remove the cell under the pointer, or else the selected ones."""
        if self.hovered is not None:
            self.editing.remove_cells([self.hovered])
        elif self.selection.all:
            self.editing.remove(self.selection.all)

    @property
    def drawing_colour(self) -> QColor:
        classes = self.settings.classes
        if self.armed not in classes:
            return self.colour
        return QColor(*self.canvas.boxes.palette.colour(classes, classes.index(self.armed)))

    def _click(self, event: QMouseEvent, point: QPointF) -> None:
        self.editing.add_cell_at(self.armed, point.x(), point.y(), self.canvas.photograph.pixels)

    def _finish_drag(self, corners: tuple[float, float, float, float]) -> None:
        self.editing.add_cell(self.armed, corners)
