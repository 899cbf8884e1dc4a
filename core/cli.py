"""The headless command: ``smearcount-count PATH...``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.annotate import annotate, write_picture
from core.counting import CountSettings
from core.detector import Detector
from core.images import ImageError, find_images, read_image
from core.model import Model, ModelError, default_model_path
from core.results import CountedImage, FailedImage, count_image, to_csv, to_json, totals
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_GOOD, EXIT_SOME_FAILED, EXIT_BAD_ARGUMENTS = 0, 1, 2


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount-count``."""
    parser = argparse.ArgumentParser(
        prog="smearcount-count", description="Count the blood cells of smear photographs without a window."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures and folders of pictures")
    parser.add_argument("--recursive", action="store_true", help="look into folders inside folders")
    parser.add_argument("--model", type=Path, help="a model file (.onnx); default: the one that ships")
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="CLASS=VALUE",
        help="confidence threshold of a class, such as RBC=0.4; may be repeated",
    )
    parser.add_argument("--nms-iou", type=_fraction, help="overlap above which two boxes of a class are one cell")
    parser.add_argument(
        "--diameter", type=_diameter, metavar="PIXELS", help="red cell diameter; default: estimated for each picture"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table with one row for each picture")
    parser.add_argument("--annotated", type=Path, metavar="DIR", help="write pictures with the cells boxed")
    parser.add_argument(
        "--all-detections", action="store_true", help="also put what is below the thresholds into the JSON"
    )
    parser.add_argument("--quiet", action="store_true", help="print no table and no progress")
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    return parser


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _diameter(text: str) -> float:
    value = float(text)
    if not 4 <= value <= 2000:
        raise argparse.ArgumentTypeError(f"{text} is not between 4 and 2000 pixels")
    return value


def _settings(arguments: argparse.Namespace, model: Model) -> CountSettings:
    """Return the model's suggested settings with those of the command line in place.

    Raises
    ------
    ValueError
        If a threshold is malformed or names an unknown class.
    """
    suggested = CountSettings.suggested_by(model.card)
    thresholds = dict(suggested.thresholds)
    for text in arguments.threshold:
        name, _, value = text.partition("=")
        if name not in thresholds:
            raise ValueError(f"--threshold {text}: the model's classes are {', '.join(thresholds)}")
        try:
            thresholds[name] = _fraction(value)
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise ValueError(f"--threshold {text}: give a number between 0 and 1, such as {name}=0.4") from error
    return CountSettings(thresholds, arguments.nms_iou or suggested.nms_iou)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 all good, 1 some failed, 2 bad arguments."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        model = Model(arguments.model or default_model_path())
        settings = _settings(arguments, model)
    except (ModelError, ValueError) as error:
        parser.error(str(error))
    counted, failed = _count_all(arguments, Detector(model), settings, errors)
    failed += _write_results(arguments, counted, failed, model, settings, errors)
    if not arguments.quiet:
        Console(soft_wrap=True).print(_table(counted, model.card.classes))
    return EXIT_SOME_FAILED if failed else EXIT_GOOD


def _count_all(
    arguments: argparse.Namespace, detector: Detector, settings: CountSettings, errors: Console
) -> tuple[list[CountedImage], list[FailedImage]]:
    counted: list[CountedImage] = []
    failed: list[FailedImage] = []
    annotated: set[Path] = set()

    def fail(path: Path, error: str) -> None:
        failed.append(FailedImage(path, error))
        errors.print(error, style="red", markup=False)

    for folder in (path for path in arguments.paths if path.is_dir()):
        if next(find_images([folder], recursive=arguments.recursive), None) is None:
            fail(folder, f"{folder}: no pictures in this folder; try --recursive or another folder.")
    paths = list(find_images(arguments.paths, recursive=arguments.recursive))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = arguments.quiet or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden, transient=True) as progress:
        for path in progress.track(paths, description="Counting"):
            try:
                photograph = read_image(path)
            except ImageError as error:
                fail(path, str(error))
                continue
            image = count_image(photograph, detector, settings, arguments.diameter)
            counted.append(image)
            for notice in image.notices if not arguments.quiet else ():
                errors.print(f"{path.name}: {notice}", style="yellow", markup=False)
            if arguments.annotated is not None:
                picture = annotate(photograph.pixels, image.found.detections, image.result, detector.card.classes)
                target = _annotated_path(arguments.annotated, path, annotated)
                try:
                    arguments.annotated.mkdir(parents=True, exist_ok=True)
                    write_picture(picture, target)
                except OSError as error:
                    reason = error.strerror or error
                    fail(path, f"{target}: the annotated picture cannot be written ({reason}); choose another folder.")
    return counted, failed


def _annotated_path(folder: Path, picture: Path, taken: set[Path]) -> Path:
    """Return where to write an annotated picture; pictures of one name get numbers."""
    target, number = folder / f"{picture.stem}_counted.png", 2
    while target in taken:
        target, number = folder / f"{picture.stem}_counted_{number}.png", number + 1
    taken.add(target)
    return target


def _write_results(
    arguments: argparse.Namespace,
    counted: list[CountedImage],
    failed: list[FailedImage],
    model: Model,
    settings: CountSettings,
    errors: Console,
) -> list[FailedImage]:
    """Write the JSON and CSV files; return those that could not be written."""
    unwritten = []
    documents = {
        arguments.json: lambda: to_json(
            counted, failed, model, settings, all_detections=arguments.all_detections
        ),
        arguments.csv: lambda: to_csv(counted, failed, model.card.classes),
    }
    for path, document in documents.items():
        if path is None:
            continue
        try:
            path.write_bytes(document())
        except OSError as error:
            message = f"{path}: the result cannot be written ({error.strerror}); choose another place."
            errors.print(message, style="red", markup=False)
            unwritten.append(FailedImage(path, message))
    return unwritten


def _table(counted: list[CountedImage], classes: tuple[str, ...]) -> Table:
    table = Table(show_footer=len(counted) != 1)
    sums = totals(counted, classes)
    table.add_column("Picture", footer=f"Total of {len(counted)}", overflow="fold")
    for name in classes:
        table.add_column(name, footer=str(sums[name]), justify="right")
    table.add_column("Red cell width", justify="right")
    for image in counted:
        numbers = [str(image.result.counts[name]) for name in classes]
        table.add_row(str(image.path), *numbers, f"{image.found.diameter:.0f} px")
    return table


if __name__ == "__main__":
    sys.exit(main())
