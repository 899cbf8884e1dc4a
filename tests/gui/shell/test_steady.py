"""Nothing moves under the pointer: not the image, not a control, whatever is counted, corrected or said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).with_name("steady_window.py")


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1", "1.5"])
def test_two_hundred_actions_move_nothing(
    scale: str, model_path: Path, tmp_path: Path, make_smear: Callable[..., tuple[Path, dict[str, int]]]
) -> None:
    images = [make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")]
    command = [sys.executable, str(SCRIPT), str(model_path), str(tmp_path), "200", *map(str, images)]
    {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(SCRIPT.parents[3])}
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": scale,
            "PYTHONPATH": str(SCRIPT.parents[3]),
        },
    )
    assert json.loads(done.stdout) == []
