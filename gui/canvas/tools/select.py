"""Selecting cells, moving and resizing their boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt

from core.text import gettext
from gui.canvas.tools.cells import CellTool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

_CURSORS = {
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (-1, 1): Qt.CursorShape.SizeBDiagCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 0): Qt.CursorShape.SizeHorCursor,
}
_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
_SMALLEST_INSIDE = 12
"""Pixels of the screen; a smaller box has no inside to drag it by."""


class SelectTool(CellTool):
    """A click selects the smallest cell under the pointer, again the next one.

    A drag on a selected cell moves it and on its handles resizes it; Shift and a drag selects all in a rectangle; any
    other drag moves the image.
    """

    name = ToolName.SELECT
    cursor = Qt.CursorShape.ArrowCursor

    _band = False
    _told = False
    _handle: tuple[int, int] | None = None

    def forget(self) -> None:
        self._band, self._handle = False, None
        super().forget()

    def class_key(self, name: str) -> None:
        """Give the selected cells, or else the one under the pointer, a class."""
        if self.selection.all:
            self.editing.make(self.selection.all, name)
        elif self.hovered is not None:
            self.editing.reclassify([self.hovered], name)

    def remove(self) -> None:
        """Remove the selected cells, or else the one under the pointer."""
        if self.selection.all:
            self.editing.remove(self.selection.all)
        elif self.hovered is not None:
            self.editing.remove_cells([self.hovered])

    @property
    def _owns_drag(self) -> bool:
        return self._band or self._handle is not None

    def _begin_drag(self, event: QMouseEvent) -> bool:
        self._band = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._handle = None if self._band else self._handle_at(event.position().toPoint())
        return self._owns_drag

    def _drawn(self, point: QPointF) -> QRectF:
        return super()._drawn(point) if self._handle is None else self._reshaped(point, self._handle)

    def _finish_drag(self, corners: tuple[float, float, float, float]) -> None:
        if self._reshaping:
            self.editing.reshape(self.selection.cells[0], corners)
        else:
            self.selection.set([*self.selection.cells, *self.editing.cells_inside(*corners)])

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        self._reshaping = self._handle is not None
        return super().release(event, point)

    def _click(self, event: QMouseEvent, point: QPointF) -> None:
        """Select the cell under the pointer, or go on to the next; a dotted one is confirmed."""
        numbers, selected = self.canvas.boxes.cells_at(point), self.selection.cells
        adding = bool(event.modifiers() & _ADDING)
        if not numbers:
            ghosts = self.canvas.boxes.cells_at(point, ghosts=True)
            if ghosts:
                self.editing.accept(ghosts[:1])
                self.selection.set([ghosts[0]])
            elif not adding:
                self._tell_how_to_add(point)
                self.selection.set([])
        elif adding:
            number = numbers[0]
            rest = [other for other in selected if other != number]
            self.selection.set(rest if number in selected else [*selected, number])
        elif len(selected) == 1 and selected[0] in numbers:
            self.selection.set([numbers[(numbers.index(selected[0]) + 1) % len(numbers)]])
        else:
            self.selection.set(numbers[:1])

    def _tell_how_to_add(self, point: QPointF) -> None:
        """Say once that a click where nothing was found does not add a cell."""
        if not self._told and not self.selection.all and self.editing.editable and self.canvas.area.contains(point):
            self._told = True
            text = gettext("Nothing was counted here. To add a cell, choose Add above, then click the cell.")
            self.editing.noted.emit(text)

    # -- handles -------------------------------------------------------------------------------

    def _hover(self, place: QPoint, point: QPointF) -> None:
        """Give the pointer the form of what a drag would do."""
        handle = self._handle_at(place)
        cursor = Qt.CursorShape.ArrowCursor
        if handle == (0, 0):
            cursor = Qt.CursorShape.SizeAllCursor
        elif handle is not None:
            cursor = _CURSORS.get(handle) or _CURSORS[(-handle[0], -handle[1])]
        self.canvas.viewport().setCursor(cursor)
        super()._hover(place, point)

    def _handle_at(self, place: QPoint) -> tuple[int, int] | None:
        """Return which handle of the selected cell is at a place of the viewport; (0, 0) is its inside."""
        single = self.canvas.selection.single
        if single is None or len(self.selection.cells) != 1 or not self.editing.editable:
            return None
        reach = self.canvas.selection.HANDLE / 2 + 2
        near = {
            handle: (self.canvas.mapFromScene(point) - place).manhattanLength()
            for handle, point in self.canvas.selection.handles().items()
        }
        handle = min(near, key=near.__getitem__)
        if near[handle] <= 1.5 * reach:
            return handle
        inside = single.contains(self.canvas.mapToScene(place))
        on_screen = min(single.width(), single.height()) * self.canvas.zoom
        return (0, 0) if inside and on_screen > _SMALLEST_INSIDE else None

    def _reshaped(self, point: QPointF, handle: tuple[int, int]) -> QRectF:
        """Return the selected box as the drag of a handle to a point makes it."""
        rect = self.canvas.selection.single
        assert rect is not None
        move = point - self._start
        if handle == (0, 0):
            return rect.translated(move)
        changed = QRectF(rect)
        if handle[0] < 0:
            changed.setLeft(rect.left() + move.x())
        elif handle[0] > 0:
            changed.setRight(rect.right() + move.x())
        if handle[1] < 0:
            changed.setTop(rect.top() + move.y())
        elif handle[1] > 0:
            changed.setBottom(rect.bottom() + move.y())
        return changed.normalized()
