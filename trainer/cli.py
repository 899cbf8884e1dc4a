"""The trainer's command: ``smearcount-train fit | evaluate | evaluate-points | tune | export``."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console

from core.detector import Detector
from core.images import ImageError
from core.model import Model, ModelError, default_model_path
from core.version import __version__
from trainer.card import with_measurements, write_card
from trainer.data import DataError, DataSet, load_data_set
from trainer.preset import PresetError, built_in_presets, load_preset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rich.table import Table

    from core.model_card import ModelCard

EXIT_GOOD, EXIT_FAILED, EXIT_BAD_ARGUMENTS = 0, 1, 2
_WIDTH_IN_FILES = 110


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount-train``."""
    parser = argparse.ArgumentParser(
        prog="smearcount-train", description="Train, measure and export the models that count blood cells."
    )
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fit(commands.add_parser("fit", help="train a model; goes on where a run folder stopped"))
    _add_export(commands.add_parser("export", help="turn a checkpoint into a model file (.onnx)"))
    _add_tune(commands.add_parser("tune", help="find the thresholds at which a model counts best"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a model on fields with boxes"))
    _add_points(commands.add_parser("evaluate-points", help="measure a model on fields with points"))
    return parser


def _add_data(parser: argparse.ArgumentParser, split: str) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="data set folder or manifest (.json)")
    parser.add_argument("--split", default=split, help=f"split of the data set (default: {split})")
    _add_sources(parser)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sources", type=_names, metavar="A,B", help="use only the fields of these sources (default: all)"
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, default=default_model_path(), help="model file (default: the one that ships)"
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--write-card", metavar="NAME", help="put the figures on the model's card, under this name of the test set"
    )


def _add_fit(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(built_in_presets())
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="data set folder or manifest (.json)")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder for checkpoints and logs")
    parser.add_argument("--preset", default="resnet18", help=f"{known}, or a .toml file (default: resnet18)")
    parser.add_argument("--epochs", type=_positive, help="epochs to train (default: the preset's)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and augmentation (default: 0)")
    _add_sources(parser)
    parser.add_argument(
        "--weights",
        default="none",
        metavar="none|coco|imagenet|FILE",
        help="weights to start from (default: none, which means random)",
    )
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed", "16-mixed"), default="32-true")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu, ... (default: auto)")
    parser.add_argument("--devices", default="auto", help="how many of them (default: auto)")
    parser.add_argument("--workers", type=_not_negative, default=2, help="data worker processes (default: 2)")
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
    _add_sources(parser)
    parser.set_defaults(run_command=_export)


