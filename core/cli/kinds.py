"""``smearcount-count --kinds FILE``: the counted cells of a run sorted by a teaching set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.cli.arguments import ArgumentsError
from core.counting.pipeline import without_cells
from core.kinds.batch import KindSorter
from core.kinds.teaching_set import read_teaching_set
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.report.formats.json import BatchKinds
from core.report.kinds import kinds_entry, kinds_table, with_kind_columns
from core.text import gettext

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from core.counting.count import CountSettings
    from core.counting.pipeline import CountedImage
    from core.imaging.reading import SmearImage
    from core.kinds.batch import SortedBatch
    from core.models.card import ModelCard
    from core.report.tables import Table


@dataclass
class RunKinds:
    """The kinds of one run: cells come in image by image, and are sorted at the end, as cells of one sample."""

    sorter: KindSorter
    sha256: str
    leaves_out: bool = False
    batch: SortedBatch | None = None

    def add(self, photograph: SmearImage, image: CountedImage) -> None:
        """Take the counted cells of an image."""
        cells, counted = image.found.detections, np.flatnonzero(image.result.counted)
        self.sorter.add(photograph.pixels, counted, cells.boxes[counted], cells.labels[counted])

    def sort(self, images: int) -> None:
        """Sort the cells of so many images: those that are counted so far."""
        batch = self.sorter.sort(leave_out=self.leaves_out)
        self.batch = replace(batch, images=batch.images[:images])

    def counted(self, images: Sequence[CountedImage], settings: CountSettings, card: ModelCard) -> list[CountedImage]:
        """Return images as they count after ``sort``: without what was left out as no cell."""
        assert self.batch is not None
        pairs = zip(images, self.batch.images, strict=True)
        return [
            without_cells(image, found.cells[found.left_out], settings, card) if found.left_out.any() else image
            for image, found in pairs
        ]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be said of the kinds, after ``sort``."""
        return () if self.batch is None else self.batch.warnings

    def for_json(self) -> BatchKinds:
        """Return what the JSON document says of kinds, after ``sort``."""
        assert self.batch is not None
        counted = self.sorter.differential(self.batch)
        return BatchKinds(self.batch, kinds_entry(self.batch, self.sorter.teaching_set, self.sha256, counted))

    def with_columns(self, table: Table) -> Table:
        """Return the table of images with the kinds, after ``sort``."""
        assert self.batch is not None
        return with_kind_columns(table, self.batch)

    def table(self) -> Table:
        """Return the kinds of all images together, after ``sort``."""
        assert self.batch is not None
        return kinds_table(self.batch, self.sorter.teaching_set)


def kinds_of(arguments: argparse.Namespace, classes: tuple[str, ...]) -> RunKinds:
    """Open the teaching set and the embedding model.

    Raises
    ------
    UserError
        If one of them cannot be used, or the images are only a part of an archive.
    """
    if arguments.shard is not None:
        raise ArgumentsError(gettext("--shard: kinds are told apart in a whole sample; count all its images at once"))
    if arguments.leave_out_no_cell and arguments.annotated is not None:
        text = gettext(
            "--leave-out-no-cell: images are drawn one by one, before it is known what is no cell; give no --annotated"
        )
        raise ArgumentsError(text)
    teaching_set = read_teaching_set(arguments.kinds)
    sha256 = hashlib.sha256(arguments.kinds.read_bytes()).hexdigest()
    model = EmbeddingModel(default_embedding_path())
    return RunKinds(KindSorter(model, teaching_set, arguments.kinds, classes), sha256, arguments.leave_out_no_cell)
