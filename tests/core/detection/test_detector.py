"""The detector: tiles leave no trace in the result, and it can be stopped."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from core.counting.count import CountSettings, count
from core.detection.detector import Detector, DetectorResult
from core.errors import Cancelled
from core.geometry.boxes import iou_matrix
from core.imaging.doubts import Doubt
from core.imaging.synthetic import RenderedSmear, render_smear
from core.imaging.tiling import tiles
from core.models.network import Model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH, HEIGHT, TILE, OVERLAP = 900, 640, 512, 192


def detector_with_tiles(model: Model, tile: int, overlap: int = OVERLAP) -> Detector:
    changed = copy.copy(model)
    changed.card = msgspec.structs.replace(model.card, tile=tile, overlap=overlap)
    return Detector(changed)


def counted(model: Model, result: DetectorResult) -> NDArray[np.bool_]:
    settings = CountSettings.suggested_by(model.card)
    return count(result.detections, settings, model.card.classes).counted


@pytest.fixture(scope="module", params=[0, 1])
def crowded(request: pytest.FixtureRequest, model: Model) -> RenderedSmear:
    """Return a field at the model's own scale that takes six tiles."""
    diameter = model.card.red_cell_diameter
    rng = np.random.default_rng(request.param)
    return render_smear(WIDTH, HEIGHT, red_cells=60, white_cells=3, platelets=8, diameter=diameter, rng=rng)


@pytest.fixture(scope="module")
def untiled(model: Model, crowded: RenderedSmear) -> DetectorResult:
    return detector_with_tiles(model, 4096).detect(crowded.image, diameter=model.card.red_cell_diameter)


@pytest.fixture(scope="module")
def tiled(model: Model, crowded: RenderedSmear) -> DetectorResult:
    return detector_with_tiles(model, TILE).detect(crowded.image, diameter=model.card.red_cell_diameter)


def partners(model: Model, ones: DetectorResult, others: DetectorResult) -> NDArray[np.float32]:
    """Return the overlap of counted cells of ones with counted cells of others, 0 across classes."""
    first, second = (result.detections for result in (ones, others))
    a, b = counted(model, ones), counted(model, others)
    overlap = iou_matrix(first.boxes[a], second.boxes[b])
    return overlap * (first.labels[a][:, None] == second.labels[b][None])


def test_no_cell_is_lost_or_counted_twice_at_a_seam(model: Model, untiled: DetectorResult, tiled: DetectorResult):
    """Cells whose score is at the threshold may fall on either side of it, hence the one in fifty."""
    overlap = partners(model, untiled, tiled)
    found_again = (overlap > 0.6).sum(axis=1)
    assert len(found_again) > 40
    assert (found_again <= 1).all()
    assert (found_again == 0).mean() <= 0.02
    assert ((overlap > 0.6).sum(axis=0) == 0).mean() <= 0.02


def test_away_from_seams_tiled_equals_untiled(model: Model, untiled: DetectorResult, tiled: DetectorResult):
    whole, parts = untiled.detections, tiled.detections
    boxes = whole.boxes[counted(model, untiled)]
    scores = whole.scores[counted(model, untiled)]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = np.ones(len(boxes), bool)
    for tile in tiles(WIDTH, HEIGHT, TILE, OVERLAP):
        for axis in (0, 1):
            if np.isfinite(tile.own[axis]):
                away &= np.abs(centre[:, axis] - tile.own[axis]) > 48
    assert away.sum() > 15
    overlap = iou_matrix(boxes[away], parts.boxes)
    same = overlap.argmax(axis=1)
    assert overlap.max(axis=1).min() > 0.85
    assert np.abs(parts.scores[same] - scores[away]).max() < 0.1


def test_boxes_lie_in_the_image(untiled: DetectorResult, tiled: DetectorResult):
    for result in (untiled, tiled):
        boxes = result.detections.boxes
        assert (boxes >= 0).all()
        assert (boxes <= (WIDTH, HEIGHT, WIDTH, HEIGHT)).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 1).all()


@pytest.mark.parametrize("diameter", [30, 64, 120])
def test_the_size_of_the_cells_is_found_and_they_are_counted(model: Model, diameter: int):
    width, height = 9 * diameter, 7 * diameter
    smear = render_smear(width, height, red_cells=22, white_cells=1, diameter=diameter, rng=np.random.default_rng(3))
    result = Detector(model).detect(smear.image)
    found = count(result.detections, CountSettings.suggested_by(model.card), model.card.classes).counts
    assert result.diameter == pytest.approx(diameter, rel=0.2)
    assert abs(found["RBC"] - smear.counts()["RBC"]) <= 2
    assert found["WBC"] == smear.counts()["WBC"]


def test_a_size_that_cannot_be_is_doubted(model: Model):
    smear = render_smear(480, 360, red_cells=60, white_cells=0, diameter=24, rng=np.random.default_rng(5))
    detector = Detector(model)
    assert detector.detect(smear.image, diameter=24).doubts == ()
    assert detector.detect(smear.image, diameter=240).doubts == (Doubt.SIZE,)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (1100, 3), (150, 200)])
def test_blank_images_of_any_shape_hold_no_cells(model: Model, shape: tuple[int, int], value: int):
    result = Detector(model).detect(np.full((*shape, 3), value, np.uint8))
    assert counted(model, result).sum() <= 1
    assert result.diameter > 0


@pytest.mark.slow
def test_a_field_so_crowded_that_only_small_gaps_are_empty_is_counted(model: Model):
    image = np.full((300, 400, 3), (170, 110, 120), np.uint8)
    for y in range(20, 300, 60):
        for x in range(20, 400, 60):
            image[y : y + 30, x : x + 30] = 240
    assert Detector(model).detect(image).diameter > 0


@pytest.fixture
def slow_detector(make_model: Callable[..., Path]) -> Detector:
    """Return a detector that needs twelve tiles for 1000 x 700 pixels."""
    return detector_with_tiles(Model(make_model()), tile=300, overlap=50)


FIELD = np.full((700, 1000, 3), 200, np.uint8)


def test_progress_goes_from_the_first_tile_to_the_last(slow_detector: Detector):
    calls: list[tuple[int, int]] = []
    slow_detector.detect(FIELD, diameter=64, progress=lambda done, of: calls.append((done, of)))
    assert calls == [(done, 12) for done in range(1, 13)]


def test_detection_stops_at_the_next_tile(slow_detector: Detector):
    cancel = threading.Event()
    calls: list[int] = []

    def progress(done: int, _of: int) -> None:
        calls.append(done)
        if done == 3:
            cancel.set()

    with pytest.raises(Cancelled):
        slow_detector.detect(FIELD, diameter=64, progress=progress, cancel=cancel)
    assert calls == [1, 2, 3]


def test_what_is_cancelled_beforehand_does_not_begin(slow_detector: Detector):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        slow_detector.detect(FIELD, cancel=cancel)


def test_a_tile_gives_boxes_in_pixels_of_the_image(make_model: Callable[..., Path]):
    """The model finds its first cell at 10 to 60 pixels; red cells twice as wide double that."""
    detector = Detector(Model(make_model()))
    result = detector.detect(np.full((240, 400, 3), 200, np.uint8), diameter=128)
    assert result.scale == 0.5
    np.testing.assert_allclose(result.detections.boxes[0], [20, 20, 120, 120], atol=0.01)
