"""Annotations into a session: what was read for its images, and the edits that come of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from core.annotations.read import read_annotations
from core.cells import CellChange
from core.counting.count import SAME_CELL_IOU, count
from core.counting.edits import CellEdits
from core.counting.reconcile import effective, found_cell
from core.exchange.match_images import one_for_each_image
from core.geometry.boxes import overlapping_pairs
from core.text import gettext, ngettext
from core.verification.ground_truth import GroundTruth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.cells import Detections
    from core.counting.count import CountSettings
    from core.exchange.match_images import ImageIndex

NamedBox = tuple[str, tuple[float, float, float, float]]

_POINT_SIDE = 2.0  # pixels; points are imported as points, so that the size does not matter
_NAMED = 3


class Use(Enum):
    """What imported boxes become."""

    ADD = "add"
    REPLACE = "replace"
    TRUTH = "truth"


@dataclass(frozen=True, eq=False)
class FoundAnnotations:
    """What annotation files hold for a session, an item for each image.

    ``unmatched`` are names that stand for no image of the session, or for several; ``undecided`` those of images that
    the camera turned, where the files do not say whether they were drawn on upright or as stored; ``notices`` are
    sentences.
    """

    images: tuple[AnnotatedImage, ...]
    unmatched: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of boxes by class name, the most frequent first."""
        names: Counter[str] = Counter()
        for image in self.images:
            names.update(image.names)
        return dict(names.most_common())

    def unknown(self, classes: Sequence[str]) -> dict[str, int]:
        """Return the number of boxes by class name for the names that are not among the classes."""
        return {name: number for name, number in self.counts.items() if name not in classes}

    def summary(self) -> str:
        """Return what was found in a sentence or two."""
        if not self.images:
            text = gettext("No boxes for the images of this session were found.")
        else:
            images = ngettext("{n:,} image", "{n:,} images", len(self.images)).format(n=len(self.images))
            total = sum(self.counts.values())
            what = ngettext("{n:,} box", "{n:,} boxes", total)
            if all(image.points for image in self.images if len(image)) and total:
                what = ngettext("{n:,} point", "{n:,} points", total)
            text = f"{images}, {what.format(n=total)}"
            parts = ", ".join(f"{name} {number:,}" for name, number in self.counts.items())
            text += f": {parts}." if parts else "."
        if absent := len(self.unmatched):
            text += " " + ngettext(
                "{n:,} annotated image is not in this session.",
                "{n:,} annotated images are not in this session.",
                absent,
            ).format(n=absent)
        return text

    def details(self) -> str:
        """Return what the user may want to look into, a line each; "" if there is nothing."""
        absent = gettext("Not in this session: {names}.").format(names=", ".join(self.unmatched))
        return "\n".join([*self.notices, *([absent] if self.unmatched else [])])


