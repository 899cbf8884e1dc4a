"""The light of a field: each fault is seen and named, at any scale, and a good field passes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.cells import Detections
from core.counting.count import CountIndex, CountSettings
from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.counting.quality import FieldQuality, Grade, crowding, field_quality, fragile_counts
from core.detection.detector import Detector, DetectorResult
from core.imaging.focus import edge_blur
from core.imaging.synthetic import RenderedSmear, render_smear
from core.models.card import ModelCard

CLASSES = ("RBC", "WBC", "Platelets")
LIMITS: dict[str, float] = dict.fromkeys(CLASSES, 0.5)
CARD = ModelCard(name="a", architecture="b", classes=CLASSES, thresholds=LIMITS, red_cell_diameter=64)
WIDTH, HEIGHT = 640, 480

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models.network import Model

Boxes = NDArray[np.float32]


def rows_of_cells(columns: int = 8, rows: int = 6, distance: float = 80, side: float = 64) -> Boxes:
    y, x = np.mgrid[:rows, :columns] * distance
    corner = np.stack([x.ravel(), y.ravel()], axis=1)
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def judged(
    boxes: Boxes,
    *,
    score: float = 0.9,
    diameter: float = 64,
    blur: float | None = 0.03,
    capped: bool = False,
    levels: tuple[float, float] | None = (90, 220),
    card: ModelCard = CARD,
    rule: EdgeRule = EdgeRule.ALL,
) -> FieldQuality:
    """Judge a field of red cells."""
    scores = np.full(len(boxes), score, np.float32)
    cells = Detections.from_model(boxes, scores, np.zeros(len(boxes), np.int32))
    settings = CountSettings(dict(card.thresholds), 0.9, rule)
    countable = CountIndex.of(cells, CellEdits.none(cells), 0.9, settings.frame(WIDTH, HEIGHT))
    found = DetectorResult(cells, diameter, 1.0, (), blur, capped, levels)
    result = countable.count(settings.thresholds, card.classes)
    fragile = fragile_counts(countable, settings.thresholds, card.classes)
    return field_quality(found, result, card, (WIDTH, HEIGHT), fragile)


def test_a_good_field_passes():
    quality = judged(rows_of_cells())
    assert (quality.grade, quality.texts) == (Grade.GOOD, ())


@pytest.mark.parametrize(
    ("change", "light", "told"),
    [
        ({"blur": 0.07}, Grade.CHECK, "Slightly out of focus"),
        ({"blur": 0.12}, Grade.POOR, "12% of a red cell"),
        ({"blur": 0.05}, Grade.CHECK, "Slightly out of focus"),
        ({"levels": (0, 40)}, Grade.POOR, "Too dark"),
        ({"levels": (240, 255)}, Grade.POOR, "Too bright"),
        ({"capped": True}, Grade.POOR, "more candidates"),
        ({"diameter": 12}, Grade.POOR, "very small here, 12 pixels"),
        ({"diameter": 40}, Grade.CHECK, "64 pixels wide, but were looked for at 40"),
        ({"diameter": 140}, Grade.POOR, "64 pixels wide, but were looked for at 140"),
        ({"score": 0.52}, Grade.CHECK, "RBC count depends on the threshold: 0 at 0.05 above, 48 below"),
    ],
)
def test_a_fault_is_named(change: dict[str, float], light: Grade, told: str):
    quality = judged(rows_of_cells(), **change)  # pyright: ignore[reportArgumentType]
    assert quality.grade is light
    assert any(told in text for text in quality.texts)
    assert all(text.endswith(".") for text in quality.texts)


def test_the_focus_may_be_unknown():
    """Results of earlier versions were stored without it."""
    assert judged(rows_of_cells(), blur=None).grade is Grade.GOOD


@pytest.mark.parametrize(
    ("number", "light", "word", "told"),
    [
        (0, Grade.POOR, "Poor", "No red cell is counted here."),
        (1, Grade.CHECK, "Note", "Too few cells to say much: 1 red cell."),
        (9, Grade.CHECK, "Note", "Too few cells to say much: 9 red cells."),
        (10, Grade.GOOD, "Good", None),
    ],
)
def test_too_few_cells(number: int, light: Grade, word: str, told: str | None):
    """Few cells are something to know; nothing can be done about them."""
    quality = judged(rows_of_cells()[:number])
    assert (quality.grade, quality.word, quality.texts) == (light, word, (told,) if told else ())


def test_the_frame_does_not_change_what_the_field_is_like():
    """Rows of cells at the border are left out of the count, but the field has them."""
    boxes = rows_of_cells(columns=2, rows=6)
    assert judged(boxes, rule=EdgeRule.TOP_LEFT) == judged(boxes)


def test_a_model_without_red_cells_is_judged_by_its_own():
    card = ModelCard(name="a", architecture="b", classes=("Yeast",), thresholds={"Yeast": 0.5}, red_cell_diameter=64)
    assert judged(rows_of_cells(), card=card).grade is Grade.GOOD
    assert judged(rows_of_cells()[:0], card=card).texts == ("No cell is counted here.",)


def test_round_cells_that_touch_do_not_lie_on_each_other():
    """In the densest packing the boxes of circles overlap, the circles do not."""
    y, x = np.mgrid[:20, :20]
    centre = np.stack([x * 40 + (y % 2) * 20.0, y * 40 * np.sqrt(0.75)], axis=-1).reshape(-1, 2)
    boxes = np.concatenate([centre - 20, centre + 20], axis=1).astype(np.float32)
    cover, overlap = crowding(boxes, 760, 650)
    assert cover == pytest.approx(0.85, abs=0.06)  # of circles: 0.907
    assert overlap < 0.07


@pytest.mark.parametrize("scale", [0.2, 1, 40])
def test_crowding_is_the_same_at_any_scale(scale: float):
    boxes = rows_of_cells(distance=56)
    at_one = crowding(boxes, WIDTH, HEIGHT)
    assert crowding(boxes * np.float32(scale), int(WIDTH * scale), int(HEIGHT * scale)) == pytest.approx(
        at_one, abs=0.02
    )


def test_crowding_of_what_is_nowhere():
    assert crowding(np.zeros((0, 4), np.float32), WIDTH, HEIGHT) == (0, 0)
    assert crowding(np.array([(10, 10, 10, 10)], np.float32), WIDTH, HEIGHT)[1] == 0


@pytest.mark.parametrize(
    ("side", "light", "told"),
    [(60, Grade.GOOD, ""), (66, Grade.CHECK, "Too dense"), (80, Grade.CHECK, "other"), (90, Grade.POOR, "other")],
)
def test_crowded_fields_are_told(side: float, light: Grade, told: str):
    quality = judged(rows_of_cells(columns=10, rows=8, distance=63, side=side))
    assert quality.grade is light
    assert told in "".join(quality.texts)


# -- fragile counts -----------------------------------------------------------------------------


def fragile(scores: list[float], frame: Frame | None = None) -> dict[str, tuple[int, int]]:
    boxes = rows_of_cells(columns=20, rows=20)[: len(scores)]
    cells = Detections.from_model(boxes, np.array(scores, np.float32), np.zeros(len(scores), np.int32))
    return fragile_counts(CountIndex.of(cells, CellEdits.none(cells), 0.5, frame), LIMITS, CLASSES)


def test_a_count_is_fragile_when_it_changes_by_more_than_a_twentieth():
    assert fragile([0.9] * 100 + [0.48] * 5) == {}
    assert fragile([0.9] * 100 + [0.48] * 6) == {"RBC": (100, 106)}
    assert fragile([0.9] * 94 + [0.52] * 6) == {"RBC": (94, 100)}
    assert fragile([0.9] * 100 + [0.44] * 50) == {}


def test_one_cell_does_not_make_a_count_fragile():
    assert fragile([0.9] * 3 + [0.48]) == {}
    assert fragile([0.9] * 3 + [0.48] * 2) == {"RBC": (3, 5)}
    assert fragile([]) == {}


def test_cells_outside_the_frame_make_nothing_fragile():
    corner = Frame(WIDTH, HEIGHT, EdgeRule.TOP_LEFT)
    assert fragile([0.52] * 20, corner) == {}  # the topmost row: all of them touch the border


# -- focus ------------------------------------------------------------------------------------------


def discs(diameter: float, blur: float, contrast: float, size: tuple[int, int] = (480, 640)) -> NDArray[np.uint8]:
    """Return discs of even darkness, blurred by a share of their diameter; drawn large to be smooth."""
    fine = 4 if diameter < 100 else 1
    picture = np.full(size, 230.0, np.float32)
    picture = cv2.resize(picture, None, fx=fine, fy=fine)
    for y in np.arange(0.8 * diameter, size[0], 1.5 * diameter):
        for x in np.arange(0.8 * diameter, size[1], 1.5 * diameter):
            centre = (round(x * fine), round(y * fine))
            cv2.circle(picture, centre, round(diameter * fine / 2), 230.0 - contrast, -1)
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur * diameter * fine)
    picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    return np.repeat(np.rint(picture).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("contrast", [40, 150])
@pytest.mark.parametrize("diameter", [20, 32, 64, 160])
@pytest.mark.parametrize("blur", [0.05, 0.08, 0.12])
def test_the_blur_of_an_edge_is_measured(diameter: float, contrast: float, blur: float):
    """Whatever the magnification and the stain."""
    assert edge_blur(discs(diameter, blur, contrast), diameter) == pytest.approx(blur, rel=0.05, abs=0.011)


@pytest.mark.slow
def test_more_blur_measures_as_more():
    measured = [edge_blur(discs(64, blur, 90), 64) or 0 for blur in (0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.14)]
    assert measured == sorted(measured)
    assert measured[0] < 0.03


def test_noise_does_not_pass_for_sharpness():
    picture = discs(64, 0.1, 90)
    noise = np.random.default_rng(1).normal(0, 6, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    assert edge_blur(noisy, 64) == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 200)])
def test_where_there_are_no_edges_the_focus_is_unknown(shape: tuple[int, int]):
    assert edge_blur(np.full((*shape, 3), 200, np.uint8), 64) is None


def test_the_detector_measures_the_focus(model: Model, smear: RenderedSmear):
    detector = Detector(model)
    sharp = detector.detect(smear.image)
    blurred = detector.detect(cv2.GaussianBlur(smear.image, (0, 0), 7.0).astype(np.uint8))
    assert sharp.blur is not None
    assert sharp.blur < 0.045
    assert blurred.blur is not None
    assert blurred.blur > 0.08


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda image: cv2.GaussianBlur(image, (0, 0), 6.0), "out of focus"),
        (lambda image: image // 8, "Too dark"),
        (lambda image: 255 - (255 - image) // 8, "Too bright"),
    ],
)
def test_a_spoilt_photograph_is_no_good_field(model: Model, spoil: Callable[[NDArray[np.uint8]], Any], told: str):
    """Cells of 100 pixels whose outlines are smears, and images with nothing but black or white."""
    rng = np.random.default_rng(4)
    smear = render_smear(640, 480, red_cells=22, white_cells=1, platelets=2, diameter=100, rng=rng)
    found = Detector(model).detect(np.asarray(spoil(smear.image), np.uint8))
    countable = CountIndex.of(found.detections, CellEdits.none(found.detections), model.card.nms_iou)
    result = countable.count(model.card.thresholds, model.card.classes)
    quality = field_quality(found, result, model.card, (640, 480), {})
    assert quality.grade is not Grade.GOOD
    assert told in " ".join(quality.texts)


@pytest.mark.parametrize("factor", [0.35, 1, 2])
def test_a_rendered_smear_is_a_good_field_at_any_scale(model: Model, factor: float):
    rng = np.random.default_rng(8)
    smear = render_smear(640, 480, red_cells=30, white_cells=1, platelets=2, diameter=64, rng=rng)
    size = (round(640 * factor), round(480 * factor))
    image = cv2.resize(smear.image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    found = Detector(model).detect(np.asarray(image, np.uint8))
    countable = CountIndex.of(found.detections, CellEdits.none(found.detections), model.card.nms_iou)
    result = countable.count(model.card.thresholds, model.card.classes)
    assert field_quality(found, result, model.card, size, {}).texts == ()
    spoilt = replace(found, blur=0.2)
    assert field_quality(spoilt, result, model.card, size, {}).grade is Grade.POOR


def test_what_nobody_can_do_anything_about_is_not_pressing():
    few = judged(rows_of_cells()[:9])
    assert few.grade is Grade.CHECK
    assert few.pressing is None
    assert judged(rows_of_cells(), blur=0.05).pressing is None


def test_the_worst_reason_that_can_be_acted_on_is_pressing():
    fragile = judged(rows_of_cells(), score=0.52, blur=0.05).pressing
    assert fragile is not None
    assert "depends on the threshold" in fragile.text
    bad = judged(rows_of_cells(), score=0.52, levels=(0, 40)).pressing
    assert bad is not None
    assert bad.grade is Grade.POOR
