"""Teaching sets: examples of kinds in one file, to be used for other samples and by other laboratories.

The file is a ZIP archive of ``set.json`` (who taught what, when, by which embedding model), ``vectors.bin`` (the
embeddings in 8 bits) and ``cells/0.jpg``, ``cells/1.jpg``, ...: a picture of each example.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np

from core.errors import UserError
from core.files import write_whole
from core.kinds.tree import KindTree  # noqa: TC001  (msgspec reads the annotations at run time)
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from numpy.typing import NDArray

TEACHING_SET_SUFFIX = ".smearkinds"
SCHEMA = 1
_HEADER, _VECTORS, _CROP = "set.json", "vectors.bin", "cells/{place}.jpg"
_MOST_BYTES = 2**30
_SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the same content makes the same file


ExampleKey: TypeAlias = tuple[str, tuple[int, ...]]
"""See ``example_key``."""


class TeachingSetError(UserError):
    """A teaching set that cannot be used or changed; the message names the file or the set, and the remedy."""


class TaughtCell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One example: the SHA-256 of its image and its box in it, of which sample and class it is, and who said what.

    ``accepted``: the user took over a suggestion.
    """

    image: str
    box: tuple[float, float, float, float]
    sample: int
    class_name: str
    kind: str
    user: str
    time: str
    accepted: bool = False

    @property
    def key(self) -> ExampleKey:
        """What cell it is."""
        return example_key(self.image, self.box)


def example_key(image: str, box: Sequence[float]) -> ExampleKey:
    """Return what tells one cell from others, in whatever set: its image (SHA-256) and its box in whole pixels."""
    return image, tuple(round(value) for value in box)


class Lock(msgspec.Struct, frozen=True):
    """Who locked a set, and when (ISO 8601)."""

    user: str
    time: str


class UsedSet(msgspec.Struct, frozen=True):
    """Which set sorts a session: its title, where it was, and the SHA-256 of the file."""

    title: str
    path: str = ""
    sha256: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a set says of itself.

    ``version`` grows with every change; ``embedding`` is the SHA-256 of the model that described the examples by
    ``dimensions`` numbers each, ``samples`` the names of where they come from. A set with a ``lock`` is not changed any
    more; a copy of it may be.
    """

    schema: int = SCHEMA
    name: str
    version: int = 1
    embedding: str
    dimensions: int
    tree: KindTree
    samples: tuple[str, ...] = ()
    cells: tuple[TaughtCell, ...] = ()
    made: str = ""
    made_by: str = ""
    lock: Lock | None = None


class _Versioned(msgspec.Struct):
    schema: int = 0


@dataclass(frozen=True, eq=False)
class TeachingSet:
    """A teaching set of N examples.

    ``steps`` int8 (N, D) and ``scales`` float32 (N,), see ``core.kinds.embeddings``; ``crops``: a JPEG of each
    example, empty where there is none.
    """

    header: Header
    steps: NDArray[np.int8]
    scales: NDArray[np.float32]
    crops: tuple[bytes, ...]

    def __post_init__(self) -> None:
        header, count = self.header, len(self.header.cells)
        if self.steps.shape != (count, header.dimensions) or len(self.scales) != count or len(self.crops) != count:
            raise ValueError("every example of a teaching set has its numbers and its picture")

    def __len__(self) -> int:
        return len(self.header.cells)

    @property
    def title(self) -> str:
        """Its name and version."""
        return gettext("{name}, version {version}").format(name=self.header.name, version=self.header.version)

    @property
    def locked(self) -> bool:
        """Whether it may not be changed."""
        return self.header.lock is not None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The embeddings, float32 (N, D)."""
        return self.steps * self.scales[:, None]

    def with_lock(self, user: str, time: str) -> TeachingSet:
        """Return the set locked by somebody."""
        self._check_open()
        return replace(self, header=msgspec.structs.replace(self.header, lock=Lock(user, time)))

    def copy_named(self, name: str) -> TeachingSet:
        """Return an open copy under another name."""
        return replace(self, header=msgspec.structs.replace(self.header, name=name, version=1, lock=None))

    def without(self, examples: Container[ExampleKey]) -> TeachingSet:
        """Return the set without some examples, such as those that the sample at hand has itself."""
        kept = np.array([row for row, cell in enumerate(self.header.cells) if cell.key not in examples], np.int64)
        header = msgspec.structs.replace(self.header, cells=tuple(self.header.cells[row] for row in kept))
        return TeachingSet(header, self.steps[kept], self.scales[kept], tuple(self.crops[row] for row in kept))

    def merged(self, other: TeachingSet) -> TeachingSet:
        """Return the next version of this set, with the examples of another.

        Where both have an example of the same cell, the later word counts.

        Raises
        ------
        TeachingSetError
            If this set is locked, or another embedding model described the examples of the other.
        """
        self._check_open()
        mine, theirs = self.header, other.header
        if mine.embedding != theirs.embedding:
            raise TeachingSetError(
                gettext(
                    "{name}: its cells were described by another embedding model than those of {other}; "
                    "teach it again with the present program."
                ).format(name=theirs.name, other=mine.name)
            )
        moved = [msgspec.structs.replace(cell, sample=cell.sample + len(mine.samples)) for cell in theirs.cells]
        cells = [*mine.cells, *moved]
        last: dict[ExampleKey, int] = {}
        for place, cell in enumerate(cells):
            if cell.key not in last or cells[last[cell.key]].time <= cell.time:
                last[cell.key] = place
        kept = np.array(sorted(last.values()), np.int64)
        header = msgspec.structs.replace(
            mine,
            version=max(mine.version, theirs.version) + 1,
            tree=theirs.tree.with_kinds(mine.tree.kinds),
            samples=(*mine.samples, *theirs.samples),
            cells=tuple(cells[place] for place in kept),
        )
        crops = (*self.crops, *other.crops)
        return TeachingSet(
            header,
            np.concatenate([self.steps, other.steps])[kept],
            np.concatenate([self.scales, other.scales])[kept],
            tuple(crops[place] for place in kept),
        )

    def _check_open(self) -> None:
        if self.header.lock is not None:
            raise TeachingSetError(
                gettext(
                    "{name}: {user} locked this teaching set on {date}; save a copy under another name and change that."
                ).format(name=self.header.name, user=self.header.lock.user, date=self.header.lock.time[:10])
            )

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, _HEADER, msgspec.json.format(msgspec.json.encode(self.header), indent=1))
            _add(archive, _VECTORS, self.scales.astype("<f4").tobytes() + self.steps.tobytes())
            for place, crop in enumerate(self.crops):
                if crop:
                    _add(archive, _CROP.format(place=place), crop)
        return stream.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    stored = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
    archive.writestr(zipfile.ZipInfo(name, _SAME_TIME), content, stored)


