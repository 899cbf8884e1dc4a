from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.detection.detector import DetectorResult
from core.session.results import KeptResult, load_result, save_result
from core.session.session import Session

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_comes_back_bit_for_bit_for_the_same_file_and_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    boxes = rng.uniform(0, 900, (50, 4)).astype(np.float32)
    cells = Detections.from_model(boxes, rng.random(50).astype(np.float32), rng.integers(0, 3, 50).astype(np.int32))
    result = DetectorResult(cells, 71.25, 0.9, ("A notice.",), 0.05, True, (40.0, 210.0))
    kept = KeptResult("RN20", "abc", ("RBC", "WBC", "Platelets"), "file", None, result)
    with Session.create(tmp_path / "a.smearcount") as session:
        save_result(session, 4, kept)
    with Session.open(tmp_path / "a.smearcount") as session:
        again = load_result(session, 4, "file", None, "abc")
        assert load_result(session, 4, "other file", None, "abc") is None
        assert load_result(session, 4, "file", 80.0, "abc") is None
        assert load_result(session, 4, "file", None, "other model") is None
        session.put("found 4 abc", {"model": "RN20"})
        with pytest.raises(ValueError, match="missing required field"):
            load_result(session, 4, "file", None, "abc")
    assert again is not None
    assert (again.model, again.classes) == (kept.model, kept.classes)
    assert (again.result.diameter, again.result.scale, again.result.notices) == (71.25, 0.9, ("A notice.",))
    assert (again.result.blur, again.result.capped, again.result.levels) == (0.05, True, (40.0, 210.0))
    assert again.result.detections.contours is None
    for name in ("boxes", "scores", "labels"):
        assert np.array_equal(getattr(again.result.detections, name), getattr(cells, name))


@pytest.mark.parametrize("count", [0, 3])
def test_contours_are_kept_to_a_quarter_of_a_pixel(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    contours = tuple(rng.uniform(0, 5000, (length, 2)).astype(np.float32) for length in (4, 0, 30)[:count])
    boxes, scores = np.zeros((count, 4), np.float32), np.linspace(0.9, 0.4, count, dtype=np.float32)
    cells = Detections.from_model(boxes, scores, np.zeros(count, np.int32), contours)
    with Session.create(tmp_path / "a.smearcount") as session:
        save_result(session, 4, KeptResult("U-Net", "abc", ("RBC",), "file", None, DetectorResult(cells, 40.0, 1.0)))
        again = load_result(session, 4, "file", None, "abc")
        assert again is not None
        kept = again.result.detections.contours
        assert kept is not None
        assert len(kept) == count
        for contour, before in zip(kept, contours, strict=True):
            assert contour.shape == before.shape
            assert np.abs(contour - before).max(initial=0) <= 0.125 + 1e-3
        if count:
            stored = session.get("found 4 abc")
            stored["contours"]["points"] = "AAAA"
            session.put("found 4 abc", stored)
            with pytest.raises(ValueError, match="damaged"):
                load_result(session, 4, "file", None, "abc")
