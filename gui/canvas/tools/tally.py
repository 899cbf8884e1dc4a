"""Counting by hand on the canvas: what the mouse and the class keys mean there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from gui.canvas.tools.editor import Tool

if TYPE_CHECKING:
    from gui.canvas.tools.editor import CanvasEditor
    from gui.workspace.tally import Tally


class TallyTool(QObject):
    """A click marks a cell of the armed class; a class's key marks the cell under the pointer.

    A click on a mark puts no second one, so that a double click counts once; a right click takes a mark away; a
    drag moves the picture. It sees events before the editor does: it is made after it.
    """

    def __init__(self, editor: CanvasEditor, tally: Tally) -> None:
        super().__init__(editor)
        self._editor = editor
        self._canvas = editor.canvas
        self._tally = tally
        self._pressed: QPoint | None = None
        self._pointer: QPointF | None = None
        editor.canvas.viewport().installEventFilter(self)
        editor.tool_changed.connect(self._on_tool_changed)
        editor.document.current_changed.connect(self._forget)

    def class_key(self, name: str) -> None:
        """Arm a class, and mark the cell under the pointer with it."""
        self._tally.arm(name)
        if self._pointer is not None:
            self._mark(name, self._pointer)

    def remove_near(self) -> None:
        """Take away the mark under the pointer."""
        if self._pointer is not None:
            self._remove_at(self._pointer)

    def _on_tool_changed(self) -> None:
        self._forget()
        if self._editor.tool is Tool.TALLY:
            self._editor.leave_cell()
            self._tally.begin()
        else:
            self._tally.finish()

    def _forget(self) -> None:
        self._pressed = self._pointer = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._editor.tool is not Tool.TALLY:
            return False
        if event.type() == QEvent.Type.Leave:
            self._pointer = None
        if not isinstance(event, QMouseEvent):
            return False
        place = event.position().toPoint()
        self._pointer = self._canvas.mapToScene(place)
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.RightButton:
                self._remove_at(self._pointer)
                return True
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.LeftButton:
                self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
                self._pressed = place
            case QEvent.Type.MouseButtonDblClick:
                # two quick clicks on neighbours are two cells, not a wish to see the whole picture
                self._pressed = place
                return True
            case QEvent.Type.MouseButtonRelease if event.button() == Qt.MouseButton.LeftButton:
                self._release(place)
            case QEvent.Type.MouseMove if not event.buttons():
                self._canvas.viewport().setCursor(Qt.CursorShape.CrossCursor)
        return False

    def _release(self, place: QPoint) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is not None and (place - pressed).manhattanLength() < QApplication.startDragDistance() / 2:
            self._mark(self._tally.armed, self._canvas.mapToScene(pressed))

    def _mark(self, name: str, point: QPointF) -> None:
        if self._canvas.tally.near(point, self._canvas.zoom) is None:
            self._tally.put(name, point.x(), point.y())

    def _remove_at(self, point: QPointF) -> None:
        position = self._canvas.tally.near(point, self._canvas.zoom)
        if position is not None:
            self._tally.remove(position)
