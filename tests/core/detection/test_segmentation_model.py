"""A segmentation model file: its card, its masks of a whole field, and stopping it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.cli.run import main
from core.detection.loading import detector_for, open_model, with_methods
from core.detection.segmentation.network import MaskNetwork
from core.errors import Cancelled
from core.models.card import CARD_KEY, CardError, ModelCard
from core.models.method import CountingMethod, Method
from core.models.network import Model, ModelError
from core.report.formats.annotated import write_picture

if TYPE_CHECKING:
    from pathlib import Path

TILE, INSIDE = 64, 40
CARD = ModelCard(
    name="dark is cell",
    architecture="one threshold",
    kind="segmentation",
    classes=("RBC",),
    thresholds={"RBC": 0.5},
    red_cell_diameter=20.0,
    tile=TILE,
    tile_inside=INSIDE,
    overlap=TILE - INSIDE,
    even_light=False,
    counting={"RBC": CountingMethod(method=Method.COMPONENTS)},
)


def write_model(path: Path, card: ModelCard = CARD, output: str = "masks") -> Path:
    """Write a network without padding whose mask is how dark the blurred middle of a piece is."""
    lost = (TILE - INSIDE) // 2
    side = 2 * lost + 1
    kernel = np.full((1, 3, side, side), 1 / (3 * 255 * side * side), np.float32)
    nodes = [
        helper.make_node("Cast", ["pieces"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["float", "kernel"], ["bright"]),
        helper.make_node("Sub", ["one", "bright"], [output]),
    ]
    constants = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.ones(1, np.float32), "one")]
    graph = helper.make_graph(
        nodes,
        "dark",
        [helper.make_tensor_value_info("pieces", TensorProto.UINT8, ["n", 3, TILE, TILE])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 1, INSIDE, INSIDE])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.save(model, path)
    return path


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return write_model(tmp_path / "dark.onnx")


@pytest.mark.parametrize("size", [(64, 64), (40, 40), (133, 217), (11, 90)])
def test_the_masks_of_a_field_have_no_seams(model_file: Path, size: tuple[int, int]):
    field = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    masks = MaskNetwork(Model(model_file)).masks(field, 20.0)
    side = TILE - INSIDE + 1
    expected = 1 - cv2.blur(field.mean(axis=2) / 255, (side, side), borderType=cv2.BORDER_REFLECT_101)
    assert masks.probabilities.shape == (1, *size)
    assert masks.probabilities[0] == pytest.approx(expected, abs=1e-4)
    assert masks.edge is None


def test_the_cells_of_a_field_larger_than_a_piece_are_found_once(model_file: Path):
    field = np.full((230, 310, 3), 255, np.uint8)
    centres = [(x, y) for x in range(40, 310, 60) for y in range(40, 200, 60)]
    for centre in centres:
        cv2.circle(field, centre, 22, (0, 0, 0), -1)
    seen: list[tuple[int, int]] = []
    result = detector_for(open_model(model_file)).detect(
        field, diameter=20.0, progress=lambda done, total: seen.append((done, total))
    )
    assert len(result.detections) == len(centres)
    middles = (result.detections.boxes[:, :2] + result.detections.boxes[:, 2:]) / 2
    for centre in centres:
        assert np.abs(middles - centre).max(axis=1).min() < 1.5
    assert seen[-1][0] == seen[-1][1] == 6 * 8


def test_it_can_be_stopped_between_pieces(model_file: Path):
    stop = threading.Event()
    with pytest.raises(Cancelled):
        detector_for(open_model(model_file)).detect(
            np.zeros((400, 400, 3), np.uint8), diameter=20.0, progress=lambda *_: stop.set(), cancel=stop
        )


def test_another_way_of_counting_needs_no_other_look(model_file: Path):
    field = np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)
    network = MaskNetwork(Model(model_file))
    first = network.masks(field, 20.0)
    looks: list[int] = []
    assert network.masks(field.copy(), 20.0, lambda *_: looks.append(1)) is first
    assert not looks
    assert network.masks(field[:80], 20.0) is not first


def test_a_card_names_the_usual_way_where_it_names_none():
    card = ModelCard.from_json(CARD.to_json())
    assert card.counting["RBC"].method is Method.COMPONENTS
    bare = ModelCard(
        name="x", architecture="x", kind="segmentation", classes=("WBC",), thresholds={"WBC": 0.5}, red_cell_diameter=30
    )
    assert ModelCard.from_json(bare.to_json()).counting["WBC"].typical > 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"segmentation"', '"dance"'),
        ('"components"', '"dance"'),
        ('"arc":0.08', '"arc":8'),
        ('"tile_inside":40', '"tile_inside":90'),
    ],
)
def test_a_card_that_cannot_be_is_refused(before: str, after: str):
    text = CARD.to_json()
    assert before in text
    with pytest.raises(CardError):
        ModelCard.from_json(text.replace(before, after))


def test_a_file_whose_network_makes_no_masks_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="other inputs or outputs"):
        open_model(write_model(tmp_path / "m.onnx", output="something"))


def test_another_way_of_counting_is_another_model_to_a_session(model_file: Path):
    model = open_model(model_file)
    other = with_methods(model, {"RBC": Method.HOUGH})
    assert other.card.name == "dark is cell (RBC by hough)"
    assert other.sha256 != model.sha256
    assert with_methods(other, {"RBC": Method.HOUGH}).sha256 == other.sha256
    assert open_model(model_file, other.card).sha256 == other.sha256
    retrained = msgspec.structs.replace(other.card, date="2031-01-01")
    assert open_model(model_file, retrained).sha256 == model.sha256, "the file is another model than the card is of"
    again = with_methods(other, {"RBC": Method.COMPONENTS})
    assert (again.sha256, again.card) == (model.sha256, model.card)


def test_it_is_chosen_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], model_path: Path):
    field = np.full((90, 90, 3), 235, np.uint8)
    cv2.circle(field, (45, 45), 20, (200, 120, 140), -1)
    write_picture(field, tmp_path / "field.png")
    out = tmp_path / "out.json"
    arguments = [str(tmp_path / "field.png"), "--diameter", "40", "--quiet", "--json", str(out)]
    assert main([*arguments, "--model", "classical", "--count-by", "RBC=components"]) == 0
    document = json.loads(out.read_bytes())
    assert document["model"]["name"] == "No model: classical (RBC by components)"
    assert document["totals"] == {"RBC": 1, "WBC": 0, "Platelets": 0}
    for wrong, message in (
        (["--model", "classical", "--count-by", "RBC=guess"], "is not CLASS=METHOD"),
        (["--model", "classical", "--count-by", "XYZ=hough"], "the model's classes are"),
        (["--model", str(model_path), "--count-by", "RBC=hough"], "finds boxes and no masks"),
    ):
        with pytest.raises(SystemExit):
            main([*arguments, *wrong])
        assert message in capsys.readouterr().err
