"""``smearcount-train export``: turn checkpoints into a model file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.text import gettext
from trainer.cli.arguments import add_sources, positive, prepare_folders
from trainer.cli.console import echo
from trainer.dataset.load import load_data_set


def add_command(commands: Any) -> None:
    """Add ``export`` to the commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "export", help=gettext("turn a checkpoint into a model file (.onnx)")
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        nargs="+",
        help=gettext("best.ckpt of a run folder; the weights of several checkpoints are averaged"),
    )
    parser.add_argument(
        "--shares",
        type=_share,
        nargs="+",
        metavar="SHARE",
        help=gettext("weight of each checkpoint in the average (default: equal)"),
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=gettext("the model file to write (.onnx)")
    )
    parser.add_argument("--name", help=gettext("name of the model (default: preset and date)"))
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="PATH",
        help=gettext(
            "write an 8-bit model, which is faster and half the size, calibrated on the training images of this "
            "manifest or data set folder"
        ),
    )
    parser.add_argument(
        "--red-cells",
        type=positive,
        metavar="PIXELS",
        help=gettext("count at red cells of this width, less for speed, more for detail (default: as it was trained)"),
    )
    add_sources(parser)
    parser.set_defaults(run_command=_export)


def _share(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(gettext("{text} is not above 0 and at most 1").format(text=text))
    return value


def _export(arguments: argparse.Namespace) -> None:
    from trainer.segmentation.export import is_segmenter

    if arguments.sources and not arguments.calibrate:
        raise UserError(gettext("--sources chooses the images to calibrate with; give --calibrate as well."))
    if arguments.out.suffix != ".onnx":
        raise UserError(gettext("{file}: a model file ends in .onnx; rename it.").format(file=arguments.out))
    segmenter = is_segmenter(arguments.checkpoint[0])
    prepare_folders(arguments.out.parent)
    if segmenter:
        _export_segmenter(arguments)
    else:
        _export_detector(arguments)


def _export_detector(arguments: argparse.Namespace) -> None:
    from trainer.detection.export import export_checkpoint
    from trainer.detection.trained import load_average

    paths, shares = arguments.checkpoint, arguments.shares or [1] * len(arguments.checkpoint)
    if len(shares) != len(paths):
        raise UserError(
            gettext("--shares has {shares} numbers for {checkpoints} checkpoints; give one for each.").format(
                shares=len(shares), checkpoints=len(paths)
            )
        )
    trained = load_average(paths, [share / sum(shares) for share in shares])
    if arguments.red_cells is not None:
        trained = trained.at_scale(arguments.red_cells)
    if arguments.calibrate is None:
        card = export_checkpoint(trained, arguments.out, arguments.name)
    else:
        from trainer.detection.quantize import export_quantized

        data = load_data_set(arguments.calibrate, "train", arguments.sources)
        card = export_quantized(trained, arguments.out, data, arguments.name)
    if trained.record is None:
        echo(gettext("The run has no record, so the model card does not name the training data."))
    echo(
        gettext("{file}: {name}, {architecture}, epoch {epoch}. Next: smearcount-train tune.").format(
            file=arguments.out, name=card.name, architecture=card.architecture, epoch=card.epochs
        )
    )


def _export_segmenter(arguments: argparse.Namespace) -> None:
    from trainer.segmentation.export import export_segmenter, load_segmenter

    given = [
        f"--{option}"
        for option in ("shares", "calibrate", "red-cells")
        if getattr(arguments, option.replace("-", "_")) is not None
    ]
    for what in (*map(str, arguments.checkpoint[1:]), *given):
        raise UserError(
            gettext("{what}: a segmentation network is exported from one checkpoint, in 32 bits; omit this.").format(
                what=what
            )
        )
    card = export_segmenter(load_segmenter(arguments.checkpoint[0]), arguments.out, arguments.name)
    echo(
        gettext("{file}: {name}, {architecture}, epoch {epoch}.").format(
            file=arguments.out, name=card.name, architecture=card.architecture, epoch=card.epochs
        )
    )
    echo(gettext("Next: smearcount-train tune-counting finds the best counting method."))
