"""From a verification request to its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import Cancelled, check_cancelled
from core.statistics.agreement import agreement
from core.verification.sweep import threshold_steps
from core.verification.thresholds import choose_threshold
from core.verification.verify import AP_IOUS, Verification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.errors import CancelFlag
    from core.statistics.agreement import Agreement
    from core.statistics.metrics import PrecisionRecall
    from core.verification.cases import Case
    from core.verification.request import VerificationRequest, VerifiedImage
    from core.verification.sweep import ClassSweep, SweepRow
    from core.verification.thresholds import ThresholdChoice

LOWEST, HIGHEST = 0.20, 0.85


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """All figures of one class.

    ``sweep`` is over the table's thresholds, of which ``now`` is the place of the one that is set; ``choice`` is
    the best of the steps. ``manual`` and ``counted`` int64 (I,) are the two counts of the images ``names`` at the
    present threshold. ``at_ious`` float64: the average precision at each of ``AP_IOUS``. ``reviewed`` of the images
    have a reviewed count in place of one by hand.
    """

    name: str
    sweep: ClassSweep
    rows: list[SweepRow]
    now: int
    choice: ThresholdChoice | None
    curve: PrecisionRecall
    average_precision: float
    at_ious: NDArray[np.float64]
    images: tuple[int, ...]
    names: tuple[str, ...]
    manual: NDArray[np.int64]
    counted: NDArray[np.int64]
    agreement: Agreement | None
    reviewed: int = 0

    @property
    def located(self) -> bool:
        """Whether the places of the true cells are known in any image."""
        return bool(self.sweep.located.any())


@dataclass(frozen=True, eq=False)
class VerificationFigures:
    """The figures of all classes, their request, and the prepared images."""

    request: VerificationRequest
    cases: tuple[Case, ...]
    classes: dict[str, ClassFigures]

    @property
    def located(self) -> bool:
        """Whether the places of the true cells are known in any image."""
        return any(case.located for case in self.cases)

    @property
    def reviewed(self) -> int:
        """How many images have a reviewed count in place of one by hand."""
        return sum(not case.truth.by_hand for case in self.cases)


class FigureMaker:
    """Makes the figures of requests; images that did not change since the last one are not prepared again.

    For use from one thread.
    """

    def __init__(self) -> None:
        self._cases: dict[tuple[int, bool, float], tuple[VerifiedImage, Case]] = {}

    def figures(self, request: VerificationRequest, cancel: CancelFlag) -> VerificationFigures:
        """Return the figures; raises ``Cancelled`` once ``cancel`` is set."""
        old, self._cases = self._cases, {}
        for checked in request.checked:
            if cancel.is_set():
                self._cases.update(old)
                raise Cancelled
            key = (id(checked), request.options.corrected, request.settings.nms_iou)
            prepared = old.get(key) or (checked, checked.case(request.settings, corrected=key[1]))
            self._cases[key] = prepared  # with the image, so that nothing else can have its id
        cases = [case for _, case in self._cases.values()]
        thresholds = request.settings.thresholds
        verification = Verification(cases, request.classes, thresholds)
        classes: dict[str, ClassFigures] = {}
        for name in request.classes:
            check_cancelled(cancel)
            classes[name] = _class_answer(verification, name, thresholds[name], request)
        return VerificationFigures(request, tuple(cases), classes)


def _class_answer(verification: Verification, name: str, now: float, request: VerificationRequest) -> ClassFigures:
    options = request.options
    steps = threshold_steps(LOWEST, HIGHEST, options.step)
    thresholds = np.unique(np.append(steps, round(now, 6)))
    sweep = verification.class_sweep(name, thresholds, options.iou)
    place = int(np.searchsorted(thresholds, round(now, 6)))
    by = "f1" if options.by == "f1" and sweep.located.any() else "accuracy"
    known = {case.image: case.name for case in verification.cases}
    images = tuple(sweep.images.tolist())
    counted = sweep.counted[:, place]
    curve = verification.precision_recall(name, options.iou)
    return ClassFigures(
        name=name,
        sweep=sweep,
        rows=sweep.rows(),
        now=place,
        choice=choose_threshold(verification.class_sweep(name, steps, options.iou), by),
        curve=curve,
        average_precision=curve.average_precision,
        at_ious=verification.average_precision(name) if sweep.located.any() else np.full(len(AP_IOUS), np.nan),
        images=images,
        names=tuple(known[image] for image in images),
        manual=sweep.truth,
        counted=counted,
        agreement=agreement(sweep.truth.tolist(), counted.tolist()),
        reviewed=sum(not case.truth.by_hand for case in verification.cases if case.image in images),
    )
