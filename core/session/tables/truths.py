"""The ground truths of a session: at most one from each source for an image, one of which is used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.session.errors import damaged
from core.session.storage.rows import pack_truth, unpack_truth
from core.session.storage.schema import TruthRow, truth_number
from core.text import gettext
from core.verification.ground_truth import GroundTruth, TruthSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.session.storage.database import SessionFile
    from core.session.tables.images import Images
    from core.session.values import Mark


class Truths:
    """The table of ground truths. They are changed by edits (``Edits.record``)."""

    def __init__(self, file: SessionFile, images: Images) -> None:
        self._file = file
        self._images = images

    def get(self, image: int) -> GroundTruth | None:
        """Return the ground truth that is used for an image, None if it has none.

        Raises
        ------
        SessionDamagedError
            If it does not match its checksum, or is missing.
        """
        sources = self._sources(image)
        return self._read(image, sources[0]) if sources else None

    def all(self, image: int) -> tuple[GroundTruth, ...]:
        """Return every ground truth of an image, the one that is used first."""
        return tuple(self._read(image, source) for source in self._sources(image))

    def images(self) -> frozenset[int]:
        """Return the images that have a ground truth."""
        return frozenset(image for (image,) in self._file.select("SELECT id FROM images WHERE truths != ''"))

    def from_source(self, source: TruthSource) -> dict[int, GroundTruth]:
        """Return every ground truth from a source, by the id of its image, whether it is used or not."""
        images = [
            image
            for image, sources in self._file.select("SELECT id, truths FROM images WHERE truths != '' ORDER BY id")
            if source.value in sources.split()
        ]
        return {image: self._read(image, source.value) for image in images}

    def _sources(self, image: int) -> list[str]:
        return self._images.row(image).truths.split()

    def _read(self, image: int, source: str) -> GroundTruth:
        row = self._file.row("truths", truth_number(image, source))
        if row is None:
            path = self._images.path(image) or image
            raise damaged(self._file.path, gettext("a ground truth of {path} is missing").format(path=path))
        try:
            return unpack_truth(TruthRow._make(row))
        except ValueError as error:
            text = gettext("row {number} of its ground truths: {error}").format(number=row[0], error=error)
            raise damaged(self._file.path, text) from error

    # -- changing, for this package ------------------------------------------------------------

    def replace(self, image: int, truths: Iterable[GroundTruth]) -> None:
        """Store the ground truths of an image, the one that is used first; for ``Edits`` only.

        Raises
        ------
        ValueError
            If two are from one source.
        """
        truths = tuple(truths)
        sources = [truth.source.value for truth in truths]
        if len(set(sources)) < len(sources):
            raise ValueError(gettext("an image has one ground truth from each source"))
        with self._file.transaction():
            self._file.write("truths", [pack_truth(image, truth) for truth in truths])
            self._images.change(image, truths=" ".join(sources))

    def mark(self, image: int, before: Mark | None, after: Mark | None) -> None:
        """Put a mark into the tally of an image, or take one out; for ``Edits`` only."""
        tally = self._read(image, TruthSource.TALLY.value)
        tally = tally if before is None else _without(tally, before)
        tally = tally if after is None else _with(tally, after)
        with self._file.transaction():
            self._file.write("truths", [pack_truth(image, tally)])
            self._images.change(image)


def _with(tally: GroundTruth, mark: Mark) -> GroundTruth:
    place = mark.index
    box = np.array([[mark.x, mark.y, mark.x, mark.y]], np.float32)
    return replace(
        tally,
        classes=tally.classes if mark.class_name in tally.classes else (*tally.classes, mark.class_name),
        names=(*tally.names[:place], mark.class_name, *tally.names[place:]),
        boxes=np.concatenate([tally.boxes[:place], box, tally.boxes[place:]]),
    )


def _without(tally: GroundTruth, mark: Mark) -> GroundTruth:
    left = tally.without(mark.index)
    if mark.first:
        left = replace(left, classes=tuple(name for name in left.classes if name != mark.class_name))
    return left
