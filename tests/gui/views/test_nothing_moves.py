"""Nothing moves under the hand: not the image, not its zoom, not a single control."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1", "1.5"])
def test_two_hundred_things_that_one_does_in_review_move_nothing(
    make_smear: MakeSmear, model_path: Path, tmp_path: Path, scale: str
) -> None:
    for seed in range(4):
        make_smear(f"field {seed}.png", seed)
    program = Path(__file__).with_name("still_window.py")
    environment = os.environ | {"QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "*=false"}
    done = subprocess.run(
        [sys.executable, str(program), str(model_path), str(tmp_path), "200", "7"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("still 200 actions"), done.stdout
    assert int(last.split()[3]) > 40, "most of the things were not done at all"
