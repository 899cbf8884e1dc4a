"""Puts what lies over the canvas into its corners, and keeps it up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtGui import QKeySequence

from core.text import gettext, ngettext
from gui.canvas.overlays.adjust import AdjustPanel
from gui.canvas.overlays.chips import Chip, Chips
from gui.canvas.overlays.overview import Overview
from gui.canvas.overlays.peek import PeekWatch
from gui.canvas.overlays.scale_bar import ScaleBar
from gui.workspace.selection import ToolName
from gui.workspace.view_options import Display, Peek

if TYPE_CHECKING:
    from gui.canvas.tools.toolbox import Toolbox
    from gui.canvas.view import Canvas
    from gui.commands.shortcuts import Actions
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

_EDGE = 12
_TOOLS = {
    ToolName.ADD: gettext("Adding {name} · Esc"),
    ToolName.CLEAR: gettext("Clear area: drag a rectangle · Esc"),
    ToolName.RECTANGLE: gettext("Region: drag a rectangle, only cells in it count · Esc"),
    ToolName.POLYGON: gettext("Region: click the corners, Enter closes it, Backspace takes one back · Esc"),
    ToolName.TALLY: gettext("Manual count: marking {name} · Esc"),
    ToolName.RULER: gettext("Ruler: drag from edge to edge · Esc"),
}
_PEEKS = {Peek.BARE: gettext("Bare image"), Peek.BEFORE: gettext("Before corrections")}


class Stage(QObject):
    """Chips at the upper left, map and sliders of the display at the upper right, the scale below.

    What is said for a moment lies at the lower edge, and covers none of them.
    """

    def __init__(
        self, canvas: Canvas, tools: Toolbox, workspace: Workspace, options: ViewOptions, actions: Actions
    ) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tools = tools
        self._workspace = workspace
        self._options = options
        self._actions = actions
        self.chips = Chips(canvas, QPoint(_EDGE, _EDGE))
        self.scale_bar = ScaleBar(canvas)
        self.overview = Overview(canvas)
        self.adjust = AdjustPanel(canvas, options, lambda: canvas.photograph.smallest)
        self._peek_watch = PeekWatch(options, self)
        canvas.moved.connect(self._show_place)
        canvas.zoom_changed.connect(lambda *_: self._show_place())
        canvas.resized.connect(self._arrange)
        tools.tool_changed.connect(self.refresh)
        actions.keys_changed.connect(self.refresh)
        workspace.tally.options_changed.connect(self.refresh)
        options.changed.connect(self._show_adjusting)
        options.display_changed.connect(self.show_photograph)
        self._arrange()

    @Slot()
    def show_photograph(self) -> None:
        """Take over the photograph that is shown."""
        self.overview.set_photograph(self._canvas.photograph.smallest, self._options.display.table())
        self._arrange()

    @Slot()
    def refresh(self) -> None:
        """Say what the canvas does and does not show now."""
        shown = self._canvas.photograph.smallest is not None
        self.chips.show_mode(self._mode() if shown else "")
        self.chips.show_chips(self._chips() if shown else ())
        self._arrange()

    # -- chips ---------------------------------------------------------------------------------

    def _mode(self) -> str:
        """Say what a click does with the tool in hand."""
        tool = self._tools.tool
        armed = self._workspace.tally.armed if tool is ToolName.TALLY else self._tools.armed
        return _TOOLS[tool].format(name=armed) if tool in _TOOLS else ""

    def _chips(self) -> list[Chip]:
        options = self._options
        chips: list[Chip] = []
        if options.peek is not Peek.NOTHING:
            chips.append(Chip(_PEEKS[options.peek], lambda: options.show_peek(Peek.NOTHING)))
        if not options.boxes:
            text, show = self._with_key(gettext("Boxes hidden"), "hide_boxes"), gettext("Click to show them again")
            chips.append(Chip(text, lambda: options.show_boxes(True), show))
        hidden = [name for name in self._workspace.settings.classes if name in options.hidden_classes]
        if hidden and options.boxes:
            text = gettext("{names} hidden").format(names=", ".join(hidden))
            chips.append(Chip(text, lambda: options.hide_classes(()), gettext("Click to show all classes")))
        if options.ground_truth:
            off = gettext("Click to stop comparing")
            chips.append(Chip(self._truth_text(), lambda: options.show_ground_truth(False), off))
        if options.display != Display() and not options.adjusting:
            text = self._with_key(gettext("View adjusted"), "adjust_view")
            chips.append(Chip(text, lambda: options.show_adjusting(True), gettext("Counts do not change")))
        return chips

    def _with_key(self, text: str, action: str) -> str:
        key = self._actions[action].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        return f"{text} · {key}" if key else text

    def _truth_text(self) -> str:
        """Say what the marks of the ground truth mean, and how many there are."""
        current = self._workspace.images.current_id
        if current is None or self._workspace.truths.used(current) is None:
            return gettext("Ground truth: none for this image")
        missed, wrong = self._canvas.ground_truth.missed_count, self._canvas.ground_truth.wrong_count
        if not missed and not wrong:
            return gettext("Ground truth: no differences")
        missed_text = ngettext("{n:,} missed (dashed)", "{n:,} missed (dashed)", missed).format(n=missed)
        wrong_text = ngettext("{n:,} too many (crossed out)", "{n:,} too many (crossed out)", wrong).format(n=wrong)
        return gettext("Ground truth: {missed}, {wrong}").format(missed=missed_text, wrong=wrong_text)

    # -- places --------------------------------------------------------------------------------

    @Slot()
    def _show_adjusting(self) -> None:
        adjusting = self._options.adjusting
        if adjusting != self.adjust.isVisibleTo(self._canvas):
            self.adjust.setVisible(adjusting)
            if adjusting:
                self.adjust.raise_()
                self.adjust.sliders["brightness"].setFocus()
            else:
                self._canvas.setFocus()
            self._arrange()

    @Slot()
    def _show_place(self) -> None:
        shown = self._canvas.photograph.smallest is not None
        self.scale_bar.setVisible(shown)
        self.overview.setVisible(shown and self.overview.has_photograph and not self._canvas.shows_all)
        if shown:
            self.scale_bar.show_scale(self._canvas.zoom, self._canvas.micrometres)
            self.overview.update()

    @Slot()
    def _arrange(self) -> None:
        """Put everything into its corner."""
        size, overview = self._canvas.size(), self.overview
        self.scale_bar.move(_EDGE, size.height() - self.scale_bar.height() - _EDGE)
        overview.fit_in(size)
        left = max(size.width() - self.adjust.width() - _EDGE, 0)
        said = self.chips.area
        beneath = not said.isEmpty() and left < said.right() + _EDGE
        self.adjust.move(left, said.bottom() + _EDGE if beneath else _EDGE)
        top = self.adjust.geometry().bottom() + _EDGE if self._options.adjusting else _EDGE
        overview.move(size.width() - overview.width() - _EDGE, top)
        self._show_place()
