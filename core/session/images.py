"""The images of a session, and what was found in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.session.database import CHECKED_SIZE
from core.session.errors import damaged
from core.session.paths import pack_path, path_key, relative_to, resolve, unpack_path
from core.session.rows import finite, pack_detections, to_json, unpack_detections, unpack_image
from core.session.schema import DetectionsRow, ImageRow
from core.session.values import SessionDamagedError
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.session.database import SessionFile
    from core.session.values import FileStamp, StoredDetections, StoredImage


class ImageList:
    """The images on the list of a session, those that were removed from it, and their detections."""

    def __init__(self, file: SessionFile) -> None:
        self.path = file.path
        self._file = file
        self._paths: dict[int, Path] = {}
        self._by_key: dict[str, int] = {}
        self._next_cell = 0

    def _load_images(self) -> Iterator[str]:
        """Check all rows; yield a sentence for each image whose detections cannot be used."""
        file = self._file
        images = [ImageRow(*row) for row in file.rows("images")]
        self._set_paths(resolve(images, self.path.parent))
        stored = [number for (number,) in file.select("SELECT rowid FROM detections")]
        bad = {image.id for image in images if image.state == "counted"}.difference(stored)
        if self.path.stat().st_size <= CHECKED_SIZE:
            bad.update(number for number in stored if not self._is_sound(number))
        for number in sorted(bad):
            yield f"{self._paths.get(number, self.path)}: the cells found in it cannot be read; count it again."
        largest = "SELECT max(first_id + length(scores) / 4) FROM detections WHERE typeof(first_id) = 'integer'"
        [(following,)] = file.select(largest)
        self._next_cell = max(self._next_cell, following or 0)

    def _is_sound(self, image: int) -> bool:
        try:
            self._file.row("detections", image)
        except SessionDamagedError:
            return False
        return True

    def _set_paths(self, paths: Mapping[int, Path]) -> None:
        self._paths = dict(paths)
        self._by_key = {path_key(path): image for image, path in paths.items()}

    def images(self) -> list[StoredImage]:
        """Return the images on the list, in its order.

        A path that is gone gives way to the same place relative to the session file, if there is
        a file: a folder that was moved as a whole is found again. Looked up on opening.
        """
        rows = self._file.rows("images", "WHERE removed = 0 ORDER BY position")
        return [unpack_image(ImageRow(*row), self._paths[row[0]]) for row in rows]

    def image(self, number: int) -> StoredImage:
        """Return an image by its id, on the list or not."""
        return unpack_image(self._row(number), self._paths[number])

    def add_images(self, paths: Iterable[Path]) -> list[StoredImage]:
        """Put images at the end of the list, and return those that were not on it before.

        A path that was removed comes back with everything it had, under its former id. Paths that are
        on the list, or given twice, are passed over.
        """
        absolute = [Path(os.path.abspath(path)) for path in paths]
        wanted = {path_key(path): path for path in absolute}
        relative = relative_to(self.path.parent)
        added: list[ImageRow] = []
        with self._file.transaction():
            fresh = self._file.largest("images")
            [(position,)] = self._file.select("SELECT coalesce(max(position), 0) FROM images")
            for key, path in wanted.items():
                if key in self._by_key:
                    row = self._row(self._by_key[key])
                    if not row.removed:
                        continue
                else:
                    fresh += 1
                    row = ImageRow(fresh, 0, 0, pack_path(str(path)), relative(path))
                position += 1
                added.append(row._replace(position=position, removed=0))
            self._file.write("images", added)
        for row in added:
            path = self._paths.setdefault(row.id, Path(unpack_path(row.path)))
            self._by_key[path_key(path)] = row.id
        return [unpack_image(row, self._paths[row.id]) for row in added]

    def remove_images(self, ids: Iterable[int]) -> None:
        """Take images off the list. Nothing of them is deleted."""
        with self._file.transaction():
            self._file.write("images", [self._row(image)._replace(removed=1) for image in ids])

    def set_waiting(self, image: int) -> None:
        """Mark an image to be counted; stored detections stay until they are replaced."""
        self._change(image, state="waiting", error="")

    def set_failed(self, image: int, error: str) -> None:
        """Mark an image that could not be counted; stored detections stay."""
        self._change(image, state="failed", error=printable(error))

    def set_diameter(self, image: int, diameter: float | None) -> None:
        """Store the red cell diameter in pixels that was set by hand, None to have it estimated."""
        self._change(image, diameter=None if diameter is None else finite(diameter))

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
        """Store what was found in an image in place of what was stored before; edits stay.

        Raises
        ------
        ValueError
            If the ids are not consecutive, or an origin is not ``MODEL``.
        """
        row = pack_detections(image, found)
        with self._file.transaction():
            self._file.write("detections", [row])
            counted = self._row(image)._replace(
                state="counted",
                error="",
                notices=to_json([printable(notice) for notice in notices]),
                width=int(width),
                height=int(height),
                seconds=finite(seconds),
                sha256=stamp and stamp.sha256,
                size=stamp and stamp.size,
                modified_ns=stamp and stamp.modified_ns,
            )
            self._file.write("images", [counted])
        self._next_cell = max(self._next_cell, row.first_id + len(found.detections))

    def detections(self, image: int) -> StoredDetections | None:
        """Return what was found in an image, None if nothing is stored.

        Raises
        ------
        SessionDamagedError
            If the stored cells do not match their checksum; the image must be counted again.
        """
        row = self._file.row("detections", image)
        if row is None and self._row(image).state == "counted":
            raise damaged(self.path, f"the cells found in {self._paths[image].name} are missing")
        return None if row is None else unpack_detections(DetectionsRow(*row))

    def new_ids(self, count: int) -> int:
        """Return the first of ``count`` consecutive cell ids that this session never used."""
        first = self._next_cell
        self._next_cell += count
        return first

    def _row(self, image: int) -> ImageRow:
        row = self._file.row("images", image)
        if row is None:
            raise KeyError(image)
        return ImageRow(*row)

    def _change(self, image: int, **columns: Any) -> None:
        with self._file.transaction():
            self._file.write("images", [self._row(image)._replace(**columns)])
