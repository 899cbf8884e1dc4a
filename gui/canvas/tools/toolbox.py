"""The tools of the canvas: one is active, and gets every event before the canvas does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent

from gui.canvas.tools.add import AddTool
from gui.canvas.tools.cells import CellTool
from gui.canvas.tools.clear import ClearTool
from gui.canvas.tools.region import RegionTool
from gui.canvas.tools.select import SelectTool
from gui.canvas.tools.tally import TallyTool
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from gui.canvas.tools.base import Tool
    from gui.canvas.view import Canvas
    from gui.workspace.workspace import Workspace


class Toolbox(QObject):
    """Chooses tools, and forwards the mouse and the keys on the canvas to the active one."""

    tool_changed = Signal()

    def __init__(self, canvas: Canvas, workspace: Workspace) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self._workspace = workspace
        self._selection = selection = workspace.selection
        self._wanted_box: tuple[float, float, float, float] | None = None
        cells = canvas, workspace.editing, selection, workspace.settings
        self.add = AddTool(*cells)
        self.region = {
            name: RegionTool(name, canvas, workspace.regions, self._has_image, self._select)
            for name in (ToolName.RECTANGLE, ToolName.POLYGON)
        }
        self.tally = TallyTool(canvas, workspace.tally, self._has_image)
        tools = (SelectTool(*cells), self.add, ClearTool(*cells, self._select), *self.region.values(), self.tally)
        self._tools: dict[ToolName, Tool] = {tool.name: tool for tool in tools}
        self.active: Tool = self._tools[ToolName.SELECT]
        canvas.viewport().setMouseTracking(True)
        canvas.viewport().installEventFilter(self)
        canvas.installEventFilter(self)
        selection.changed.connect(self.show_selection)
        selection.reveal_cell.connect(self._reveal)
        selection.reveal_box.connect(self._want_box)
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
        self._wanted_box = None
        self.active.forget()
        self.active.leave()

    @Slot(bool)
    def _on_tally(self, active: bool) -> None:
        if not active and self.tool is ToolName.TALLY:
            self._select()

    def _has_image(self) -> bool:
        return self._workspace.inference.shown is not None

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

    def walk(self, by: int) -> None:
        """Select the next (1) or previous (-1) cell in reading order and keep it in view."""
        numbers = self.canvas.boxes.shown_ids()
        if not numbers:
            return
        selected = self._selection.cells[-1] if self._selection.cells else None
        place = numbers.index(selected) + by if selected in numbers else (0 if by > 0 else -1)
        number = numbers[place % len(numbers)]
        self._selection.set([number])
        self._reveal(number)

    def select_all(self) -> None:
        """Select all cells that are shown."""
        self._selection.set(self.canvas.boxes.shown_ids())

    def cancel(self) -> bool:
        """Leave the tool, or else drop the selection; True if there was something to leave.

        With the Add tool the cell that it added last goes out of the selection: the next key is for the one pointed at.
        """
        if self.tool is not ToolName.SELECT or (isinstance(self.active, CellTool) and self.active.is_dragging):
            if self.tool is ToolName.ADD:
                self._selection.set([])
            self._select()
            return True
        if self._selection.all:
            self._selection.set([])
            return True
        return False

    # -- what is shown -------------------------------------------------------------------------

    @Slot()
    def show_selection(self) -> None:
        """Mark the selected cells on the canvas."""
        rects = [self.canvas.boxes.rect_of(number) for number in self._selection.cells]
        self.canvas.selection.set_selected([rect for rect in rects if rect is not None])
        self.canvas.labels.set_lifted(self._selection.cells)
        if self.hovered is not None and self.canvas.boxes.rect_of(self.hovered) is None:
            self.active.leave()
        self.canvas.viewport().update()

    def show_wanted_box(self) -> None:
        """Bring the place into view that was asked for last, once its image is there."""
        if self._wanted_box is None or not self._has_image():
            return
        x1, y1, x2, y2 = self._wanted_box
        self._wanted_box = None
        rect = QRectF(x1, y1, x2 - x1, y2 - y1)
        if rect.isEmpty():
            side = self._workspace.editing.usual_size(self._workspace.settings.classes[0])[0]
            rect = QRectF(x1 - side / 2, y1 - side / 2, side, side)
        self.canvas.reveal(rect, centre=True)
        self.canvas.selection.set_hovered(rect)
        self.canvas.viewport().update()

    @Slot(object)
    def _reveal(self, number: int) -> None:
        rect = self.canvas.boxes.rect_of(number)
        if rect is not None:
            self.canvas.reveal(rect)

    @Slot(object)
    def _want_box(self, box: tuple[float, float, float, float]) -> None:
        self._wanted_box = box
        self.show_wanted_box()

    # -- events --------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.canvas:
            return isinstance(event, QKeyEvent) and self._on_key(event)
        if isinstance(event, QMouseEvent):
            point = self.canvas.mapToScene(event.position().toPoint())
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
        steps = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}
        step = steps.get(Qt.Key(event.key())) if event.type() == QEvent.Type.KeyPress else None
        if step is None or self.tool is ToolName.TALLY or not self.canvas.boxes.shown_ids():
            return False
        self.walk(step)
        return True
