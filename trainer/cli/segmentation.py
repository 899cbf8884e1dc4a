"""The commands where they are about segmentation: ``data masks``, and ``fit`` and ``export`` of its networks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from trainer.cli.parts import BadInputError, FailedError, add_sources, load, not_negative, positive, say, show
from trainer.recipes.segmentation_recipe import load_segment_preset

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from trainer.training.loop import RunOptions


def add_masks(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``data masks``."""
    parser.add_argument("--data", type=Path, metavar="PATH", help="data set folder or manifest (.json) with boxes")
    parser.add_argument("--splits", nargs="+", default=["train", "val"], help="splits to do (default: train val)")
    add_sources(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the masks, one folder for each class")
    parser.add_argument(
        "--measure",
        type=positive,
        metavar="N",
        help="derive masks of N rendered smears from their boxes and compare them with the true ones",
    )
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of the rendered smears (default: 0)")
    parser.set_defaults(run_command=_masks)


def _masks(arguments: argparse.Namespace) -> None:
    if arguments.measure is None and (arguments.data is None or arguments.out is None):
        raise BadInputError("Say with --data and --out of what masks are made and where, or give --measure.")
    if arguments.measure is not None:
        _measure(arguments.measure, arguments.seed)
    if arguments.data is None or arguments.out is None:
        return
    from core.imaging.illumination import divide_light, estimate_light
    from core.imaging.reading import read_image
    from trainer.dataset.load import median_diameter
    from trainer.segmentation.mask_files import write_masks
    from trainer.segmentation.masks import derive_masks

    done: set[str] = set()
    for split in arguments.splits:
        data = load(arguments, split)
        for field in data.fields:
            if field.path.stem in done:
                raise BadInputError(
                    f"{field.path}: two pictures have this name, so their masks would overwrite each other."
                )
            done.add(field.path.stem)
            pixels = read_image(field.path).pixels
            boxes = field.pixel_boxes(pixels.shape[1], pixels.shape[0])
            diameter = median_diameter(boxes, field.labels, data.red_labels) or 0.1 * max(pixels.shape)
            image = divide_light(pixels, estimate_light(pixels))
            truth = derive_masks(image, boxes, field.labels, len(data.classes), diameter)
            write_masks(arguments.out, field.path.stem, truth, data.classes)
    say(f"{arguments.out}: masks of {len(done)} pictures. Next: smearcount-train fit --masks {arguments.out} ...")


def _measure(count: int, seed: int) -> None:
    from trainer.segmentation.measure import derived_quality

    table = Table(title=f"Masks derived from boxes, on {count} rendered smears")
    table.add_column("mask")
    for name in ("IoU", "Dice", "Tversky", "accuracy"):
        table.add_column(name, justify="right")
    for name, values in derived_quality(count, seed).items():
        table.add_row(name, *(f"{value:.3f}" for value in values))
    show(table)


def fit_network(arguments: argparse.Namespace, options: RunOptions, tell: Callable[[str], None]) -> None:
    """Train a segmentation network as ``smearcount-train fit`` was asked to."""
    from trainer.segmentation.fit import fit_segmenter
    from trainer.training.checkpoint import CheckpointError
    from trainer.training.loop import TrainingError
    from trainer.training.record import RunError

    if arguments.weights != "none":
        raise BadInputError("--weights: segmentation networks start from random weights; leave it out.")
    preset = load_segment_preset(arguments.preset)
    if arguments.epochs is not None:
        edge = arguments.epochs // 2
        preset = dataclasses.replace(preset, mask_epochs=arguments.epochs - edge, edge_epochs=edge)
    train, val = load(arguments, arguments.split), load(arguments, arguments.val_split)
    tell(f"Training {preset.name} on {len(train.fields)} fields of {train.name}, {len(val.fields)} to choose by.")
    try:
        best = fit_segmenter(train, val, preset, options, tell, arguments.masks)
    except (CheckpointError, RunError) as error:
        raise BadInputError(str(error)) from error
    except TrainingError as error:
        raise FailedError(str(error)) from error
    tell(f"The best checkpoint is {best}. Next: smearcount-train export --checkpoint {best} --out model.onnx")


def export_network(arguments: argparse.Namespace) -> None:
    """Export a segmentation network as ``smearcount-train export`` was asked to."""
    from trainer.detection.export import ExportError
    from trainer.segmentation.export import export_segmenter, load_segmenter
    from trainer.training.checkpoint import CheckpointError

    one = "segmentation networks are exported from one checkpoint, in 32 bits; leave it out."
    if len(arguments.checkpoint) > 1:
        raise BadInputError(f"{arguments.checkpoint[1]}: {one}")
    for option in ("shares", "calibrate"):
        if getattr(arguments, option) is not None:
            raise BadInputError(f"--{option}: {one}")
    try:
        card = export_segmenter(load_segmenter(arguments.checkpoint[0]), arguments.out, arguments.name)
    except CheckpointError as error:
        raise BadInputError(str(error)) from error
    except ExportError as error:
        raise FailedError(str(error)) from error
    say(f"{arguments.out}: {card.name}, {card.architecture}, epoch {card.epochs}.")
    say("Next: smearcount-train tune-counting finds how its masks are counted best.")
