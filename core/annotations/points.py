"""Point files: lines of ``x y class`` in pixels, such as those of Chula RBC-12."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.annotations.collecting import number
from core.annotations.yolo import class_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import Reading
    from core.annotations.yolo import ClassLists


def read_points(
    reading: Reading, lines: Sequence[tuple[int, list[str]]], lists: ClassLists, diameter: float | None
) -> Iterator[AnnotatedImage]:
    """Yield the picture of a point file, given as numbered lines of words, with a square round each point.

    The side of the squares is ``diameter`` pixels. Without one there is a notice and no picture: a size
    that nobody measured must not look like a measurement. Numbers of classes that no class list
    names become ``type 7``: the known classes of the program are not what such files number.
    """
    if diameter is None:
        text = "it marks cells with points, which have no size; say how many pixels wide the cells are"
        reading.notices.about_file(reading.path, text, "points")
        return
    picture = reading.picture(reading.path.stem)
    if picture is None:
        return
    classes = lists.written_for(reading.path.parent)
    for line, words in lines:
        place = f"line {line}"
        if len(words) != 3:
            picture.refuse("values", place, f"has {len(words)} values, but a point has 3: x, y, class; correct it")
            continue
        name = f"type {words[2]}" if classes is None else class_name(words[2], classes)
        if name is None:
            text = f"has a class {words[2]!r} that is not in the class list; add it there"
            picture.refuse("class", place, text)
            continue
        x, y = number(words[0]), number(words[1])
        corners: list[float | None] = [None] * 4
        if x is not None and y is not None:
            square = [x - diameter / 2, y - diameter / 2, x + diameter / 2, y + diameter / 2]
            limits = (picture.width, picture.height) * 2
            inside = 0 <= x <= picture.width and 0 <= y <= picture.height
            # That a cell reaches beyond the border is no fault of its point
            corners = [min(max(v, 0.0), limit) if inside else v for v, limit in zip(square, limits, strict=True)]
        picture.add(place, name, corners)
    if (image := picture.finish()) is not None:
        yield replace(image, points=True)
