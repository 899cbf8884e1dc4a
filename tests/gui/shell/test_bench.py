"""The bench of the window runs, in short, and a frame with many boxes costs little more than one without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.programs import Programs, code_of

BENCH = Path(__file__).parents[2] / "bench"


def run(programs: Programs, script: str, *arguments: object) -> dict:
    ended = programs.run(code_of(BENCH / script), *map(str, arguments))
    assert ended.returncode == 0, ended.complained
    return json.loads(ended.said.splitlines()[-1])


@pytest.mark.slow
def test_five_thousand_boxes_are_drawn_in_a_few_times_an_empty_canvas(programs: Programs) -> None:
    frames = run(programs, "field_frames.py", 5)
    ratios = {name: frames["boxes"][name] / frames["empty"][name] for name in frames["empty"]}
    assert ratios.keys() == {"pan", "pan at 100 %", "zoom", "edit", "undo"}
    assert max(ratios.values()) < 16, ratios  # 2 to 6; 40 with smooth lines and texts that are laid out one by one


@pytest.mark.slow
def test_the_bench_of_many_pictures_runs(programs: Programs) -> None:
    assert run(programs, "many_images.py", "list", 100)["pictures"] == 100
    beat = run(programs, "many_images.py", "beat", 3, 320, 240, 10)
    assert beat["counting"] >= beat["99 %"] > 0
    memory = run(programs, "many_images.py", "memory", 3)
    assert memory["after all"] > 0
