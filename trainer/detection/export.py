"""Export: a trained detector becomes one ``.onnx`` file with its card inside."""

from __future__ import annotations

import datetime
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from core.imaging.synthetic import render_smear
from core.models.card import ModelCard
from core.models.network import OUTPUTS, Model
from core.text import gettext
from core.version import __version__
from trainer.detection.graph import candidate_graph
from trainer.training.card import save_proto, write_card
from trainer.training.export import OPSET, ExportError, folded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.detection.network import Detector
    from trainer.detection.trained import TrainedModel

FIRST_THRESHOLD = 0.4
BOX_TOLERANCE = 1e-3
SCORE_TOLERANCE = 1e-3
_SMALLEST_COMPRESSED = 4096  # weights; biases and anchors stay exact
_LARGEST_HALF = float(np.finfo(np.float16).max)
ROUNDED_BOX_TOLERANCE = 0.05
ROUNDED_SCORE_TOLERANCE = 0.03


def export_onnx(model: Detector, card: ModelCard, path: Path) -> None:
    """Write the model file with its card."""
    graph = candidate_graph(folded(model), card.score_floor)
    example = torch.zeros(1, 3, 256, 320, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        # the tracing exporter warns that there is a newer one, which needs further packages
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes={"image": {2: "height", 3: "width"}, **{name: {0: "candidates"} for name in OUTPUTS}},
        )
    _own_biases(path)
    write_card(path, card)


def _own_biases(path: Path) -> None:
    """Give each convolution a bias of its own: what levels share, OpenVINO adds in a pass of its own."""
    proto = onnx.load(path)
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    uses: Counter[str] = Counter()
    for node in proto.graph.node:
        if node.op_type != "Conv" or len(node.input) < 3 or node.input[2] not in stored:
            continue
        name = node.input[2]
        uses[name] += 1
        if uses[name] > 1:
            copied = TensorProto()
            copied.CopyFrom(stored[name])
            copied.name = node.input[2] = f"{name}.{uses[name]}"
            proto.graph.initializer.append(copied)
    save_proto(proto, path)


def build_card(trained: TrainedModel, name: str | None = None, score_floor: float = 0.05) -> ModelCard:
    """Return the card of a trained model; thresholds are a first guess until they are tuned."""
    preset, record = trained.preset, trained.record
    started = "" if record is None or record.weights is None else f"started from {record.weights} weights"
    detector = {"retinanet": "RetinaNet", "faster_rcnn": "Faster R-CNN"}[preset.detector]
    strides = {"retinanet": "8, 16 and 32", "faster_rcnn": "4, 8, 16 and 32"}[preset.detector]
    network = preset.backbone.replace("resnet", "ResNet-").replace("lite", "EfficientNet-Lite")
    return ModelCard(
        name=name or f"{preset.name} {datetime.date.today().isoformat()}",
        architecture=f"{detector}, {network}, {preset.fpn_channels}-channel FPN at strides {strides}",
        classes=trained.classes,
        thresholds=dict.fromkeys(trained.classes, FIRST_THRESHOLD),
        score_floor=score_floor,
        red_cell_diameter=preset.red_cell_diameter,
        red_cells=trained.red_cells,
        trained_on=() if record is None else record.data,
        seed=0 if record is None else record.seed,
        epochs=trained.epochs,
        date=datetime.date.today().isoformat(),
        trainer_version=__version__,
        notes="; ".join(note for note in (started, trained.note) if note),
    )


@dataclass(frozen=True)
class ExportAgreement:
    """How far a model file and torch are apart on one image.

    ``box`` as a share of the box's longer side, ``score`` in 0 to 1, over the number of ``candidates``
    that lie clearly above the score floor.
    """

    box: float
    score: float
    candidates: int


def compare(model: Detector, exported: Model, image: NDArray[np.uint8]) -> ExportAgreement:
    """Compare what torch and the model file find in an image, uint8 RGB (H, W, 3).

    H and W are multiples of 64, so that neither side pads. Every candidate of one side is held against
    the nearest of the same class on the other; one that has no counterpart is therefore far from all.
    """
    floor = exported.card.score_floor
    graph = candidate_graph(model.eval(), floor)
    with torch.no_grad():
        output = graph(torch.from_numpy(image.transpose(2, 0, 1).copy())[None])
    boxes, scores, labels = (part.numpy() for part in output)
    found = exported.run(image)
    ours = np.column_stack([boxes, scores])
    theirs = np.column_stack([found.boxes, found.scores])
    apart = [
        _apart(first[first_labels == label], second[second_labels == label], floor)
        for label in range(len(exported.card.classes))
        for first, first_labels, second, second_labels in (
            (ours, labels, theirs, found.labels),
            (theirs, found.labels, ours, labels),
        )
    ]
    box, score = np.max(apart, axis=0)
    return ExportAgreement(float(box), float(score), int((scores > floor + SCORE_TOLERANCE).sum()))


def _apart(first: NDArray[np.float32], second: NDArray[np.float32], floor: float) -> tuple[float, float]:
    """Return the largest distance of a candidate ``x1 y1 x2 y2 score`` from its nearest counterpart."""
    clear = first[first[:, 4] > floor + SCORE_TOLERANCE]
    worst_box = worst_score = 0.0
    for candidate in clear:
        if len(second) == 0:
            return float("inf"), float("inf")
        difference = np.abs(second - candidate)
        nearest = difference[(difference[:, :4].max(axis=1) + difference[:, 4]).argmin()]
        longer_side = max(candidate[2] - candidate[0], candidate[3] - candidate[1])
        worst_box = max(worst_box, float(nearest[:4].max() / longer_side))
        worst_score = max(worst_score, float(nearest[4]))
    return worst_box, worst_score


def halve_weights(path: Path) -> None:
    """Store the weights of a model file in 16 bits, which halves it; it still computes in 32 bits."""
    proto = onnx.load(path)
    graph = proto.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALLEST_COMPRESSED or np.abs(values).max() > _LARGEST_HALF:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    save_proto(proto, path)


def export_checkpoint(trained: TrainedModel, path: Path, name: str | None = None) -> ModelCard:
    """Write a trained model as a model file and check that it finds the same as torch.

    The weights of one-stage models are stored in 16 bits. Those of Faster R-CNN are not: which proposals its second
    stage looks at depends on the last digits.

    Raises
    ------
    ExportError
        If the model file does not agree with torch; it is removed then.
    """
    card = build_card(trained, name)
    export_exact(trained, card, path)
    if trained.preset.detector == "faster_rcnn":
        return card
    halve_weights(path)
    _check(trained.model, path, ROUNDED_BOX_TOLERANCE, ROUNDED_SCORE_TOLERANCE)
    return card


def export_exact(trained: TrainedModel, card: ModelCard, path: Path) -> None:
    """Write a trained model in 32 bits and check that it finds the same as torch.

    Raises
    ------
    ExportError
        If the model file does not agree with torch; it is removed then.
    """
    export_onnx(trained.model, card, path)
    _check(trained.model, path, BOX_TOLERANCE, SCORE_TOLERANCE)


def _check(model: Detector, path: Path, box: float, score: float) -> None:
    smear = render_smear(448, 320, red_cells=20, white_cells=1, platelets=3, rng=np.random.default_rng(0))
    agreement = compare(model, Model(path), smear.image)
    if agreement.box > box or agreement.score > score:
        path.unlink()
        raise ExportError(
            gettext(
                "{file}: the exported model differs from the trained one by {box:.3g} of a box and {score:.3g} in "
                "score; report this with the versions of torch and openvino."
            ).format(file=path, box=agreement.box, score=agreement.score)
        )
