"""YOLO: a text file for each image, lines of ``class cx cy w h`` in fractions of its size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import yaml

from core.annotations.base import AnnotationError
from core.annotations.notices import UnreadableError
from core.annotations.parsing import decode_text, number
from core.annotations.writing import boxes_inside, check_class_names, check_stems, class_numbers, file_stem, write_file
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.annotations.base import AnnotatedImage
    from core.annotations.notices import Notices
from core.annotations.parsing import ImageBoxes, Reading

CLASS_LISTS = ("classes.txt", "obj.names", "data.yaml", "data.yml", "dataset.yaml", "_darknet.labels")
"""Files that name the classes, best first; beside the labels or up to two folders above."""

_FEWEST_WITH_KEY_POINTS = 7  # words: class, box, one point
_MOST_LOOK_ODD = 0.5
_ROUNDING = 0.002  # fractions
_FOLDERS_UP = 2
_FARTHEST = 2.0  # fractions; what is farther away is meant in pixels


@dataclass(frozen=True)
class ClassList:
    """The names that class numbers stand for, and the file they come from, if any.

    ``key_points``: how many numbers of key points follow each box, 0 if the file says nothing of it.
    """

    names: tuple[str, ...]
    file: Path | None
    key_points: int = 0


@dataclass(frozen=True)
class ClassLists:
    """Finds the class list of a folder, and remembers it: there may be thousands of labels beside it."""

    default: tuple[str, ...]
    notices: Notices
    _found: dict[Path, ClassList | None] = field(default_factory=dict["Path", "ClassList | None"])

    def of_folder(self, folder: Path) -> ClassList:
        """Return the class list for the labels in a folder, else the default with a notice."""
        found = self.written_for(folder)
        if found is None:
            meanings = ", ".join(f"{place} {name}" for place, name in enumerate(self.default))
            text = gettext("there is no classes.txt to say what class numbers mean; put it there")
            if meanings:
                text = gettext(
                    "there is no classes.txt, so class numbers are read as {meanings}; add it if that is wrong"
                ).format(meanings=meanings)
            self.notices.once(folder, text)
            return ClassList(self.default, None)
        return found

    def written_for(self, folder: Path) -> ClassList | None:
        """Return the class list that lies beside labels in a folder or above."""
        if folder not in self._found:
            above = list(folder.resolve().parents)[:_FOLDERS_UP]
            files = (place / name for place in (folder, *above) for name in CLASS_LISTS)
            self._found[folder] = next((known for file in files if (known := self._read(file)) is not None), None)
        return self._found[folder]

    def _read(self, file: Path) -> ClassList | None:
        try:
            text = decode_text(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, UnreadableError):
            return self._unusable(file, gettext("the class names cannot be read; save the file as UTF-8 text"))
        if file.suffix not in (".yaml", ".yml"):
            names = [line.strip() for line in text.rstrip().splitlines()]
            return ClassList(tuple(names), file) if names else None
        try:
            found = yaml_names(text)
        except ValueError:
            text = gettext("the class names are not a plain list; write them into a classes.txt beside it")
            return self._unusable(file, text)
        return ClassList(tuple(found), file, _key_points(text)) if found else None

    def _unusable(self, file: Path, text: str) -> ClassList:
        # The known classes would not be what the numbers mean
        self.notices.about_file(file, text)
        return ClassList((), file)


def yaml_names(text: str) -> list[str]:
    """Return the class names in a ``data.yaml``: a list, or numbered from 0 on; none if it has no ``names``.

    Raises
    ------
    ValueError
        If it is no YAML, or the names are something else.
    """
    try:
        # every value as text: to YAML, a class NO would be false
        document = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
    names = cast("dict[str, Any]", document).get("names") if isinstance(document, dict) else None
    if names is None:
        return []
    if isinstance(names, dict):
        numbered = cast("dict[str, Any]", names)
        names = [numbered.get(str(place)) for place in range(len(numbered))]
    listed = cast("list[Any]", names) if isinstance(names, list) else []
    if not listed or not all(isinstance(name, str) and name for name in listed):
        raise ValueError(gettext("the names are no list of names"))
    return cast("list[str]", listed)


def _key_points(text: str) -> int:
    """Return how many numbers of key points a ``data.yaml`` says that a line has, 0 if it says nothing of it."""
    document = yaml.load(text, Loader=yaml.BaseLoader)
    shape = cast("dict[str, Any]", document).get("kpt_shape") if isinstance(document, dict) else None
    sides = [number(side) for side in cast("list[Any]", shape)] if isinstance(shape, list) else []
    return int(math.prod(side or 0 for side in sides)) if len(sides) == 2 else 0


def read_yolo(reading: Reading, lines: Sequence[tuple[int, list[str]]], lists: ClassLists) -> Iterator[AnnotatedImage]:
    """Yield the image of a label file, given as numbered lines of words.

    A line has a class and a box, ``class cx cy w h``, or a class and an outline, ``class x1 y1 x2 y2 x3 y3 ...``, and
    after either of them a score. After a box may come key points, two or three numbers each; they are left out.
    """
    image = reading.image(reading.path.stem)
    if image is None:
        return
    # Without a cell there is no class number to explain
    classes = lists.of_folder(reading.path.parent) if lines else ClassList((), None)
    poses = _poses([words for _, words in lines], classes.key_points)
    for (line, words), has_key_points in zip(lines, poses, strict=True):
        place = gettext("line {line}").format(line=line)
        if has_key_points:
            text = gettext("has key points beside its box, which are left out; check that the box is right")
            reading.remark("keypoints", place, text)
        _read_line(image, place, words[:5] if has_key_points else words, classes)
    if (annotated := image.finish()) is not None:
        yield annotated


def _poses(lines: Sequence[list[str]], stated: int) -> list[bool]:
    """Tell of each line whether it has a box and key points, which look like an outline.

    Where no file says how many numbers they are, all lines are as long, the points lie in the boxes, and read as
    outlines their second corner, which is a width and height, lies far from all others in some of them.
    """
    if stated:
        return [len(words) in (5 + stated, 6 + stated) for words in lines]
    lengths = {len(words) for words in lines}
    if len(lengths) != 1 or lengths.pop() < _FEWEST_WITH_KEY_POINTS:
        return [False] * len(lines)
    values = [[number(word) for word in words[1:]] for words in lines]
    if any(value is None for line in values for value in line):
        return [False] * len(lines)
    numbers = np.array(values, np.float64)
    return [_have_key_points(numbers) or _have_key_points(numbers[:, :-1])] * len(lines)


def _have_key_points(values: NDArray[np.float64]) -> bool:
    boxes, rest = values[:, :4], values[:, 4:]
    for of_one in (3, 2):
        if not rest.shape[1] or rest.shape[1] % of_one:
            continue
        points = rest.reshape(len(rest), -1, of_one)
        if of_one == 3 and not np.isin(points[..., 2], (0, 1, 2)).all():
            continue
        places = points[..., :2]
        unseen = ~places.any(axis=2)  # written as zeros
        inside = (np.abs(places - boxes[:, None, :2]) <= boxes[:, None, 2:] / 2 + _ROUNDING).all(axis=2)
        others = np.concatenate([boxes[:, None, :2], places], axis=1)
        low, high = others.min(axis=1), others.max(axis=1)
        away = np.maximum(np.maximum(low - boxes[:, 2:], boxes[:, 2:] - high), 0).max(axis=1)
        far = away > np.maximum(high - low, _ROUNDING).max(axis=1)
        if (inside | unseen).all() and (of_one == 3 or far.mean() > _MOST_LOOK_ODD):
            return True
    return False


def _read_line(image: ImageBoxes, place: str, words: list[str], classes: ClassList) -> None:
    if len(words) < 5:
        text = gettext("has {count} values, but a box has 5: class, centre x and y, width, height; export boxes")
        image.refuse("values", place, text.format(count=len(words)))
        return
    name = class_name(words[0], classes)
    if name is None:
        source = classes.file or gettext("the list of known classes")
        text = gettext("has the class number {number}, which {source} does not name; add it to a classes.txt there")
        image.refuse("class", place, text.format(number=words[0], source=source))
        return
    values = [number(word) for word in words[1:]]
    score = words[-1] if len(words) % 2 == 0 else None
    places = values if score is None else values[:-1]
    if any(value is not None and abs(value) > _FARTHEST for value in places):
        text = gettext("is not in fractions of the image's size; export it as YOLO again")
        image.refuse("pixels", place, text)
        return
    if len(places) > 4:
        sides = (image.width, image.height)
        outline = [None if value is None else value * sides[at % 2] for at, value in enumerate(places)]
        image.add_outline(place, name, [outline], score)
        return
    corners: list[float | None] = [None] * 4
    match places:
        case [float(cx), float(cy), float(w), float(h)]:
            x, y, half_w, half_h = cx * image.width, cy * image.height, w * image.width / 2, h * image.height / 2
            corners = [x - half_w, y - half_h, x + half_w, y + half_h]
        case _:
            pass
    image.add(place, name, corners, score)


def class_name(word: str, classes: ClassList) -> str | None:
    """Return the name that a class number stands for, None if it stands for none."""
    value = number(word)
    if value is None or not value.is_integer() or not 0 <= value < len(classes.names):
        return None
    return classes.names[int(value)] or None


def write_yolo(folder: Path, images: Sequence[AnnotatedImage], classes: Sequence[str]) -> None:
    """Write ``labels/<image>.txt`` for each image and ``classes.txt`` into a folder.

    The layout is that of the trainer's data sets, whose images lie in ``images`` beside ``labels``.
    Scores are left out: trainers take five numbers a line.

    Raises
    ------
    AnnotationError
        If two images have the same stem, a class is not among the classes, a box has no area, or the
        folder holds labels with other classes, before anything is written; or if a file cannot be written.
    """
    check_class_names(classes)
    check_stems(images)
    _check_same_classes(folder, classes)
    labels = {f"{file_stem(image.file_name)}.txt": label_text(image, classes) for image in images}
    write_file(folder / "classes.txt", class_list_text(classes))
    for name, data in labels.items():
        write_file(folder / "labels" / name, data)


def _check_same_classes(folder: Path, classes: Sequence[str]) -> None:
    """Refuse to give labels that are there other classes than they were written with."""
    file = folder / "classes.txt"
    if not (folder / "labels").is_dir() or not file.exists():
        return
    try:
        same = file.read_bytes().split() == class_list_text(classes).split()
    except OSError:
        same = False
    if not same:
        text = gettext("{folder}: there are labels with other classes here; choose another folder.")
        raise AnnotationError(text.format(folder=printable(folder)))


def class_list_text(classes: Sequence[str]) -> bytes:
    """Return the text of ``classes.txt``: one name a line."""
    return "".join(f"{name}\n" for name in classes).encode("utf-8")


def label_text(image: AnnotatedImage, classes: Sequence[str]) -> bytes:
    """Return the text of a label file, to a millionth of the image's size."""
    lines: list[str] = []
    boxes = boxes_inside(image).tolist()
    for label, (x1, y1, x2, y2) in zip(class_numbers(image, classes), boxes, strict=True):
        centre = (x1 + x2) / 2 / image.width, (y1 + y2) / 2 / image.height
        size = (x2 - x1) / image.width, (y2 - y1) / image.height
        lines.append(f"{label} {' '.join(f'{value:.6f}' for value in (*centre, *size))}\n")
    return "".join(lines).encode("utf-8")
