"""The tools of the canvas: one is active, and gets every event before the canvas does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent

from gui.canvas.items.ruler import length_text
from gui.canvas.tools.add import AddTool
from gui.canvas.tools.cells import CellTool
from gui.canvas.tools.clear import ClearTool
from gui.canvas.tools.region import RegionTool
from gui.canvas.tools.ruler import RulerTool
from gui.canvas.tools.select import SelectTool
from gui.canvas.tools.tally import TallyTool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from gui.canvas.tools.base import Tool
    from gui.canvas.view import Canvas
    from gui.workspace.workspace import Workspace


class Toolbox(QObject):
    """Chooses tools, and forwards the mouse and the keys on the canvas to the active one.

    Tab walks the cells, up to the last one; after Esc it leaves the canvas.
    """

    tool_changed = Signal()

    def __init__(self, canvas: Canvas, workspace: Workspace) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self._workspace = workspace
        self._selection = selection = workspace.selection
        self._wanted: int | tuple[float, float, float, float] | None = None
        self._walks = True
        cells = canvas, workspace.editing, selection, workspace.settings
        self.add = AddTool(*cells)
        self.region = {
            name: RegionTool(name, canvas, workspace.regions, self._has_image, self._select)
            for name in (ToolName.RECTANGLE, ToolName.POLYGON)
        }
        self.tally = TallyTool(canvas, workspace.tally, self._has_image)
        self.ruler = RulerTool(canvas, self._length_text)
        tools = (
            SelectTool(*cells),
            self.add,
            ClearTool(*cells, self._select),
            *self.region.values(),
            self.tally,
            self.ruler,
        )
        self._tools: dict[ToolName, Tool] = {tool.name: tool for tool in tools}
        self.active: Tool = self._tools[ToolName.SELECT]
        canvas.viewport().setMouseTracking(True)
        canvas.viewport().installEventFilter(self)
        canvas.installEventFilter(self)
        selection.changed.connect(self.show_selection)
        selection.reveal_cell.connect(self._want)
        selection.reveal_box.connect(self._want)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.settings.classes_changed.connect(self._on_classes_changed)
        workspace.tally.active_changed.connect(self._on_tally)

    # -- choosing ------------------------------------------------------------------------------

    @property
    def tool(self) -> ToolName:
        """The active tool."""
        return self.active.name

    @property
    def armed(self) -> str:
        """The class that the Add tool adds."""
        return self.add.armed

    @property
    def hovered(self) -> int | None:
        """The cell under the pointer."""
        return self.active.hovered if isinstance(self.active, CellTool) else None

    def choose(self, tool: ToolName, class_name: str = "") -> None:
        """Choose what a click does; ``class_name`` is the class that Add adds."""
        if class_name:
            self.add.armed = class_name
        before, self.active = self.active, self._tools[tool]
        if before is self.active:
            before.forget()
        else:
            before.end()
            self.active.begin()
        self.canvas.viewport().setCursor(self.active.cursor)
        self.tool_changed.emit()

    def toggle(self, tool: ToolName) -> None:
        """Choose a tool, or leave it if it is the active one."""
        self.choose(ToolName.SELECT if self.tool is tool else tool)

    def _select(self) -> None:
        self.choose(ToolName.SELECT)

    @Slot()
    def _on_classes_changed(self) -> None:
        classes = self._workspace.settings.classes
        if self.armed not in classes:
            self.add.armed = classes[0] if classes else ""
            self.tool_changed.emit()

    @Slot(object)
    def _on_current_changed(self, _image: int | None) -> None:
        self._wanted = None
        self._walks = True
        self.active.forget()
        self.active.leave()

    @Slot(bool)
    def _on_tally(self, active: bool) -> None:
        if not active and self.tool is ToolName.TALLY:
            self._select()

    def _has_image(self) -> bool:
        return self._workspace.inference.shown is not None

    def _length_text(self, pixels: float) -> str:
        return length_text(pixels, self.canvas.micrometres)

    # -- keys of the window --------------------------------------------------------------------

    def class_key(self, name: str) -> None:
        """Answer the key of a class."""
        self.active.class_key(name)
        self.tool_changed.emit()

    def remove(self) -> None:
        """Answer the key that removes."""
        self.active.remove()

    def undo(self) -> bool:
        """Have the active tool take back what is not an edit yet; True if there was something."""
        return self.active.undo()

    def walk(self, by: int) -> bool:
        """Select the next (1) or previous (-1) cell in reading order and keep it in view; False past the ends."""
        numbers = self.canvas.boxes.shown_ids()
        selected = self._selection.cells[-1] if self._selection.cells else None
        place = numbers.index(selected) + by if selected in numbers else (0 if by > 0 else len(numbers) - 1)
        if not 0 <= place < len(numbers):
            return False
        self._selection.set([numbers[place]])
        self._want(numbers[place])
        return True

    def select_all(self) -> None:
        """Select all cells that are shown."""
        self._selection.set(self.canvas.boxes.shown_ids())

    def cancel(self) -> bool:
        """Leave the tool, or else drop the selection and return to the view before it; True if there was any.

        With the Add tool the cell that it added last goes out of the selection: the next key is for the one pointed at.
        """
        if self.tool is not ToolName.SELECT or (isinstance(self.active, CellTool) and self.active.is_dragging):
            if self.tool is ToolName.ADD:
                self._selection.set([])
            self._select()
            return True
        self._walks = False
        returned = self.canvas.give_back()
        if self._selection.all:
            self._selection.set([])
            return True
        return returned

    # -- what is shown -------------------------------------------------------------------------

    @Slot()
    def show_selection(self) -> None:
        """Mark the selected cells on the canvas."""
        rects = [self.canvas.boxes.rect_of(number) for number in self._selection.cells]
        self.canvas.selection.set_selected([rect for rect in rects if rect is not None])
        self.canvas.labels.set_lifted(self._selection.cells)
        self.canvas.describe(self._selection.cells)
        if self.hovered is not None and self.canvas.boxes.rect_of(self.hovered) is None:
            self.active.leave()
        self.canvas.viewport().update()

    def show_wanted(self) -> None:
        """Bring the cell or the place into view that was asked for last, once its image is there."""
        wanted, boxes = self._wanted, self.canvas.boxes
        if wanted is None or not self._has_image():
            return
        self._wanted = None
        if isinstance(wanted, int):
            rect = boxes.rect_of(wanted)
        else:
            x1, y1, x2, y2 = wanted
            rect = QRectF(x1, y1, x2 - x1, y2 - y1)
            if rect.isEmpty():
                side = self._workspace.editing.usual_size(self._workspace.settings.classes[0])[0]
                rect = QRectF(x1 - side / 2, y1 - side / 2, side, side)
            self.canvas.selection.set_hovered(rect)
        if rect is not None:
            self.canvas.reveal(rect)
        self.canvas.viewport().update()

    @Slot(object)
    def _want(self, what: int | tuple[float, float, float, float]) -> None:
        self._wanted = what
        self.show_wanted()

    # -- events --------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.canvas:
            if event.type() == QEvent.Type.FocusIn:
                self._walks = True
            return isinstance(event, QKeyEvent) and self._on_key(event)
        if isinstance(event, QMouseEvent):
            point = self.canvas.mapToScene(event.position().toPoint())
            if event.type() == QEvent.Type.MouseButtonPress:
                self._walks = True
            match event.type():
                case QEvent.Type.MouseButtonPress:
                    return self.active.press(event, point)
                case QEvent.Type.MouseMove:
                    return self.active.move(event, point)
                case QEvent.Type.MouseButtonRelease:
                    return self.active.release(event, point)
                case QEvent.Type.MouseButtonDblClick:
                    return self.active.double_click(event, point)
        elif event.type() == QEvent.Type.Leave:
            self.active.leave()
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        if self.active.key(event):
            return True
        step = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}.get(Qt.Key(event.key()), 0)
        if event.type() != QEvent.Type.KeyPress or not step or self.tool is ToolName.TALLY:
            return False
        return self._walks and self.walk(step)
