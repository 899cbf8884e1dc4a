"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Numbers of images, rounds and repetitions.

    ``compared``: how many of the sizes of images are compared with the other detector; ``slide``: whether a whole
    slide is counted; ``counted``: images of each size that are counted while the event loop is watched; ``kept``:
    counted and reviewed images in the large session, and ``added`` those counted beside them. ``seen``: images, and
    cells in each, where views are switched; ``piled``: where cells are sorted into kinds.
    """

    compared: int
    rounds: int
    slide: bool
    starts: int
    reported: int
    frames: int
    listed: int
    counted: tuple[int, ...]
    shown: int
    kept: int
    added: int
    seen: tuple[int, int]
    piled: tuple[int, int]


FULL = Effort(3, 7, True, 5, 50, 40, 13_000, (60, 6), 2000, 13_000, 200, (13_000, 77), (150, 200))
QUICK = Effort(1, 1, False, 1, 10, 10, 13_000, (20,), 100, 2_000, 50, (1_000, 77), (20, 200))
