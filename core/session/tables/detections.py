"""The detections of a session: of each image those that count, and what other models found in it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from core.session.errors import damaged
from core.session.storage.rows import finite, pack_detections, to_json, unpack_detections
from core.session.storage.schema import DetectionsRow, detections_number, split_detections_number
from core.session.values import SessionDamagedError
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from core.session.storage.database import SessionFile
    from core.session.storage.schema import ImageRow
    from core.session.tables.images import Images
    from core.session.tables.models import Models
    from core.session.values import FileStamp, StoredDetections

LOG = logging.getLogger(__name__)


class StoredResults:
    """The table of detections: at most one row for each image and model."""

    def __init__(self, file: SessionFile, images: Images, models: Models) -> None:
        self._file = file
        self._images = images
        self._models = models

    # -- reading -----------------------------------------------------------------------------

    def get(self, image: int, model: str | None = None) -> StoredDetections | None:
        """Return the detections of an image that count, or with ``model`` (SHA-256) those of a model.

        None if there are none.

        Raises
        ------
        SessionDamagedError
            If they do not match their checksum, or are missing; the image must be counted again.
        """
        if model is None:
            owner = self._images.row(image)
            row = None if owner.model is None else self._row(image, owner.model)
            if row is None and (owner.state == "counted" or owner.model is not None):
                raise damaged(
                    self._file.path, gettext("the cells found in {name} are missing").format(name=self._name(image))
                )
        else:
            number = self._models.number(model)
            row = None if number is None else self._row(image, number)
        return None if row is None else unpack_detections(row)

    def _row(self, image: int, model: int) -> DetectionsRow | None:
        row = self._file.row("detections", detections_number(image, model))
        return None if row is None else DetectionsRow._make(row)

    def _name(self, image: int) -> str:
        path = self._images.path(image)
        return path.name if path else str(image)

    def images_of(self, model: str) -> set[int]:
        """Return the images in which a model (SHA-256) has found cells, whether these count or not."""
        number = self._models.number(model)
        rows = self._file.select("SELECT number FROM detections") if number is not None else ()
        split = (split_detections_number(row) for (row,) in rows)
        return {image for image, other in split if other == number}

    # -- changing ----------------------------------------------------------------------------

    def new_ids(self, count: int) -> int:
        """Return the first of ``count`` consecutive cell ids that this session never used."""
        first = self._images.next_cell
        self._images.next_cell += count
        return first

    def save(self, image: int, found: StoredDetections) -> StoredDetections:
        """Keep detections without counting them, with new ids for the cells; return them with these.

        Nothing is stored where those of this model are the ones that count.
        """
        owner = self._images.row(image)
        if owner.model is not None and owner.model == self._models.number(found.model_sha256):
            return found
        cells = found.detections
        numbered = replace(found, detections=cells.numbered_from(self.new_ids(len(cells))))
        with self._file.transaction():
            _, changed = self._write(owner, numbered)
            if changed:
                self._images.change(image, digest=owner.digest, **changed)
        return numbered

    def _write(self, owner: ImageRow, found: StoredDetections) -> tuple[int, dict[str, int]]:
        """Write detections inside a transaction; return the number of their model, and what changes of the image."""
        model = self._models.ensure(found.model_sha256)
        row = pack_detections(owner.id, model, found)
        self._file.write("detections", [row])
        end = row.first_id + len(found.detections)
        self._images.next_cell = max(self._images.next_cell, end)
        return model, {"next_cell": end} if owner.next_cell < end else {}

    def set_counted(
        self,
        image: int,
        found: StoredDetections,
        *,
        width: int,
        height: int,
        seconds: float,
        notices: Sequence[str],
        stamp: FileStamp | None,
    ) -> None:
        """Store the detections of an image that count from now on; edits stay.

        They hold for the file that ``stamp`` is of, and for the diameter that the image has.

        Raises
        ------
        ValueError
            If the ids are not consecutive, or an origin is not ``MODEL``.
        """
        owner = self._images.row(image)
        found = replace(found, file=stamp.sha256 if stamp else "", by_hand=owner.diameter)
        with self._file.transaction():
            model, changed = self._write(owner, found)
            self._images.change(
                image,
                **changed,
                state="counted",
                error="",
                notices=to_json([printable(notice) for notice in notices]),
                width=int(width),
                height=int(height),
                seconds=finite(seconds),
                model=model,
                sha256=stamp and stamp.sha256,
                size=stamp and stamp.size,
                modified_ns=stamp and stamp.modified_ns,
            )

    def use(self, image: int, model: str) -> bool:
        """Count the kept detections of a model (SHA-256) from now on.

        False if there are none that hold for the file of the image as it was counted, and for its diameter.
        """
        owner, number = self._images.row(image), self._models.number(model)
        row = None if number is None else self._row(image, number)
        if row is None or owner.state != "counted" or (row.file, row.by_hand) != (owner.sha256, owner.diameter):
            return False
        self._images.change(image, model=number)
        return True

    # -- checking ----------------------------------------------------------------------------

    def missing(self, rows: Iterable[ImageRow]) -> Iterator[str]:
        """Yield a sentence for each image whose detections are not there at all."""
        stored = {number for (number,) in self._file.select("SELECT number FROM detections")}
        for row in rows:
            known = row.model is not None and detections_number(row.id, row.model) in stored
            if not known and (row.state == "counted" or row.model is not None):
                yield self._lost(row.id)

    def check(self, row: ImageRow) -> str:
        """Read the detections of an image that count; return a sentence if they cannot be used, else ""."""
        if row.model is None:
            return ""
        try:
            self._row(row.id, row.model)
        except SessionDamagedError as error:
            LOG.warning("%s", error)
            return self._lost(row.id)
        return ""

    def _lost(self, image: int) -> str:
        return gettext("{value}: the cells found in it cannot be read; count it again.").format(
            value=self._images.path(image) or self._file.path
        )
