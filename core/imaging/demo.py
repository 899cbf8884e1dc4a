"""The demo smear that ships with the program: a rendered field with exactly known truth."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

from core.imaging.synthetic import RenderedSmear, SmearStyle, render_smear


def demo_smear() -> Path:
    """Return the path of the demo smear that ships with the program."""
    return Path(str(resources.files("resources") / "demo" / "demo_smear.png"))


def render_demo_smear() -> RenderedSmear:
    """Render the demo smear: 1024 x 768 pixels, red cells 68 pixels wide."""
    return render_smear(
        1024,
        768,
        red_cells=104,
        white_cells=3,
        platelets=12,
        diameter=68.0,
        style=SmearStyle(noise=1.5, irregularity=0.1),
        rng=np.random.default_rng(113),
        max_overlap=0.12,
    )
