"""Model files: what is read of them, and what is said of a wrong one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from core.models.card import CardError, DataProvenance, Measurement, ModelCard
from core.models.network import Model, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CARD = ModelCard(
    name="für Ausstriche",
    architecture="RetinaNet",
    classes=("RBC", "WBC"),
    thresholds={"RBC": 0.4, "WBC": 0.5},
    red_cell_diameter=64.0,
    trained_on=(DataProvenance("a set", "train", 903, "ab12"),),
    measured=(Measurement("a set / test", "AP50 RBC", 0.97),),
)


def error_of(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        Model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_model_runs_and_tells_its_card(make_model: Callable[..., Path]):
    model = Model(make_model())
    assert model.card.classes == ("RBC", "WBC", "Platelets")
    assert len(model.sha256) == 64
    found = model.run(np.zeros((100, 150, 3), np.uint8))
    assert found.boxes[0].tolist() == [10, 10, 60, 60]
    assert found.scores.dtype == np.float32
    assert found.labels.tolist() == [0, 0, 0, 0, 1]
    assert not found.capped


def test_a_missing_model(tmp_path: Path):
    assert "cannot be opened" in error_of(tmp_path / "none.onnx")


def test_a_folder_is_no_model(tmp_path: Path):
    error_of(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"an image of a model", b"\x08\x09" * 300])
def test_a_file_of_something_else(tmp_path: Path, content: bytes):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    error_of(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_model(make_model: Callable[..., Path], share: float):
    path = make_model()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    error_of(path)


def test_a_model_of_another_program(make_model: Callable[..., Path]):
    assert "no card" in error_of(make_model(None))


def test_a_model_with_other_outputs(make_model: Callable[..., Path]):
    assert "outputs" in error_of(make_model(outputs=("boxes", "probabilities", "labels")))


def test_a_card_survives_being_written(make_model: Callable[..., Path]):
    assert Model(make_model(CARD)).card == CARD


def edited(**entries: Any) -> str:
    return json.dumps(json.loads(CARD.to_json()) | entries)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not JSON", "damaged"),
        ("[]", "damaged"),
        ('{"schema": 1}', "damaged"),
        (edited(red_cell_diameter="wide"), "damaged"),
        (edited(classes=[]), "no classes"),
        (edited(classes=["RBC", "RBC"]), "twice"),
        (edited(thresholds={"RBC": 0.4}), "threshold"),
        (edited(thresholds={"RBC": 0.4, "WBC": 1.4}), "number"),
        (edited(nms_iou=0), "number"),
        (edited(red_cell_diameter=0), "number"),
        (edited(tile=100, overlap=80), "number"),
        (edited(tile=100_000), "number"),
        (edited(score_floor=-0.1), "number"),
        (edited(schema=2), "newer version"),
        ('{"schema": 2, "kinds": ["RBC"]}', "newer version"),
    ],
)
def test_a_wrong_card(make_model: Callable[..., Path], text: str, reason: str):
    with pytest.raises(CardError, match=reason):
        ModelCard.from_json(text)
    assert reason in error_of(make_model(text))


def test_entries_of_later_versions_are_passed_over():
    assert ModelCard.from_json(edited(colour="red")) == CARD


def test_a_card_cannot_be_changed_by_accident():
    with pytest.raises(AttributeError):
        CARD.tile = 5  # type: ignore[misc]
    assert msgspec.structs.replace(CARD, tile=512).tile == 512
