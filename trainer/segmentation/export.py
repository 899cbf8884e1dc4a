"""Export: a trained segmentation network becomes one ``.onnx`` file with its card inside."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from core.imaging.synthetic import render_smear
from core.models.card import ModelCard
from core.models.network import EDGE, MASKS, Model
from core.text import gettext
from core.version import __version__
from trainer.recipes.segmentation_recipe import SegmentPreset
from trainer.segmentation.network import SegmentationNetwork, SegNet, build_network
from trainer.training.card import write_card
from trainer.training.checkpoint import CheckpointError, read_checkpoint
from trainer.training.export import OPSET, ExportError, folded
from trainer.training.record import RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FIRST_THRESHOLD = 0.5
TOLERANCE = 2e-3
_MOST_APART = 5e-3  # share of pixels: where two values are the same but for rounding, either may be kept by pooling
_NAMES = {"unet": "DO-U-Net, two outputs, unpadded convolutions", "segnet": "SegNet, two outputs, encoder of VGG-16"}


@dataclass(frozen=True, eq=False)
class TrainedSegmenter:
    """A trained network, its preset and what it was trained on."""

    model: SegmentationNetwork
    preset: SegmentPreset
    classes: tuple[str, ...]
    epochs: int
    record: RunRecord | None
    red_cells: tuple[str, ...]


def is_segmenter(path: Path) -> bool:
    """Tell a checkpoint of a segmentation network; raises CheckpointError if it cannot be read."""
    return "segment_preset" in read_checkpoint(path).get("hyper_parameters", {})


def load_segmenter(path: Path) -> TrainedSegmenter:
    """Build the network of a checkpoint and load its weights.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used, or is not one of a segmentation network.
    """
    content = read_checkpoint(path)
    try:
        made_with = content["hyper_parameters"]
        preset, classes = SegmentPreset(**made_with["segment_preset"]), tuple(made_with["class_names"])
        model = build_network(preset, len(classes))
        parts = content["state_dict"].items()
        model.load_state_dict({k.removeprefix("model."): v for k, v in parts if k.startswith("model.")})
        record = msgspec.convert(made_with["record"], RunRecord) if made_with.get("record") else None
        epochs, red_cells = int(content["epoch"]) + 1, tuple(made_with["red_cells"])
    except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            gettext("{file}: made by another version of smearcount-train; use that version, or train again.").format(
                file=path
            )
        ) from error
    return TrainedSegmenter(model.eval(), preset, classes, epochs, record, red_cells)


class PieceGraph(nn.Module):
    """The part that becomes the model file: uint8 pieces (N, 3, S, S) in, probabilities of masks and edge out."""

    def __init__(self, model: SegmentationNetwork) -> None:
        super().__init__()
        self.model = folded(model)  # type: ignore[arg-type]
        if isinstance(self.model, SegNet):
            self.model.exporting = True

    def forward(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Return masks (N, C, I, I) and edge (N, 1, I, I)."""
        masks, edge = self.model(pieces.float() / 255)
        return masks.sigmoid(), edge.sigmoid()


def segmenter_card(trained: TrainedSegmenter, name: str | None = None) -> ModelCard:
    """Return the card of a trained network; thresholds are a first guess until they are tuned."""
    preset, record = trained.preset, trained.record
    card = ModelCard(
        name=name or f"{preset.name} {datetime.date.today().isoformat()}",
        architecture=f"{_NAMES[preset.network]}, {preset.width} channels",
        kind="segmentation",
        classes=trained.classes,
        thresholds=dict.fromkeys(trained.classes, FIRST_THRESHOLD),
        score_floor=0.3,
        red_cell_diameter=preset.red_cell_diameter,
        red_cells=trained.red_cells,
        tile=preset.piece,
        tile_inside=preset.inside,
        overlap=max((preset.piece - preset.inside) // 2, 1),
        trained_on=() if record is None else record.data,
        seed=0 if record is None else record.seed,
        epochs=trained.epochs,
        date=datetime.date.today().isoformat(),
        trainer_version=__version__,
    )
    return card.with_counting({})


def export_segmenter(trained: TrainedSegmenter, path: Path, name: str | None = None) -> ModelCard:
    """Write a trained network as a model file and check that it agrees with torch.

    Raises
    ------
    ExportError
        If it does not; the file is removed then.
    """
    card, side = segmenter_card(trained, name), trained.preset.piece
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter warns that there is a newer one
        torch.onnx.export(
            PieceGraph(trained.model).eval(),
            (torch.zeros(2, 3, side, side, dtype=torch.uint8),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["pieces"],
            output_names=[MASKS, EDGE],
            dynamic_axes={name: {0: "count"} for name in ("pieces", MASKS, EDGE)},
        )
    write_card(path, card)
    apart = share_apart(trained.model, Model(path), example_pieces(trained.preset))
    if apart > _MOST_APART:
        path.unlink()
        raise ExportError(
            gettext(
                "{file}: the exported model differs from the trained one in {share:.2g} % of the pixels; report this "
                "with the versions of torch and openvino."
            ).format(file=path, share=100 * apart)
        )
    return card


def example_pieces(preset: SegmentPreset, count: int = 3) -> NDArray[np.uint8]:
    """Return rendered pieces, uint8 (N, 3, S, S)."""
    side, diameter = preset.piece, preset.red_cell_diameter
    smears = (
        render_smear(side, side, red_cells=8, white_cells=1, diameter=diameter, rng=np.random.default_rng(seed))
        for seed in range(count)
    )
    return np.stack([smear.image.transpose(2, 0, 1) for smear in smears])


def share_apart(model: SegmentationNetwork, exported: Model, pieces: NDArray[np.uint8]) -> float:
    """Return in which share of the pixels torch and the model file differ by more than the tolerance."""
    with torch.no_grad():
        ours = torch.cat(model.eval()(torch.from_numpy(pieces).float() / 255), dim=1).sigmoid().numpy()
    return float((np.abs(ours - exported.masks_of_pieces(pieces)) > TOLERANCE).mean())
