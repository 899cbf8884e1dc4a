"""``smearcount-train data masks``: derive the masks that segmentation networks learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.text import gettext
from trainer.cli.arguments import add_data_set, add_sources, load, not_negative, positive
from trainer.cli.console import echo, show
from trainer.report.tuning import mask_quality_table

if TYPE_CHECKING:
    import argparse


def add_command(commands: Any) -> None:
    """Add ``masks`` to the commands of ``data``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "masks", help=gettext("derive masks of cells, and of the edges between them, from boxes")
    )
    add_data_set(parser, required=False)
    parser.add_argument(
        "--splits", nargs="+", default=["train", "val"], help=gettext("splits to process (default: train val)")
    )
    add_sources(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=gettext("folder for the masks, with a folder for each class")
    )
    parser.add_argument(
        "--measure",
        type=positive,
        metavar="N",
        help=gettext("derive masks of N synthetic smears from their boxes and compare them with the true ones"),
    )
    parser.add_argument(
        "--seed", type=not_negative, default=0, help=gettext("seed of the synthetic smears (default: 0)")
    )
    parser.set_defaults(run_command=_masks)


def _masks(arguments: argparse.Namespace) -> None:
    makes_masks = arguments.data is not None and arguments.out is not None
    if arguments.measure is None and not makes_masks:
        raise UserError(gettext("Give --data and --out to derive masks, or --measure to check how good they are."))
    if arguments.measure is not None:
        from trainer.segmentation.measure import derived_quality

        show(mask_quality_table(derived_quality(arguments.measure, arguments.seed), arguments.measure))
    if makes_masks:
        _derive(arguments)


def _derive(arguments: argparse.Namespace) -> None:
    from core.imaging.illumination import divide_light, estimate_light
    from core.imaging.reading import read_image
    from trainer.dataset.load import median_diameter
    from trainer.dataset.masks import write_masks
    from trainer.segmentation.masks import derive_masks

    done: set[str] = set()
    for split in arguments.splits:
        data = load(arguments, split)
        for field in data.images:
            if field.path.stem in done:
                raise UserError(
                    gettext(
                        "{file}: another image has the same name, and its masks would be overwritten; rename one."
                    ).format(file=field.path)
                )
            done.add(field.path.stem)
            pixels = read_image(field.path).pixels
            boxes = field.pixel_boxes(pixels.shape[1], pixels.shape[0])
            diameter = median_diameter(boxes, field.labels, data.red_labels) or 0.1 * max(pixels.shape)
            image = divide_light(pixels, estimate_light(pixels))
            truth = derive_masks(image, boxes, field.labels, len(data.classes), diameter)
            write_masks(arguments.out, field.path.stem, truth, data.classes)
    echo(
        gettext("{folder}: masks of {n:,} images. Next: smearcount-train fit --masks {folder} ...").format(
            folder=arguments.out, n=len(done)
        )
    )
