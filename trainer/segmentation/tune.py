"""Which way of counting its masks suits a model: all ways on the same fields, by class."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from core.counting.count import CountSettings, count
from core.imaging.reading import read_image
from core.models.method import CountingMethod, Method
from core.statistics.metrics import ClassScore, score_image
from trainer.evaluation.dense_field import rendered_labels
from trainer.evaluation.predict import model_labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.detection.segmentation.detector import SegmentationDetector
    from core.models.card import ModelCard
    from trainer.dataset.load import DataSet
    from trainer.evaluation.dense_field import DenseField

_VARIED: dict[Method, dict[str, tuple[float, ...]]] = {  # the simplest first, which wins where several do as well
    Method.COMPONENTS: {},
    Method.WATERSHED: {"marker_height": (0.7, 0.85)},
    Method.HOUGH: {"arc": (0.06, 0.08, 0.11), "radius_range": (0.3, 0.4)},
}
_LARGER = (1.0, 1.5, 2.0)  # the smallest cell, in what the card says; circles have their range of radii
_THRESHOLDS = (0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
_WITHOUT_EDGE = 1.0


@dataclass
class Trial:
    """A way to count a class, and how it did.

    ``score`` is over all fields; ``off`` how many cells the counts of single fields are off, summed up; ``seconds``
    what each field took, all classes together, where that was measured.
    """

    class_name: str
    how: CountingMethod
    score: ClassScore = field(default_factory=ClassScore)
    off: int = 0
    seconds: list[float] = field(default_factory=list[float])

    def add(self, known: KnownField, found: Detections, card: ModelCard) -> None:
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
        """What the best way is chosen by: the counts of single fields and the matched cells alike."""
        return self.accuracy + self.score.f1 if self.score.truth and self.score.counted else float("-inf")


def ways_of(how: CountingMethod, has_edge: bool) -> Iterable[CountingMethod]:
    """Return the ways that are tried for a class that is counted in this way."""
    for method, varied in _VARIED.items():
        sizes = [how.smallest] if method is Method.HOUGH else [factor * how.smallest for factor in _LARGER]
        edges = (how.edge_threshold, _WITHOUT_EDGE) if has_edge and how.edge_threshold < 1 else (how.edge_threshold,)
        for values in product(*varied.values()):
            changes = dict(zip(varied, values, strict=True))
            for smallest, threshold, edge in product(sizes, sorted({how.threshold, *_THRESHOLDS}), edges):
                changes |= {"smallest": smallest, "threshold": threshold, "edge_threshold": edge}
                yield msgspec.structs.replace(how, method=method, **changes)


@dataclass(frozen=True, eq=False)
class KnownField:
    """A field with its true cells: ``pixels`` uint8 RGB (H, W, 3), ``boxes`` float32 (N, 4), ``labels`` int64 (N,).

    Labels are those of the model, -1 for what it does not know; in ``incomplete`` classes not all cells are known.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    incomplete: Collection[str] = ()


def fields_of(data: DataSet, classes: tuple[str, ...]) -> Iterator[KnownField]:
    """Read the fields of a data set, with a progress bar.

    Raises
    ------
    ImageError
        If a picture cannot be read.
    """
    labels = model_labels(data, classes)
    console = Console(stderr=True)
    for annotated in track(data.fields, "Counting", console=console, disable=not console.is_terminal, transient=True):
        image = read_image(annotated.path)
        boxes = annotated.pixel_boxes(image.width, image.height)
        yield KnownField(image.pixels, boxes, labels[annotated.labels], annotated.incomplete)


def dense_field(dense: DenseField, classes: tuple[str, ...]) -> KnownField:
    """Render a dense field."""
    smear = dense.render()
    return KnownField(smear.image, smear.boxes, rendered_labels(classes)[smear.labels])


def try_ways(fields: Iterable[KnownField], counter: SegmentationDetector) -> list[Trial]:
    """Count fields in every way, each class by itself; the network looks at each field once."""
    card = counter.card
    trials: list[Trial] = []
    for known in fields:
        seen = counter.predict(known.pixels)
        if not trials:
            has_edge = seen.masks.edge is not None
            trials = [Trial(name, how) for name in card.classes for how in ways_of(card.counting[name], has_edge)]
        for trial in trials:
            trial.add(known, counter.cells(seen, {trial.class_name: trial.how}), card)
    return trials


def judge_ways(fields: Iterable[KnownField], counter: SegmentationDetector, ways: Sequence[Trial]) -> list[Trial]:
    """Count other fields in chosen ways, as the program does: the other classes are counted by the card's methods."""
    card = counter.card
    trials = [Trial(way.class_name, way.how) for way in ways]
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


def best_of(trials: Sequence[Trial]) -> dict[str, CountingMethod]:
    """Return the best way of each class that the fields hold."""
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.worth > best.get(trial.class_name, Trial("", trial.how)).worth:
            best[trial.class_name] = trial
    return {name: trial.how for name, trial in best.items()}


def never_found(trials: Sequence[Trial]) -> list[str]:
    """Return the classes that the fields hold and of which no way finds a single cell."""
    held = dict.fromkeys(trial.class_name for trial in trials if trial.score.truth)
    found = {trial.class_name for trial in trials if trial.score.counted}
    return [name for name in held if name not in found]


def best_of_each_method(trials: Sequence[Trial]) -> list[Trial]:
    """Return the best way of each method for each class."""
    best: dict[tuple[str, Method], Trial] = {}
    for trial in trials:
        kind = trial.class_name, trial.how.method
        if kind not in best or trial.worth > best[kind].worth:
            best[kind] = trial
    return list(best.values())


def counting_table(trials: Sequence[Trial], chosen: Mapping[str, CountingMethod], title: str) -> Table:
    """Return a table of ways of counting, as the paper has it; the chosen way of each class has a star."""
    table = Table(title=title)
    for name in ("class", "method", "parameters"):
        table.add_column(name)
    timed = any(trial.seconds for trial in trials)
    for name in ("true", "counted", "all fields, %", "field by field, %", "F1", *(["seconds"] if timed else [])):
        table.add_column(name, justify="right")
    for trial in trials:
        name, how, score = trial.class_name, trial.how, trial.score
        keys = ("threshold", "edge_threshold", "smallest", *_VARIED[how.method])
        table.add_row(
            name,
            f"{how.method} *" if how == chosen.get(name) else how.method.value,
            ", ".join(f"{key} {getattr(how, key):g}" for key in keys),
            str(score.truth),
            str(score.counted),
            f"{100 * score.accuracy:.1f}",
            f"{100 * trial.accuracy:.1f}",
            f"{score.f1:.3f}",
            *([f"{median(trial.seconds):.2f}"] if timed else []),
        )
    return table
