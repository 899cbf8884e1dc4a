"""The canvas: the photograph with what is drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QGraphicsScene, QToolTip, QWidget

from core.text import gettext, ngettext
from gui.canvas.camera import Camera
from gui.canvas.items.boxes import BoxesItem
from gui.canvas.items.frame import FrameItem
from gui.canvas.items.labels import LabelsItem
from gui.canvas.items.marks import TallyItem
from gui.canvas.items.overlay import GroundTruthItem, SelectionItem
from gui.canvas.items.photograph import PhotographItem
from gui.canvas.items.ruler import RulerItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QResizeEvent

    from core.cells import Detections
    from core.classes import Palette


class Canvas(Camera):
    """Shows one image: its photograph, and what is known of it in layers above each other."""

    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.photograph = PhotographItem()
        self.frame = FrameItem()
        self.boxes = BoxesItem()
        self.ground_truth = GroundTruthItem()
        self.tally = TallyItem()
        self.selection = SelectionItem()
        self.labels = LabelsItem(self.boxes)
        self.ruler = RulerItem()
        for item in (
            self.photograph,
            self.frame,
            self.boxes,
            self.ground_truth,
            self.tally,
            self.selection,
            self.labels,
            self.ruler,
        ):
            self.scene().addItem(item)
        self.micrometres: float | None = None
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(gettext("Image with boxes"))
        self.describe(())

    def show_photograph(self, levels: tuple[NDArray[np.uint8], ...], size: QSize | None = None) -> None:
        """Show a photograph, uint8 RGB (H, W, 3) and ever smaller copies of it, without anything over it.

        ``size`` is that of the image, if the first of the copies is smaller. One of the size of the last is looked
        at as that was. () clears it.
        """
        self.show_detections(None, ())
        self.photograph.set_levels(levels, size)
        around = self.photograph.boundingRect()
        self.selection.set_bounds(around)
        self.frame.set_bounds(around)
        self.ruler.set_bounds(around)
        self.frame.set_frame(None)
        self.tally.set_marks(None)
        self.show_ground_truth(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
        self.selection.set_selected([])
        self.selection.set_hovered(None)
        if levels:
            self.set_area(around)
        else:
            self.give_back()
        self.viewport().update()

    def show_detections(self, detections: Detections | None, classes: tuple[str, ...]) -> None:
        """Take the cells of the image; ``show_cells`` says which are drawn."""
        self.boxes.set_detections(detections, classes)

    def show_cells(self, mask: NDArray[np.bool_], ghosts: NDArray[np.bool_] | None = None) -> None:
        """Draw the cells of a bool mask (N,), and those of ``ghosts`` dotted."""
        self.boxes.set_shown(mask, ghosts)
        self.viewport().update()

    def show_ground_truth(self, missed: NDArray[np.float32], wrong: NDArray[np.float32]) -> None:
        """Draw where the ground truth differs: boxes (N, 4) that do not count, or a point each, and that should not."""
        self.ground_truth.set_boxes(missed, wrong)

    def describe(self, selected: Sequence[int]) -> None:
        """Tell a screen reader what is selected, or how cells are reached."""
        if len(selected) == 1:
            text = self.boxes.text_of(selected[0])
        elif selected:
            text = ngettext("{n:,} cell selected", "{n:,} cells selected", len(selected)).format(n=len(selected))
        else:
            text = gettext("Tab walks the cells. Esc, then Tab goes on to the next control.")
        self.setAccessibleDescription(text)

    def set_scale(self, micrometres: float | None) -> None:
        """Say lengths in micrometres, given how many a pixel of the image has; None: in pixels."""
        self.micrometres = micrometres
        self.labels.set_scale(micrometres)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self.boxes.set_palette(palette)
        self.tally.set_palette(palette)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            text = self.frame.text_at(self.mapToScene(event.pos()))
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self.boxes.cells_at(self.mapToScene(event.position().toPoint())):
            self.fit()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()
