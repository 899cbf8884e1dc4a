"""The trainer's command: ``smearcount-train data | fit | export | tune | evaluate | evaluate-points | compare``."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from core.imaging.reading import ImageError
from core.models.network import ModelError
from core.version import __version__
from trainer.cli import data as cli_data
from trainer.cli import measure as cli_evaluate
from trainer.cli.parts import (
    BadInputError,
    FailedError,
    add_sources,
    load,
    make_room,
    not_negative,
    os_error_text,
    positive,
    say,
)
from trainer.cli.segmentation import export_network, fit_network
from trainer.dataset.load import DataError, load_data_set
from trainer.dataset.manifest import no_red_cells_text
from trainer.recipes.recipe import PresetError, built_in_presets, load_preset
from trainer.recipes.segmentation_recipe import built_in_segment_presets, is_segment_preset

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_GOOD, EXIT_FAILED, EXIT_BAD_ARGUMENTS = 0, 1, 2


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount-train``."""
    parser = argparse.ArgumentParser(
        prog="smearcount-train", description="Train, measure and export the models that count blood cells."
    )
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cli_data.add_commands(commands)
    _add_fit(commands.add_parser("fit", help="train a model; goes on where a run folder stopped"))
    _add_export(commands.add_parser("export", help="turn a checkpoint into a model file (.onnx)"))
    cli_evaluate.add_commands(commands)
    return parser


def _add_fit(parser: argparse.ArgumentParser) -> None:
    known = ", ".join([*built_in_presets(), *built_in_segment_presets()])
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="data set folder or manifest (.json)")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder for checkpoints and logs")
    parser.add_argument("--split", default="train", help="split to learn from, such as not-fold1 (default: train)")
    parser.add_argument("--val-split", default="val", help="split to choose the best epoch by (default: val)")
    parser.add_argument("--preset", default="resnet18", help=f"{known}, or a .toml file (default: resnet18)")
    parser.add_argument("--epochs", type=positive, help="epochs to train (default: the preset's)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and augmentation (default: 0)")
    add_sources(parser)
    parser.add_argument(
        "--weights",
        default="none",
        metavar="none|coco|imagenet|FILE",
        help="weights to start from (default: none, which means random)",
    )
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed", "16-mixed"), default="32-true")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu, ... (default: auto)")
    parser.add_argument("--devices", default="auto", help="how many of them (default: auto)")
    parser.add_argument(
        "--masks", type=Path, metavar="DIR", help="masks of 'data masks' or of your own, for a segmentation preset"
    )
    parser.add_argument("--workers", type=not_negative, default=2, help="data worker processes (default: 2)")
    parser.set_defaults(run_command=_fit)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        nargs="+",
        help="best.ckpt of a run folder; of several the weights are averaged",
    )
    parser.add_argument(
        "--shares", type=_share, nargs="+", metavar="SHARE", help="what each counts in the average (default: the same)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .onnx file to write")
    parser.add_argument("--name", help="name of the model (default: preset and date)")
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="PATH",
        help="make it an 8-bit model, which is faster and half as large, with ranges from the training fields of "
        "this data set folder or manifest",
    )
    add_sources(parser)
    parser.set_defaults(run_command=_export)


def _share(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 good, 1 it failed, 2 bad arguments or data."""
    arguments = build_parser().parse_args(argv)
    arguments.command_line = shlex.join(["smearcount-train", *(sys.argv[1:] if argv is None else argv)])
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        arguments.run_command(arguments)
    except (DataError, PresetError, ModelError, ImageError, BadInputError) as error:
        errors.print(str(error), style="red", markup=False)
        return EXIT_BAD_ARGUMENTS
    except (FailedError, OSError) as error:
        text = os_error_text(error) if isinstance(error, OSError) else str(error)
        errors.print(text, style="red", markup=False)
        return EXIT_FAILED
    return EXIT_GOOD


def _fit(arguments: argparse.Namespace) -> None:
    from lightning.pytorch.utilities import rank_zero_only

    from trainer.detection.fit import fit
    from trainer.training.checkpoint import CheckpointError
    from trainer.training.loop import RunOptions, TrainingError
    from trainer.training.pretrained import WeightsError
    from trainer.training.record import RunError

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    tell = rank_zero_only(say)
    options = RunOptions(
        arguments.run,
        seed=arguments.seed,
        workers=arguments.workers,
        precision=arguments.precision,
        accelerator=arguments.accelerator,
        devices=arguments.devices,
        progress=sys.stderr.isatty(),
    )
    if is_segment_preset(arguments.preset):
        fit_network(arguments, options, tell)
        return
    preset = load_preset(arguments.preset)
    if arguments.masks is not None:
        raise BadInputError(f"--masks: {preset.name} learns from boxes; leave it out, or choose another --preset.")
    if arguments.epochs is not None:
        preset = dataclasses.replace(preset, epochs=arguments.epochs)
    train, val = load(arguments, arguments.split), load(arguments, arguments.val_split)
    tell(f"Training {preset.name} on {len(train.fields)} fields of {train.name}, {len(val.fields)} to choose by.")
    if not train.red_cells & set(train.classes):
        tell(no_red_cells_text(train.classes))
    if absent := train.classes_without_cells:
        tell(f"{train.folder}: no picture to learn from holds {', '.join(absent)}, so the model will find none.")
    try:
        best = fit(train, val, preset, options, _weights(arguments.weights), tell)
    except (CheckpointError, RunError, WeightsError) as error:
        raise BadInputError(str(error)) from error
    except TrainingError as error:
        raise FailedError(str(error)) from error
    tell(f"The best checkpoint is {best}. Next: smearcount-train export --checkpoint {best} --out model.onnx")


def _weights(text: str) -> str | None:
    return None if text == "none" else text


def _holds_segmenter(checkpoint: Path) -> bool:
    from trainer.segmentation.export import is_segmenter
    from trainer.training.checkpoint import CheckpointError

    try:
        return is_segmenter(checkpoint)
    except CheckpointError as error:
        raise BadInputError(str(error)) from error


def _export(arguments: argparse.Namespace) -> None:
    from trainer.detection.export import ExportError, export_checkpoint
    from trainer.training.checkpoint import CheckpointError, load_average

    if arguments.sources and not arguments.calibrate:
        raise BadInputError("--sources chooses fields to calibrate by; give --calibrate DIR too.")
    if _holds_segmenter(arguments.checkpoint[0]):
        export_network(arguments)
        return
    if arguments.out.suffix != ".onnx":
        raise BadInputError(f"{arguments.out}: a model file ends in .onnx; name it so.")
    make_room(arguments.out.parent)
    paths, shares = arguments.checkpoint, arguments.shares or [1] * len(arguments.checkpoint)
    if len(shares) != len(paths):
        raise BadInputError(f"--shares has {len(shares)} numbers for {len(paths)} checkpoints; give one for each.")
    try:
        trained = load_average(paths, [share / sum(shares) for share in shares])
    except CheckpointError as error:
        raise BadInputError(str(error)) from error
    try:
        if arguments.calibrate is None:
            card = export_checkpoint(trained, arguments.out, arguments.name)
        else:
            from trainer.detection.quantize import export_quantized

            data = load_data_set(arguments.calibrate, "train", arguments.sources)
            card = export_quantized(trained, arguments.out, data, arguments.name)
    except ExportError as error:
        raise FailedError(str(error)) from error
    if trained.record is None:
        say("The run left no record, so the card does not say what the model was trained on.")
    say(f"{arguments.out}: {card.name}, {card.architecture}, epoch {card.epochs}. Next: smearcount-train tune.")


if __name__ == "__main__":
    sys.exit(main())
