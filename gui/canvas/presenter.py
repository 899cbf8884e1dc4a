"""The current picture on the canvas: its photograph, boxes, frame and marks, where it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from gui.tasks import Debounce

if TYPE_CHECKING:
    from gui.shell.window import MainWindow

GHOST_REACH = 0.15
"""Cells whose score is less than this below their threshold can be shown dotted."""

_SETTLE_MS = 600


class PictureView(QObject):
    """Draws what the document says of the current picture, and remembers zoom and place."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document
        self._canvas = window.canvas
        self._settle = Debounce(_SETTLE_MS, self._remember, self)
        self._canvas.zoom_changed.connect(self._on_zoom)
        self._canvas.horizontalScrollBar().valueChanged.connect(lambda *_: self._settle.start())
        self._canvas.verticalScrollBar().valueChanged.connect(lambda *_: self._settle.start())

    def clear(self) -> None:
        """Take the picture off, until the next one is read."""
        self._settle.stop()
        self._canvas.show_picture(None)

    def show_photograph(self) -> None:
        """Show the photograph of the current picture where it was looked at last."""
        document, entry = self._document, self._document.current_entry
        self._canvas.show_picture(document.picture)
        view = document.remembered("view")
        if view and entry is not None and view[0] == entry.id:
            self._canvas.restore_view(view[1:])

    def finish(self) -> None:
        """Remember the view now, if it was just moved."""
        self._settle.flush()

    def _remember(self) -> None:
        entry = self._document.current_entry
        if entry is not None and self._document.picture is not None:
            self._document.remember("view", [entry.id, *self._canvas.view_state()])

    def _on_zoom(self, zoom: float) -> None:
        self._window.status.show_zoom(zoom)
        self._settle.start()

    def show_cells(self) -> None:
        """Draw the cells of the current picture that are to be seen."""
        document = self._document
        entry = document.current_entry
        result = document.result(entry) if entry else None
        cells = document.current_cells()
        if entry is None or cells is None or result is None or entry.countable is None or document.picture is None:
            self._canvas.show_detections(None, ())
            self._window.frame_controls.show_frame()
            return
        detections = cells.cells
        truth = document.truths.of(entry.id) if self._window.actions_["ground_truth"].isChecked() else None
        truth = None if document.tally.active else truth
        self._canvas.show_ground_truth(np.zeros((0, 4), np.float32) if truth is None else truth.boxes)
        self._canvas.show_detections(detections, document.classes)
        hidden = [document.classes.index(name) for name in self._window.panel.classes.hidden_classes()]
        boxes = not (self._window.actions_["hide_boxes"].isChecked() or document.tally.hides_counts)
        visible = ~np.isin(detections.labels, hidden) & boxes
        ghosts = np.zeros(len(detections), bool)
        doubts = self._window.doubt_bar.active
        if (self._window.preferences.show_ghosts or doubts) and document.settings is not None:
            places, margins = entry.countable.uncertain(document.settings.thresholds, document.classes, GHOST_REACH)
            ghosts[places[margins < 0]] = True
        self._canvas.show_cells(result.counted & visible, ghosts & visible)
        self._window.frame_controls.show_frame(hidden, boxes=boxes)
        self._window.editor.show_selection()
