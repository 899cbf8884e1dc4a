"""The values that go into a session and come out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.cells import CellChange, Detections

SESSION_SUFFIX = ".smearcount"


class SessionError(Exception):
    """A session that cannot be used or written: one sentence naming the file and the remedy."""


class SessionBusyError(SessionError):
    """The session is open in another window or on another computer."""


class SessionReadOnlyError(SessionError):
    """The file or its folder may not be written; opening with ``read_only=True`` may still work."""


class SessionNewerError(SessionError):
    """The file was made by a newer version of the program."""


class SessionDamagedError(SessionError):
    """The file is a session, but damaged; ``recover`` copies what can be read into a new one."""


@dataclass(frozen=True)
class FileStamp:
    """What identifies the contents of a file; ``size`` in bytes, ``modified_ns`` since 1970 UTC."""

    sha256: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class StoredImage:
    """One image on the list.

    ``state`` is ``"waiting"``, ``"counted"`` or ``"failed"``; ``error`` says why it failed.
    ``seconds``: time taken by reading and counting; ``diameter``: red cell diameter in pixels if it
    was set by hand; ``stamp``: the file as it was counted.
    """

    id: int
    path: Path
    state: str
    error: str
    notices: tuple[str, ...]
    width: int
    height: int
    seconds: float
    diameter: float | None
    reviewed: bool
    stamp: FileStamp | None


@dataclass(frozen=True, eq=False)
class StoredDetections:
    """What a model found in one image.

    The ids of ``detections`` are consecutive and their origin is ``MODEL``. ``classes``: class names
    in the order of the labels; ``diameter``: the red cell diameter in pixels that set the scale;
    ``scale``: the factor from the image to the network.
    """

    detections: Detections
    classes: tuple[str, ...]
    diameter: float
    scale: float
    model_name: str
    model_sha256: str

    def in_order_of(self, classes: tuple[str, ...]) -> StoredDetections:
        """Return the cells with labels in the order of these classes; cells of other classes are left out."""
        if self.classes == classes:
            return self
        places = np.array([classes.index(name) if name in classes else -1 for name in self.classes], np.int32)
        return replace(self, detections=self.detections.relabelled(places), classes=classes)


@dataclass(frozen=True)
class Command:
    """One edit: all that a person changed at once.

    ``number`` is 0 until it is stored. ``reviewed`` is the image's mark (before, after) if the edit
    changed it. ``undoes`` is the number of the command that this one takes back or, if that one
    was itself an undo, redoes. ``continues``: it was one step with the command before it, of another image.
    ``kept`` are the settings that it changed, as (key, before, after), such as a hand count that it took away.
    """

    number: int
    image: int
    name: str
    changes: tuple[CellChange, ...]
    reviewed: tuple[bool, bool] | None
    undoes: int | None
    continues: bool = False
    kept: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class HistoryRow:
    """One line of the history; ``time`` is aware and in UTC, the order is that of ``number``."""

    number: int
    time: datetime
    person: str
    image: int | None
    path: Path | None
    text: str
    undoes: int | None


@dataclass(frozen=True)
class Conflict:
    """A cell for which a person's edit and a later detection do not agree."""

    number: int
    image: int
    cell: int
    text: str
