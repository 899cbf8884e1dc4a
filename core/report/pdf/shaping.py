"""Texts in scripts that run from right to left, or whose letters change with their neighbours, on paper.

HarfBuzz shapes the letters, and the Unicode bidirectional algorithm orders them; lines are broken between words.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bidi.algorithm import (  # pyright: ignore[reportMissingTypeStubs]
    explicit_embed_and_overrides,
    get_base_level,
    get_embedding_levels,
    get_empty_storage,
    resolve_implicit_levels,
    resolve_neutral_types,
    resolve_weak_types,
)
from bidi.mirror import MIRRORED  # pyright: ignore[reportMissingTypeStubs]
from reportlab.lib.abag import ABag
from reportlab.lib.enums import TA_RIGHT
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import shapeFragWord
from reportlab.platypus import Flowable
from uharfbuzz import Buffer  # pyright: ignore[reportMissingTypeStubs, reportAttributeAccessIssue]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reportlab.lib.styles import ParagraphStyle

_FEATURES = {"kern": True, "liga": True}  # not those at discretion, which write a name with other signs
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_WITHOUT_ORDER = ("BN", "LRE", "RLE", "LRO", "RLO", "PDF")
"""What the algorithm takes out, such as joiners."""


@dataclass(frozen=True)
class Piece:
    """Shaped letters of one font and one direction, ``width`` points wide; ``level`` is odd from right to left."""

    text: Any
    font: str
    level: int
    width: float


Word = tuple[Piece, ...]


class ShapedText(Flowable):
    """A paragraph of shaped text, as wide as it may be; ``runs`` are its pieces with their fonts, in reading order."""

    def __init__(self, runs: Iterable[tuple[str, str]], style: ParagraphStyle) -> None:
        super().__init__()
        self.style = style
        self._words = list(_words([(font or style.fontName, text) for font, text in runs], style.fontSize))
        self._lines: list[list[Piece]] = []

    def getSpaceBefore(self) -> float:
        """Return the room above, in points."""
        return self.style.spaceBefore

    def getSpaceAfter(self) -> float:
        """Return the room below, in points."""
        return self.style.spaceAfter

    def minWidth(self) -> float:
        """Return the width of the widest word, in points."""
        return max((_width(word) for word in self._words), default=0.0)

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:
        """Break the text into lines; return how much room it takes, in points."""
        del aH
        space = stringWidth(" ", self.style.fontName, self.style.fontSize)
        lines: list[list[Word]] = [[]]
        used = 0.0
        for word in self._words:
            width = _width(word)
            if lines[-1] and used + space + width > aW:
                lines.append([])
                used = 0.0
            used += width + (space if lines[-1] else 0.0)
            lines[-1].append(word)
        self._lines = [_joined(line, self.style.fontName, space) for line in lines]
        self.width, self.height = aW, self.style.leading * len(lines)
        return aW, self.height

    def split(self, aW: float, aH: float) -> list[Any]:
        """Return nothing: such texts are names and short notes, and go to the next page as a whole."""
        del aW, aH
        return []

    def draw(self) -> None:
        """Draw the lines, each in the order in which it is seen."""
        canvas: Any = self.canv
        canvas.saveState()
        canvas.setFillColor(self.style.textColor)
        baseline = self.height - self.style.fontSize
        for line in self._lines:
            x = self.width - _width(line) if self.style.alignment == TA_RIGHT else 0.0
            for piece in _as_seen(line):
                writer = canvas.beginText(x, baseline)
                writer.setFont(piece.font, self.style.fontSize)
                writer.textOut(piece.text)
                canvas.drawText(writer)
                x += piece.width
            baseline -= self.style.leading
        canvas.restoreState()


def _width(pieces: Iterable[Piece]) -> float:
    return sum(piece.width for piece in pieces)


def _words(runs: Sequence[tuple[str, str]], size: float) -> Iterator[Word]:
    """Yield the words of a text, each of pieces of one font and one direction."""
    fonts = [font for font, text in runs for _ in text]
    text = "".join(text for _, text in runs)
    letters = list(zip(text, fonts, _levels(text), strict=True))
    for blank, word in groupby(letters, lambda letter: letter[0] == " "):
        if not blank:
            pieces = groupby(word, lambda letter: letter[1:])
            yield tuple(_shaped("".join(letter[0] for letter in piece), *kind, size) for kind, piece in pieces)


def _levels(text: str) -> list[int]:
    """Return the embedding level of each letter by the Unicode bidirectional algorithm."""
    ordered = [unicodedata.bidirectional(letter) not in _WITHOUT_ORDER for letter in text]
    storage: Any = get_empty_storage()
    storage["base_level"] = get_base_level(text)
    storage["base_dir"] = "LR"[storage["base_level"]]
    get_embedding_levels("".join(letter for letter, in_order in zip(text, ordered, strict=True) if in_order), storage)
    explicit_embed_and_overrides(storage)
    resolve_weak_types(storage)
    _resolve_brackets(storage["chars"], storage["base_dir"])
    resolve_neutral_types(storage, False)
    resolve_implicit_levels(storage, False)
    found = iter(storage["chars"])
    levels: list[int] = []
    for in_order in ordered:
        levels.append(next(found)["level"] if in_order else levels[-1] if levels else storage["base_level"])
    return levels


def _resolve_brackets(letters: list[dict[str, Any]], base: str) -> None:
    """Give both brackets of a pair one direction: that of what they hold, or of what is before them (rule N0)."""
    directions = [{"L": "L", "R": "R", "EN": "R", "AN": "R"}.get(letter["type"], "") for letter in letters]
    open_ones: list[int] = []
    for place, letter in enumerate(letters):
        if letter["ch"] in _BRACKETS:
            open_ones.append(place)
        elif open_ones and letter["ch"] == _BRACKETS[letters[open_ones[-1]]["ch"]]:
            first = open_ones.pop()
            inside = set(directions[first + 1 : place]) - {""}
            before = next((side for side in reversed(directions[:first]) if side), base)
            if inside:
                side = base if base in inside or before == base else before
                for bracket in (first, place):
                    letters[bracket]["type"] = directions[bracket] = side


def _is_from_the_right(text: str) -> bool:
    """Tell whether HarfBuzz, which knows nothing of the words around it, takes a text as from right to left."""
    buffer: Any = Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    return buffer.direction == "rtl"


def _shaped(text: str, font: str, level: int, size: float) -> Piece:
    if level % 2 != _is_from_the_right(text):  # such as signs without letters, and the numbers of Arabic
        text = "".join(MIRRORED.get(letter, letter) if level % 2 else letter for letter in reversed(text))
    letters = ABag(fontName=font, fontSize=size), text
    shaped: Any = shapeFragWord([0.0, letters], features=_FEATURES)[1][1]
    glyphs: Any = getattr(shaped, "__shapeData__", None)  # None if the letters are as they stand in the font
    width = stringWidth(shaped, font, size) if glyphs is None else sum(g.x_advance for g in glyphs) * size / 1000
    return Piece(shaped, font, level, width)


def _joined(words: Sequence[Word], font: str, space: float) -> list[Piece]:
    """Return the pieces of a line in the order of reading, with blanks between the words."""
    line: list[Piece] = []
    for word in words:
        if line:
            line.append(Piece("", font, min(line[-1].level, word[0].level), space))
        line += word
    return line


def _as_seen(line: Sequence[Piece]) -> list[Piece]:
    """Return the pieces of a line from left to right (rule L2 of the algorithm)."""
    seen = list(line)
    for level in range(max((piece.level for piece in seen), default=0), 0, -1):
        place = 0
        marked = [(piece.level >= level, piece) for piece in seen]
        for inside, group in groupby(marked, lambda pair: pair[0]):
            pieces = [piece for _, piece in group]
            seen[place : place + len(pieces)] = pieces[::-1] if inside else pieces
            place += len(pieces)
    return seen
