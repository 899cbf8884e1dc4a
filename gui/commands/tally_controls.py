"""Counting by hand in the window: the tool, the panel, the marks on the canvas, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui.canvas.tools.editor import Tool
from gui.canvas.tools.tally import TallyTool
from gui.panels.tally import TallyPanel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStackedWidget

    from gui.canvas.tools.editor import CanvasEditor
    from gui.commands.actions import Actions
    from gui.preferences import Preferences


class TallyControls(QObject):
    """Shows the tally while it is active, and answers the keys that mean something else then."""

    def __init__(self, actions: Actions, editor: CanvasEditor, preferences: Preferences, side: QStackedWidget) -> None:
        """``side`` shows the count panel; while cells are counted by hand it shows the tally's."""
        super().__init__(editor)
        self._actions = actions
        self._editor = editor
        self._preferences = preferences
        self._document = editor.document
        self._side = side
        self.tally = tally = editor.document.tally
        self.tool = TallyTool(editor, tally)
        self.panel = TallyPanel(editor.document, preferences)
        side.addWidget(self.panel)
        actions.connect_to({"tally": self._toggle})
        self.panel.finished.connect(lambda: editor.set_tool(Tool.SELECT))
        tally.active_changed.connect(self._on_active)
        tally.changed.connect(self.show_marks)
        tally.marked.connect(self._on_marked)
        tally.options_changed.connect(self._hide_counts)
        self._gallery_was_open = False

    @property
    def active(self) -> bool:
        """Whether cells are counted by hand now."""
        return self.tally.active

    def _toggle(self) -> None:
        self._document.editing.select(())
        self._editor.set_tool(Tool.SELECT if self._editor.tool is Tool.TALLY else Tool.TALLY)
        self._actions["tally"].setChecked(self.tally.active)

    def _on_active(self, active: bool) -> None:
        self._actions["tally"].setChecked(active)
        if not active and self._editor.tool is Tool.TALLY:
            self._editor.set_tool(Tool.SELECT)
        self._side.setCurrentIndex(1 if active else 0)
        self.panel.refresh()
        self._hide_counts()
        self.show_marks()
        self._editor.canvas.setFocus()

    def show_marks(self) -> None:
        """Draw the marks of the current picture, once it is there."""
        canvas = self._editor.canvas
        shown = self.tally.truth if self.tally.active and self._document.picture is not None else None
        canvas.tally.set_marks(shown, self._document.classes)
        canvas.viewport().update()

    def _hide_counts(self) -> None:
        """Close the gallery while what the model found must not be seen, and open it again afterwards."""
        gallery, hidden = self._actions["gallery"], self.tally.hides_counts
        if hidden and gallery.isChecked():
            self._gallery_was_open = True
            gallery.setChecked(False)
        elif not hidden and self._gallery_was_open:
            self._gallery_was_open = False
            gallery.setChecked(True)
        self.enable()

    def _on_marked(self) -> None:
        if self._preferences.tally_sound:
            QApplication.beep()

    def enable(self) -> None:
        """Enable what can be done now."""
        document, tally = self._document, self.tally
        self._actions.enable(tally=document.picture is not None and document.writable and bool(document.classes))
        if tally.active:
            cleared = not tally.can_undo and document.truths.cleared_last
            self._actions.enable(remove=True, undo=tally.can_undo or cleared, redo=tally.can_redo)
            if not cleared:
                self._actions["undo"].setText("&Undo mark")
            self._actions["redo"].setText("&Redo mark")
        seen = not tally.hides_counts
        self._actions.enable(
            gallery=seen,
            gallery_all=seen,
            ghosts=seen,
            doubts=seen and self._actions["doubts"].isEnabled(),
            verify=seen,
        )
