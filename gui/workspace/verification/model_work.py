"""What is done with the compared models in the background: opened, run, compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.cells import Detections
from core.counting.count import CountSettings
from core.detection.loading import CellDetector, detector_for
from core.detection.loading import open_model as open_any_model
from core.errors import check_cancelled
from core.imaging.batch import BatchDepth
from core.imaging.reading import ImageError, read_image
from core.models.network import ModelError
from core.session.values import StoredDetections
from core.text import gettext
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
class ModelRun:
    """One model that is to process one image.

    ``file`` is the SHA-256 of the image file, ``diameter`` the red cell diameter in pixels if it was set by hand.
    """

    candidate: Candidate
    image: int
    path: Path
    file: str
    diameter: float | None


def open_model(path: Path, cancel: threading.Event) -> Candidate | str:
    """Read a model file; return a sentence if it cannot be used."""
    check_cancelled(cancel)
    try:
        model = open_any_model(path)
    except ModelError as error:
        return str(error)
    return Candidate(path, model.sha256, model.card)


def run_models(runs: list[ModelRun], cancel: threading.Event, report: Callable[[object], None]) -> list[str]:
    """Run the models image by image; report each run with what it found, and return what went wrong."""
    problems: list[str] = []
    detector: CellDetector | None = None
    batch = BatchDepth(dict.fromkeys(run.path for run in runs))
    for run in runs:
        check_cancelled(cancel)
        try:
            if detector is None or detector.model.sha256 != run.candidate.sha256:
                detector = detector_for(open_any_model(run.candidate.path, run.candidate.card))
                if detector.model.sha256 != run.candidate.sha256:
                    text = gettext("{path}: the file is another model now; add it again.")
                    raise ModelError(text.format(path=run.candidate.path))
            image = read_image(run.path, batch=batch)
            result = detector.detect(image.pixels, diameter=run.diameter, cancel=cancel)
            result = replace(result, doubts=image.doubts)
        except (ModelError, ImageError) as error:
            problems.append(str(error))
            continue
        card, sha256 = detector.card, run.candidate.sha256
        report((run, StoredDetections.of(result, card.classes, card.name, sha256, file=run.file, by_hand=run.diameter)))
    return problems


Side = tuple[str, str, tuple[str, ...], CountSettings, list[Detections]]
"""Name, hash, classes and settings of a model, and what it found in each image."""


def compare_found(
    results: list[Side], checked: Sequence[VerifiedImage], iou: float, cancel: threading.Event
) -> list[ModelRow]:
    """Count the images with each model, and compare the counts."""
    models: list[ModelResult] = []
    for name, sha256, classes, settings, found in results:
        check_cancelled(cancel)
        cases = [
            Case.of(one.image, one.name, cells, one.truth, settings, one.frame)
            for one, cells in zip(checked, found, strict=True)
        ]
        models.append(ModelResult(name, sha256, classes, settings.thresholds, cases))
    return compare_models(models, iou)
