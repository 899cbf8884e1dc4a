"""Which way of counting its masks suits a model: all ways on the same fields, by class."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from core.counting import CountSettings, count
from core.images import read_image
from core.metrics import ClassScore, score_image
from core.segcount.method import CountingMethod, Method
from trainer.looking import model_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.segcount.counter import SegmentCounter
    from trainer.data import DataSet

_VARIED: dict[Method, dict[str, tuple[float, ...]]] = {  # the simplest first, which wins where several do as well
    Method.COMPONENTS: {},
    Method.WATERSHED: {"marker_height": (0.7, 0.8, 0.9)},
    Method.HOUGH: {"arc": (0.06, 0.08, 0.11), "radius_range": (0.3, 0.4)},
}
_THRESHOLDS = (0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
_WITHOUT_EDGE = 1.0


@dataclass
class Trial:
    """A way to count a class, and how it did.

    ``score`` is over all fields; ``off`` how many cells the counts of single fields are off, summed up.
    """

    class_name: str
    how: CountingMethod
    score: ClassScore = field(default_factory=ClassScore)
    off: int = 0

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
        edges = (how.edge_threshold, _WITHOUT_EDGE) if has_edge and how.edge_threshold < 1 else (how.edge_threshold,)
        for values in product(*varied.values()):
            changes = dict(zip(varied, values, strict=True))
            for threshold, edge in product(sorted({how.threshold, *_THRESHOLDS}), edges):
                yield msgspec.structs.replace(how, method=method, threshold=threshold, edge_threshold=edge, **changes)


def try_ways(data: DataSet, counter: SegmentCounter, ways: Sequence[Trial] | None = None) -> list[Trial]:
    """Count the fields in every way, or in those of other ``ways``; the network looks at each field once.

    Raises
    ------
    ImageError
        If a picture cannot be read.
    """
    card, classes = counter.card, counter.card.classes
    settings = CountSettings.suggested_by(card)
    labels = model_labels(data, classes)
    trials = [Trial(way.class_name, way.how) for way in ways or ()]
    console = Console(stderr=True)
    fields = track(data.fields, "Counting", console=console, disable=not console.is_terminal, transient=True)
    for annotated in fields:
        photograph = read_image(annotated.path)
        seen = counter.see(photograph.pixels)
        if not trials:
            has_edge = seen.masks.edge is not None
            trials = [Trial(name, how) for name in classes for how in ways_of(card.counting[name], has_edge)]
        boxes = annotated.pixel_boxes(photograph.width, photograph.height)
        by_class: defaultdict[str, list[Trial]] = defaultdict(list)
        for trial in trials:
            by_class[trial.class_name].append(trial)
        for name, some in by_class.items():
            if name in annotated.incomplete:
                continue
            for trial in some:
                found = counter.cells(seen, {name: trial.how})
                counted = count(found, settings, classes).counted
                score = score_image(found, counted, boxes, labels[annotated.labels], classes, 0.5)[name]
                trial.score += score
                trial.off += abs(score.counted - score.truth)
    return trials


def best_of(trials: Sequence[Trial]) -> dict[str, CountingMethod]:
    """Return the best way of each class that the fields hold."""
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.worth > best.get(trial.class_name, Trial("", trial.how)).worth:
            best[trial.class_name] = trial
    return {name: trial.how for name, trial in best.items()}


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
    for name in ("true", "counted", "all fields, %", "field by field, %", "F1"):
        table.add_column(name, justify="right")
    for trial in trials:
        name, how, score = trial.class_name, trial.how, trial.score
        keys = ("threshold", "edge_threshold", *_VARIED[how.method])
        table.add_row(
            name,
            f"{how.method} *" if how == chosen.get(name) else how.method.value,
            ", ".join(f"{key} {getattr(how, key):g}" for key in keys),
            str(score.truth),
            str(score.counted),
            f"{100 * score.accuracy:.1f}",
            f"{100 * trial.accuracy:.1f}",
            f"{score.f1:.3f}",
        )
    return table
