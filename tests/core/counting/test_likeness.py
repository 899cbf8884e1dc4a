"""An image that looks unlike the training images is told so, with the number; one that looks like them passes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
import pytest

from core.cells import Detections
from core.counting.count import CountSettings
from core.counting.edits import CellEdits
from core.counting.likeness import unlike
from core.counting.pipeline import count_found
from core.counting.quality import Grade
from core.detection.detector import DetectorResult
from core.detection.look import look_of
from core.imaging.illumination import estimate_light
from core.imaging.synthetic import render_smear
from core.models.card import LookRange, ModelCard
from trainer.evaluation.look import look_ranges, share_unlike

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from core.counting.quality import FieldQuality
    from core.imaging.synthetic import RenderedSmear

CLASSES = ("RBC", "WBC", "Platelets")
CARD = ModelCard(
    name="a", architecture="b", classes=CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5), red_cell_diameter=64
)
FIELDS = 24


def found_in(smear: RenderedSmear, pixels: NDArray[np.uint8], blur: float = 0.03) -> DetectorResult:
    """Return what a perfect detector finds in a rendered field that was seen otherwise."""
    scores = np.full(len(smear.boxes), 0.9, np.float32)
    cells = Detections.from_model(smear.boxes, scores, smear.labels.astype(np.int32))
    look = look_of(pixels, estimate_light(pixels), cells, 64, blur, CARD)
    return DetectorResult(cells, 64, 1, (), blur, levels=(90, 220), look=look)


def smear(seed: int) -> RenderedSmear:
    return render_smear(480, 360, red_cells=24, rng=np.random.default_rng(seed))


@pytest.fixture(scope="module")
def reference() -> dict[str, LookRange]:
    fields = map(smear, range(FIELDS))
    return look_ranges([found_in(field, field.image).look for field in fields])


def judged(found: DetectorResult, size: tuple[int, int], card: ModelCard, path: Path) -> FieldQuality:
    settings = CountSettings.suggested_by(card)
    edits, frame = CellEdits.none(found.detections), settings.frame(*size)
    quality = count_found(path, found, edits, settings, CLASSES, frame, card=card).quality
    assert quality is not None
    return quality


def bluer(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let the stain absorb red as it absorbs green: blue and grey red cells."""
    changed = pixels.copy()
    changed[..., 0] = pixels[..., 1]
    return changed


def with_coloured_corner(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    fall = np.linspace(1, 0.55, pixels.shape[1], dtype=np.float32)[None]
    changed = pixels.astype(np.float32)
    changed[..., 2] *= fall
    return changed.astype(np.uint8)


def paler(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.addWeighted(pixels, 0.08, np.full_like(pixels, 235), 0.92, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bluer, "Stain: red cells are bluer than in 99 % of the training images ("),
        (with_coloured_corner, "Light: its colour changes more across the field"),
        (paler, "Stain: red cells are paler"),
    ],
)
def test_an_unlike_image_is_yellow_and_says_why(
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    told: str,
    reference: Mapping[str, LookRange],
    tmp_path: Path,
) -> None:
    field = smear(100)
    found = found_in(field, change(field.image))
    size = field.image.shape[1], field.image.shape[0]
    quality = judged(found, size, msgspec.structs.replace(CARD, look=dict(reference)), tmp_path)
    assert quality.grade is not Grade.GOOD
    assert any(told in text for text in quality.texts), (quality.texts, found.look, reference)
    assert not any(told in text for text in judged(found, size, CARD, tmp_path).texts), "the card knows nothing"


@pytest.mark.slow
def test_fields_of_the_same_kind_pass(reference: Mapping[str, LookRange]) -> None:
    fields = map(smear, range(100, 120))
    share, _ = share_unlike([found_in(field, field.image).look for field in fields], reference)
    assert share <= 0.1


def test_uncertain_scores_are_named(reference: Mapping[str, LookRange]) -> None:
    field = smear(0)
    found = found_in(field, field.image)
    unsure = replace(found.detections, scores=np.full(len(found.detections), 0.45, np.float32))
    look = look_of(field.image, None, unsure, 64, None, CARD)
    assert look["uncertain RBC"] == 1
    assert [reason.text.split(" than")[0] for reason in unlike(look, reference)] == ["Scores: more RBC are uncertain"]


def test_what_is_said_once_is_not_said_again(reference: Mapping[str, LookRange], tmp_path: Path) -> None:
    field = smear(1)
    found = found_in(field, field.image, blur=0.2)
    card = msgspec.structs.replace(CARD, look=dict(reference))
    texts = judged(found, (field.image.shape[1], field.image.shape[0]), card, tmp_path).texts
    assert sum("focus" in text.lower() for text in texts) == 1


def test_the_look_stays_in_the_card(reference: Mapping[str, LookRange]) -> None:
    card = msgspec.structs.replace(CARD, look=dict(reference))
    assert ModelCard.from_json(card.to_json()) == card
    assert ModelCard.from_json(CARD.to_json()).look == {}
