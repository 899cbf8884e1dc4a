"""Quantisation: a model file whose convolutions run in 8-bit integers, calibrated on training images."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import cv2
import msgspec
import numpy as np
import onnx
import rich

from core.detection.detector import Detector
from core.geometry.boxes import iou_matrix, suppress_by_class
from core.imaging.synthetic import render_smear
from core.models.network import STEP, Model
from core.text import gettext
from trainer.detection.data import ImageStore, TrainingCrops, WholeImages
from trainer.detection.export import build_card, export_exact, halve_weights
from trainer.training.card import save_proto, write_card
from trainer.training.export import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from core.models.card import ModelCard
    from trainer.dataset.load import DataSet
    from trainer.detection.data import Sample
    from trainer.detection.trained import TrainedModel
    from trainer.recipes.recipe import Preset

CROPS, FIELDS = 200, 60
LEAST_SHARED = 0.95
LARGEST_SCORE_DIFFERENCE = 0.02
SURE_SCORE = 0.3
PARTNER_IOU = 0.8
SMEARS = 6
_IN_FLOAT = (
    r"^\/(Add|Mul|Sub|Div|Exp|Sigmoid|Gather).*",  # normalisation of the image, anchors, decoding of the boxes
    r".*_head\/last.*",  # scores and boxes
    r".*classification_head\/conv\/conv.0.*",  # its 8 bits alone cost 0.01 to 0.02 of the red cells' F1
)


def export_quantized(trained: TrainedModel, path: Path, data: DataSet, name: str | None = None) -> ModelCard:
    """Write a trained model as an 8-bit model file and check that it counts as the 32-bit one does.

    Parameters
    ----------
    data
        What to calibrate by: fields that the model was trained on, never those it is measured on.

    Raises
    ------
    ExportError
        If NNCF is not installed, or the model file does not agree; it is removed then.
    """
    quantizer = load_nncf()
    exact = build_card(trained, name)
    inputs = calibration_inputs(data, trained.preset, exact)
    crops = min(CROPS, len(inputs))
    calibration = (
        f"8-bit by NNCF {version('nncf')}, calibrated on {crops} augmented crops and {len(inputs) - crops} "
        f"whole fields of {data.name} {data.split}"
    )
    card = msgspec.structs.replace(
        exact,
        architecture=f"{exact.architecture}, 8-bit",
        notes="; ".join(note for note in (exact.notes, calibration) if note),
    )
    try:
        export_exact(trained, exact, path)
        reference = Model(path)
        quantize(quantizer, path, inputs)
        halve_weights(path)
        write_card(path, card)
        _check(compare_counts(reference, Model(path), check_smears(card)), path)
    except BaseException:  # also an interruption: what lies there would pass for an 8-bit model
        path.unlink(missing_ok=True)
        raise
    return card


def _check(agreement: CountAgreement, path: Path) -> None:
    if agreement.shared < LEAST_SHARED or agreement.score > LARGEST_SCORE_DIFFERENCE:
        raise ExportError(
            gettext(
                "{file}: in 8 bits this model counts differently than in 32 ({shared:.1%} of {n:,} boxes agree, and "
                "scores differ by {score:.3f} on average); train it for longer, or export it without --calibrate."
            ).format(file=path, shared=agreement.shared, n=agreement.boxes, score=agreement.score)
        )


def load_nncf() -> ModuleType:
    """Import NNCF without its messages and its telemetry.

    Raises
    ------
    ExportError
        If it is not installed.
    """
    logger_class = logging.getLoggerClass()
    try:
        os.environ["NNCF_CI"] = "1"  # NNCF's own switch: nothing is sent to its makers
        import nncf
        import onnxruntime  # noqa: F401  NNCF runs ONNX models with it
    except ImportError as error:
        raise ExportError(
            gettext("An 8-bit model needs the packages nncf and onnxruntime; install the extra 'train'.")
        ) from error
    finally:
        logging.setLoggerClass(logger_class)
    nncf.set_log_level(logging.ERROR)
    return nncf


def calibration_inputs(data: DataSet, preset: Preset, card: ModelCard, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Return what the network is calibrated by: augmented crops, then whole fields; uint8 (1, 3, H, W) each.

    Crops show more stains, lights and cameras than the fields do; fields come as the program shows them
    to the network: even light, red cells at the model's scale, padded, no larger than a tile.
    """
    store = ImageStore(data, preset)
    crops, fields = TrainingCrops(store, seed), WholeImages(store)
    count = len(store.images)
    chosen = np.random.default_rng(seed).choice(count, min(FIELDS, count), replace=False, p=store.weights)
    samples = [*(crops[place] for place in range(CROPS)), *(fields[int(place)] for place in chosen)]
    return [_network_input(sample, card) for sample in samples]


