"""A model file, opened: its card, its hash and its network."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from core.errors import UserError
from core.models.card import CARD_KEY, CardError, ModelCard
from core.models.runtime import openvino
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


OUTPUTS = ("boxes", "scores", "labels")
MASKS, EDGE = "masks", "edge"
MODEL_SUFFIX = ".onnx"
STEP = 32
"""Sides are padded to a multiple of this many pixels, the largest stride of the networks."""
_MAX_CANDIDATES = 60_000


class ModelError(UserError):
    """A model file that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the network says of one tile, before suppression.

    ``boxes`` float32 (N, 4) in pixels of the tile, ``scores`` float32 (N,), ``labels`` int32 (N,);
    ``capped`` if more candidates than can be handled were found and the least likely were dropped.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    capped: bool


@cache
def default_model_path() -> Path:
    """Return the path of the model that ships with the program."""
    return Path(str(resources.files("resources") / "models" / "default.onnx"))


def read_network(path: Path) -> tuple[str, Any, str]:
    """Read a model file: its SHA-256, the network, and the text of its card.

    Raises
    ------
    ModelError
        If the file is missing, no model, damaged, or has no card.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            gettext("{path}: the model cannot be opened ({strerror}); choose another file.").format(
                path=path, strerror=error.strerror
            )
        ) from error
    try:
        network = openvino.Core().read_model(content)
    except Exception as error:
        raise ModelError(
            gettext("{path}: this is not an ONNX model, or it is damaged; choose another file.").format(path=path)
        ) from error
    try:
        text = network.get_rt_info(["framework", CARD_KEY]).astype(str)
    except RuntimeError as error:
        raise ModelError(
            gettext(
                "{path}: this model was not made for SmearCount (it has no card); export it with smearcount-train."
            ).format(path=path)
        ) from error
    return hashlib.sha256(content).hexdigest(), network, text


def compiled(path: Path, network: Any) -> Any:
    """Make a network ready to run in float32.

    Raises
    ------
    ModelError
        If it cannot be run on this computer.
    """
    try:
        return openvino.Core().compile_model(
            network, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        )
    except Exception as error:
        raise ModelError(
            gettext("{path}: the model cannot be run on this computer ({error}).").format(path=path, error=error)
        ) from error


class Model:
    """A network ready to run.

    ``original`` are the hash and the card of the file; ``sha256`` and ``card`` differ from them where the user chose
    other counting methods (``core.detection.loading.with_methods``).

    OpenVINO runs it in float32 on every processor: bfloat16, which it would choose by itself where the
    processor has it, makes counts differ between machines.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a model file.

        Raises
        ------
        ModelError
            If the file is missing, no model, damaged, or not made for this program.
        """
        self.path = Path(path)
        self.sha256, network, text = read_network(self.path)
        try:
            self.card = ModelCard.from_json(text)
        except CardError as error:
            raise ModelError(
                gettext("{path}: the model cannot be used: {error}.").format(path=self.path, error=error)
            ) from error
        self.original = self.sha256, self.card
        self._network = compiled(self.path, network)
        names: set[str] = set().union(*(port.get_names() for port in self._network.outputs))
        needed = OUTPUTS if self.card.kind == "detection" else (MASKS,)
        self._has_edge = EDGE in names
        if not names.issuperset(needed) or len(self._network.inputs) != 1:
            raise ModelError(
                gettext("{path}: the model has other inputs or outputs than SmearCount needs.").format(path=self.path)
            )

    def run(self, tile: NDArray[np.uint8]) -> Candidates:
        """Find candidates in a tile, uint8 RGB (H, W, 3) at the model's scale."""
        return _candidates(self._network(self._input(tile)))

    def run_each(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Candidates]:
        """Find candidates in each tile as ``run`` does; it looks at the next one while the caller is busy with one."""
        before: Future[Candidates] | None = None
        with ThreadPoolExecutor(1) as worker:
            for tile in tiles:
                now = worker.submit(self.run, tile)
                if before is not None:
                    yield before.result()
                before = now
            if before is not None:
                yield before.result()

    def _input(self, tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = tile.shape[:2]
        padded = cv2.copyMakeBorder(
            tile, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_CONSTANT, value=self.card.padding_rgb
        )
        return np.ascontiguousarray(padded.transpose(2, 0, 1), np.uint8)[None]

    def masks_of_pieces(self, pieces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what a segmentation model makes of pieces of a field at the model's scale.

        Parameters
        ----------
        pieces
            uint8 RGB (N, 3, T, T), T the card's ``tile``.

        Returns
        -------
        float32 (N, C, S, S), 0 to 1: a mask for each class and, if the model makes one, the edge mask behind them;
        S is T less what unpadded convolutions cost.
        """
        output = self._network(np.ascontiguousarray(pieces))
        masks: NDArray[np.float32] = output[MASKS]
        return np.concatenate([masks, output[EDGE]], axis=1) if self._has_edge else masks.copy()


def _candidates(output: Any) -> Candidates:
    boxes, scores, labels = (output[name] for name in OUTPUTS)
    capped = len(scores) > _MAX_CANDIDATES
    if capped:
        best = np.argpartition(-scores, _MAX_CANDIDATES)[:_MAX_CANDIDATES]
        boxes, scores, labels = boxes[best], scores[best], labels[best]
    return Candidates(boxes.copy(), scores.copy(), labels.astype(np.int32), capped)
