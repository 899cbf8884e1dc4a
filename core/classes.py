"""The classes of cells: their names, the synonyms of the names, and their colours."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Rgb = tuple[int, int, int]

RED_CELL, WHITE_CELL, PLATELETS = CANONICAL_CLASSES = ("RBC", "WBC", "Platelets")

_PAPER = {RED_CELL: (255, 140, 0), WHITE_CELL: (84, 190, 255), PLATELETS: (24, 60, 200)}
_COLOUR_BLIND_SAFE = {RED_CELL: (230, 159, 0), WHITE_CELL: (0, 158, 115), PLATELETS: (204, 50, 140)}
_SHORT = {PLATELETS: "PLT"}
_GOLDEN_ANGLE = 0.381966
_SYNONYMS = (
    frozenset({"rbc", "rbcs", "red blood cell", "red blood cells", "red cell", "red cells"})
    | frozenset({"erythrocyte", "erythrocytes"}),
    frozenset({"wbc", "wbcs", "white blood cell", "white blood cells", "white cell", "white cells"})
    | frozenset({"leukocyte", "leukocytes", "leucocyte", "leucocytes"}),
    frozenset({"platelet", "platelets", "plt", "plts", "thrombocyte", "thrombocytes"}),
)


@dataclass(frozen=True)
class Palette:
    """Colours by class name; classes without a fixed colour get one by their place."""

    name: str
    fixed: dict[str, Rgb]

    def colour(self, classes: tuple[str, ...], label: int) -> Rgb:
        """Return the RGB colour of a class."""
        if classes[label] in self.fixed:
            return self.fixed[classes[label]]
        hue = (0.15 + label * _GOLDEN_ANGLE) % 1.0
        red, green, blue = colorsys.hls_to_rgb(hue, 0.45, 0.75)
        return round(255 * red), round(255 * green), round(255 * blue)


PAPER = Palette("As in the paper", _PAPER)
COLOUR_BLIND_SAFE = Palette("Colour-blind safe", _COLOUR_BLIND_SAFE)
PALETTES = (PAPER, COLOUR_BLIND_SAFE)


def short_name(name: str) -> str:
    """Return the few letters that stand for a class on a picture."""
    return _SHORT.get(name, name if len(name) <= 4 else name[:3].upper())


def canonical_class(name: str, known: Iterable[str]) -> str | None:
    """Return the known class that a name stands for, None if it is none of them.

    Case, blanks, hyphens and underscores do not matter, and the usual synonyms of red cells, white cells
    and platelets are understood: ``Red-Blood_cells`` is ``RBC``. An equal name goes before a synonym.
    """
    known, wanted = tuple(known), _plain(name)
    if name in known:
        return name
    meanings = next((synonyms for synonyms in _SYNONYMS if wanted in synonyms), frozenset[str]())
    for same in ({wanted}, meanings):
        for item in known:
            if _plain(item) in same:
                return item
    return None


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
