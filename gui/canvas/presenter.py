"""The image that is shown on the canvas: its pixels, boxes, frame and marks, where it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QColor

from core.counting.count import count
from core.verification.cases import Case
from core.verification.errors import CountError, find_errors
from gui.canvas.overlays.stage import Stage
from gui.tasks import Debounce
from gui.workspace.view_options import GHOST_REACH, UNCERTAIN_REACH, Peek

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.counting.count import CountResult
    from gui.canvas.tools.toolbox import Toolbox
    from gui.canvas.view import Canvas
    from gui.commands.shortcuts import Actions
    from gui.workspace.counting.cells import ImageCells
    from gui.workspace.images import ImageItem
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace


_SETTLE_MS = 600
_NO_BOXES = np.zeros((0, 4), np.float32)


class Presenter(QObject):
    """Draws what the workspace knows of the image that is shown, and keeps zoom and place."""

    image_shown = Signal()

    def __init__(
        self, canvas: Canvas, tools: Toolbox, workspace: Workspace, options: ViewOptions, actions: Actions
    ) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tools = tools
        self._workspace = workspace
        self._options = options
        self._new_session = True
        self._walked = False
        self.stage = Stage(canvas, tools, workspace, options, actions)
        self._settle = Debounce(_SETTLE_MS, self._remember, self)
        canvas.zoom_changed.connect(lambda *_: self._settle.start())
        canvas.moved.connect(self._settle.start)
        workspace.store.session_changed.connect(self._on_session_changed)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.inference.image_loaded.connect(self._on_image)
        workspace.previews.ready.connect(self._on_image)
        workspace.counts.changed.connect(self._on_counts)
        workspace.truths.changed.connect(self._on_item)
        workspace.images.item_changed.connect(self._on_item)
        workspace.tally.changed.connect(self.show_marks)
        workspace.estimates.changed.connect(self._on_scale)
        for signal in (workspace.tally.active_changed, workspace.tally.options_changed):
            signal.connect(self._on_tally)
        options.changed.connect(self._on_options)
        options.display_changed.connect(self._on_display)
        self._on_options()

    def finish(self) -> None:
        """Keep the view now, if it was just moved."""
        self._settle.flush()

    # -- what changes --------------------------------------------------------------------------

    @Slot()
    def _on_session_changed(self) -> None:
        self._new_session = True
        self._on_scale()

    @Slot(object)
    def _on_current_changed(self, _image: int | None) -> None:
        """Clear the canvas until the next image is read, which it may be already."""
        self._settle.stop()
        if not self._show_image():
            self._canvas.show_photograph(())
            self.stage.refresh()

    @Slot(object)
    def _on_image(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self._show_image()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
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
        self._canvas.labels.set_all(self._options.labels)
        walked, self._walked = self._walked, self._options.uncertain
        if walked and not self._walked:
            self._canvas.give_back()
        self.show_cells()

    @Slot()
    def _on_display(self) -> None:
        self._canvas.photograph.set_table(self._options.display.table())
        self._canvas.viewport().update()
        self.stage.refresh()

    @Slot()
    def _on_scale(self) -> None:
        """Take the scale that the laboratory has measured, or else that of the file."""
        loaded = self._workspace.inference.shown
        measured = self._workspace.estimates.inputs.micrometres_per_pixel
        self._canvas.set_scale(measured or (None if loaded is None else loaded.micrometres))
        self.stage.refresh()

    # -- drawing -------------------------------------------------------------------------------

    def _show_image(self) -> bool:
        """Show the image where it was looked at last, with its cells and marks; False while there are no pixels."""
        loaded, current = self._workspace.inference.shown, self._workspace.images.current_id
        preview = self._workspace.previews.shown
        if loaded is not None:
            self._canvas.show_photograph(loaded.levels)
        elif preview is not None:
            self._canvas.show_photograph(preview.levels, QSize(*preview.size))
        else:
            return False
        if self._new_session:
            self._new_session = False
            zoom = self._options.zoom
            self._canvas.restore_view(zoom[1:] if zoom and zoom[0] == current else [])
        self._on_scale()
        self.show_cells()
        self.show_marks()
        self.stage.show_photograph()
        if loaded is not None:
            self._tools.show_wanted()
            self.image_shown.emit()
        return True

    @Slot()
    def show_cells(self) -> None:
        """Draw the cells of the image that are to be seen."""
        workspace, item = self._workspace, self._workspace.images.current
        result, cells = workspace.counts.current_result(), workspace.counts.current_cells()
        if item is None or cells is None or result is None or workspace.inference.shown is None:
            self._canvas.show_detections(None, ())
            self._canvas.show_ground_truth(_NO_BOXES, _NO_BOXES)
            self._show_frame(item, None, None)
            self.stage.refresh()
            return
        if self._options.peek is Peek.BEFORE:
            self._show_before(item, cells)
            return
        classes, detections = workspace.settings.classes, cells.cells
        self._canvas.show_detections(detections, classes)
        visible = ~np.isin(detections.labels, self._hidden_labels()) & self._shows_boxes
        ghosts = np.zeros(len(detections), bool)
        if self._options.ghosts or self._options.uncertain:
            places, margins = self._uncertain(item, GHOST_REACH)
            ghosts[places[margins < 0]] = True
        self._canvas.labels.set_marked(lambda: detections.ids[self._uncertain(item, UNCERTAIN_REACH)[0]])
        self._canvas.show_cells(result.counted & visible, ghosts & visible)
        self._show_frame(item, result, detections)
        self._show_disagreement(item, cells)
        self._tools.show_selection()
        self.stage.refresh()

    def _uncertain(self, item: ImageItem, reach: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the positions of the cells whose score is near their threshold, and score minus threshold, (N,)."""
        index, settings = self._workspace.counts.index(item.id), self._workspace.settings
        if index is None or settings.value is None:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return index.uncertain(settings.value.thresholds, settings.classes, reach)

    def _show_before(self, item: ImageItem, cells: ImageCells) -> None:
        """Draw what the model found, as if nobody had edited it."""
        settings = self._workspace.settings
        found, value = cells.found.detections, settings.value
        assert value is not None, "there is a result"
        counted = count(found, value, settings.classes, frame=settings.frame(item)).counted
        self._canvas.show_detections(found, settings.classes)
        self._canvas.show_cells(counted & ~np.isin(found.labels, self._hidden_labels()))
        self._canvas.show_ground_truth(_NO_BOXES, _NO_BOXES)
        self._canvas.selection.set_selected([])
        self.stage.refresh()

    def _show_disagreement(self, item: ImageItem, cells: ImageCells) -> None:
        """Draw where the count and the ground truth are not the same, if that was asked for."""
        errors = self._errors(item, cells) if self._options.ground_truth and self._shows_boxes else []
        missed, wrong = (
            np.array([error.box for error in errors if error.missed is side], np.float32).reshape(-1, 4)
            for side in (True, False)
        )
        self._canvas.show_ground_truth(missed, wrong)

    def _errors(self, item: ImageItem, cells: ImageCells) -> list[CountError]:
        workspace, settings = self._workspace, self._workspace.settings
        truth = None if workspace.tally.active else workspace.truths.used(item.id)
        if truth is None or settings.value is None:
            return []
        case = Case.of(
            item.id,
            item.path.name,
            cells.found.detections,
            truth,
            settings.value,
            settings.frame(item),
            cells.corrections,
        )
        return find_errors([case], settings.classes, settings.value.thresholds) if case.located else []

    @Slot()
    def show_marks(self) -> None:
        """Draw the marks of the manual count."""
        tally = self._workspace.tally
        shown = tally.truth if tally.active and self._workspace.inference.shown is not None else None
        self._canvas.tally.set_marks(shown, self._workspace.settings.classes)
        self._canvas.viewport().update()
        self.stage.refresh()

    @property
    def _shows_boxes(self) -> bool:
        options = self._options
        return options.boxes and options.peek is not Peek.BARE and not self._workspace.tally.hides_counts

    def _hidden_labels(self) -> list[int]:
        classes = self._workspace.settings.classes
        return [classes.index(name) for name in self._options.hidden_classes if name in classes]

    def _show_frame(self, item: ImageItem | None, result: CountResult | None, detections: Detections | None) -> None:
        """Draw the counting frame, and the cells that it leaves out."""
        canvas, settings = self._canvas, self._workspace.settings
        there = item is not None and self._workspace.inference.shown is not None
        frame = settings.frame(item) if item is not None and there else None
        if frame is None or not frame.sides or self._options.peek is Peek.BARE:
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
