"""What is drawn over a photograph: seen on any ground, and never in the way of what lies beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from core.cells import Detections
from core.classes import PAPER
from core.verification.ground_truth import GroundTruth
from gui.canvas.items.boxes import BoxesItem
from gui.canvas.items.labels import LabelsItem
from gui.canvas.items.marks import TallyItem
from gui.canvas.items.overlay import GroundTruthItem

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtWidgets import QApplication, QGraphicsItem

CLASSES = ("RBC", "WBC", "Platelets")
X1, Y1, X2, Y2 = BOX = (40, 50, 140, 120)


def cell(label: int, contour: NDArray[np.float32] | None = None) -> Detections:
    contours = None if contour is None else (contour,)
    return Detections.from_model(
        np.array([BOX], np.float32), np.array([0.9], np.float32), np.array([label], np.int32), contours
    )


def boxes_item(cells: Detections, *, ghosts: bool = False) -> BoxesItem:
    item = BoxesItem()
    item.set_detections(cells, CLASSES)
    item.set_shown(np.full(len(cells), not ghosts), np.full(len(cells), ghosts))
    return item


def labels_item(cells: Detections) -> LabelsItem:
    item = LabelsItem(boxes_item(cells))
    item.set_all(True)
    return item


def painted(ground: tuple[int, int, int], *items: QGraphicsItem) -> NDArray[np.int64]:
    """Draw items on an even ground; return the image, RGB (H, W, 3)."""
    image = QImage(200, 160, QImage.Format.Format_RGB32)
    image.fill(QColor(*ground))
    painter = QPainter(image)
    for item in items:
        painter.save()
        item.paint(painter, QStyleOptionGraphicsItem())
        painter.restore()
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(160, 200, 4)
    return pixels[..., 2::-1].astype(np.int64)


def is_colour(pixels: NDArray[np.int64], label: int) -> NDArray[np.bool_]:
    return (pixels == PAPER.colour(CLASSES, label)).all(axis=-1)


@pytest.mark.parametrize("ground", [(238, 228, 232), (205, 190, 205), (60, 55, 60), (15, 15, 20)])
@pytest.mark.parametrize("label", range(3))
def test_what_might_be_a_cell_is_seen_on_any_ground(
    qapp: QApplication, ground: tuple[int, int, int], label: int
) -> None:
    drawn = painted(ground, boxes_item(cell(label), ghosts=True))
    contrast = np.abs(drawn - np.array(ground)).mean(axis=-1)
    edge = slice(Y1 - 3, Y1 + 4)
    assert (contrast[edge, X1:X2].max(axis=0) > 50).all(), "all along its upper side"
    dots = is_colour(drawn, label)[Y1, X1:X2]
    assert 0.3 < dots.mean() < 0.7, "dotted"
    assert not is_colour(drawn, label)[Y1 + 10 : Y2 - 10, X1 + 10 : X2 - 10].any()


NONE = np.zeros((0, 4), np.float32)


def test_the_ground_truth_leaves_the_box_beneath_to_be_seen(qapp: QApplication) -> None:
    box, truth = boxes_item(cell(0)), GroundTruthItem()
    truth.set_boxes(np.array([BOX], np.float32), NONE)
    ground = (238, 228, 232)
    alone, both = painted(ground, box), painted(ground, box, truth)
    assert is_colour(alone, 0).sum() > 300
    assert (both == alone)[is_colour(alone, 0)].all()
    dark = (both < 60).all(axis=-1)
    assert dark.sum() > 100, "the truth itself is seen"


def test_the_point_of_a_ground_truth_covers_no_platelet(qapp: QApplication) -> None:
    truth = GroundTruthItem()
    truth.set_boxes(np.array([(100, 80, 100, 80)], np.float32), NONE)
    changed = (painted((238, 228, 232), truth) != (238, 228, 232)).any(axis=-1)
    across = np.flatnonzero(changed.any(axis=0))
    assert 5 <= np.ptp(across) <= 12
    assert changed.sum() < 60


def test_the_text_of_a_contour_stands_on_its_top(qapp: QApplication) -> None:
    top = 110
    contour = np.array([(top, Y1), (X2, 100), (top, Y2), (X1, 100)], np.float32)
    of_box, of_contour = (
        np.argwhere(is_colour(painted((238, 228, 232), labels_item(cells)), 0)) for cells in (cell(0), cell(0, contour))
    )
    left, right = of_contour[:, 1].min(), of_contour[:, 1].max()
    assert abs((left + right) / 2 - top) <= 1
    assert abs(of_contour[:, 0].max() - Y1) <= 1
    assert of_box[:, 1].min() == X1, "that of a box stands on its corner"


def sized(side: int, label: int = 0) -> Detections:
    box = np.array([(60, 60, 60 + side, 60 + side)], np.float32)
    return Detections.from_model(box, np.array([0.9], np.float32), np.array([label], np.int32))


def test_lines_are_thin_and_small_cells_have_only_corners(qapp: QApplication) -> None:
    ground = (238, 228, 232)
    large, small = (painted(ground, boxes_item(sized(side))) for side in (60, 20))
    assert is_colour(large, 0)[90].sum() == 2, "one pixel on each side"
    assert is_colour(large, 0).sum() == 4 * 60
    middle = is_colour(small, 0)[70, 55:90]
    assert not middle.any(), "nothing in the middle of a side"
    for x, y in ((60, 60), (80, 60), (60, 80), (80, 80)):
        assert is_colour(small, 0)[y, x], "but in each corner"


@pytest.mark.parametrize("ground", [(245, 240, 242), (120, 60, 120), (20, 15, 25)])
@pytest.mark.parametrize("label", range(3))
def test_each_line_stands_out_from_any_ground(qapp: QApplication, ground: tuple[int, int, int], label: int) -> None:
    drawn = painted(ground, boxes_item(sized(60, label)))
    contrast = np.abs(drawn - np.array(ground)).mean(axis=-1)
    seen = contrast[58:64, 64:116].max(axis=0) > 45
    assert seen.mean() > 0.5, "platelets have dashes"


def test_texts_are_on_what_is_worth_reading(qapp: QApplication) -> None:
    ground = (238, 228, 232)
    item = LabelsItem(boxes_item(cell(0)))
    assert not is_colour(painted(ground, item), 0).any(), "quiet by default"
    item.set_marked(lambda: np.array([0]))
    assert is_colour(painted(ground, item), 0).any(), "an uncertain cell"
    item.set_marked(lambda: np.zeros(0, np.int64))
    item.set_lifted([0])
    assert is_colour(painted(ground, item), 0).any(), "a selected one"
    item.set_lifted([])
    item.set_hovered(0)
    assert item.hover_text() == "RBC 0.90 · 100 × 70 px"
    item.set_scale(0.1)
    assert item.hover_text() == "RBC 0.90 · 10.0 × 7.0 µm"
    assert (painted(ground, item) != ground).any()


def test_marks_of_a_manual_count_leave_what_they_mark_to_be_seen(qapp: QApplication) -> None:
    marks = TallyItem()
    truth = GroundTruth.tally(CLASSES)
    for label, name in enumerate(CLASSES):
        truth = truth.with_point(name, 40 + 50 * label, 80)
    marks.set_marks(truth, CLASSES)
    ground = (238, 228, 232)
    drawn = painted(ground, marks)
    forms = []
    for label in range(3):
        x = 40 + 50 * label
        assert (drawn[80:83, x - 1 : x + 2] == ground).all(), "open in the middle"
        forms.append(tuple((drawn[70:91, x - 10 : x + 11] != ground).any(axis=-1).ravel().tolist()))
    assert len(set(forms)) == 3, "each class has its form"
