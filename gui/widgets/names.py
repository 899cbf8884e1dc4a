"""Long names of files, shortened where they do not differ."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtGui import QFontMetrics

_TAIL_SHARE = 0.66
_ALIKE = 8  # letters in which names must agree to be of one series
_SHORTEST = 6  # a shared part that is shorter stays


class Names:
    """Names that are listed together: of each it is known from where on it differs from the ones most like it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._ordered = sorted(set(names))

    def fitting(self, name: str, width: int, metrics: QFontMetrics) -> str:
        """Return a name so that it fits into a width in pixels, and can be told from the others."""
        if metrics.horizontalAdvance(name) <= width:
            return name
        tail = name[self._differs_from(name) :]
        if tail == name:
            return _cut(name, width, metrics)
        tail = _cut(tail, round(_TAIL_SHARE * width), metrics)
        head = name[: len(name) - len(tail)]
        room = width - metrics.horizontalAdvance("…" + tail)
        while head and metrics.horizontalAdvance(head) > room:
            head = head[:-1]
        return f"{head}…{tail}"

    def _differs_from(self, name: str) -> int:
        """Return from which letter on a name differs from its neighbours in the alphabet, the most like it."""
        place = bisect_left(self._ordered, name)
        if self._ordered[place : place + 1] != [name]:
            return 0
        alike = (*self._ordered[max(place - 1, 0) : place], *self._ordered[place + 1 : place + 2])
        shared = (len(os.path.commonprefix((name, other))) for other in alike)  # noqa: RUF071  by letters
        return _token_start(name, max(shared, default=0))


def _token_start(name: str, place: int) -> int:
    """Return where the number or word begins that a place in a name is in; 0 near the start."""
    digits = re.search(r"\d+$", name[:place])
    place = digits.start() if digits else place
    word = re.search(r"[^\W\d_]+[-_ ]?$", name[:place])
    return word.start() if word and place - word.start() <= 8 else place


def _cut(text: str, width: int, metrics: QFontMetrics) -> str:
    """Cut a text at its end."""
    if metrics.horizontalAdvance(text) <= width:
        return text
    while text and metrics.horizontalAdvance(text + "…") > width:
        text = text[:-1]
    return text + "…"


def without_shared(names: Sequence[str]) -> list[str]:
    """Return names of files without what those of one series share: ``…Field-017…`` of long names, each in its place.

    What remains still tells them apart, begins and ends at whole words, and is as before where nothing is shared.
    """
    series: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        series.setdefault(name[:_ALIKE], []).append(name)
    short: dict[str, str] = {}
    for members in series.values():
        short |= _shortened(members)
    return [short[name] for name in names]


def _shortened(names: list[str]) -> dict[str, str]:
    """Return names of one series by their full ones."""
    if len(names) < 2:
        return {name: name for name in names}
    start = len(re.sub(r"[^_ .]*$", "", _beginning(names)))
    rest = [name[start:] for name in names]
    ending = _beginning([name[::-1] for name in rest])[::-1]
    end = len(re.sub(r"^[^_ .]*", "", ending))
    start, end = (part if part >= _SHORTEST else 0 for part in (start, end))
    cut = {name: name[start : len(name) - end] for name in names}
    if any(not text for text in cut.values()):
        return {name: name for name in names}
    return {name: ("…" if start else "") + text + ("…" if end else "") for name, text in cut.items()}


def _beginning(names: Sequence[str]) -> str:
    """Return the letters with which all names begin."""
    low, high = min(names), max(names)
    alike = next((place for place, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    return low[:alike]
