"""Collecting the boxes of a picture and what is wrong with them, whatever the format."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.annotations.base import SMALLEST_SIDE, AnnotatedImage, base_name
from core.classes import canonical_class
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Size = tuple[int, int]

_ALSO_NAMED = 3
_BEYOND = 1.0  # pixels that a rounded box may reach beyond the border without a word


class UnreadableError(Exception):
    """An annotation file that cannot be used; the message says why and what to do, but not which file."""


class NotAnnotationsError(UnreadableError):
    """A file that is something else than annotations, which need not be a fault."""


class Notices:
    """Sentences for the person; those of one kind about one file or folder become one sentence."""

    def __init__(self) -> None:
        self._said: dict[tuple[Path, str], str] = {}
        self._also: defaultdict[tuple[Path, str], list[str]] = defaultdict(list)

    def about_line(self, path: Path, kind: str, place: str, text: str) -> None:
        """Say what is wrong at a place in a file, such as ``line 7``; grouped by file and kind."""
        self._add((path, kind), f"{path}: {place} {text}", place)

    def about_file(self, path: Path, text: str, kind: str | None = None) -> None:
        """Say what is wrong with a file; grouped by folder and kind, or on its own without a kind."""
        key = (path, text) if kind is None else (path.parent, kind)
        self._add(key, f"{path}: {text}", path.name)

    def once(self, folder: Path, text: str) -> None:
        """Say something of a folder, and only once."""
        self._said.setdefault((folder, text), f"{folder}: {text}")

    def _add(self, key: tuple[Path, str], sentence: str, item: str) -> None:
        if key in self._said:
            self._also[key].append(item)
        else:
            self._said[key] = sentence

    def sentences(self) -> tuple[str, ...]:
        """Return everything that was said, in order."""
        return tuple(printable(f"{text}{self._others(key)}.") for key, text in self._said.items())

    def _others(self, key: tuple[Path, str]) -> str:
        also = list(dict.fromkeys(self._also[key]))
        if not also:
            return ""
        more = len(also) - _ALSO_NAMED
        return f" (also {', '.join(also[:_ALSO_NAMED])}{f' and {more} more' if more > 0 else ''})"


@dataclass(frozen=True)
class Reading:
    """One file that is being read, and what is known while reading it.

    ``sizes`` returns width and height of an open picture by file name or stem, None for others.
    """

    path: Path
    known: tuple[str, ...]
    sizes: Callable[[str], Size | None]
    notices: Notices

    def picture(self, name: str, stated: Size | None = None, others: Sequence[str] = ()) -> PictureBoxes | None:
        """Begin collecting the boxes of a picture; None, with a notice, if its size is unknown or wrong.

        Parameters
        ----------
        name
            The name of the picture.
        stated
            The width and height that the file states, if it does.
        others
            Names by which the picture may be open if it is not by its own.
        """
        size = stated
        for form in dict.fromkeys((name, base_name(name), *others)):
            if (known := self.sizes(form)) is not None:
                name, size = form, known
                break
        if size is None:
            text = f"the picture {name} is missing or cannot be read; open it first, or name the folder that it is in"
            self.notices.about_file(self.path, text, "size unknown")
            return None
        if stated is not None and stated != size:
            text = (
                f"the boxes of {name} were drawn on {stated[0]} × {stated[1]} pixels, but the picture has "
                f"{size[0]} × {size[1]}; open the picture that was annotated"
            )
            self.notices.about_file(self.path, text, "size differs")
            return None
        return PictureBoxes(self, name, *size)

    def refuse(self, kind: str, place: str, text: str) -> None:
        """Say what is wrong at a place in the file."""
        self.notices.about_line(self.path, kind, place, text)


@dataclass
class PictureBoxes:
    """The boxes of one picture as they come in; what cannot be used is said and left out."""

    reading: Reading
    file_name: str
    width: int
    height: int
    _boxes: list[list[float]] = field(default_factory=list[list[float]])
    _names: list[str] = field(default_factory=list[str])
    _scores: list[float | None] = field(default_factory=list["float | None"])
    _refused: int = 0

    def add(self, place: str, name: str, corners: Sequence[object], score: object = None) -> None:
        """Take in a box ``x1 y1 x2 y2`` in pixels; ``place`` tells the person where it stands."""
        x1, y1, x2, y2 = (number(value) for value in corners)
        name = " ".join(name.split())
        if not name:
            self.refuse("nameless", place, "has no class name; write one")
        elif x1 is None or y1 is None or x2 is None or y2 is None:
            self.refuse("no number", place, "has a coordinate that is not a number; correct or delete it")
        elif not _is_score_or_none(score):
            self.refuse("score", place, "has a score that is not between 0 and 1; correct or delete it")
        elif x2 - x1 < SMALLEST_SIDE or y2 - y1 < SMALLEST_SIDE:
            self.refuse("empty", place, "has a box without area; draw it again or delete it")
        else:
            self._add_box(place, name, [x1, y1, x2, y2], number(score))

    def _add_box(self, place: str, name: str, box: list[float], score: float | None) -> None:
        limits = (self.width, self.height, self.width, self.height)
        inside = [min(max(value, 0.0), float(limit)) for value, limit in zip(box, limits, strict=True)]
        of_picture = f"the picture {self.file_name} ({self.width} × {self.height})"
        if inside[2] - inside[0] < SMALLEST_SIDE or inside[3] - inside[1] < SMALLEST_SIDE:
            text = f"has a box outside {of_picture}; check that it belongs to this picture, and delete it"
            self.refuse("outside", place, text)
            return
        if max(abs(was - now) for was, now in zip(box, inside, strict=True)) > _BEYOND:
            text = f"has a box that reaches beyond {of_picture} and is cut at the border; check that it belongs there"
            self.reading.refuse("cut", place, text)
        self._boxes.append(inside)
        self._names.append(canonical_class(name, self.reading.known) or name)
        self._scores.append(score)

    def refuse(self, kind: str, place: str, text: str) -> None:
        """Leave out what stands at a place in the file, and say why."""
        self._refused += 1
        self.reading.refuse(kind, place, text)

    def finish(self) -> AnnotatedImage | None:
        """Return the picture; None if nothing in it was usable, which is not the same as no cells."""
        if self._refused and not self._boxes:
            return None
        scores = None
        if any(score is not None for score in self._scores):
            # What a person drew among scored boxes is certain
            scores = np.array([1 if score is None else score for score in self._scores], np.float32)
        boxes = np.array(self._boxes, np.float32).reshape(-1, 4)
        return AnnotatedImage(self.file_name, self.width, self.height, boxes, tuple(self._names), scores)


def number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and "_" in value:  # 1_000 is a number to Python only
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def _is_score_or_none(value: object) -> bool:
    if value is None or value == "":
        return True
    score = number(value)
    return score is not None and 0 <= score <= 1


def pixel_size(width: object, height: object) -> Size | None:
    """Return the size that a file states, None if it states none."""
    sides = [number(width), number(height)]
    whole = [int(side) for side in sides if side is not None and side >= 1 and side.is_integer()]
    return (whole[0], whole[1]) if len(whole) == 2 else None


def decode_text(data: bytes) -> str:
    """Return the text of a file, with or without a byte order mark.

    Raises
    ------
    UnreadableError
        If it is neither UTF-8 nor marked UTF-16.
    """
    utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("the file is not UTF-8 text; save it as UTF-8") from error
