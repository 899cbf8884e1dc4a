"""The counts of several images together, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.counting.count import Ledger
from core.statistics.intervals import count_more, poisson_interval, proportion_interval

if TYPE_CHECKING:
    from core.counting.pipeline import CountedImage
    from core.statistics.intervals import Interval


@dataclass(frozen=True)
class ClassCount:
    """The count of one class in one image or in several.

    ``mean`` is the mean probability of the counted cells that the model found. ``interval`` is the 95 %
    interval of the count, ``share`` that class's part of all counted cells with its own interval, None if
    nothing was counted; ``more`` cells must be counted besides for plus or minus 5 %.
    """

    name: str
    ledger: Ledger
    mean: float | None
    interval: Interval
    share: float | None
    share_interval: Interval | None
    more: int

    @property
    def count(self) -> int:
        """The number of cells."""
        return self.ledger.total


def class_counts(images: list[CountedImage], classes: tuple[str, ...]) -> list[ClassCount]:
    """Add up the counts of images, class by class."""
    whole = sum(image.result.counts[name] for image in images for name in classes)
    return [_class_count(images, name, whole) for name in classes]


def _class_count(images: list[CountedImage], name: str, whole: int) -> ClassCount:
    rows = [image.result.ledger[name] for image in images]
    ledger = Ledger(
        sum(row.model for row in rows),
        sum(row.added for row in rows),
        sum(row.removed for row in rows),
        sum(row.left_out for row in rows),
    )
    # of the model's cells those that were not taken away have a part in an image's mean
    means = [(image.result.mean_scores[name], row.model - row.removed) for image, row in zip(images, rows, strict=True)]
    known = [(mean, cells) for mean, cells in means if mean is not None]
    cells = sum(number for _, number in known)
    return ClassCount(
        name,
        ledger,
        sum(mean * number for mean, number in known) / cells if cells else None,
        poisson_interval(ledger.total),
        ledger.total / whole if whole else None,
        proportion_interval(ledger.total, whole) if whole else None,
        max(count_more(ledger.total), 0),
    )