def _network_input(sample: Sample, card: ModelCard) -> NDArray[np.uint8]:
    pixels = (255 * sample[0]).round().byte().permute(1, 2, 0).numpy()[: card.tile, : card.tile]
    height, width = pixels.shape[:2]
    padded = cv2.copyMakeBorder(
        pixels, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_CONSTANT, value=card.padding_rgb
    )
    return np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.uint8)[None]


def quantize(nncf: ModuleType, path: Path, inputs: Sequence[NDArray[np.uint8]]) -> None:
    """Turn a 32-bit model file into an 8-bit one, in place; the ranges of activations come from ``inputs``.

    Weights use half the range of 8 bits: on processors without VNNI, products of the full range overflow or
    are rounded otherwise, and scores would differ between computers.
    """
    proto = onnx.load(path)
    name = proto.graph.input[0].name

    def as_feed(image: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
        return {name: image}

    with _only_progress_to_a_terminal():
        proto = nncf.quantize(
            proto,
            nncf.Dataset(inputs, as_feed),
            subset_size=len(inputs),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(patterns=list(_IN_FLOAT), validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        )
    save_proto(proto, path)


@contextmanager
def _only_progress_to_a_terminal() -> Iterator[None]:
    """Show NNCF's progress, which goes to rich's own console, on a terminal only, and silence the rest."""
    console, cuda_search = rich.get_console(), logging.getLogger("torch.utils.cpp_extension")
    before = console.stderr, console.quiet, cuda_search.level
    console.stderr, console.quiet = True, not sys.stderr.isatty()
    cuda_search.setLevel(logging.ERROR)  # NNCF searches for CUDA, and this logger complains where it is missing
    try:
        yield
    finally:
        console.stderr, console.quiet, level = before
        cuda_search.setLevel(level)


def check_smears(card: ModelCard) -> list[NDArray[np.uint8]]:
    """Return rendered smears of ordinary look with red cells at the model's scale, uint8 RGB (H, W, 3)."""
    side = int(card.red_cell_diameter)
    return [
        render_smear(
            10 * side,
            8 * side,
            red_cells=36,
            white_cells=2,
            platelets=6,
            diameter=side,
            rng=np.random.default_rng(seed),
        ).image
        for seed in range(SMEARS)
    ]


@dataclass(frozen=True)
class CountAgreement:
    """How far apart two models are in what would be counted.

    ``shared`` is the share of the ``boxes`` of both that have a partner in the other, ``score`` the mean
    difference in score of partners.
    """

    shared: float
    score: float
    boxes: int


def compare_counts(first: Model, second: Model, images: Sequence[NDArray[np.uint8]]) -> CountAgreement:
    """Compare what two models find in images, uint8 RGB (H, W, 3), after suppression.

    Each box of at least ``SURE_SCORE`` looks for a partner: the other's box of the same class that overlaps it
    most, by at least ``PARTNER_IOU``. Its score may be lower: that is a difference in score.
    """
    boxes, differences = 0, []
    for image in images:
        one, other = _survivors(first, image), _survivors(second, image)
        for mine, theirs in ((one, other), (other, one)):
            sure = mine.above(SURE_SCORE)
            boxes += len(sure.scores)
            differences += _partner_differences(sure, theirs)
    score = float(np.mean(differences)) if differences else 0.0
    return CountAgreement(len(differences) / boxes if boxes else 1.0, score, boxes)


class Survivors(NamedTuple):
    """Detections after suppression: boxes (N, 4), scores (N,), labels (N,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]

    def above(self, score: float) -> Survivors:
        sure = self.scores >= score
        return Survivors(self.boxes[sure], self.scores[sure], self.labels[sure])


def _survivors(model: Model, image: NDArray[np.uint8]) -> Survivors:
    found = Detector(model).detect(image, diameter=model.card.red_cell_diameter).detections
    kept = suppress_by_class(found.boxes, found.scores, found.labels, model.card.nms_iou)
    return Survivors(found.boxes[kept], found.scores[kept], found.labels[kept])


def _partner_differences(mine: Survivors, theirs: Survivors) -> list[float]:
    """Return the difference in score of each of my boxes that has a partner."""
    if len(theirs.scores) == 0:
        return []
    overlap = iou_matrix(mine.boxes, theirs.boxes) * (mine.labels[:, None] == theirs.labels)
    partner, partnered = overlap.argmax(axis=1), overlap.max(axis=1) >= PARTNER_IOU
    return np.abs(mine.scores - theirs.scores[partner])[partnered].tolist()
