"""Killing the real window loses no correction that was made in it."""

from __future__ import annotations

import random
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.counting.count import CountSettings
from core.session.session import Session
from core.session.values import StoredDetections
from tests.programs import Programs, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

EDITOR = Path(__file__).with_name("killed_window.py")
KILLS = 6


def make_session(path: Path, picture: Path) -> None:
    """Write a session in which the image was counted: twelve red cells."""
    corners = np.array([(20 + 70 * (cell % 6), 20 + 80 * (cell // 6)) for cell in range(12)], np.float32)
    found = Detections.from_model(
        np.concatenate([corners, corners + 50], axis=1), np.full(12, 0.9, np.float32), np.zeros(12, np.int32)
    )
    classes = ("RBC", "WBC", "Platelets")
    with Session.create(path) as session:
        [image] = session.images.add([picture])
        stored = StoredDetections(found.numbered_from(session.detections.new_ids(12)), classes, 50.0, 1.0, "model", "")
        session.detections.set_counted(image.id, stored, width=480, height=360, seconds=0.1, notices=(), stamp=None)
        session.settings.set_counting(CountSettings(dict.fromkeys(classes, 0.5), nms_iou=0.5), classes)


@pytest.mark.slow
def test_a_killed_window_loses_no_correction(
    tmp_path: Path, smear_file: Callable[[str], Path], programs: Programs
) -> None:
    path, digest = tmp_path / "killed.smearcount", runpy.run_path(str(EDITOR))["digest"]
    make_session(path, smear_file("slide.png"))
    rng, lines = random.Random(5), 0
    for seed in range(KILLS):
        with programs.started(code_of(EDITOR), str(path), str(seed)) as (program, _):
            said = [program.output.readline() for _ in range(rng.randrange(1, 20))]
            program.kill()
            said += program.output.read().splitlines(keepends=True)
        number, expected = next(line for line in reversed(said) if line.endswith(b"\n")).decode().split()
        with Session.open(path) as session:
            lines = len(session.edits.history(limit=100_000))
            # one correction, of two lines at most, may be stored of which it could not say so any more
            assert 0 <= lines - int(number) <= 2
            if lines == int(number):
                assert digest(session) == expected
            assert session._file.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert lines > KILLS
