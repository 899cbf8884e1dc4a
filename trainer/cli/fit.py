"""``smearcount-train fit``: train a detector or a segmentation network."""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.text import gettext
from trainer.cli.arguments import add_data_set, add_sources, load, not_negative, positive
from trainer.cli.console import echo
from trainer.dataset.manifest import no_red_cells_text
from trainer.recipes.load import built_in_presets, load_preset, preset_kind
from trainer.recipes.recipe import Preset
from trainer.recipes.segmentation_recipe import SegmentPreset

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from trainer.dataset.load import DataSet
    from trainer.training.loop import RunOptions


def add_command(commands: Any) -> None:
    """Add ``fit`` to the commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "fit", help=gettext("train a model; resumes the run of an existing folder")
    )
    add_data_set(parser, required=True)
    parser.add_argument(
        "--run", type=Path, required=True, metavar="DIR", help=gettext("folder for checkpoints and logs")
    )
    parser.add_argument(
        "--split", default="train", help=gettext("split to learn from, such as not-fold1 (default: train)")
    )
    parser.add_argument(
        "--val-split", default="val", help=gettext("split that decides which epoch is best (default: val)")
    )
    known = ", ".join([*built_in_presets(Preset), *built_in_presets(SegmentPreset)])
    parser.add_argument(
        "--preset",
        default="resnet18",
        help=gettext("{presets}, or a .toml file (default: resnet18)").format(presets=known),
    )
    parser.add_argument("--epochs", type=positive, help=gettext("epochs to train (default: the preset's)"))
    parser.add_argument(
        "--seed", type=int, default=0, help=gettext("seed of the weights and the augmentation (default: 0)")
    )
    add_sources(parser)
    parser.add_argument(
        "--weights",
        default="none",
        metavar="none|coco|imagenet|FILE",
        help=gettext("weights to start from (default: none, that is random ones)"),
    )
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed", "16-mixed"), default="32-true")
    parser.add_argument("--accelerator", default="auto", help=gettext("cpu, gpu, ... (default: auto)"))
    parser.add_argument("--devices", default="auto", help=gettext("number of devices (default: auto)"))
    parser.add_argument(
        "--masks",
        type=Path,
        metavar="DIR",
        help=gettext("masks for a segmentation preset: those of 'data masks' or your own"),
    )
    parser.add_argument("--workers", type=not_negative, default=2, help=gettext("data worker processes (default: 2)"))
    parser.set_defaults(run_command=_fit)


def _fit(arguments: argparse.Namespace) -> None:
    from lightning.pytorch.utilities import rank_zero_only

    from trainer.training.loop import RunOptions

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    report = rank_zero_only(echo)
    options = RunOptions(
        arguments.run,
        seed=arguments.seed,
        workers=arguments.workers,
        precision=arguments.precision,
        accelerator=arguments.accelerator,
        devices=arguments.devices,
        progress=sys.stderr.isatty(),
    )
    train_network = _fit_segmenter if preset_kind(arguments.preset) is SegmentPreset else _fit_detector
    best = train_network(arguments, options, report)
    report(
        gettext(
            "The best checkpoint is {best}. Next: smearcount-train export --checkpoint {best} --out model.onnx"
        ).format(best=best)
    )


def _fit_detector(arguments: argparse.Namespace, options: RunOptions, report: Callable[[str], None]) -> Path:
    from trainer.detection.fit import fit

    preset = load_preset(Preset, arguments.preset)
    if arguments.masks is not None:
        raise UserError(
            gettext("--masks: {preset} learns from boxes; omit it, or choose another --preset.").format(
                preset=preset.name
            )
        )
    if arguments.epochs is not None:
        preset = dataclasses.replace(preset, epochs=arguments.epochs)
    train, val = _data(arguments, preset.name, report)
    if not train.red_cells & set(train.classes):
        report(no_red_cells_text(train.classes))
    if absent := train.classes_without_cells:
        report(
            gettext("{data}: no training image contains {classes}, so the model will find none.").format(
                data=train.folder, classes=", ".join(absent)
            )
        )
    weights = None if arguments.weights == "none" else arguments.weights
    return fit(train, val, preset, options, weights, report)


def _fit_segmenter(arguments: argparse.Namespace, options: RunOptions, report: Callable[[str], None]) -> Path:
    from trainer.segmentation.fit import fit_segmenter

    if arguments.weights != "none":
        raise UserError(gettext("--weights: segmentation networks start from random weights; omit it."))
    preset = load_preset(SegmentPreset, arguments.preset)
    if arguments.epochs is not None:
        edge = arguments.epochs // 2
        preset = dataclasses.replace(preset, mask_epochs=arguments.epochs - edge, edge_epochs=edge)
    train, val = _data(arguments, preset.name, report)
    return fit_segmenter(train, val, preset, options, report, arguments.masks)


def _data(arguments: argparse.Namespace, preset: str, report: Callable[[str], None]) -> tuple[DataSet, DataSet]:
    train, val = load(arguments, arguments.split), load(arguments, arguments.val_split)
    report(
        gettext("Training {preset} on {train:,} images of {data}, validating on {val:,}.").format(
            preset=preset, train=len(train.images), data=train.name, val=len(val.images)
        )
    )
    return train, val
