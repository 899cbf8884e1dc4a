"""The values that go into a session and come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime  # noqa: TC003  (msgspec reads the annotations at run time)
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.detection.detector import DetectorResult
from core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.cells import CellChange, Detections
    from core.counting.region import Region
    from core.imaging.doubts import Doubt

SESSION_SUFFIX = ".smearcount"


class SessionError(UserError):
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
    was set by hand; ``stamp``: the file as it was counted; ``region``: the part that counts, None for all of it;
    ``reviewed_counts``: the counts by class name that were reviewed, empty if unknown, None if nobody reviewed it;
    ``model``: the SHA-256 of the model whose detections count.
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
    stamp: FileStamp | None
    region: Region | None = None
    reviewed_counts: Mapping[str, int] | None = None
    model: str | None = None

    @property
    def reviewed(self) -> bool:
        """Whether the image is marked as reviewed."""
        return self.reviewed_counts is not None


@dataclass(frozen=True, eq=False)
class StoredDetections:
    """Detections of one model in one image, with what the detector found out about the field.

    The ids of ``detections`` are consecutive and their origin is ``MODEL``. ``classes``: class names
    in the order of the labels; ``diameter``: the red cell diameter in pixels that set the scale;
    ``scale``: the factor from the image to the network; ``blur``, ``capped``, ``levels``, ``notices``, ``doubts``,
    ``look``: as in ``DetectorResult``. They hold for the contents ``file`` (SHA-256) of the image file, and for the
    diameter ``by_hand`` that was given, None if it was estimated.
    """

    detections: Detections
    classes: tuple[str, ...]
    diameter: float
    scale: float
    model_name: str
    model_sha256: str
    blur: float | None = None
    capped: bool = False
    levels: tuple[float, float] | None = None
    notices: tuple[str, ...] = ()
    file: str = ""
    by_hand: float | None = None
    doubts: tuple[Doubt, ...] = ()
    look: Mapping[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def of(
        cls,
        result: DetectorResult,
        classes: tuple[str, ...],
        model_name: str,
        model_sha256: str,
        *,
        file: str = "",
        by_hand: float | None = None,
    ) -> StoredDetections:
        """Return what a detector returned, as a session keeps it."""
        return cls(
            result.detections,
            classes,
            result.diameter,
            result.scale,
            model_name,
            model_sha256,
            result.blur,
            result.capped,
            result.levels,
            result.notices,
            file,
            by_hand,
            result.doubts,
            result.look,
        )

    def result(self, detections: Detections | None = None) -> DetectorResult:
        """Return the result of the detector; with other detections, such as those with the edits applied."""
        cells = self.detections if detections is None else detections
        field = self.notices, self.blur, self.capped, self.levels, self.doubts, self.look
        return DetectorResult(cells, self.diameter, self.scale, *field)

    def in_order_of(self, classes: tuple[str, ...]) -> StoredDetections:
        """Return the cells with labels in the order of these classes; cells of other classes are left out."""
        if self.classes == classes:
            return self
        places = np.array([classes.index(name) if name in classes else -1 for name in self.classes], np.int32)
        return replace(self, detections=self.detections.relabelled(places), classes=classes)


@dataclass(frozen=True)
class ModelInUse:
    """What a session is counted with: the file of the model, "" for the bundled one, and the model's hash."""

    path: str
    sha256: str


class Subject(StrEnum):
    """What an edit changes besides cells, and what its values are.

    ``REVIEW``: the counts by class name that were reviewed, empty if unknown, None while the image is not reviewed.
    ``REGION``: a ``Region``, None for all of the image. ``DIAMETER``: of red cells in pixels, None to estimate it.
    ``LISTED``: whether the image is on the list. ``TRUTHS``: its ground truths, the used one first. ``MARK``: a
    ``Mark`` that is put into the image's tally, or taken out. ``SETTING``: anything that JSON can hold.
    ``MODEL``: a ``ModelInUse``. ``KIND``: the ``kind_value`` of the kind that a cell of an image was given, None for
    none; the key of the change is ``kind_key``.
    """

    REVIEW = "review"
    REGION = "region"
    DIAMETER = "diameter"
    LISTED = "listed"
    TRUTHS = "truths"
    MARK = "mark"
    SETTING = "setting"
    MODEL = "model"
    KIND = "kind"


ACCEPTED = " accepted"
"""Behind the key of a kind that was a suggestion; no key has a space."""


def kind_key(cell: int, reading: str = "") -> str:
    """Return the key of the change that gives a cell a kind; ``reading`` names a second differential count."""
    return f"{cell} {reading}".rstrip()


def kind_value(kind: str | None, *, accepted: bool = False) -> str | None:
    """Return what a change stores for the kind of a cell; ``accepted``: the user took over a suggestion."""
    return f"{kind}{ACCEPTED}" if kind and accepted else kind


@dataclass(frozen=True)
class Mark:
    """One mark of a tally: its place in the order of marks, class and position in pixels.

    ``first``: it is the first of a class that was not annotated before.
    """

    index: int
    class_name: str
    x: float
    y: float
    first: bool = False


@dataclass(frozen=True)
class ValueChange:
    """What an edit did to one value: of an image, or of the session (``image`` None). ``key`` names a setting.

    ``before`` is filled in when the edit is recorded.
    """

    subject: Subject
    image: int | None
    after: Any
    key: str = ""
    before: Any = None


@dataclass(frozen=True)
class Edit:
    """What the user changed at once: cells of an image, and values of that image, of others or of the session.

    ``number`` is 0 until it is stored. ``undoes`` is the number of the edit that this one takes back or, if that
    one was itself an undo, redoes. ``continues``: it is one step with the edit before it.
    """

    image: int | None
    name: str
    cells: tuple[CellChange, ...] = ()
    values: tuple[ValueChange, ...] = ()
    undoes: int | None = None
    continues: bool = False
    number: int = 0

    def reversed(self) -> Edit:
        """Return the edit that takes this one back."""
        cells = tuple(replace(one, before=one.after, after=one.before) for one in reversed(self.cells))
        values = tuple(replace(one, before=one.after, after=one.before) for one in reversed(self.values))
        return Edit(self.image, self.name, cells, values, self.number, self.continues)


@dataclass(frozen=True)
class HistoryLine:
    """One line of the history; ``time`` is aware and in UTC, the order is that of ``number``."""

    number: int
    time: datetime
    user: str
    image: int | None
    path: Path | None
    text: str
    undoes: int | None


@dataclass(frozen=True)
class Conflict:
    """A cell for which an edit and a later detection do not agree."""

    number: int
    image: int
    cell: int
    text: str


@dataclass(frozen=True)
class Sample:
    """What was counted, in the laboratory's own words; ``fields`` are (name, text), in order."""

    id: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class SignOff(msgspec.Struct, frozen=True):
    """Somebody answered for a result; ``time`` is aware, ``content`` the hash of what was signed.

    ``head`` and ``state`` tell whether it still holds without counting every image again
    (``core.report.sign_off``); they are "" where schema 1 did not keep them.
    """

    user: str
    time: datetime
    content: str
    version: str
    head: str = ""
    state: str = ""
