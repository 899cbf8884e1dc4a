"""How classes look: colours in picture, panel and overlay."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Rgb = tuple[int, int, int]

_PAPER = {"RBC": (255, 140, 0), "WBC": (84, 190, 255), "Platelets": (24, 60, 200)}
_COLOUR_BLIND_SAFE = {"RBC": (230, 159, 0), "WBC": (0, 158, 115), "Platelets": (204, 50, 140)}
_SHORT = {"Platelets": "PLT"}
_GOLDEN_ANGLE = 0.381966


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
