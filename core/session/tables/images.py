"""The images of a session: those on its list, and those that were removed from it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.counting.region import Region
from core.session.storage.paths import pack_path, path_key, relative_to, resolve, unpack_path
from core.session.storage.rows import sentences
from core.session.storage.schema import ImageRow
from core.session.values import FileStamp, SessionError, StoredImage
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.session.storage.database import SessionFile

_region = msgspec.json.Decoder(Region).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode


class Images:
    """The table of images. Whatever counts in an image or not is changed by edits (``Edits.record``)."""

    def __init__(self, file: SessionFile, model_of: Callable[[int], str | None]) -> None:
        """``model_of`` gives the SHA-256 of a model of the session by its number."""
        self._file = file
        self._model_of = model_of
        self._paths: dict[int, Path] = {}
        self._by_key: dict[str, int] = {}
        self.next_cell = 0
        self._revisions: Counter[int] = Counter()

    def load(self) -> list[ImageRow]:
        """Read and check all rows, and find out where the images are."""
        rows = [ImageRow._make(row) for row in self._file.rows("images")]
        self._set_paths(resolve(rows, self._file.path.parent))
        self.next_cell = max((row.next_cell for row in rows), default=0)
        return rows

    def _set_paths(self, paths: Mapping[int, Path]) -> None:
        self._paths = dict(paths)
        self._by_key = {path_key(path): image for image, path in paths.items()}

    # -- reading -----------------------------------------------------------------------------

    def all(self) -> list[StoredImage]:
        """Return the images on the list, in its order.

        A path that is gone gives way to the same place relative to the session file, if there is
        a file: a folder that was moved as a whole is found again. Looked up on opening.
        """
        rows = self._file.rows("images", "WHERE removed = 0 ORDER BY position")
        return [self._image(ImageRow._make(row)) for row in rows]

    def get(self, image: int) -> StoredImage:
        """Return an image by its id, on the list or not."""
        return self._image(self.row(image))

    def path(self, image: int) -> Path | None:
        """Return where an image is; None if there is no such image."""
        return self._paths.get(image)

    def paths(self) -> dict[int, Path]:
        """Return image id -> where it is, of all images, on the list or not."""
        return dict(self._paths)

    def row(self, image: int) -> ImageRow:
        """Return the row of an image; for this package only."""
        row = self._file.row("images", image)
        if row is None:
            raise KeyError(image)
        return ImageRow._make(row)

    def _image(self, row: ImageRow) -> StoredImage:
        stamp = None
        if row.sha256 is not None and row.size is not None and row.modified_ns is not None:
            stamp = FileStamp(row.sha256, row.size, row.modified_ns)
        return StoredImage(
            row.id,
            self._paths[row.id],
            row.state,
            row.error,
            sentences(row.notices),
            row.width,
            row.height,
            row.seconds,
            row.diameter,
            stamp,
            None if row.region is None else _region(row.region),
            None if row.reviewed_counts is None else _counts(row.reviewed_counts),
            None if row.model is None else self._model_of(row.model),
        )

    # -- changing ----------------------------------------------------------------------------

    def add(self, paths: Iterable[Path]) -> list[StoredImage]:
        """Put images at the end of the list, and return those that were not on it before.

        A path that was removed comes back with everything it had, under its former id. Paths that are
        on the list, or given twice, are ignored.
        """
        absolute = [Path(os.path.abspath(path)) for path in paths]
        wanted = {path_key(path): path for path in absolute}
        relative = relative_to(self._file.path.parent)
        added: list[ImageRow] = []
        with self._file.transaction():
            fresh = self._file.largest("images")
            [(position,)] = self._file.select("SELECT coalesce(max(position), 0) FROM images")
            for key, path in wanted.items():
                if key in self._by_key:
                    row = self.row(self._by_key[key])
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
        return [self._image(row) for row in added]

    def set_failed(self, image: int, error: str) -> None:
        """Mark an image that could not be counted; stored detections stay."""
        self.change(image, state="failed", error=printable(error))

    def relocate(self, new_paths: Mapping[int, Path]) -> str:
        """Give images (by id) a new path; return a sentence for the history.

        Raises
        ------
        SessionError
            If a path belongs to another image of the session.
        """
        moved = {image: Path(os.path.abspath(path)) for image, path in new_paths.items()}
        paths = {**self._paths, **moved}
        owners = Counter(map(path_key, paths.values()))
        for path in moved.values():
            if owners[path_key(path)] > 1:
                raise SessionError(
                    gettext("{path}: it belongs to another image of the session; remove one of the two.").format(
                        path=path
                    )
                )
        relative = relative_to(self._file.path.parent)
        first, path = next(iter(moved.items()))
        more, values = len(moved) - 1, {"old": self._paths[first], "new": path}
        text = gettext("Moved: {old} is now {new}.").format(**values)
        if more:
            text = gettext("Moved: {old} is now {new}, and {n} more.").format(**values, n=more)
        with self._file.transaction():
            rows = [
                (row := self.row(image))._replace(
                    path=pack_path(str(path)),
                    relative=relative(path),
                    digest=row.digest if row.sha256 else None,  # else the name stands for the contents
                )
                for image, path in moved.items()
            ]
            self._file.write("images", rows)
        self._set_paths(paths)
        return text

    def change(self, image: int, **columns: Any) -> None:
        """Change columns of a row; for this package only. What was known of the image's digest is forgotten."""
        with self._file.transaction():
            row = self.row(image)
            self._file.write("images", [row._replace(**{"digest": None, **columns})])
        self._revisions[image] += 1

    def revision(self, image: int) -> int:
        """Return a number that another change of an image makes another one, while the session is open."""
        return self._revisions[image]

    def digests(self) -> dict[int, bytes | None]:
        """Return the digest of each image on the list, in its order; None where it has changed since."""
        rows = self._file.select("SELECT id, digest FROM images WHERE removed = 0 ORDER BY position")
        return dict(rows)

    def set_digests(self, digests: Mapping[int, bytes]) -> None:
        """Store the digests of images."""
        with self._file.transaction():
            self._file.write("images", [self.row(image)._replace(digest=digest) for image, digest in digests.items()])
