"""The headless command: ``smearcount-count PATH...``."""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from core.annotate import annotate, write_picture
from core.counting import CountSettings
from core.detector import Detector
from core.images import ImageError, find_images, read_image
from core.model import Model, ModelError, default_model_path
from core.results import CountedImage, FailedImage, count_image, printable, to_csv, to_json, totals
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.images import SmearImage

EXIT_GOOD, EXIT_SOME_FAILED, EXIT_BAD_ARGUMENTS = 0, 1, 2
_LONGEST_STEM = 230  # bytes; with the ending it stays below the 255 that file systems take


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
    parser.add_argument("--nms-iou", type=_overlap, help="overlap above which two boxes of a class are one cell")
    parser.add_argument(
        "--diameter",
        type=_diameter,
        metavar="PIXELS",
        help="red cell diameter; default: estimated for each picture",
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


def _number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
    return value


def _overlap(text: str) -> float:
    return _number(text, 0.01, 1)


def _diameter(text: str) -> float:
    return _number(text, 4, 2000)


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
            known = ", ".join(thresholds)
            raise ValueError(f"--threshold {text}: write CLASS=VALUE, such as RBC=0.4; the model's classes are {known}")
        try:
            thresholds[name] = _number(value, 0, 1)
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"--threshold {text}: {error}, such as {name}=0.4") from error
    return CountSettings(thresholds, arguments.nms_iou or suggested.nms_iou)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 all good, 1 some failed, 2 bad arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name the terminal cannot show must not stop the batch
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        _check_folders(arguments)
        model = Model(arguments.model or default_model_path())
        settings = _settings(arguments, model)
    except (ModelError, ValueError) as error:
        parser.error(str(error))
    batch = _Batch(arguments, Detector(model), settings)
    batch.count()
    batch.write_results()
    if batch.counted and not arguments.quiet:
        Console(soft_wrap=True).print(_table(batch.counted, model.card.classes))
    return EXIT_SOME_FAILED if batch.failed else EXIT_GOOD


def _check_folders(arguments: argparse.Namespace) -> None:
    """Find out before hours of counting that a result has nowhere to go; raises ValueError."""
    for path in (arguments.json, arguments.csv):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValueError(f"{path}: there is no folder {path.parent} to write into")


@dataclass
class _Batch:
    """The pictures of one run: what was counted, and what failed."""

    arguments: argparse.Namespace
    detector: Detector
    settings: CountSettings
    errors: Console = field(default_factory=lambda: Console(stderr=True, soft_wrap=True, highlight=False, emoji=False))
    counted: list[CountedImage] = field(default_factory=list[CountedImage])
    failed: list[FailedImage] = field(default_factory=list[FailedImage])
    annotated: set[Path] = field(default_factory=set[Path])

    def fail(self, path: Path, error: str) -> None:
        self.failed.append(FailedImage(path, error))
        self.errors.print(error, style="red", markup=False)

    def count(self) -> None:
        """Count every picture; one that cannot be counted does not keep the others from it."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        hidden = self.arguments.quiet or not self.errors.is_terminal
        pictures = self._find_pictures()
        with Progress(*columns, console=self.errors, disable=hidden, transient=True) as progress:
            for path in progress.track(pictures, description="Counting"):
                self._count_one(path)

    def _find_pictures(self) -> list[Path]:
        """Return the pictures to count, none of them twice."""
        pictures: list[Path] = []
        for path in self.arguments.paths:
            try:
                found = list(find_images([path], recursive=self.arguments.recursive))
            except OSError as error:
                self.fail(path, f"{path}: the folder cannot be opened ({error.strerror}); ask for access to it.")
                continue
            if not found:
                self.fail(path, f"{path}: no pictures in this folder; try --recursive or another folder.")
            pictures += found
        return list(dict.fromkeys(pictures))

    def _count_one(self, path: Path) -> None:
        try:
            photograph = read_image(path)
            image = count_image(photograph, self.detector, self.settings, self.arguments.diameter)
        except ImageError as error:
            self.fail(path, str(error))
            return
        except MemoryError:
            self.fail(path, f"{path}: too large for the free memory; close other programs or crop it.")
            return
        except Exception as error:  # noqa: BLE001  a fault in one picture must not end the batch
            self.fail(path, f"{path}: counting stopped unexpectedly ({error}); the other pictures go on.")
            return
        self.counted.append(image)
        for notice in image.notices if not self.arguments.quiet else ():
            self.errors.print(f"{path.name}: {notice}", style="yellow", markup=False)
        if self.arguments.annotated is not None:
            self._annotate(photograph, image)

    def _annotate(self, photograph: SmearImage, image: CountedImage) -> None:
        picture = annotate(photograph.pixels, image.found.detections, image.result, self.detector.card.classes)
        target = self._annotated_path(image.path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_picture(picture, target)
        except OSError as error:
            reason = error.strerror or error
            self.fail(
                image.path,
                f"{target}: the annotated picture cannot be written ({reason}); choose another folder.",
            )

    def _annotated_path(self, picture: Path) -> Path:
        """Return where to write an annotated picture; pictures of one name get numbers."""
        folder = self.arguments.annotated
        stem = os.fsencode(picture.stem)[:_LONGEST_STEM].decode("utf-8", "ignore")
        target, number = folder / f"{stem}_counted.png", 2
        while target in self.annotated:
            target, number = folder / f"{stem}_counted_{number}.png", number + 1
        self.annotated.add(target)
        return target

    def write_results(self) -> None:
        """Write the JSON and CSV files that were asked for."""
        model = self.detector.model
        if self.arguments.json is not None:
            everything = self.arguments.all_detections
            document = to_json(self.counted, self.failed, model, self.settings, all_detections=everything)
            self._write(self.arguments.json, document)
        if self.arguments.csv is not None:
            self._write(self.arguments.csv, to_csv(self.counted, self.failed, model.card.classes))

    def _write(self, path: Path, document: bytes) -> None:
        try:
            path.write_bytes(document)
        except OSError as error:
            self.fail(path, f"{path}: the result cannot be written ({error.strerror}); choose another place.")


def _table(counted: list[CountedImage], classes: tuple[str, ...]) -> Table:
    table = Table(show_footer=len(counted) != 1)
    sums = totals(counted, classes)
    table.add_column("Picture", footer=f"Total of {len(counted)}", overflow="fold")
    for name in classes:
        table.add_column(name, footer=str(sums[name]), justify="right")
    table.add_column("Red cell size", justify="right")
    for image in counted:
        numbers = [str(image.result.counts[name]) for name in classes]
        table.add_row(Text(printable(image.path)), *numbers, f"{image.found.diameter:.0f} px")
    return table


if __name__ == "__main__":
    sys.exit(main())
