"""Which counting method suits the masks of a model: all variants on the same images, by class."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from core.counting.count import CountSettings, count
from core.imaging.reading import read_image
from core.models.method import CountingMethod, Method
from core.statistics.metrics import ClassScore, score_image
from core.text import gettext
from trainer.evaluation.dense_field import rendered_labels
from trainer.evaluation.predict import model_labels
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.detection.segmentation.detector import SegmentationDetector
    from core.models.card import ModelCard
    from trainer.dataset.load import DataSet
    from trainer.evaluation.dense_field import DenseField

VARIED: dict[Method, dict[str, tuple[float, ...]]] = {  # the simplest first, which wins where several do as well
    Method.COMPONENTS: {},
    Method.WATERSHED: {"marker_height": (0.7, 0.85)},
    Method.HOUGH: {"arc": (0.06, 0.08, 0.11), "radius_range": (0.3, 0.4)},
}
_LARGER = (1.0, 1.5, 2.0)  # the smallest cell, times that of the card; circles have their range of radii
_THRESHOLDS = (0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
_WITHOUT_EDGE = 1.0


@dataclass
class Trial:
    """A counting method for a class, and how it did.

    ``score`` is over all fields; ``off`` how many cells the counts of single fields are off, summed up; ``seconds``
    what each field took, all classes together, where that was measured.
    """

    class_name: str
    how: CountingMethod
    score: ClassScore = field(default_factory=ClassScore)
    off: int = 0
    seconds: list[float] = field(default_factory=list[float])

    def add(self, known: KnownImage, found: Detections, card: ModelCard) -> None:
        """Compare what was found in a field with its true cells."""
        if self.class_name in known.incomplete:
            return
        counted = count(found, CountSettings.suggested_by(card), card.classes).counted
        score = score_image(found, counted, known.boxes, known.labels, card.classes, 0.5)[self.class_name]
        self.score += score
        self.off += abs(score.counted - score.truth)

    @property
    def accuracy(self) -> float:
        """1 less the mean error of a field's count, in cells of all there are; NaN where there are none."""
        return 1 - self.off / self.score.truth if self.score.truth else float("nan")

    @property
    def worth(self) -> float:
        """The criterion of the best method: the counts of single images and the matched cells alike."""
        return self.accuracy + self.score.f1 if self.score.truth and self.score.counted else float("-inf")


def variants_of(how: CountingMethod, has_edge: bool) -> Iterable[CountingMethod]:
    """Return the variants to try for a class that is counted by this method."""
    for method, varied in VARIED.items():
        sizes = [how.smallest] if method is Method.HOUGH else [factor * how.smallest for factor in _LARGER]
        edges = (how.edge_threshold, _WITHOUT_EDGE) if has_edge and how.edge_threshold < 1 else (how.edge_threshold,)
        for values in product(*varied.values()):
            changes = dict(zip(varied, values, strict=True))
            for smallest, threshold, edge in product(sizes, sorted({how.threshold, *_THRESHOLDS}), edges):
                changes |= {"smallest": smallest, "threshold": threshold, "edge_threshold": edge}
                yield msgspec.structs.replace(how, method=method, **changes)


@dataclass(frozen=True, eq=False)
class KnownImage:
    """A field with its true cells: ``pixels`` uint8 RGB (H, W, 3), ``boxes`` float32 (N, 4), ``labels`` int64 (N,).

    Labels are those of the model, -1 for what it does not know; in ``incomplete`` classes not all cells are known.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    incomplete: Collection[str] = ()


def known_images(data: DataSet, classes: tuple[str, ...]) -> Iterator[KnownImage]:
    """Read the fields of a data set, with a progress bar.

    Raises
    ------
    ImageError
        If an image cannot be read.
    """
    labels = model_labels(data, classes)
    for annotated in progress(data.images, gettext("Counting")):
        image = read_image(annotated.path)
        boxes = annotated.pixel_boxes(image.width, image.height)
        yield KnownImage(image.pixels, boxes, labels[annotated.labels], annotated.incomplete)


def dense_field(dense: DenseField, classes: tuple[str, ...]) -> KnownImage:
    """Render a dense field."""
    smear = dense.render()
    return KnownImage(smear.image, smear.boxes, rendered_labels(classes)[smear.labels])


def try_methods(fields: Iterable[KnownImage], counter: SegmentationDetector) -> list[Trial]:
    """Count images by every variant of every method, each class by itself; the network runs once per image."""
    card = counter.card
    trials: list[Trial] = []
    for known in fields:
        seen = counter.predict(known.pixels)
        if not trials:
            has_edge = seen.masks.edge is not None
            trials = [Trial(name, how) for name in card.classes for how in variants_of(card.counting[name], has_edge)]
        for trial in trials:
            trial.add(known, counter.cells(seen, {trial.class_name: trial.how}), card)
    return trials


def judge_methods(fields: Iterable[KnownImage], counter: SegmentationDetector, chosen: Sequence[Trial]) -> list[Trial]:
    """Count other images by chosen methods, as the program does: other classes are counted by the card's methods."""
    card = counter.card
    trials = [Trial(best.class_name, best.how) for best in chosen]
    for known in fields:
        start = perf_counter()
        seen = counter.predict(known.pixels)
        looking = perf_counter() - start
        for trial in trials:
            start = perf_counter()
            found = counter.cells(seen, {**card.counting, trial.class_name: trial.how})
            trial.seconds.append(looking + perf_counter() - start)
            trial.add(known, found, card)
    return trials


def best_methods(trials: Sequence[Trial]) -> dict[str, CountingMethod]:
    """Return the best method for each class that the images contain."""
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.worth > best.get(trial.class_name, Trial("", trial.how)).worth:
            best[trial.class_name] = trial
    return {name: trial.how for name, trial in best.items()}


def never_found(trials: Sequence[Trial]) -> list[str]:
    """Return the classes that the images contain and of which no method finds a single cell."""
    held = dict.fromkeys(trial.class_name for trial in trials if trial.score.truth)
    found = {trial.class_name for trial in trials if trial.score.counted}
    return [name for name in held if name not in found]


def best_of_each_method(trials: Sequence[Trial]) -> list[Trial]:
    """Return the best variant of each method for each class."""
    best: dict[tuple[str, Method], Trial] = {}
    for trial in trials:
        kind = trial.class_name, trial.how.method
        if kind not in best or trial.worth > best[kind].worth:
            best[kind] = trial
    return list(best.values())
