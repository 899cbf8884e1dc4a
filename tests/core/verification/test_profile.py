"""The laboratory's profile: thresholds chosen from its own fields, in a file that counts the same elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from core.verification.profile import Profile, ProfileError, adapt, read_profile, steady_diameter, write_profile

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ("RBC", "WBC")
SETTINGS = CountSettings({"RBC": 0.5, "WBC": 0.5}, edge_rule=EdgeRule.TOP_LEFT)


def field(number: int, true: int = 8, dirt: int = 4) -> Case:
    """Return a field of true red cells at 0.9, and of dirt that is taken for red cells at 0.6."""
    corners = np.array([(40 * place, 10) for place in range(true + dirt)], np.float32).reshape(-1, 2)
    boxes = np.concatenate([corners, corners + 30], axis=1)
    scores = np.array([0.9] * true + [0.6] * dirt, np.float32)
    found = Detections.from_model(boxes, scores, np.zeros(true + dirt, np.int32))
    truth = GroundTruth(TruthKind.BOXES, TruthSource.REVIEWED, CLASSES, ("RBC",) * true, boxes[:true])
    return Case.of(number, f"{number}.png", found, truth, SETTINGS)


def profile(**changes: object) -> Profile:
    values = {"name": "Lab", "model_name": "m", "model_sha256": "ab", "thresholds": {"RBC": 0.7}, "nms_iou": 0.5}
    return Profile(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def test_a_threshold_that_counts_other_fields_better_is_taken() -> None:
    found = adapt([field(number) for number in range(12)], CLASSES, SETTINGS)
    assert 0.6 < found.settings.thresholds["RBC"] <= 0.85
    assert found.settings.edge_rule is EdgeRule.TOP_LEFT
    rbc = found.adapted["RBC"]
    assert (rbc.fields, rbc.threshold_before) == (12, 0.5)
    assert rbc.before is not None
    assert rbc.accuracy is not None
    assert rbc.before < rbc.accuracy == 1
    assert found.settings.thresholds["WBC"] == 0.5  # no field holds one
    assert found.kept["WBC"] == "none of the 12 corrected fields holds WBC"


def test_few_fields_and_thresholds_that_are_good_already_change_nothing() -> None:
    few = adapt([field(number) for number in range(9)], CLASSES, SETTINGS)
    assert few.settings == SETTINGS
    assert few.kept["RBC"].startswith("9 corrected fields")
    good = adapt([field(number, dirt=0) for number in range(12)], CLASSES, SETTINGS)
    assert good.settings == SETTINGS
    assert "no other threshold" in good.kept["RBC"]
    assert adapt([], CLASSES, SETTINGS).settings == SETTINGS


def test_a_microscope_with_cells_of_one_size_has_a_scale() -> None:
    assert steady_diameter([70, 71, 72, 73, 70, 71, 72, 73, 70, 71]) == 71
    assert steady_diameter([70] * 9) is None
    assert steady_diameter([40, 70] * 8) is None


def test_a_profile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lab.smearprofile"
    found = adapt([field(number) for number in range(12)], CLASSES, SETTINGS)
    kept = profile(red_cell_diameter=71.5, edge_rule=EdgeRule.TOP_LEFT, adapted=found.adapted)
    write_profile(path, kept)
    assert read_profile(path) == kept
    assert read_profile(path).settings == CountSettings({"RBC": 0.7}, 0.5, EdgeRule.TOP_LEFT)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2}, "newer version"),
        ({"thresholds": {"RBC": 7}}, "invalid number"),
        ({"thresholds": "high"}, "damaged"),
        ({"red_cell_diameter": 1e9}, "invalid number"),
    ],
)
def test_a_profile_that_cannot_be_used_is_named(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = tmp_path / "lab.smearprofile"
    write_profile(path, profile())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ProfileError, match=says) as refused:
        read_profile(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_no_profile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lab.smearprofile"
    with pytest.raises(ProfileError, match="cannot be read"):
        read_profile(path)
    path.write_bytes(b"\x00\xff")
    with pytest.raises(ProfileError, match="no profile"):
        read_profile(path)
