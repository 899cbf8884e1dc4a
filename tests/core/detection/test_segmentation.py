"""From masks to cells: three ways, and edges between touching cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.cells import Cell, CellChange, Origin
from core.cli.run import main
from core.counting.count import CountSettings, count
from core.counting.edits import CellEdits
from core.counting.pipeline import count_image
from core.counting.reconcile import found_cell
from core.detection.loading import detector_for, open_model
from core.detection.segmentation.classical import CLASSICAL
from core.detection.segmentation.instances import count_class, count_masks
from core.detection.segmentation.masks import CellMasks
from core.imaging.reading import read_image
from core.imaging.synthetic import CLASS_NAMES, RenderedSmear, render_smear
from core.models.method import CountingMethod, Method
from core.report.formats.annotated import annotate, write_picture
from core.statistics.metrics import score_image

if TYPE_CHECKING:
    from pathlib import Path

DIAMETER = 40.0
ALL = tuple(Method)


def masks_of(*discs: tuple[float, float, float], edge: np.ndarray | None = None, level: float = 0.9) -> CellMasks:
    mask = np.zeros((160, 240), np.float32)
    for x, y, radius in discs:
        cv2.circle(mask, (round(x), round(y)), round(radius), level, -1)
    return CellMasks(mask[None], edge, DIAMETER)


@pytest.mark.parametrize("method", ALL)
def test_cells_apart_are_found_where_they_are(method: Method):
    discs = [(50, 50, 20), (120, 60, 19), (190, 110, 22)]
    found = count_class(masks_of(*discs), 0, CountingMethod(method=method))
    assert len(found.boxes) == 3
    order = np.argsort(found.boxes[:, 0])
    expected = np.array([(x - r, y - r, x + r, y + r) for x, y, r in discs])
    assert np.abs(found.boxes[order] - expected).max() <= 2.5
    assert found.scores == pytest.approx(0.9, abs=0.06)
    for contour, box in zip(found.contours, found.boxes, strict=True):
        assert contour.min(axis=0) == pytest.approx(box[:2], abs=1)
        assert contour.max(axis=0) == pytest.approx(box[2:], abs=1)


@pytest.mark.parametrize("method", [Method.WATERSHED, Method.HOUGH])
def test_touching_cells_are_separated(method: Method):
    chain = [(50, 60, 20), (84, 66, 20), (116, 80, 20), (150, 80, 20)]
    found = count_class(masks_of(*chain), 0, CountingMethod(method=method))
    assert len(found.boxes) == 4


def test_components_need_an_edge_to_separate_touching_cells():
    pair = [(50, 60, 20), (86, 60, 20)]
    edge = np.zeros((160, 240), np.float32)
    edge[30:90, 67:70] = 1
    method = CountingMethod(method=Method.COMPONENTS)
    assert len(count_class(masks_of(*pair), 0, method).boxes) == 1
    found = count_class(masks_of(*pair, edge=edge), 0, method)
    assert len(found.boxes) == 2
    assert np.sort(found.boxes[:, 0]) == pytest.approx([30, 68], abs=2), "the edge is given back"


@pytest.mark.parametrize("method", ALL)
def test_a_pallor_is_part_of_its_cell_and_specks_are_none(method: Method):
    masks = masks_of((60, 60, 20), (150, 60, 4), (200, 120, 3))
    cv2.circle(masks.probabilities[0], (60, 60), 9, 0.0, -1)
    found = count_class(masks, 0, CountingMethod(method=method))
    assert len(found.boxes) == 1
    assert found.boxes[0, 2] - found.boxes[0, 0] == pytest.approx(40, abs=4)


@pytest.mark.parametrize("method", ALL)
def test_cells_at_the_border_of_the_picture_are_found(method: Method):
    found = count_class(masks_of((4, 60, 20), (120, 156, 20), (120, 60, 20)), 0, CountingMethod(method=method))
    assert len(found.boxes) == 3


@pytest.mark.parametrize("method", ALL)
def test_an_empty_mask_has_no_cell(method: Method):
    found = count_class(masks_of(), 0, CountingMethod(method=method))
    assert found.boxes.shape == (0, 4)
    assert found.contours == ()


def test_a_pixel_belongs_to_the_likeliest_class():
    red, white = masks_of((60, 60, 20)), masks_of((60, 60, 20), level=0.95)
    masks = CellMasks(np.concatenate([red.probabilities, white.probabilities]), None, DIAMETER)
    found = count_masks(masks, ("RBC", "WBC"), {"RBC": CountingMethod(), "WBC": CountingMethod()})
    assert found.labels.tolist() == [1]


def test_a_method_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="cannot be"):
        CountingMethod(threshold=0)


@pytest.fixture(scope="module")
def smear() -> RenderedSmear:
    return render_smear(
        640, 480, red_cells=45, white_cells=2, platelets=6, diameter=62, rng=np.random.default_rng(3), max_overlap=0.08
    )


def write_field(path: Path, smear: RenderedSmear) -> Path:
    write_picture(smear.image, path)
    return path


def test_the_classical_road_finds_nearly_every_cell_of_a_plain_field(smear: RenderedSmear, tmp_path: Path):
    model = open_model(CLASSICAL)
    settings = CountSettings.suggested_by(model.card)
    photograph = read_image(write_field(tmp_path / "field.png", smear))
    image = count_image(photograph, detector_for(model), settings)
    scores = score_image(
        image.found.detections, image.result.counted, smear.boxes, smear.labels, model.card.classes, 0.5
    )
    assert scores["RBC"].f1 > 0.9
    assert scores["WBC"].counted == scores["WBC"].truth > 0
    assert 0 < scores["Platelets"].counted <= scores["Platelets"].truth
    assert image.found.diameter == pytest.approx(62, rel=0.15)


def test_contours_lie_within_the_boxes_and_follow_the_cells(smear: RenderedSmear):
    found = detector_for(open_model(CLASSICAL)).detect(smear.image).detections
    assert found.contours is not None
    for box, contour in zip(found.boxes, found.contours, strict=True):
        assert (contour.min(axis=0) >= box[:2] - 1.5).all()
        assert (contour.max(axis=0) <= box[2:] + 1.5).all()
    assert found.numbered_from(7).contours is found.contours
    some = found.taken(np.array([1, 4]))
    assert some.contours is not None
    assert [contour.tolist() for contour in some.contours] == [found.contours[place].tolist() for place in (1, 4)]
    only_white = found.relabelled(np.array([-1, 0, -1], np.int32))
    assert len(only_white.contours or ()) == len(only_white)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_field_has_no_cell(value: int):
    result = detector_for(open_model(CLASSICAL)).detect(np.full((90, 120, 3), value, np.uint8))
    assert len(result.detections) == 0
    assert result.levels == (value, value)


def test_the_command_counts_without_a_model(smear: RenderedSmear, tmp_path: Path):
    field, result = write_field(tmp_path / "field.png", smear), tmp_path / "result.json"
    assert main([str(field), "--model", "classical", "--json", str(result), "--quiet"]) == 0
    document = json.loads(result.read_bytes())
    assert document["model"]["name"] == "No model: classical"
    assert document["model"]["counted_by"] == {"RBC": "hough", "WBC": "components", "Platelets": "components"}
    assert document["totals"]["RBC"] > 35
    contour = document["images"][0]["detections"][0]["contour"]
    assert len(contour) > 5


def test_a_confirmed_cell_keeps_its_contour_and_a_moved_one_loses_it(smear: RenderedSmear):
    found = detector_for(open_model(CLASSICAL)).detect(smear.image).detections.numbered_from(70)
    assert found.contours is not None
    confirmed, other_class, moved = (
        replace(found_cell(found, row, CLASS_NAMES), origin=Origin.PERSON) for row in range(3)
    )
    x1, y1, x2, y2 = moved.box
    overlay = {
        72: replace(moved, box=(x1 + 3, y1, x2 + 3, y2)),
        70: confirmed,
        71: replace(other_class, class_name="Platelets"),
        999: Cell("RBC", confirmed.box, 1.0, Origin.PERSON),
    }
    cells = CellEdits.from_edits(
        found, [CellChange(number, None, cell) for number, cell in overlay.items()], CLASS_NAMES
    ).over(found)
    assert cells.contours is not None
    own = dict(zip(cells.ids[len(found) :].tolist(), cells.contours[len(found) :], strict=True))
    assert own[70].tolist() == found.contours[0].tolist()
    assert own[71].tolist() == found.contours[1].tolist()
    assert len(own[72]) == len(own[999]) == 0


def test_a_cell_is_put_by_hand_where_none_was_found():
    found = detector_for(open_model(CLASSICAL)).detect(np.full((90, 120, 3), 255, np.uint8)).detections
    put = Cell("RBC", (5.0, 5.0, 40.0, 40.0), 1.0, Origin.PERSON)
    assert len(CellEdits.from_edits(found, [CellChange(0, None, put)], CLASS_NAMES).apply(found)) == 1


def test_a_picture_shows_contours_in_place_of_boxes(smear: RenderedSmear):
    found = detector_for(open_model(CLASSICAL)).detect(smear.image).detections
    settings = CountSettings.suggested_by(open_model(CLASSICAL).card)
    picture = annotate(smear.image, found, count(found, settings, CLASS_NAMES), CLASS_NAMES)
    assert found.contours is not None
    x, y = found.contours[0].astype(int)[0]
    assert (picture[y, x] != smear.image[y, x]).any()
    corner = found.boxes[0].astype(int)[:2] + 1
    assert (picture[corner[1], corner[0]] == smear.image[corner[1], corner[0]]).all()
