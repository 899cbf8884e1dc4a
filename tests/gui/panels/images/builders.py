"""Images that are put into a list by hand, and what one sees of the list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt

from core.cells import Detections
from core.counting.count import CountSettings
from core.session.values import StoredDetections
from gui.workspace.counting.cells import ImageCells
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytestqt.qtbot import QtBot

    from gui.panels.images.panel import ImageList
    from gui.workspace.workspace import Workspace

    MakeList = Callable[[Sequence[ImageItem]], ImageList]

CLASSES = ("RBC", "WBC", "Platelets")


@dataclass(eq=False)
class CountedItem(ImageItem):
    """An image together with the cells that were found in it."""

    cells: ImageCells | None = None


def cells_of(*counts: int, score: float = 0.9) -> ImageCells:
    """Return cells whose count comes out as the given numbers."""
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    corners = np.stack([20 * np.arange(len(labels)), np.zeros(len(labels))], axis=1)
    boxes = np.concatenate([corners, corners + 10], axis=1).astype(np.float32)
    detections = Detections.from_model(boxes, np.full(len(labels), score, np.float32), labels)
    return ImageCells.of(StoredDetections(detections, CLASSES, 10.0, 1.0, "none", ""), {}, CLASSES)


def counted(name: str, *counts: int, edited: int = 0, reviewed: bool = False) -> CountedItem:
    item = CountedItem(0, Path("/smears") / name, state=State.COUNTED, edited=edited, cells=cells_of(*counts))
    item.reviewed_counts = dict(zip(CLASSES, counts, strict=False)) if reviewed else None
    return item


def waiting(name: str | Path) -> ImageItem:
    return ImageItem(0, Path("/smears") / name)


def set_classes(workspace: Workspace, *classes: str) -> None:
    workspace.settings.classes = classes
    workspace.settings.value = CountSettings(dict.fromkeys(classes, 0.5))
    workspace.settings.classes_changed.emit()
    workspace.settings.changed.emit()


def put(workspace: Workspace, items: Sequence[ImageItem]) -> None:
    for row, item in enumerate(items):
        item.id = row + 1
    workspace.images._set_items(list(items))
    workspace.images.changed.emit()
    for item in items:
        if isinstance(item, CountedItem) and item.cells is not None:
            workspace.counts.take(item.id, item.cells)


def names(image_list: ImageList) -> list[str]:
    model = image_list.model
    return [model.data(model.index(place)) for place in range(model.rowCount())]


def selected(image_list: ImageList) -> list[str]:
    return [index.data() for index in image_list.rows.selectionModel().selectedIndexes()]


def choose(image_list: ImageList, text: str) -> None:
    """Choose an order by the text the person reads."""
    image_list.order_box.setCurrentIndex(image_list.order_box.findText(text))


def click(qtbot: QtBot, image_list: ImageList, place: int) -> None:
    rows = image_list.rows
    centre = rows.visualRect(rows.model().index(place, 0)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=centre)
