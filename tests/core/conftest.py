"""Model files made for a test, so that what they find is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from core.cells import Detections
from core.counting.count import CountSettings
from core.models.card import CARD_KEY, ModelCard
from core.session.session import Session, StoredDetections, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import ArrayLike

CARD = ModelCard(
    name="three cells",
    architecture="constant",
    classes=("RBC", "WBC", "Platelets"),
    thresholds={"RBC": 0.5, "WBC": 0.5, "Platelets": 0.5},
    nms_iou=0.4,
    red_cell_diameter=64.0,
)

FOUND = (  # box in pixels of the tile, score, label
    ((10, 10, 60, 60), 0.9, 0),
    ((80, 20, 130, 70), 0.8, 0),
    ((98, 20, 148, 70), 0.6, 0),  # overlaps the one before by not quite half
    ((10, 80, 60, 118), 0.3, 0),
    ((140, 30, 190, 110), 0.7, 1),
)


def write_model(path: Path, card: str | None, names: tuple[str, str, str]) -> Path:
    """Write a network that finds the same cells in every tile."""
    boxes, scores, labels = zip(*FOUND, strict=True)

    def constant(name: str, values: ArrayLike, dtype: type[np.generic]) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, dtype), name)

    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["float"], ["brightest"], keepdims=0),
        helper.make_node("Mul", ["brightest", "zero"], ["nothing"]),
        helper.make_node("Add", ["known_boxes", "nothing"], [names[0]]),
        helper.make_node("Add", ["known_scores", "nothing"], [names[1]]),
        helper.make_node("Cast", ["nothing"], ["no_label"], to=TensorProto.INT64),
        helper.make_node("Add", ["known_labels", "no_label"], [names[2]]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 3, "height", "width"])],
        [
            helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [len(FOUND), 4]),
            helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [len(FOUND)]),
            helper.make_tensor_value_info(names[2], TensorProto.INT64, [len(FOUND)]),
        ],
        [
            constant("zero", 0, np.float32),
            constant("known_boxes", boxes, np.float32),
            constant("known_scores", scores, np.float32),
            constant("known_labels", labels, np.int64),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card is not None:
        helper.set_model_props(model, {CARD_KEY: card})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a model file with the given card."""

    def make(
        card: ModelCard | str | None = CARD, outputs: tuple[str, str, str] = ("boxes", "scores", "labels")
    ) -> Path:
        text = card.to_json() if isinstance(card, ModelCard) else card
        return write_model(tmp_path / "model.onnx", text, outputs)

    return make


BOXES = (  # box in pixels, score, label
    ((10, 10, 60, 60), 0.9, 0),
    ((80, 20, 130, 70), 0.8, 0),
    ((10, 80, 60, 118), 0.3, 0),
    ((140, 30, 190, 110), 0.7, 1),
    ((100, 90, 112, 102), 0.6, 2),
)


@pytest.fixture
def make_session(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a session whose images were counted; each has the same known cells.

    Counted are 2 red cells, 1 white cell and 1 platelet in each.
    """

    def make(name: str = "work.smearcount", pictures: int = 2) -> Path:
        boxes, scores, labels = (np.array(column) for column in zip(*BOXES, strict=True))
        path = tmp_path / name
        with Session.create(path) as session:
            files = [tmp_path / f"field {number}.png" for number in range(1, pictures + 1)]
            for number, file in enumerate(files):
                Image.new("RGB", (200, 120), (250, 240, 245 - number % 200)).save(file)
            session.settings.set_counting(CountSettings.suggested_by(CARD), CARD.classes)
            session.models.keep("ab" * 32, CARD)
            for image in session.images.add(files):
                cells = Detections.from_model(boxes.astype(np.float32), scores.astype(np.float32), labels)
                found = StoredDetections(
                    cells.numbered_from(session.detections.new_ids(len(cells))),
                    CARD.classes,
                    50,
                    1,
                    CARD.name,
                    "ab" * 32,
                )
                session.detections.set_counted(
                    image.id, found, width=200, height=120, seconds=0.5, notices=(), stamp=stamp_of(image.path)
                )
        return path

    return make
