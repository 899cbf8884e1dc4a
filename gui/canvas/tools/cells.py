"""What the tools that work on cells have in common: hovering, a rubber band, and the menu of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QMouseEvent
from PySide6.QtWidgets import QMenu

from core.cells import Origin
from core.text import gettext
from gui.canvas.tools.base import Tool, is_drag
from gui.widgets.colour import swatch

if TYPE_CHECKING:
    from gui.canvas.view import Canvas
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.editing import Editing
    from gui.workspace.selection import Selection

_MOST_KEYS = 9


class CellTool(Tool):
    """A tool that draws a rectangle with a drag, and knows which cell is under the pointer."""

    colour = QColor("#2f7bd9")

    def __init__(self, canvas: Canvas, editing: Editing, selection: Selection, settings: CountSettingsModel) -> None:
        super().__init__(canvas)
        self.editing = editing
        self.selection = selection
        self.settings = settings
        self.hovered: int | None = None
        self._pressed: QPoint | None = None
        self._start = QPointF()

    @property
    def is_dragging(self) -> bool:
        """Whether a button is down."""
        return self._pressed is not None

    def end(self) -> None:
        super().end()
        self.leave()

    def forget(self) -> None:
        self._pressed = None
        self.canvas.selection.set_drawn(None)
        self.canvas.viewport().update()

    def leave(self) -> None:
        """Forget the cell under the pointer."""
        self._mark(None)

    def press(self, event: QMouseEvent, point: QPointF) -> bool:
        if event.button() == Qt.MouseButton.RightButton and self.editing.editable:
            self._show_menu(event.globalPosition().toPoint(), point)
            return True
        if event.button() != Qt.MouseButton.LeftButton or not self.editing.editable:
            return False
        self.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        if self.hovered is None:
            self.canvas.selection.set_hovered(None)
        self._pressed, self._start = event.position().toPoint(), point
        return self._begin_drag(event)

    def move(self, event: QMouseEvent, point: QPointF) -> bool:
        place = event.position().toPoint()
        if self._pressed is None:
            self._hover(place, point)
            return False
        if not is_drag(self._pressed, place):
            return self._owns_drag
        if not self._owns_drag:
            return False
        self.canvas.selection.set_drawn(self._drawn(point), self.drawing_colour)
        self.canvas.viewport().update()
        return True

    def release(self, event: QMouseEvent, point: QPointF) -> bool:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        far = is_drag(self._pressed, event.position().toPoint())
        owned, drawn = self._owns_drag, self._drawn(point)
        self.forget()
        if not far:
            self._click(event, point)
        elif owned:
            self._finish_drag((drawn.left(), drawn.top(), drawn.right(), drawn.bottom()))
        return owned

    # -- what the tools do differently ---------------------------------------------------------

    @property
    def drawing_colour(self) -> QColor:
        """The colour of the rectangle that is being drawn."""
        return self.colour

    @property
    def _owns_drag(self) -> bool:
        """Whether a drag draws, instead of moving the image."""
        return True

    def _begin_drag(self, event: QMouseEvent) -> bool:
        return True

    def _drawn(self, point: QPointF) -> QRectF:
        return QRectF(self._start, point).normalized()

    def _click(self, event: QMouseEvent, point: QPointF) -> None:
        """Answer a click."""

    def _finish_drag(self, corners: tuple[float, float, float, float]) -> None:
        """Answer a rectangle that was drawn."""

    def _hover(self, place: QPoint, point: QPointF) -> None:
        numbers = self.canvas.boxes.cells_at(point) or self.canvas.boxes.cells_at(point, ghosts=True)
        hovered = numbers[0] if numbers else None
        if hovered != self.hovered:
            self._mark(hovered)

    def _mark(self, hovered: int | None) -> None:
        """Mark the cell under the pointer, and say what it is."""
        self.hovered = hovered
        rect = None if hovered is None else self.canvas.boxes.rect_of(hovered)
        self.canvas.selection.set_hovered(None if hovered in self.selection.cells else rect)
        self.canvas.labels.set_hovered(hovered)
        self.canvas.viewport().update()

    def _swatch(self, name: str) -> QIcon:
        classes = self.settings.classes
        return swatch(self.canvas.boxes.palette.colour(classes, classes.index(name)))

    def _show_menu(self, where: QPoint, point: QPointF) -> None:
        """Show what can be done with the cell at a point, or with the selected ones."""
        editing, selection, classes = self.editing, self.selection, self.settings.classes
        numbers = self.canvas.boxes.cells_at(point) or self.canvas.boxes.cells_at(point, ghosts=True)
        if numbers and numbers[0] not in selection.cells:
            selection.set(numbers[:1])
        menu = QMenu(self.canvas)
        if numbers:
            chosen = selection.cells
            cell = editing.cell(chosen[0]) if len(chosen) == 1 else None
            if cell is not None and cell.origin is Origin.MODEL:
                menu.addAction(gettext("Confirm")).triggered.connect(lambda *_: editing.accept(chosen))
                menu.addSeparator()
            for place, name in enumerate(classes):
                key = f"\t{place + 1}" if place < _MOST_KEYS else ""
                action = menu.addAction(self._swatch(name), gettext("Make {name}").format(name=name) + key)
                action.triggered.connect(lambda *_, name=name: editing.reclassify(chosen, name))
            menu.addSeparator()
            menu.addAction(gettext("Remove") + "\tDel").triggered.connect(lambda *_: editing.remove_cells(chosen))
        else:
            pixels = self.canvas.photograph.pixels
            for name in classes:
                action = menu.addAction(self._swatch(name), gettext("Add {name} here").format(name=name))
                action.triggered.connect(lambda *_, name=name: editing.add_cell_at(name, point.x(), point.y(), pixels))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)
