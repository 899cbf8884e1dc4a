"""From the question to the figures; runs beside the window and knows nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import Cancelled
from core.statistics.agreement import agreement
from core.verification.sweep import threshold_steps
from core.verification.thresholds import choose_threshold
from core.verification.verify import AP_IOUS, Verification

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from core.statistics.agreement import Agreement
    from core.statistics.metrics import PrecisionRecall
    from core.verification.cases import Case
    from core.verification.request import Checked, Question
    from core.verification.sweep import ClassSweep, SweepRow
    from core.verification.thresholds import ThresholdChoice

LOWEST, HIGHEST = 0.20, 0.85


@dataclass(frozen=True, eq=False)
class ClassAnswer:
    """All figures of one class.

    ``sweep`` is over the table's thresholds, of which ``now`` is the place of the one that is set; ``choice`` is
    the best of the steps. ``manual`` and ``counted`` int64 (I,) are the two counts of the images ``names`` at the
    present threshold. ``at_ious`` float64: the average precision at each of ``AP_IOUS``.
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

    @property
    def located(self) -> bool:
        """Whether the places of the true cells are known in any image."""
        return bool(self.sweep.located.any())


@dataclass(frozen=True, eq=False)
class Answer:
    """The figures of all classes, the question that they answer, and the prepared images."""

    question: Question
    cases: tuple[Case, ...]
    classes: dict[str, ClassAnswer]

    @property
    def located(self) -> bool:
        """Whether the places of the true cells are known in any image."""
        return any(case.located for case in self.cases)


class Answering:
    """Answers questions; what did not change since the last one is not prepared again. For one thread."""

    def __init__(self) -> None:
        self._cases: dict[tuple[int, bool, float], tuple[Checked, Case]] = {}

    def answer(self, question: Question, cancel: threading.Event) -> Answer:
        """Return the figures; raises ``Cancelled`` if they are not wanted any more."""
        old, self._cases = self._cases, {}
        for checked in question.checked:
            if cancel.is_set():
                self._cases.update(old)
                raise Cancelled
            key = (id(checked), question.options.corrected, question.settings.nms_iou)
            prepared = old.get(key) or (checked, checked.case(question.settings, corrected=key[1]))
            self._cases[key] = prepared  # with the picture, so that nothing else can have its id
        cases = [case for _, case in self._cases.values()]
        thresholds = question.settings.thresholds
        verification = Verification(cases, question.classes, thresholds)
        classes: dict[str, ClassAnswer] = {}
        for name in question.classes:
            if cancel.is_set():
                raise Cancelled
            classes[name] = _class_answer(verification, name, thresholds[name], question)
        return Answer(question, tuple(cases), classes)


def _class_answer(verification: Verification, name: str, now: float, question: Question) -> ClassAnswer:
    options = question.options
    steps = threshold_steps(LOWEST, HIGHEST, options.step)
    thresholds = np.unique(np.append(steps, round(now, 6)))
    sweep = verification.class_sweep(name, thresholds, options.iou)
    place = int(np.searchsorted(thresholds, round(now, 6)))
    by = "f1" if options.by == "f1" and sweep.located.any() else "accuracy"
    known = {case.image: case.name for case in verification.cases}
    images = tuple(sweep.images.tolist())
    counted = sweep.counted[:, place]
    curve = verification.precision_recall(name, options.iou)
    return ClassAnswer(
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
    )
