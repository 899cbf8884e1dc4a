from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.cli.main import main
from trainer.evaluation.calibration import at_temperature, best_temperature, calibration_error

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def draw(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return scores that are as right as they say, and what is true."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.05, 0.95, count).astype(np.float32)
    return scores, rng.random(count) < scores


def test_the_error_by_hand() -> None:
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1], np.float32)
    is_true = np.array([True, True, False, False, False, False])
    # four of 0.9 of which half are true, two of 0.1 of which none is
    assert calibration_error(scores, is_true) == pytest.approx((4 * 0.4 + 2 * 0.1) / 6)


def test_scores_that_are_right_have_next_to_no_error_and_need_no_temperature() -> None:
    scores, is_true = draw(20_000)
    assert calibration_error(scores, is_true) < 0.02
    assert best_temperature(scores, is_true) == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_that_spoiled_scores_is_found_again(temperature: float) -> None:
    scores, is_true = draw(20_000)
    spoiled = at_temperature(scores, temperature)
    found = best_temperature(spoiled, is_true)
    assert found == pytest.approx(1 / temperature, rel=0.08)
    assert calibration_error(at_temperature(spoiled, found), is_true) < 0.02 < calibration_error(spoiled, is_true)


def test_nothing_can_be_learned_from_cells_that_are_all_true() -> None:
    assert best_temperature(np.array([0.6, 0.9], np.float32), np.array([True, True])) == 1
    assert np.isnan(calibration_error(np.zeros(0, np.float32), np.zeros(0, bool)))


def test_the_command_measures_each_class(data_folder: Path, exported: Path, tmp_path: Path) -> None:
    figures = tmp_path / "calibration.json"
    assert main(["calibration", "--model", str(exported), "--data", str(data_folder), "--json", str(figures)]) == 0
    classes = json.loads(figures.read_text("utf-8"))
    assert set(classes) == {"RBC", "WBC", "Platelets"}
    judged = [item for item in classes.values() if item["cells"]]
    assert judged
    assert all(0 <= item["error"] <= 1 and item["temperature"] > 0 for item in judged)


def test_temperatures_may_come_from_another_data_set(
    data_folder: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["calibration", "--model", str(exported), "--data", str(data_folder), "--learn-data"]
    assert main([*command, str(tmp_path / "gone")]) == 2
    assert str(tmp_path / "gone") in capsys.readouterr().err
    assert main([*command, str(data_folder), "--learn", "train"]) == 0
    assert "temperatures from train" in " ".join(capsys.readouterr().out.split())
