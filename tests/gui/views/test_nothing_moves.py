"""Nothing moves under the hand: not the image, not its zoom, not a single control."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.programs import Programs, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1", "1.5"])
def test_two_hundred_things_that_one_does_in_review_move_nothing(
    make_smear: MakeSmear, model_path: Path, tmp_path: Path, programs: Programs, scale: str
) -> None:
    for seed in range(4):
        make_smear(f"field {seed}.png", seed)
    program = code_of(Path(__file__).with_name("still_window.py"))
    done = programs.run(program, str(model_path), str(tmp_path), "200", "7", QT_SCALE_FACTOR=scale)
    assert done.returncode == 0, done.said + done.complained
    last = done.said.splitlines()[-1]
    assert last.startswith("still 200 actions"), done.said
    assert int(last.split()[3]) > 40, "most of the things were not done at all"