def _add_tune(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_data(parser, "val")
    parser.add_argument("--dry-run", action="store_true", help="do not write the thresholds to the model's card")
    parser.set_defaults(run_command=_tune)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_data(parser, "test")
    parser.add_argument(
        "--resize",
        type=_factor,
        nargs="+",
        default=[],
        metavar="FACTOR",
        help="also count the fields resized by these factors, such as 0.5 2",
    )
    _add_results(parser)
    parser.set_defaults(run_command=_evaluate)


def _add_points(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of the pictures")
    parser.add_argument("--points", type=Path, required=True, metavar="DIR", help="folder of 'x y type' text files")
    parser.add_argument("--only", type=Path, metavar="FILE", help="list of picture names, or a coverage table")
    parser.add_argument(
        "--max-missing",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="of a coverage table, use pictures with at most this share of cells without a point (default: 0.1)",
    )
    _add_results(parser)
    parser.set_defaults(run_command=_evaluate_points)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _not_negative(text: str) -> int:
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def _share(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def _factor(text: str) -> float:
    if not 0.02 <= (value := float(text)) <= 20:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.02 and 20")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 good, 1 it failed, 2 bad arguments or data."""
    arguments = build_parser().parse_args(argv)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        arguments.run_command(arguments)
    except (DataError, PresetError, ModelError, ImageError, BadInputError) as error:
        errors.print(str(error), style="red", markup=False)
        return EXIT_BAD_ARGUMENTS
    except (FailedError, OSError) as error:
        errors.print(str(error), style="red", markup=False)
        return EXIT_FAILED
    return EXIT_GOOD


class BadInputError(ValueError):
    """Input of a command that cannot be used; the message says why and what to do."""


class FailedError(RuntimeError):
    """A command that failed on good input."""


def _load(arguments: argparse.Namespace, split: str) -> DataSet:
    return load_data_set(arguments.data, split, arguments.sources)


def _say(text: str) -> None:
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else _WIDTH_IN_FILES).print(table)


def _fit(arguments: argparse.Namespace) -> None:
    from lightning.pytorch.utilities import rank_zero_only

    from trainer.checkpoint import CheckpointError
    from trainer.fit import RunOptions, TrainingError, fit
    from trainer.pretrained import WeightsError
    from trainer.record import RunError

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    say = rank_zero_only(_say)
    preset = load_preset(arguments.preset)
    if arguments.epochs is not None:
        preset = dataclasses.replace(preset, epochs=arguments.epochs)
    train, val = _load(arguments, "train"), _load(arguments, "val")
    options = RunOptions(
        arguments.run,
        seed=arguments.seed,
        workers=arguments.workers,
        precision=arguments.precision,
        accelerator=arguments.accelerator,
        devices=arguments.devices,
        progress=sys.stderr.isatty(),
    )
    say(f"Training {preset.name} on {len(train.fields)} fields of {train.name}, {len(val.fields)} to choose by.")
    try:
        best = fit(train, val, preset, options, _weights(arguments.weights), say)
    except (CheckpointError, RunError, WeightsError) as error:
        raise BadInputError(str(error)) from error
    except TrainingError as error:
        raise FailedError(str(error)) from error
    say(f"The best checkpoint is {best}. Next: smearcount-train export --checkpoint {best} --out model.onnx")


def _weights(text: str) -> str | None:
    return None if text == "none" else text


def _export(arguments: argparse.Namespace) -> None:
    from trainer.checkpoint import CheckpointError, load_average
    from trainer.export import ExportError, export_checkpoint

    if arguments.sources and not arguments.calibrate:
        raise BadInputError("--sources chooses fields to calibrate by; give --calibrate DIR too.")
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
            from trainer.quantize import export_quantized

            data = load_data_set(arguments.calibrate, "train", arguments.sources)
            card = export_quantized(trained, arguments.out, data, arguments.name)
    except ExportError as error:
        raise FailedError(str(error)) from error
    if trained.record is None:
        _say("The run left no record, so the card does not say what the model was trained on.")
    _say(f"{arguments.out}: {card.name}, {card.architecture}, epoch {card.epochs}. Next: smearcount-train tune.")


def _tune(arguments: argparse.Namespace) -> None:
    from trainer.looking import look_at
    from trainer.tables import tuning_table
    from trainer.tune import every_candidate, tune

    data, model = _load(arguments, arguments.split), Model(arguments.model)
    results = look_at(data, Detector(model), every_candidate(model.card))
    tunings = tune(results, model.card)
    _show(tuning_table(tunings, f"{data.name} {data.split}"))
    if not arguments.dry_run:
        best = tunings[0].settings
        card = msgspec.structs.replace(model.card, thresholds=dict(best.thresholds), nms_iou=best.nms_iou)
        write_card(arguments.model, card)
        _say(f"The first row is now on the card of {arguments.model}.")


def _evaluate(arguments: argparse.Namespace) -> None:
    from trainer.evaluate import card_figures, evaluate
    from trainer.tables import evaluation_tables

    data, model = _load(arguments, arguments.split), Model(arguments.model)
    evaluation = evaluate(model, Detector(model), data, arguments.resize)
    for table in evaluation_tables(evaluation):
        _show(table)
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _evaluate_points(arguments: argparse.Namespace) -> None:
    from trainer.points import card_figures, evaluate_points, load_point_fields
    from trainer.tables import points_table

    fields = load_point_fields(arguments.images, arguments.points, arguments.only, arguments.max_missing)
    model = Model(arguments.model)
    evaluation = evaluate_points(model, Detector(model), fields)
    _show(points_table(evaluation))
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _keep_results(arguments: argparse.Namespace, evaluation: Any, card: ModelCard, figures: dict[str, float]) -> None:
    if arguments.json is not None:
        document = msgspec.json.format(msgspec.json.encode(evaluation), indent=1)
        arguments.json.write_bytes(document + b"\n")
    if arguments.write_card is not None:
        write_card(arguments.model, with_measurements(card, arguments.write_card, figures))
        _say(f"The figures are now on the card of {arguments.model}, as {arguments.write_card!r}.")


if __name__ == "__main__":
    sys.exit(main())
