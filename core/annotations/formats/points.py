"""Point files: lines of ``x y class`` in pixels, such as those of Chula RBC-12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.annotations.formats.yolo import class_name
from core.annotations.parsing import POINT_REFUSED
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.formats.yolo import ClassLists
    from core.annotations.parsing import Reading


def read_points(
    reading: Reading, lines: Sequence[tuple[int, list[str]]], lists: ClassLists
) -> Iterator[AnnotatedImage]:
    """Yield the image of a point file, given as numbered lines of words, with a square around each point.

    Without a side for the squares there is a notice and no image: a size that nobody measured must not look like a
    measurement. Numbers of classes that no class list names become ``type 7``: the known classes of the program are
    not what such files number.
    """
    if reading.context.point_diameter is None:
        reading.notices.about_file(reading.path, POINT_REFUSED, "points")
        return
    image = reading.image(reading.path.stem)
    if image is None:
        return
    classes = lists.written_for(reading.path.parent)
    for line, words in lines:
        place = gettext("line {line}").format(line=line)
        if len(words) != 3:
            text = gettext("has {count} values, but a point has 3: x, y, class; correct it")
            image.refuse("values", place, text.format(count=len(words)))
            continue
        name = f"type {words[2]}" if classes is None else class_name(words[2], classes)
        if name is None:
            text = gettext("has a class {name!r} that is not in the class list; add it there")
            image.refuse("class", place, text.format(name=words[2]))
            continue
        image.add_point(place, name, words[0], words[1])
    if (annotated := image.finish()) is not None:
        yield annotated
