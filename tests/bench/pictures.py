"""Render the named images of the bench into a folder.

It runs in a process of its own, since a child starts with the peak memory of its parent.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture


def main() -> None:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    rng = np.random.default_rng(0)
    if "usual.jpg" in wanted:
        usual = render_smear(640, 480, red_cells=24, white_cells=1, platelets=3, diameter=104, rng=rng)
        write_picture(usual.image, folder / "usual.jpg")
    if "dense.jpg" in wanted:
        dense = render_smear(640, 480, red_cells=60, white_cells=1, platelets=6, diameter=64, rng=rng)
        write_picture(dense.image, folder / "dense.jpg")
    if "field.jpg" in wanted:
        field = render_smear(2592, 1944, red_cells=900, white_cells=4, platelets=60, diameter=64, rng=rng)
        write_picture(field.image, folder / "field.jpg")
        write_picture(np.tile(field.image, (6, 4, 1))[:10_000, :10_000], folder / "slide.png")


if __name__ == "__main__":
    main()