def read_for_session(
    paths: Sequence[Path], index: ImageIndex, classes: Sequence[str], *, stored_rows: bool = False
) -> FoundAnnotations:
    """Read annotation files and folders, and match them to the images of a session.

    ``stored_rows``: whether images that the camera turned were drawn on as they are stored, where the files do not
    say so.

    Raises
    ------
    ReadingStopped
        If the index was told that the annotations are no longer wanted.
    """
    read = read_annotations(paths, index, classes, point_diameter=_POINT_SIDE, stored_rows=stored_rows)
    images, notices = one_for_each_image(read.images, index)
    found = FoundAnnotations(tuple(images), read.unmatched, read.undecided, (*read.notices, *notices))
    found.summary()  # counts the boxes now, not when the window waits for it
    return found


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """What is to be imported, and as what.

    ``mapping`` gives the known class for each unknown name; names it does not have, or has None for,
    are left out.
    """

    found: FoundAnnotations
    use: Use
    classes: tuple[str, ...]
    mapping: Mapping[str, str | None]

    def class_of(self, name: str) -> str | None:
        """Return the class that boxes of a name become, None if they are left out."""
        return name if name in self.classes else self.mapping.get(name)

    def boxes(self, image: AnnotatedImage) -> list[NamedBox]:
        """Return the boxes of an image with their classes."""
        rows = zip(image.names, image.boxes.tolist(), strict=True)
        return [
            (known, (x1, y1, x2, y2)) for name, (x1, y1, x2, y2) in rows if (known := self.class_of(name)) is not None
        ]

    @property
    def complete_for(self) -> tuple[str, ...]:
        """The annotated classes: one of which no image has a box was most likely not annotated."""
        known = {self.class_of(name) for name in self.found.counts}
        return tuple(name for name in self.classes if name in known)

    @property
    def total(self) -> int:
        """The number of boxes that are to be imported."""
        return sum(number for name, number in self.found.counts.items() if self.class_of(name) is not None)

    @property
    def problem(self) -> str:
        """Why there is nothing to import, "" if there is."""
        if not self.found.images:
            return gettext("There is nothing to import.")
        if self.use is not Use.TRUTH and any(image.points for image in self.found.images):
            return gettext("Points say where cells are, not how large; they can be imported as ground truth only.")
        if self.use is Use.ADD and not self.total:
            return gettext("No box is left to add: every class is left out.")
        return ""

    def losses(self, counted: Mapping[int, int]) -> str:
        """Return in which images a replacement leaves fewer cells than are counted now, and why; "" if in none.

        ``counted`` gives the number of cells that count now by the id of the image.
        """
        fewer: list[str] = []
        refused = left_out = 0
        for image in self.found.images:
            before, after = counted.get(cast("int", image.image_id), 0), len(self.boxes(image))
            if after < before:
                fewer.append(f"{image.file_name} ({before:,} → {after:,})")
                refused += image.refused
                left_out += len(image) - after
        if not fewer:
            return ""
        named, more = ", ".join(fewer[:_NAMED]), len(fewer) - _NAMED
        if more > 0:
            named = gettext("{named} and {more:,} more").format(named=named, more=more)
        text = ngettext(
            "{n:,} image will have fewer cells than now: {named}.",
            "{n:,} images will have fewer cells than now: {named}.",
            len(fewer),
        ).format(n=len(fewer), named=named)
        if refused:
            text += " " + ngettext(
                "{n:,} box of its file could not be used; see the notices above.",
                "{n:,} boxes of the files could not be used; see the notices above.",
                refused,
            ).format(n=refused)
        if left_out:
            text += " " + ngettext(
                "{n:,} box is of a class that is left out.", "{n:,} boxes are of classes that are left out.", left_out
            ).format(n=left_out)
        return text

    def truth(self, image: AnnotatedImage) -> GroundTruth:
        """Return the boxes or points of an image as its ground truth, which keeps finer names than those of classes."""
        boxes = self.boxes(image)
        given = ((name, self.class_of(name)) for name in image.names)
        finer = tuple(name if name != known else "" for name, known in given if known is not None)
        annotated = replace(
            image,
            names=tuple(name for name, _ in boxes),
            boxes=np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
            scores=None,
            contours=None,
        )
        return GroundTruth.imported(annotated, self.complete_for, points=annotated.points, finer=finer)


def new_boxes(boxes: Sequence[NamedBox], changes: Iterable[CellChange], nms_iou: float) -> list[NamedBox]:
    """Return the boxes that are not the same cell as one that was added by hand or imported before.

    Without this, importing a file a second time would count its cells twice.
    """
    mine = [change.standing for change in effective(changes) if change.standing is not None]
    if not mine:
        return list(boxes)
    my_names = np.array([cell.class_name for cell in mine])
    names = np.array([name for name, _ in boxes])
    known = np.zeros(len(boxes), bool)
    new, old, overlap = overlapping_pairs(
        np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
        np.array([cell.box for cell in mine], np.float32),
        min(nms_iou, SAME_CELL_IOU),
    )
    same = overlap > np.where(names[new] == my_names[old], nms_iou, SAME_CELL_IOU)
    known[new[same]] = True
    return [item for item, there in zip(boxes, known.tolist(), strict=True) if not there]


def removals(
    found: Detections, changes: Iterable[CellChange], classes: tuple[str, ...], settings: CountSettings
) -> list[CellChange]:
    """Return the changes that empty an image's count: manual cells go, and the detections that count.

    So do detections that count only once the manual cells over them are gone.
    """
    earlier = effective(changes)
    removed = [CellChange(change.cell, change.after, None) for change in earlier if change.after is not None]
    left = CellEdits.from_edits(found, [replace(change, after=None) for change in earlier], classes)
    result = count(found, settings, classes, left)
    for place in np.flatnonzero(result.counted).tolist():
        removed.append(CellChange(int(found.ids[place]), found_cell(found, place, classes), None))
    return removed
