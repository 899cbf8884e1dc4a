"""Collecting the boxes of an image and what is wrong with them, whatever the format."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.annotations.base import SMALLEST_SIDE, AnnotatedImage, base_name
from core.annotations.notices import UnreadableError
from core.annotations.orientation import UPRIGHT, ImageInfo, Size, upright_boxes, upright_points
from core.classes import canonical_class
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.annotations.notices import Notices

Corners = tuple[float, float, float, float]

_NO_CONTOUR = np.zeros((0, 2))
_BEYOND = 1.0  # pixels that a rounded box may reach beyond the border without a notice
POINT_REFUSED = gettext("it marks cells with points, which have no size; say how many pixels wide the cells are")
NOT_A_NUMBER = gettext("has a coordinate that is not a number; correct or delete it")


class ImageFinder(Protocol):
    """Finds open images by the names that annotations give them."""

    def __call__(self, name: str, file: Path, stated: Size | None, /) -> Sequence[ImageInfo]:
        """Return the images that a name in an annotation file may mean: none, the one, or several alike.

        ``name`` has folders and a suffix or not; ``stated`` is the size in pixels that the file gives, if it does.
        """
        ...


@dataclass(frozen=True)
class Context:
    """What is known while files are read, and what is collected about all of them.

    ``known`` are the classes that names are matched to; ``point_diameter`` is the side in pixels of the boxes that are
    made of points. Where a file does not say which way round an image lay that the camera turned, ``stored_rows``
    decides, and the image is ``undecided``. ``unmatched`` are names of which no image, or no one image, is open.
    """

    known: tuple[str, ...]
    find: ImageFinder
    notices: Notices
    point_diameter: float | None = None
    stored_rows: bool = False
    undecided: list[str] = field(default_factory=list[str])
    unmatched: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Reading:
    """One file that is being read."""

    path: Path
    context: Context

    @property
    def known(self) -> tuple[str, ...]:
        """The classes that names are matched to."""
        return self.context.known

    @property
    def notices(self) -> Notices:
        """What is reported to the user."""
        return self.context.notices

    def image(self, name: str, stated: Size | None = None, others: Sequence[str] = ()) -> ImageBoxes | None:
        """Begin collecting the boxes of an image; None, with a notice, if its size is unknown or wrong.

        Parameters
        ----------
        name
            The name of the image.
        stated
            The width and height that the file states, if it does.
        others
            Names by which the image may be open if it is not by its own.
        """
        found: Sequence[ImageInfo] = ()
        for form in dict.fromkeys((name, base_name(name), *others)):
            if found := self.context.find(form, self.path, stated):
                name = form
                break
        if len(found) > 1:
            places = " {} ".format(gettext("and")).join(str(info.path) for info in found)
            text = gettext("{name} may be {places}; choose which it is, or rename one of them")
            self._unmatched(name, text.format(name=name, places=places), "several")
            return None
        if not found:
            if stated is None:
                text = gettext("the image {name} is missing or cannot be read; open it first, or name its folder")
                self._unmatched(name, text.format(name=name), "size unknown")
                return None
            return ImageBoxes(self, name, ImageInfo(*stated), stated)
        return self._of_image(name, found[0], stated)

    def _of_image(self, name: str, info: ImageInfo, stated: Size | None) -> ImageBoxes | None:
        if stated is not None and stated not in (info.size, info.stored_size):
            text = gettext(
                "the boxes of {name} were drawn on {width} × {height} pixels, but the image has {real_width} × "
                "{real_height}; open the image that was annotated"
            )
            width, height = stated
            values = {"width": width, "height": height, "real_width": info.width, "real_height": info.height}
            self.notices.about_file(self.path, text.format(name=name, **values), "size differs")
            return None
        if stated is not None and info.size != info.stored_size:
            return ImageBoxes(self, name, info, stated)
        if info.orientation != UPRIGHT:
            self.context.undecided.append(name if info.path is None else info.path.name)
            if self.context.stored_rows:
                return ImageBoxes(self, name, info, info.stored_size, turned=True)
        return ImageBoxes(self, name, info, info.size)

    def _unmatched(self, name: str, text: str, kind: str) -> None:
        self.context.unmatched.append(name)
        self.notices.about_file(self.path, text, kind)

    def refuse(self, kind: str, place: str, text: str) -> None:
        """Report what is wrong at a place in the file."""
        self.notices.about_line(self.path, kind, place, text)

    def remark(self, kind: str, place: str, text: str) -> None:
        """Report what is odd at a place in the file and was used."""
        self.notices.remark(self.path, kind, place, text)


class ImageBoxes:
    """The boxes of one image as they come in; what cannot be used is reported and left out.

    ``width`` and ``height`` are those of the image as it was drawn on: upright, or the rows as they are stored.
    """

    def __init__(self, reading: Reading, file_name: str, info: ImageInfo, drawn_on: Size, *, turned: bool = False):
        self.file_name = file_name
        self.width, self.height = drawn_on
        self._reading = reading
        self._info = info
        self._orientation = info.orientation if turned or drawn_on != info.size else UPRIGHT
        self._boxes: list[Corners] = []
        self._names: list[str] = []
        self._scores: list[float | None] = []
        self._contours: list[NDArray[np.float64]] = []
        self._points: list[bool] = []
        self._refused = 0
        self._crowds: list[str] = []
        self._in_fractions = False

    def add(
        self, place: str, name: str, corners: Sequence[object], score: object = None, *, any_direction: bool = False
    ) -> None:
        """Add a box with the corners ``x1 y1 x2 y2`` in pixels; ``place`` says where it stands in the file.

        With ``any_direction`` the program that wrote it keeps the corners as they were drawn, whichever came first.
        """
        x1, y1, x2, y2 = (number(value) for value in corners)
        if x1 is None or y1 is None or x2 is None or y2 is None:
            self.refuse("no number", place, NOT_A_NUMBER)
            return
        box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        if (x2 < x1 or y2 < y1) and not any_direction and not _is_flat(box):
            text = gettext("has its corners swapped, which were sorted; check that the box is right")
            self._reading.remark("swapped", place, text)
        self._add(place, name, box, score)

    def add_outline(
        self, place: str, name: str, parts: Sequence[Sequence[object]], score: object = None, box: Sequence[object] = ()
    ) -> None:
        """Add a cell by its outline.

        Parameters
        ----------
        parts
            The polygons of the outline, each ``x1 y1 x2 y2 ...`` in pixels. The largest becomes the contour, the box
            is that of all.
        box
            The corners of the box, if the file gives them too.
        """
        outlines: list[NDArray[np.float64]] = []
        for part in parts:
            values = [number(value) for value in part]
            if len(values) < 2 or len(values) % 2 or None in values:
                text = gettext("has an outline that is not pairs of numbers; draw it again or delete it")
                self.refuse("outline", place, text)
                return
            outlines.append(np.array(values, np.float64).reshape(-1, 2))
        if not outlines:
            self.refuse("outline", place, gettext("has an outline without points; draw it again or delete it"))
            return
        contour = max(outlines, key=lambda outline: abs(_doubled_area(outline)))
        if any(_is_apart(outline, contour) for outline in outlines):
            text = gettext("has {n:,} outlines far apart, taken as one cell; draw each by itself if they are several")
            self._reading.remark("apart", place, text.format(n=len(outlines)))
        corners = [number(value) for value in box]
        if len(corners) != 4 or None in corners:
            every = np.concatenate(outlines)
            corners = [*every.min(axis=0).tolist(), *every.max(axis=0).tolist()]
        x1, y1, x2, y2 = (float(value or 0.0) for value in corners)
        self._add(place, name, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), score, contour)

    def add_point(self, place: str, name: str, x: object, y: object) -> None:
        """Add a cell of which only a point is known, with a square around it."""
        side = self._reading.context.point_diameter
        if side is None:
            self._refused += 1
            self._reading.notices.about_file(self._reading.path, POINT_REFUSED, "points")
            return
        cx, cy = number(x), number(y)
        if cx is None or cy is None:
            self.refuse("no number", place, NOT_A_NUMBER)
            return
        square = (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
        if 0 <= cx <= self.width and 0 <= cy <= self.height:
            square = self._inside(square)  # that a cell reaches beyond the border is no fault of its point
        self._add(place, name, square, None, point=True)

    def refuse(self, kind: str, place: str, text: str) -> None:
        """Leave out what stands at a place in the file, and report why."""
        self._refused += 1
        self._reading.refuse(kind, place, text)

    def leave_out_crowd(self, place: str, name: str) -> None:
        """Leave out many cells in one outline, whose number nobody knows, and remark on it."""
        self._refused += 1
        self._crowds.append(canonical_class(name, self._reading.known) or name)
        text = gettext("marks a crowd of cells (iscrowd), whose number is not known; box each of them")
        self._reading.remark("crowd", place, text)

    def _add(
        self,
        place: str,
        name: str,
        box: Corners,
        score: object,
        contour: NDArray[np.float64] | None = None,
        *,
        point: bool = False,
    ) -> None:
        name = " ".join(name.split())
        inside = self._inside(box)
        image = f"{self.file_name} ({self.width} × {self.height})"
        if not name:
            self.refuse("nameless", place, gettext("has no class name; write one"))
        elif not _is_score_or_none(score):
            self.refuse("score", place, gettext("has a score that is not between 0 and 1; correct or delete it"))
        elif _is_flat(box) and min(box) >= 0 and max(box) <= 1 and box[0] < box[2] and box[1] < box[3]:
            text = gettext("has its corners in fractions of the image's size; export them in pixels")
            self.refuse("fractions", place, text)
            self._in_fractions = True
        elif _is_flat(box):
            self.refuse("empty", place, gettext("has a box without area; draw it again or delete it"))
        elif _is_flat(inside):
            text = gettext("has a box outside the image {image}; check that it belongs to this image, and delete it")
            self.refuse("outside", place, text.format(image=image))
        else:
            if max(abs(was - now) for was, now in zip(box, inside, strict=True)) > _BEYOND:
                text = gettext(
                    "has a box that reaches beyond the image {image} and is cut at the border; "
                    "check that it belongs there"
                )
                self._reading.refuse("cut", place, text.format(image=image))
            self._boxes.append(inside)
            self._names.append(canonical_class(name, self._reading.known) or name)
            self._scores.append(number(score))
            self._contours.append(_NO_CONTOUR if contour is None else contour)
            self._points.append(point)

    def _inside(self, box: Corners) -> Corners:
        x1, y1, x2, y2 = box
        width, height = float(self.width), float(self.height)
        return min(max(x1, 0.0), width), min(max(y1, 0.0), height), min(max(x2, 0.0), width), min(max(y2, 0.0), height)

    def finish(self) -> AnnotatedImage | None:
        """Return the image; None if nothing in it was usable, which is not the same as no cells."""
        if any(self._points) and not all(self._points):
            self._leave_out_points()
        if self._in_fractions:  # so are those that could be a box of one pixel
            self._keep([place for place, box in enumerate(self._boxes) if max(box) > 1])
        if self._refused and not self._boxes:
            return None
        scores = None
        if any(score is not None for score in self._scores):
            # What somebody drew among scored boxes is certain
            scores = np.array([1 if score is None else score for score in self._scores], np.float32)
        boxes = np.array(self._boxes, np.float64).reshape(-1, 4)
        drawn_on = self.width, self.height
        contours = None
        if any(len(contour) for contour in self._contours):
            upright = (upright_points(contour, drawn_on, self._orientation) for contour in self._contours)
            contours = tuple(np.clip(contour, 0, self._info.size).astype(np.float32) for contour in upright)
        return AnnotatedImage(
            self.file_name,
            *self._info.size,
            upright_boxes(boxes, drawn_on, self._orientation).astype(np.float32),
            tuple(self._names),
            scores,
            any(self._points),
            contours,
            self._info.id,
            self._refused,
            tuple(dict.fromkeys(self._crowds)),
        )

    def _leave_out_points(self) -> None:
        """Points among boxes say nothing about size: an image is one or the other."""
        kept = [place for place, point in enumerate(self._points) if not point]
        text = gettext("marks some cells of {name} with points, which are left out; draw boxes there")
        self._reading.notices.about_file(self._reading.path, text.format(name=self.file_name), "points among boxes")
        self._keep(kept)

    def _keep(self, kept: Sequence[int]) -> None:
        """Leave out all cells but those at some places."""
        self._refused += len(self._boxes) - len(kept)
        self._boxes = [self._boxes[place] for place in kept]
        self._names = [self._names[place] for place in kept]
        self._scores = [self._scores[place] for place in kept]
        self._contours = [self._contours[place] for place in kept]
        self._points = [self._points[place] for place in kept]


def _is_flat(box: Corners) -> bool:
    return box[2] - box[0] < SMALLEST_SIDE or box[3] - box[1] < SMALLEST_SIDE


def _is_apart(outline: NDArray[np.float64], of: NDArray[np.float64]) -> bool:
    """Tell whether an outline is farther from the largest one of a cell than that is wide or high."""
    gap = np.maximum(np.maximum(of.min(axis=0) - outline.max(axis=0), outline.min(axis=0) - of.max(axis=0)), 0)
    return float(np.hypot(*gap)) > float(np.ptp(of, axis=0).max())


def _doubled_area(outline: NDArray[np.float64]) -> float:
    x, y = outline[:, 0], outline[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


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
        raise UnreadableError(gettext("the file is not UTF-8 text; save it as UTF-8")) from error
