"""Correcting on the canvas: what the mouse and the keys mean there."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu

from core.cells import Origin

if TYPE_CHECKING:
    from gui.canvas.view import Canvas
    from gui.workspace.document import Document

_CURSORS = {
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (-1, 1): Qt.CursorShape.SizeBDiagCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 0): Qt.CursorShape.SizeHorCursor,
}


class Tool(Enum):
    """What a click on the picture does."""

    SELECT = "select"
    ADD = "add"
    EMPTY = "empty"
    RECTANGLE = "rectangle"
    POLYGON = "polygon"
    TALLY = "tally"


class CanvasEditor(QObject):
    """Turns clicks and drags on the canvas into the document's intentions.

    A click selects the smallest cell under the pointer, again the next one; a drag on a selected cell
    moves it and on its handles resizes it; Shift and a drag selects all in a rectangle; any other drag
    moves the picture. With the Add tool a click puts a cell of the armed class and a drag draws one.
    """

    tool_changed = Signal()

    def __init__(self, canvas: Canvas, document: Document) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.document = document
        self.editing = document.editing
        self.tool = Tool.SELECT
        self.armed = ""
        self.hovered: int | None = None
        self._pressed: QPoint | None = None
        self._start = QPointF()
        self._band = False
        self._handle: tuple[int, int] | None = None
        self._reshaped: QRectF | None = None
        self._wanted_box: tuple[float, float, float, float] | None = None
        canvas.viewport().setMouseTracking(True)
        canvas.viewport().installEventFilter(self)
        canvas.installEventFilter(self)
        document.editing.selection_changed.connect(self.show_selection)
        document.cells_changed.connect(self.show_selection)
        document.editing.show_cell.connect(self._reveal)
        document.editing.show_box.connect(self._want_box)
        document.current_changed.connect(self._on_current_changed)
        document.model_changed.connect(self._on_model_changed)

    # -- tools -------------------------------------------------------------------------------------

    def set_tool(self, tool: Tool, name: str = "") -> None:
        """Choose what a click does; ``name`` is the class that Add puts."""
        self.tool = tool
        if name:
            self.armed = name
        self._forget_drag()
        self.canvas.viewport().setCursor(
            Qt.CursorShape.ArrowCursor if tool is Tool.SELECT else Qt.CursorShape.CrossCursor
        )
        self.tool_changed.emit()

    def class_key(self, name: str) -> None:
        """Answer a class's key: arm it, or give the selected or hovered cells that class."""
        if self.tool is Tool.ADD:
            self.set_tool(Tool.ADD, name)
        elif self.editing.selected:
            self.editing.make(self.editing.selected, name)
        elif self.hovered is not None:
            self.editing.reclassify([self.hovered], name)

    def remove(self) -> None:
        """Take away the selected cells, or else the one under the pointer; with the Add tool that one first."""
        if self.tool is Tool.ADD and self.hovered is not None:
            self.editing.remove_cells([self.hovered])
        elif self.editing.selected:
            self.editing.remove(self.editing.selected)
        elif self.hovered is not None:
            self.editing.remove_cells([self.hovered])

    def leave_cell(self) -> None:
        """Forget the cell under the pointer, and mark it no longer."""
        self.hovered = None
        self.canvas.selection.set_hovered(None)
        self.canvas.viewport().update()

    def walk(self, by: int) -> None:
        """Select the next (1) or previous (-1) cell in reading order and keep it in view."""
        numbers = self.canvas.boxes.shown_ids()
        if not numbers:
            return
        selected = self.editing.selection[-1] if self.editing.selection else None
        place = numbers.index(selected) + by if selected in numbers else (0 if by > 0 else -1)
        number = numbers[place % len(numbers)]
        self.editing.select([number])
        self._reveal(number)

    def escape(self) -> bool:
        """Leave the tool, or else drop the selection; True if there was something to leave.

        With the Add tool the cell that it put last goes out of the selection: the next key is for the one pointed at.
        """
        if self.tool is not Tool.SELECT or self._pressed is not None:
            if self.tool is Tool.ADD:
                self.editing.select([])
            self.set_tool(Tool.SELECT)
            return True
        if self.editing.selected:
            self.editing.select([])
            return True
        return False

    def _on_model_changed(self) -> None:
        if self.armed not in self.document.classes:
            self.armed = self.document.classes[0] if self.document.classes else ""

    def _on_current_changed(self) -> None:
        self.hovered = None
        self._wanted_box = None
        self._forget_drag()

    # -- what is shown -----------------------------------------------------------------------------

    def show_selection(self) -> None:
        """Mark the selected cells on the canvas."""
        rects = [self.canvas.boxes.rect_of(number) for number in self.editing.selection]
        self.canvas.selection.set_selected([rect for rect in rects if rect is not None])
        self.canvas.labels.set_lifted(self.editing.selection)
        if self.hovered is not None and self.canvas.boxes.rect_of(self.hovered) is None:
            self.hovered = None
            self.canvas.selection.set_hovered(None)
        self.canvas.viewport().update()

    def _reveal(self, number: object) -> None:
        rect = self.canvas.boxes.rect_of(int(number))  # type: ignore[call-overload]
        if rect is not None:
            self.canvas.reveal(rect)

    def _want_box(self, box: tuple[float, float, float, float]) -> None:
        self._wanted_box = box
        self.show_wanted_box()

    def show_wanted_box(self) -> None:
        """Bring the place into view that was asked for last, once its picture is there."""
        if self._wanted_box is None or self.document.picture is None:
            return
        x1, y1, x2, y2 = self._wanted_box
        self._wanted_box = None
        rect = QRectF(x1, y1, x2 - x1, y2 - y1)
        if rect.isEmpty():
            side = self.document.editing.usual_size(self.document.classes[0])[0]
            rect = QRectF(x1 - side / 2, y1 - side / 2, side, side)
        self.canvas.reveal(rect, centre=True)
        self.canvas.selection.set_hovered(rect)
        self.canvas.viewport().update()

    def _colour(self) -> QColor:
        classes = self.document.classes
        if self.tool is Tool.ADD and self.armed in classes:
            return QColor(*self.canvas.boxes.palette.colour(classes, classes.index(self.armed)))
        return QColor("#c8372d" if self.tool is Tool.EMPTY else "#2f7bd9")

    # -- events --------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.tool is Tool.TALLY:
            return False
        if watched is self.canvas:
            return isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._on_key(event)
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonPress:
                return self._on_press(event)
            if event.type() == QEvent.Type.MouseMove:
                return self._on_move(event)
            if event.type() == QEvent.Type.MouseButtonRelease:
                return self._on_release(event)
        elif event.type() == QEvent.Type.Leave:
            self.hovered = None
            self.canvas.selection.set_hovered(None)
            self.canvas.viewport().update()
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Tab and self.canvas.boxes.shown_ids():
            self.walk(1)
            return True
        if event.key() == Qt.Key.Key_Backtab and self.canvas.boxes.shown_ids():
            self.walk(-1)
            return True
        return False

    def _on_press(self, event: QMouseEvent) -> bool:
        place = event.position().toPoint()
        point = self.canvas.mapToScene(place)
        if event.button() == Qt.MouseButton.RightButton and self.editing.editable:
            self._show_menu(event.globalPosition().toPoint(), point)
            return True
        if event.button() != Qt.MouseButton.LeftButton or not self.editing.editable:
            return False
        self.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        if self.hovered is None:
            self.canvas.selection.set_hovered(None)
        self._pressed, self._start = place, point
        self._band = self.tool is not Tool.SELECT or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._handle = None if self._band else self._handle_at(place)
        return self._band or self._handle is not None

    def _on_move(self, event: QMouseEvent) -> bool:
        place = event.position().toPoint()
        point = self.canvas.mapToScene(place)
        if self._pressed is None:
            self._hover(place, point)
            return False
        if not self._far(place):
            return self._band or self._handle is not None
        if self._handle is not None:
            self._reshaped = self._reshape(point)
            self.canvas.selection.set_drawn(self._reshaped, self._colour())
        elif self._band:
            self.canvas.selection.set_drawn(QRectF(self._start, point).normalized(), self._colour())
        else:
            return False
        self.canvas.viewport().update()
        return True

    def _on_release(self, event: QMouseEvent) -> bool:
        pressed, handle, band, reshaped = self._pressed, self._handle, self._band, self._reshaped
        if pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        place = event.position().toPoint()
        point, far = self.canvas.mapToScene(place), self._far(place)
        rect = QRectF(self._start, point).normalized()
        self._forget_drag()
        corners = (rect.left(), rect.top(), rect.right(), rect.bottom())
        if self.tool is Tool.ADD:
            if far:
                self.editing.add_cell(self.armed, corners)
            else:
                self.editing.add_cell_at(self.armed, point.x(), point.y())
        elif self.tool is Tool.EMPTY:
            if far:
                self.editing.empty_area(*corners)
                self.set_tool(Tool.SELECT)
        elif band and far:
            self.editing.select([*self.editing.selection, *self.editing.cells_inside(*corners)])
        elif handle is not None and far and reshaped is not None:
            number = self.editing.selection[0]
            self.editing.reshape(number, (reshaped.left(), reshaped.top(), reshaped.right(), reshaped.bottom()))
        elif not far:
            self._click(point, event.modifiers())
        else:
            return False
        return band or handle is not None

    def _click(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Select the smallest cell at a point; a second click goes on to the next; a ghost is accepted."""
        numbers = self.canvas.boxes.cells_at(point)
        selection = self.editing.selection
        adding = modifiers & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        if not numbers:
            ghosts = self.canvas.boxes.cells_at(point, ghosts=True)
            if ghosts:
                self.editing.accept(ghosts[:1])
                self.editing.select([ghosts[0]])
            elif not adding:
                self.editing.select([])
        elif adding:
            number = numbers[0]
            rest = [other for other in selection if other != number]
            self.editing.select(rest if number in selection else [*selection, number])
        elif len(selection) == 1 and selection[0] in numbers:
            self.editing.select([numbers[(numbers.index(selection[0]) + 1) % len(numbers)]])
        else:
            self.editing.select(numbers[:1])

    def _hover(self, place: QPoint, point: QPointF) -> None:
        if self.tool not in (Tool.SELECT, Tool.ADD):
            return
        if self.tool is Tool.SELECT:
            self._show_handle_under(place)
        numbers = self.canvas.boxes.cells_at(point) or self.canvas.boxes.cells_at(point, ghosts=True)
        hovered = numbers[0] if numbers else None
        if hovered != self.hovered:
            self.hovered = hovered
            shown = hovered is not None and hovered not in self.editing.selection
            self.canvas.selection.set_hovered(
                self.canvas.boxes.rect_of(hovered) if shown and hovered is not None else None
            )
            self.canvas.viewport().update()

    def _show_handle_under(self, place: QPoint) -> None:
        """Give the pointer the form of what a drag from a place of the viewport would do."""
        handle = self._handle_at(place)
        cursor = Qt.CursorShape.ArrowCursor
        if handle == (0, 0):
            cursor = Qt.CursorShape.SizeAllCursor
        elif handle is not None:
            cursor = _CURSORS.get(handle) or _CURSORS[(-handle[0], -handle[1])]
        self.canvas.viewport().setCursor(cursor)

    def _handle_at(self, place: QPoint) -> tuple[int, int] | None:
        """Return which handle of the selected cell is at a place of the viewport; (0, 0) is its inside."""
        single = self.canvas.selection.single
        if single is None or len(self.editing.selection) != 1 or not self.editing.editable:
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
        return (0, 0) if inside and on_screen > 12 else None

    def _reshape(self, point: QPointF) -> QRectF:
        """Return the selected box as the drag to a point makes it."""
        rect, handle = self.canvas.selection.single, self._handle
        assert rect is not None
        assert handle is not None
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

    def _far(self, place: QPoint) -> bool:
        return (
            self._pressed is not None
            and (place - self._pressed).manhattanLength() >= QApplication.startDragDistance() / 2
        )

    def _forget_drag(self) -> None:
        self._pressed = self._handle = self._reshaped = None
        self._band = False
        self.canvas.selection.set_drawn(None)
        self.canvas.viewport().update()

    def _show_menu(self, where: QPoint, point: QPointF) -> None:
        """Offer what can be done with the cell at a point, or the selected ones."""
        document = self.document
        numbers = self.canvas.boxes.cells_at(point) or self.canvas.boxes.cells_at(point, ghosts=True)
        if numbers and numbers[0] not in document.editing.selection:
            document.editing.select(numbers[:1])
        menu = QMenu(self.canvas)
        if numbers:
            chosen = document.editing.selection
            if len(chosen) == 1:
                cell = document.editing.cell(chosen[0])
                if cell is not None and cell.origin is Origin.MODEL:
                    menu.addAction("Confirm").triggered.connect(lambda *_: document.editing.accept(chosen))
                    menu.addSeparator()
            for place, name in enumerate(document.classes):
                key = f"\t{place + 1}" if place < 9 else ""
                menu.addAction(f"Make {name}{key}").triggered.connect(
                    lambda *_, name=name: document.editing.reclassify(chosen, name)
                )
            menu.addSeparator()
            menu.addAction("Remove\tDel").triggered.connect(lambda *_: document.editing.remove_cells(chosen))
        else:
            for name in document.classes:
                menu.addAction(f"Add {name} here").triggered.connect(
                    lambda *_, name=name: document.editing.add_cell_at(name, point.x(), point.y())
                )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)