def write_teaching_set(path: Path, teaching_set: TeachingSet) -> None:
    """Write a teaching set, or nothing; raises OSError."""
    write_whole(path, teaching_set.to_bytes())


def read_teaching_set(path: Path) -> TeachingSet:
    """Read a teaching set.

    Raises
    ------
    TeachingSetError
        If the file is missing, none, damaged, or of a newer version of the program.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except OSError as error:
        raise TeachingSetError(
            gettext("{path}: the teaching set cannot be opened ({reason}); choose another file.").format(
                path=path, reason=error.strerror or error
            )
        ) from error
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, EOFError, RuntimeError, UserError) as error:
        if isinstance(error, TeachingSetError):
            raise
        raise TeachingSetError(
            gettext("{path}: this is not a teaching set, or it is damaged; choose another file.").format(path=path)
        ) from error


def used_set(path: Path) -> tuple[TeachingSet, UsedSet]:
    """Read a set, and say which it is; raises TeachingSetError as ``read_teaching_set`` does."""
    taught = read_teaching_set(path)
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        text = gettext("{path}: the teaching set cannot be opened ({reason}); choose another file.")
        raise TeachingSetError(text.format(path=path, reason=error.strerror or error)) from error
    return taught, UsedSet(taught.title, str(path.absolute()), sha256)


def reopen(used: UsedSet, session: Path | None) -> tuple[Path, TeachingSet]:
    """Open the set that sorted a session: where it was, or beside the session.

    Raises
    ------
    TeachingSetError
        If it is gone, damaged or no longer the same.
    """
    path = Path(used.path)
    if not path.exists() and session is not None:
        path = next((one for one in (session.parent / path.name,) if one.exists()), path)
    if not path.exists():
        text = gettext("{path}: the teaching set {title}, which sorted this sample, is not there; choose it again.")
        raise TeachingSetError(text.format(path=path, title=used.title))
    taught, now = used_set(path)
    if now.sha256 != used.sha256:
        text = gettext(
            "{path}: the teaching set has changed since it sorted this sample ({title}); choose it again to sort by "
            "what it is now."
        )
        raise TeachingSetError(text.format(path=path, title=used.title))
    return path, taught


def _read(path: Path, archive: zipfile.ZipFile) -> TeachingSet:
    if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
        raise ValueError("too large to be true")
    text = archive.read(_HEADER)
    if msgspec.json.decode(text, type=_Versioned).schema > SCHEMA:
        raise TeachingSetError(
            gettext("{path}: it was made by a newer version of SmearCount; update the program to use it.").format(
                path=path
            )
        )
    header = msgspec.json.decode(text, type=Header)
    count, names = len(header.cells), set(archive.namelist())
    if any(not 0 <= cell.sample < len(header.samples) for cell in header.cells):
        raise ValueError("an example of no sample")
    packed = archive.read(_VECTORS)
    scales = np.frombuffer(packed[: 4 * count], "<f4").astype(np.float32)
    steps = np.frombuffer(packed[4 * count :], np.int8).reshape(count, header.dimensions)
    places = [_CROP.format(place=place) for place in range(count)]
    crops = tuple(archive.read(name) if name in names else b"" for name in places)
    return TeachingSet(header, steps, scales, crops)
