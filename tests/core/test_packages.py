"""The packages that the program stands on."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def test_there_is_one_opencv_and_it_brings_no_qt():
    """The full wheel's Qt plugins clash with PySide6."""
    names = {(dist.metadata["Name"] or "").lower() for dist in metadata.distributions()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


@pytest.mark.skipif(not CONSTRAINTS.exists(), reason="not run from a source tree")
def test_every_requirement_is_pinned_and_no_pin_is_an_address():
    pins: dict[str, str] = {}
    for line in CONSTRAINTS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)", line)
            assert match, line
            pins[match[1]] = match[2]
    needed = {re.split(r"[^\w-]", text, maxsplit=1)[0].lower() for text in metadata.requires("smearcount") or ()}
    assert len(needed) > 10
    assert needed <= set(pins)
