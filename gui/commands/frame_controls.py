"""What the commands about the counting frame do, and how the frame is shown on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from gui.canvas.tools.editor import Tool
from gui.canvas.tools.region import RegionTool
from gui.workspace.images import State
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.canvas.tools.editor import CanvasEditor
    from gui.commands.actions import Actions

_TOOLS = {"region_rectangle": Tool.RECTANGLE, "region_polygon": Tool.POLYGON}
_TOOL_HINTS = {
    Tool.RECTANGLE: "Drag a rectangle: only cells in it count. Esc: leave it.",
    Tool.POLYGON: "Click the corners; a double click or Enter closes it, Backspace takes one back, Esc leaves it.",
}


class FrameControls(QObject):
    """Connects the frame's actions, its drawing tools and its picture on the canvas."""

    def __init__(self, actions: Actions, editor: CanvasEditor) -> None:
        super().__init__(editor)
        self._actions = actions
        self._editor = editor
        self._document = document = editor.document
        self.region_tool = RegionTool(editor)
        frames = document.frames
        actions.connect_to(
            {
                "region_all": frames.apply_to_all,
                "inset": lambda: frames.inset([document.current_entry] if document.current_entry else []),
                "inset_all": lambda: frames.inset(document.entries),
                "region_remove": frames.remove_region,
                "region_remove_all": frames.remove_all_regions,
            }
        )
        for name, tool in _TOOLS.items():
            actions.connect_to({name: lambda tool=tool: self._toggle(tool)})
        editor.tool_changed.connect(self._show_tool)

    def _toggle(self, tool: Tool) -> None:
        self._document.editing.select(())
        self._editor.leave_cell()
        chosen = Tool.SELECT if self._editor.tool is tool else tool
        self._editor.set_tool(chosen)
        if chosen is tool:
            self._document.message.emit(Level.INFO, _TOOL_HINTS[tool])

    def _show_tool(self) -> None:
        for name, tool in _TOOLS.items():
            self._actions[name].setChecked(self._editor.tool is tool)

    def show_frame(self, hidden: Iterable[int] = (), *, boxes: bool = True) -> None:
        """Draw the frame of the current picture; left-out cells of ``hidden`` labels, or without ``boxes``, are not."""
        document, canvas = self._document, self._editor.canvas
        entry = document.current_entry
        frame = document.frames.of(entry) if entry is not None and document.picture is not None else None
        if entry is None or frame is None or not frame.sides:
            canvas.frame.set_frame(None)
            return
        result, cells = document.result(entry), document.current_cells()
        left_out = []
        if boxes and result is not None and cells is not None:
            visible = result.excluded & ~np.isin(cells.cells.labels, list(hidden))
            for label, name in enumerate(document.classes):
                chosen = cells.cells.boxes[visible & (cells.cells.labels == label)]
                left_out.append((chosen, QColor(*canvas.boxes.palette.colour(document.classes, label)), name))
        canvas.frame.set_frame(frame, left_out)

    def enable(self) -> None:
        """Enable what can be done now."""
        document = self._document
        entry = document.current_entry
        region = document.frames.region(entry.id) if entry else None
        shown = entry is not None and document.picture is not None and document.writable
        self._actions.enable(
            region_rectangle=shown,
            region_polygon=shown,
            region_all=region is not None and region.is_rectangle and len(document.entries) > 1,
            inset=shown and entry is not None and entry.state is State.COUNTED,
            inset_all=document.overview.states[State.COUNTED] > 0 and document.writable,
            region_remove=region is not None and document.writable,
            region_remove_all=document.frames.any_region and document.writable,
        )
