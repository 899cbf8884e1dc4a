"""The image that is shown on the canvas: its pixels, boxes, frame and marks, where it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QColor

from gui.tasks import Debounce

if TYPE_CHECKING:
    from core.cells import Detections
    from core.counting.count import CountResult
    from gui.canvas.tools.toolbox import Toolbox
    from gui.canvas.view import Canvas
    from gui.workspace.images import ImageItem
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

GHOST_REACH = 0.15
"""Cells whose score is less than this below their threshold can be drawn dotted."""

_SETTLE_MS = 600


class Presenter(QObject):
    """Draws what the workspace knows of the image that is shown, and keeps zoom and place."""

    image_shown = Signal()

    def __init__(self, canvas: Canvas, tools: Toolbox, workspace: Workspace, options: ViewOptions) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tools = tools
        self._workspace = workspace
        self._options = options
        self._settle = Debounce(_SETTLE_MS, self._remember, self)
        canvas.zoom_changed.connect(lambda *_: self._settle.start())
        canvas.horizontalScrollBar().valueChanged.connect(lambda *_: self._settle.start())
        canvas.verticalScrollBar().valueChanged.connect(lambda *_: self._settle.start())
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.inference.image_loaded.connect(self._on_image)
        workspace.counts.changed.connect(self._on_counts)
        workspace.truths.changed.connect(self._on_truth)
        workspace.images.item_changed.connect(self._on_item)
        workspace.tally.changed.connect(self.show_marks)
        for signal in (workspace.tally.active_changed, workspace.tally.options_changed):
            signal.connect(self._on_tally)
        options.changed.connect(self._on_options)
        self._on_options()

    def finish(self) -> None:
        """Keep the view now, if it was just moved."""
        self._settle.flush()

    # -- what changes --------------------------------------------------------------------------

    @Slot(object)
    def _on_current_changed(self, _image: int | None) -> None:
        """Clear the canvas until the next image is read, which it may be already."""
        self._settle.stop()
        self._canvas.show_image(None)
        self._show_image()

    @Slot(object)
    def _on_image(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self._show_image()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self.show_cells()

    @Slot(object)
    def _on_truth(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self.show_cells()

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self.show_cells()

    @Slot()
    def _on_tally(self) -> None:
        self.show_cells()
        self.show_marks()

    @Slot()
    def _on_options(self) -> None:
        self._canvas.set_labels_shown(self._options.labels)
        self.show_cells()

    # -- drawing -------------------------------------------------------------------------------

    def _show_image(self) -> None:
        """Show the image where it was looked at last, with its cells and marks."""
        loaded, current = self._workspace.inference.shown, self._workspace.images.current_id
        if loaded is None:
            return
        self._canvas.show_image(loaded)
        zoom = self._options.zoom
        if zoom is not None and zoom[0] == current:
            self._canvas.restore_view(zoom[1:])
        self.show_cells()
        self.show_marks()
        self._tools.show_wanted_box()
        self.image_shown.emit()

    @Slot()
    def show_cells(self) -> None:
        """Draw the cells of the image that are to be seen."""
        workspace, item = self._workspace, self._workspace.images.current
        result, cells = workspace.counts.current_result(), workspace.counts.current_cells()
        if item is None or cells is None or result is None or workspace.inference.shown is None:
            self._canvas.show_detections(None, ())
            self._show_frame(item, None, None)
            return
        classes, detections = workspace.settings.classes, cells.cells
        truth = workspace.truths.used(item.id) if self._options.ground_truth and not workspace.tally.active else None
        self._canvas.show_ground_truth(np.zeros((0, 4), np.float32) if truth is None else truth.boxes)
        self._canvas.show_detections(detections, classes)
        visible = ~np.isin(detections.labels, self._hidden_labels()) & self._shows_boxes
        ghosts = np.zeros(len(detections), bool)
        index, settings = workspace.counts.index(item.id), workspace.settings.value
        if (self._options.ghosts or self._options.uncertain) and index is not None and settings is not None:
            places, margins = index.uncertain(settings.thresholds, classes, GHOST_REACH)
            ghosts[places[margins < 0]] = True
        self._canvas.show_cells(result.counted & visible, ghosts & visible)
        self._show_frame(item, result, detections)
        self._tools.show_selection()

    @Slot()
    def show_marks(self) -> None:
        """Draw the marks of the manual count."""
        tally = self._workspace.tally
        shown = tally.truth if tally.active and self._workspace.inference.shown is not None else None
        self._canvas.tally.set_marks(shown, self._workspace.settings.classes)
        self._canvas.viewport().update()

    @property
    def _shows_boxes(self) -> bool:
        return self._options.boxes and not self._workspace.tally.hides_counts

    def _hidden_labels(self) -> list[int]:
        classes = self._workspace.settings.classes
        return [classes.index(name) for name in self._options.hidden_classes if name in classes]

    def _show_frame(self, item: ImageItem | None, result: CountResult | None, detections: Detections | None) -> None:
        """Draw the counting frame, and the cells that it leaves out."""
        canvas, settings = self._canvas, self._workspace.settings
        there = item is not None and self._workspace.inference.shown is not None
        frame = settings.frame(item) if item is not None and there else None
        if frame is None or not frame.sides:
            canvas.frame.set_frame(None)
            return
        left_out = []
        if self._shows_boxes and result is not None and detections is not None:
            visible = result.excluded & ~np.isin(detections.labels, self._hidden_labels())
            for label, name in enumerate(settings.classes):
                chosen = detections.boxes[visible & (detections.labels == label)]
                left_out.append((chosen, QColor(*canvas.boxes.palette.colour(settings.classes, label)), name))
        canvas.frame.set_frame(frame, left_out)

    @Slot()
    def _remember(self) -> None:
        current = self._workspace.images.current_id
        if current is not None and self._workspace.inference.shown is not None:
            self._options.keep_zoom(current, self._canvas.view_state())
