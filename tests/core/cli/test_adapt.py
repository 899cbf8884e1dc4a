"""From corrected fields to a profile, and counting with it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cli.run import main
from core.report.formats.annotated import write_picture
from core.session.session import Session
from core.session.values import Edit, Subject, ValueChange
from core.verification.ground_truth import GroundTruth
from core.verification.profile import read_profile, write_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*arguments: str | Path) -> int:
    try:
        return main([*map(str, arguments)])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


@pytest.fixture
def corrected(make_session: Callable[..., Path]) -> Path:
    """A session of 12 fields in each of which the user found three red cells, one of them at 0.3."""
    path = make_session(pictures=12)
    with Session.open(path) as session:
        for image in session.images.all():
            truth = ValueChange(Subject.TRUTHS, image.id, (GroundTruth.typed({"RBC": 3, "WBC": 1}),))
            session.edits.record(Edit(image.id, "Manual count", values=(truth,)), "Anna")
    return path


def test_corrected_fields_become_a_profile(corrected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "lab.smearprofile"
    before = corrected.read_bytes()
    assert run("adapt", corrected, "--profile", target, "--name", "Ward 3") == 0
    profile = read_profile(target)
    assert profile.name == "Ward 3"
    assert profile.thresholds["RBC"] <= 0.3  # the third red cell counts
    assert profile.adapted["RBC"].fields == 12
    assert profile.adapted["RBC"].accuracy == 1
    assert "WBC" not in profile.adapted
    assert profile.red_cell_diameter == 50
    assert corrected.read_bytes() == before
    assert "RBC" in capsys.readouterr().out


def test_a_count_with_a_profile(
    corrected: Path, tmp_path: Path, make_model: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from core.models.network import Model

    model = make_model()
    image, result, target = tmp_path / "one.png", tmp_path / "one.json", tmp_path / "lab.smearprofile"
    write_picture(np.full((120, 200, 3), 240, np.uint8), image)
    assert run("adapt", corrected, "--profile", target, "--quiet") == 0
    assert run("run", image, "--model", model, "--profile", target, "--json", result) == 2
    assert "was made for the model" in capsys.readouterr().err
    own = read_profile(target)
    values = {name: getattr(own, name) for name in own.__struct_fields__}
    write_profile(target, type(own)(**{**values, "model_sha256": Model(model).sha256}))
    assert run("run", image, "--model", model, "--profile", target, "--json", result, "--quiet") == 0
    counted = json.loads(result.read_text())
    assert counted["settings"]["thresholds"]["RBC"] == own.thresholds["RBC"]
    assert counted["profile"]["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (counted["profile"]["name"], counted["profile"]["changed"]) == (own.name, [])
    assert run("run", image, "--model", model, "--profile", target, "--threshold", "RBC=0.6", "--json", result) == 0
    counted = json.loads(result.read_text())
    assert counted["settings"]["thresholds"]["RBC"] == 0.6
    assert counted["profile"]["changed"] == [f"RBC 0.60 instead of {own.thresholds['RBC']:.2f}"]
    assert run("run", image, "--model", model, "--json", result, "--quiet") == 0
    assert "profile" not in json.loads(result.read_text())


def test_what_cannot_be_adapted_is_said(
    make_session: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "lab.smearprofile"
    assert run("adapt", tmp_path / "gone.smearcount", "--profile", target) == 2
    assert "gone.smearcount" in capsys.readouterr().err
    assert run("adapt", make_session(), "--profile", target) == 0  # two fields, none of them corrected
    assert "kept: 0 corrected fields" in capsys.readouterr().out
    assert read_profile(target).adapted == {}
