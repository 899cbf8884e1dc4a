"""What is really in an image, as a person or a file says; it is compared with the count and never part of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from core.classes import canonical_class
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from core.annotations.base import AnnotatedImage
    from core.cells import Detections


class TruthKind(StrEnum):
    """How much is known of each true cell."""

    TOTALS = "totals"
    POINTS = "points"
    BOXES = "boxes"


class TruthSource(StrEnum):
    """Where the truth of an image comes from."""

    TYPED = "typed"
    TALLY = "tally"
    IMPORTED = "imported"
    REVIEWED = "reviewed"


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The true cells of one image.

    ``classes`` are those that were looked for: a class that is not among them is unknown, not zero. Of
    the kinds points and boxes ``names`` has the class names of the N cells, each one of ``classes``, and
    ``boxes`` float32 (N, 4) ``x1 y1 x2 y2`` in pixels of the image; a point is a box without size. Of
    typed totals ``totals`` has the number of cells by class name, and there are no boxes. ``blind``: the
    model's boxes were hidden while it was made. ``finer`` is what the file calls each of the N cells where that is
    another name than its class, such as a kind of it, "" elsewhere; empty if there is none. The array is read-only.
    """

    kind: TruthKind
    source: TruthSource
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    totals: Mapping[str, int] = field(default_factory=dict[str, int])
    blind: bool = False
    finer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        located = self.kind != TruthKind.TOTALS
        if self.boxes.shape != (len(self.names), 4) or not np.isfinite(self.boxes).all():
            raise ValueError(gettext("names and boxes must describe the same cells"))
        if len(self.finer) not in (0, len(self.names)):
            raise ValueError(gettext("names and boxes must describe the same cells"))
        if not set(self.names) <= set(self.classes) or set(self.totals) != (set() if located else set(self.classes)):
            raise ValueError(gettext("cells and totals must be of the annotated classes"))
        if (len(self.names) and not located) or any(total < 0 for total in self.totals.values()):
            raise ValueError(gettext("totals have no places and are not negative"))
        self.boxes.flags.writeable = False

    def __len__(self) -> int:
        """Return the number of cells with a place; 0 for totals."""
        return len(self.names)

    # -- making one --------------------------------------------------------------------------

    @classmethod
    def typed(cls, totals: Mapping[str, int]) -> GroundTruth:
        """Return typed totals by class name; a class that was not counted is left out, not 0."""
        return cls(TruthKind.TOTALS, TruthSource.TYPED, tuple(totals), totals=dict(totals))

    @classmethod
    def tally(cls, classes: Sequence[str], *, blind: bool = False) -> GroundTruth:
        """Return a tally of these classes without marks; ``with_point`` adds them."""
        return cls(TruthKind.POINTS, TruthSource.TALLY, tuple(classes), blind=blind)

    @classmethod
    def imported(
        cls, image: AnnotatedImage, classes: Sequence[str], *, points: bool = False, finer: tuple[str, ...] = ()
    ) -> GroundTruth:
        """Return the boxes of an annotation file, or with ``points`` their centres.

        ``classes`` are those that the annotations are complete for, such as all of the model's; classes
        that occur are added to them. ``finer``: see the class.
        """
        boxes = np.tile(_centres(image.boxes), 2) if points else image.boxes
        kind = TruthKind.POINTS if points else TruthKind.BOXES
        every = tuple(dict.fromkeys((*classes, *image.names)))
        return cls(kind, TruthSource.IMPORTED, every, image.names, boxes, finer=finer if any(finer) else ())

    @classmethod
    def reviewed(cls, cells: Detections, counted: NDArray[np.bool_], classes: Sequence[str]) -> GroundTruth:
        """Return the counted cells of an image that a person corrected and marked as reviewed.

        The model's boxes that the person left alone find themselves again, so that such a truth flatters
        the model that it was made with, and cannot measure how well its boxes fit.

        Parameters
        ----------
        cells
            All cells of the image, as from ``CellEdits.over``.
        counted
            Which of them count, bool (N,), as from ``core.counting.count.count``.
        classes
            Class names in the order of the labels.
        """
        names = tuple(classes[int(label)] for label in cells.labels[counted])
        return cls(TruthKind.BOXES, TruthSource.REVIEWED, tuple(classes), names, cells.boxes[counted])

    def with_point(self, name: str, x: float, y: float) -> GroundTruth:
        """Return the same with one more mark, at the end; its class becomes one that was looked for."""
        if self.kind != TruthKind.POINTS:
            raise ValueError(gettext("only points can be added to"))
        boxes = np.concatenate([self.boxes, np.array([[x, y, x, y]], np.float32)])
        classes = self.classes if name in self.classes else (*self.classes, name)
        finer = (*self.finer, "") if self.finer else ()
        return replace(self, classes=classes, names=(*self.names, name), boxes=boxes, finer=finer)

    def without(self, index: int) -> GroundTruth:
        """Return the same without one cell, such as the last mark (-1)."""
        kept = np.ones(len(self), bool)
        kept[index] = False
        return self.only(kept)

    # -- reading it --------------------------------------------------------------------------

    @property
    def by_hand(self) -> bool:
        """Whether a person or a file counted, apart from the program: a reviewed count is the program's own."""
        return self.source is not TruthSource.REVIEWED

    @property
    def points(self) -> NDArray[np.float32]:
        """The marks, or the centres of the boxes, float32 (N, 2) ``x y``."""
        return _centres(self.boxes)

    def counts(self) -> dict[str, int]:
        """Return the number of cells by class name, for every class that was looked for."""
        if self.kind == TruthKind.TOTALS:
            return {name: self.totals[name] for name in self.classes}
        return {name: self.names.count(name) for name in self.classes}

    def within(self, region: Callable[[NDArray[np.float32]], NDArray[np.bool_]]) -> GroundTruth:
        """Return the cells that a region holds; it says so, bool (N,), of boxes float32 (N, 4).

        Totals stay as they are: they were counted in the region, or nobody knows where.
        """
        return self if self.kind == TruthKind.TOTALS else self.only(region(self.boxes))

    def labels(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """Return the label of each cell among a model's classes, int64 (N,); -1 if the model does not know it."""
        known = {name: canonical_class(name, classes) for name in self.classes}
        label = {name: -1 if same is None else classes.index(same) for name, same in known.items()}
        return np.array([label[name] for name in self.names], np.int64)

    def counts_for(self, classes: Sequence[str]) -> list[int | None]:
        """Return the number of cells of each of a model's classes, by any usual name; None: not looked for."""
        counts: list[int | None] = [None] * len(classes)
        for name, count in self.counts().items():
            if (same := canonical_class(name, classes)) is not None:
                label = classes.index(same)
                counts[label] = (counts[label] or 0) + count
        return counts

    def only(self, kept: NDArray[np.bool_]) -> GroundTruth:
        """Return some of the cells, those marked in ``kept``, bool (N,)."""
        places = np.flatnonzero(kept).tolist()
        names = tuple(self.names[place] for place in places)
        finer = tuple(self.finer[place] for place in places) if self.finer else ()
        return replace(self, names=names, boxes=self.boxes[kept], finer=finer)

    # -- keeping it --------------------------------------------------------------------------

    def stored(self) -> dict[str, Any]:
        """Return a value for a session or JSON: what ``from_stored`` reads."""
        cells = [
            [name, *(box[:2] if self.kind == TruthKind.POINTS else box)]
            for name, box in zip(self.names, self.boxes.tolist(), strict=True)
        ]
        content = {"totals": dict(self.totals)} if self.kind == TruthKind.TOTALS else {"cells": cells}
        return {
            "kind": self.kind.value,
            "source": self.source.value,
            "classes": list(self.classes),
            "blind": self.blind,
            **content,
            **({"finer": list(self.finer)} if self.finer else {}),
        }

    @classmethod
    def from_stored(cls, value: Any) -> GroundTruth:
        """Return the truth that ``stored`` made a value of.

        Raises
        ------
        ValueError
            If the value is something else.
        """
        if isinstance(value, list):  # name and box of each imported cell, as sessions of version 0.1 have it
            cells = [[name, *box] for name, box in msgspec.convert(value, list[tuple[str, list[float]]])]
            names = list(dict.fromkeys(cell[0] for cell in cells))
            value = {"kind": "boxes", "source": "imported", "classes": names, "cells": cells}
        row = msgspec.convert(value, _Stored)
        kind, width = TruthKind(row.kind), 2 if row.kind == "points" else 4
        cells = [msgspec.convert(cell, tuple[str, *(float,) * width]) for cell in row.cells]
        places = np.array([cell[1:] for cell in cells], np.float32).reshape(-1, width)
        return cls(
            kind,
            TruthSource(row.source),
            row.classes,
            tuple(cell[0] for cell in cells),
            np.tile(places, 2) if kind == TruthKind.POINTS else places,
            row.totals,
            row.blind,
            row.finer,
        )


def _centres(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32)


_KINDS = {
    (TruthSource.TYPED, TruthKind.TOTALS): gettext("typed counts"),
    (TruthSource.TALLY, TruthKind.POINTS): gettext("manual count"),
    (TruthSource.IMPORTED, TruthKind.BOXES): gettext("imported boxes"),
    (TruthSource.IMPORTED, TruthKind.POINTS): gettext("imported points"),
    (TruthSource.REVIEWED, TruthKind.BOXES): gettext("reviewed count"),
}


def describe(truth: GroundTruth) -> str:
    """Return what a truth is, in a few words."""
    text = _KINDS.get((truth.source, truth.kind), f"{truth.source.value} {truth.kind.value}")
    return gettext("{truth}, boxes hidden").format(truth=text) if truth.blind else text


def hands_first(truths: Iterable[GroundTruth | None], *, reviewed: bool = False) -> bool:
    """Tell whether reviewed counts stand back: there are counts by hand, and nobody asked for ``reviewed`` ones."""
    return not reviewed and any(truth is not None and truth.by_hand and truth.classes for truth in truths)


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """A truth as a session keeps it; a cell is its class name, then ``x y`` or ``x1 y1 x2 y2``."""

    kind: Literal["totals", "points", "boxes"]
    source: Literal["typed", "tally", "imported", "reviewed"]
    classes: tuple[str, ...]
    blind: bool = False
    cells: list[list[str | float]] = []
    totals: dict[str, int] = {}
    finer: tuple[str, ...] = ()
