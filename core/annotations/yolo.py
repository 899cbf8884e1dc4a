"""YOLO: a text file for each picture, lines of ``class cx cy w h`` in fractions of its size."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.annotations.base import AnnotationError
from core.annotations.collecting import UnreadableError, decode_text, number
from core.annotations.writing import boxes_inside, check_class_names, check_stems, class_numbers, file_stem, write_whole
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import Notices, PictureBoxes, Reading

CLASS_LISTS = ("classes.txt", "obj.names", "data.yaml", "dataset.yaml")
"""Files that name the classes, best first; beside the labels or up to two folders above."""

_FOLDERS_UP = 2
_YAML_NAMES = re.compile(r"^names\s*:", re.MULTILINE)
_PLAIN_NAME = re.compile(r"""'([^'"]+)'|"([^'"\\]+)"|([^\s'"\[\]{}&*!|>@`%,:#][^\[\]{},]*)""")


@dataclass(frozen=True)
class ClassList:
    """The names that class numbers stand for, and the file they come from, if any."""

    names: tuple[str, ...]
    file: Path | None


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
            text = "there is no classes.txt to say what class numbers mean; put it there"
            if meanings:
                text = f"there is no classes.txt, so class numbers are read as {meanings}; add it if that is wrong"
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
            return self._unusable(file, "the class names cannot be read; save the file as UTF-8 text")
        if file.suffix != ".yaml":
            names = [line.strip() for line in text.rstrip().splitlines()]
        elif (names := yaml_names(text)) is None and _YAML_NAMES.search(text):
            return self._unusable(file, "the class names are not a plain list; write them into a classes.txt beside it")
        return ClassList(tuple(names), file) if names else None

    def _unusable(self, file: Path, text: str) -> ClassList:
        # The known classes would not be what the numbers mean
        self.notices.about_file(file, text)
        return ClassList((), file)


def yaml_names(text: str) -> list[str] | None:
    """Return the class names of a plain ``data.yaml``, None if it has none or they are not plain.

    Understood are ``names: [a, b]``, a list of ``- a`` lines, and numbered ``0: a`` lines from 0 on.
    """
    lines = text.splitlines()
    start = next((place for place, line in enumerate(lines) if _YAML_NAMES.match(line)), None)
    if start is None:
        return None
    beside = _without_comment(lines[start].partition(":")[2])
    # YAML lets the dashes of a list stand as far left as its key
    indented = itertools.takewhile(lambda line: re.match(r"[\s#-]|$", line), lines[start + 1 :])
    below = [line for line in map(_without_comment, indented) if line]
    if beside[:1] + beside[-1:] == "[]":
        items = beside[1:-1].split(",")
    elif beside[:1] + beside[-1:] == "{}":
        items = _in_order(beside[1:-1].split(","))
    elif beside:
        return None
    elif all(line.startswith("- ") for line in below):
        items = [line[2:] for line in below]
    else:
        items = _in_order(below)
    found = [_PLAIN_NAME.fullmatch(item.strip()) for item in items]
    names = [next(filter(None, match.groups()), "") for match in found if match]
    return names if names and len(names) == len(items) else None


def _without_comment(text: str) -> str:
    return re.sub(r"(^|\s)#.*", "", text).strip()


def _in_order(entries: list[str]) -> list[str]:
    """Return the values of ``0: a`` entries, empty text where they are not numbered from 0 on."""
    pairs = [entry.partition(":") for entry in entries]
    numbered = {key.strip().strip("'\""): value for key, _, value in pairs}
    return [numbered.get(str(place), "") for place in range(len(pairs))]


def read_yolo(reading: Reading, lines: Sequence[tuple[int, list[str]]], lists: ClassLists) -> Iterator[AnnotatedImage]:
    """Yield the picture of a label file, given as numbered lines of words; a sixth word is a score."""
    picture = reading.picture(reading.path.stem)
    if picture is None:
        return
    # Without a cell there is no class number to explain
    classes = lists.of_folder(reading.path.parent) if lines else ClassList((), None)
    for line, words in lines:
        _read_line(picture, f"line {line}", words, classes)
    if (image := picture.finish()) is not None:
        yield image


def _read_line(picture: PictureBoxes, place: str, words: list[str], classes: ClassList) -> None:
    if len(words) not in (5, 6):
        text = f"has {len(words)} values, but a box has 5: class, centre x and y, width, height; export boxes"
        picture.refuse("values", place, text)
        return
    name = class_name(words[0], classes)
    if name is None:
        source = classes.file or "the list of known classes"
        text = f"has the class number {words[0]}, which {source} does not name; add it to a classes.txt there"
        picture.refuse("class", place, text)
        return
    cx, cy, w, h = (number(word) for word in words[1:5])
    corners: list[float | None] = [None] * 4
    if cx is not None and cy is not None and w is not None and h is not None:
        if max(abs(cx), abs(cy), w, h) > 2:
            picture.refuse("pixels", place, "is not in fractions of the picture's size; export it as YOLO again")
            return
        corners = [
            (cx - w / 2) * picture.width,
            (cy - h / 2) * picture.height,
            (cx + w / 2) * picture.width,
            (cy + h / 2) * picture.height,
        ]
    picture.add(place, name, corners, words[5] if len(words) == 6 else None)


def class_name(word: str, classes: ClassList) -> str | None:
    """Return the name that a class number stands for, None if it stands for none."""
    value = number(word)
    if value is None or not value.is_integer() or not 0 <= value < len(classes.names):
        return None
    return classes.names[int(value)] or None


def write_yolo(folder: Path, images: Sequence[AnnotatedImage], classes: Sequence[str]) -> None:
    """Write ``labels/<picture>.txt`` for each picture and ``classes.txt`` into a folder.

    The layout is that of the trainer's data sets, whose pictures lie in ``images`` beside ``labels``.
    Scores are left out: trainers take five numbers a line.

    Raises
    ------
    AnnotationError
        If two pictures have the same stem, a class is not among the classes, a box has no area, or the
        folder holds labels with other classes, before anything is written; or if a file cannot be written.
    """
    check_class_names(classes)
    check_stems(images)
    _check_same_classes(folder, classes)
    labels = {f"{file_stem(image.file_name)}.txt": label_text(image, classes) for image in images}
    write_whole(folder / "classes.txt", class_list_text(classes))
    for name, data in labels.items():
        write_whole(folder / "labels" / name, data)


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
        raise AnnotationError(f"{printable(folder)}: there are labels with other classes here; choose another folder.")


def class_list_text(classes: Sequence[str]) -> bytes:
    """Return the text of ``classes.txt``: one name a line."""
    return "".join(f"{name}\n" for name in classes).encode("utf-8")


def label_text(image: AnnotatedImage, classes: Sequence[str]) -> bytes:
    """Return the text of a label file, to a millionth of the picture's size."""
    lines: list[str] = []
    boxes = boxes_inside(image).tolist()
    for label, (x1, y1, x2, y2) in zip(class_numbers(image, classes), boxes, strict=True):
        centre = (x1 + x2) / 2 / image.width, (y1 + y2) / 2 / image.height
        size = (x2 - x1) / image.width, (y2 - y1) / image.height
        lines.append(f"{label} {' '.join(f'{value:.6f}' for value in (*centre, *size))}\n")
    return "".join(lines).encode("utf-8")
