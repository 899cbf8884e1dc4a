"""What the models do beside the window: be read, look at pictures, be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.cells import Detections
from core.counting.count import CountSettings
from core.detection.loading import CellDetector, detector_for
from core.detection.loading import open_model as open_any_model
from core.errors import check_cancelled
from core.imaging.reading import ImageError, read_image
from core.models.network import ModelError
from core.session.results import KeptResult
from core.verification.cases import Case
from core.verification.comparison import ModelResult, ModelRow, compare_models

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.models.card import ModelCard
    from core.verification.request import VerifiedImage


@dataclass(frozen=True)
class Candidate:
    """A model beside the present one."""

    path: Path
    sha256: str
    card: ModelCard


@dataclass(frozen=True, eq=False)
class Look:
    """One model that is to look at one picture."""

    candidate: Candidate
    image: int
    path: Path
    file: str
    diameter: float | None


@dataclass(frozen=True, eq=False)
class Found:
    """What it found."""

    look: Look
    kept: KeptResult


def open_model(path: Path, cancel: threading.Event) -> Candidate | str:
    """Read a model file; return a sentence if it cannot be used."""
    check_cancelled(cancel)
    try:
        model = open_any_model(path)
    except ModelError as error:
        return str(error)
    return Candidate(path, model.sha256, model.card)


def run_models(looks: list[Look], cancel: threading.Event, report: Callable[[object], None]) -> list[str]:
    """Run the models picture by picture; return what went wrong."""
    problems: list[str] = []
    detector: CellDetector | None = None
    for look in looks:
        check_cancelled(cancel)
        try:
            if detector is None or detector.model.sha256 != look.candidate.sha256:
                detector = detector_for(open_any_model(look.candidate.path, look.candidate.card))
                if detector.model.sha256 != look.candidate.sha256:
                    raise ModelError(f"{look.candidate.path}: the file is another model now; add it again.")
            result = detector.detect(read_image(look.path).pixels, diameter=look.diameter, cancel=cancel)
        except (ModelError, ImageError) as error:
            problems.append(str(error))
            continue
        card, sha256 = detector.card, look.candidate.sha256
        kept = KeptResult(card.name, sha256, card.classes, look.file, look.diameter, result)
        report(Found(look, kept))
    return problems


Side = tuple[str, str, tuple[str, ...], CountSettings, list[Detections]]
"""Name, hash, classes and settings of a model, and what it found in each picture."""


def compare_found(
    results: list[Side], checked: Sequence[VerifiedImage], iou: float, cancel: threading.Event
) -> list[ModelRow]:
    """Count the pictures with each model, and compare the counts."""
    models: list[ModelResult] = []
    for name, sha256, classes, settings, found in results:
        check_cancelled(cancel)
        cases = [
            Case.of(one.image, one.name, cells, one.truth, settings, one.frame)
            for one, cells in zip(checked, found, strict=True)
        ]
        models.append(ModelResult(name, sha256, classes, settings.thresholds, cases))
    return compare_models(models, iou)
