"""What ``smearcount-count`` understands."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.merge import Shard
from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.files import STANDARD_OUTPUT, check_file, check_folder, write_error_text
from core.models.method import Method
from core.report.formats.csv import CsvStyle, Separator
from core.session.values import SESSION_SUFFIX
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.detection.loading import AnyModel

_SEPARATORS = {",": Separator.COMMA, ";": Separator.SEMICOLON, "tab": Separator.TAB}
_OF_COUNTING = ("model", "threshold", "count_by", "nms_iou", "diameter", "edge_rule", "region")


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount-count``."""
    parser = argparse.ArgumentParser(
        prog="smearcount-count", description="Count the blood cells of smear photographs without a window."
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="pictures and folders of pictures; or one session that the window saved: it is not counted again; or the "
        "JSON files of all parts of an archive, to put them together",
    )
    parser.add_argument("--recursive", action="store_true", help="look into folders inside folders")
    parser.add_argument(
        "--model",
        type=Path,
        help="a model file (.onnx), or 'classical' to count without one; default: the model that ships",
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="CLASS=VALUE",
        help="confidence threshold of a class, such as RBC=0.5; may be repeated",
    )
    add_count_by(parser)
    parser.add_argument("--nms-iou", type=_overlap, help="overlap above which two boxes of a class are one cell")
    parser.add_argument(
        "--diameter",
        type=_diameter,
        metavar="PIXELS",
        help="red cell diameter; default: estimated for each picture",
    )
    parser.add_argument(
        "--edge-rule",
        choices=[rule.value for rule in EdgeRule],
        help="leave out cells that touch these two sides of the picture, or of the region; default: all",
    )
    parser.add_argument(
        "--region",
        type=_region,
        metavar="X1,Y1,X2,Y2",
        help="count only in this rectangle of each picture, in pixels from its top left corner",
    )
    _add_results(parser)
    parser.add_argument(
        "--all-detections", action="store_true", help="also put what is below the thresholds into the JSON"
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="count only the I-th of N parts of the pictures, such as 2/8; the same paths for each part",
    )
    parser.add_argument("--quiet", action="store_true", help="print no table and no progress")
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    return parser


def add_count_by(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses how masks are counted."""
    parser.add_argument(
        "--count-by",
        action="append",
        type=_way_of_counting,
        default=[],
        metavar="CLASS=METHOD",
        help=f"how cells are counted in the masks of a segmentation model: {', '.join(Method)}; may be repeated",
    )


def _way_of_counting(text: str) -> tuple[str, Method]:
    name, _, method = text.partition("=")
    try:
        return name, Method(method)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not CLASS=METHOD with one of the methods {', '.join(Method)}, such as RBC={Method.HOUGH}"
        ) from error


def _add_results(parser: argparse.ArgumentParser) -> None:
    """Add what can be written; ``-`` is standard output."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table with one row for each picture")
    parser.add_argument(
        "--separator",
        choices=list(_SEPARATORS),
        default=",",
        metavar="SIGN",
        help="what stands between the cells of the table: ',' (default), ';' or tab",
    )
    parser.add_argument("--decimal-comma", action="store_true", help="write 0,5 and not 0.5 into the table")
    parser.add_argument("--xlsx", type=Path, metavar="FILE", help="write a workbook about a session")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a PDF report about a session")
    parser.add_argument("--annotated", type=Path, metavar="DIR", help="write pictures with the cells boxed")
    parser.add_argument(
        "--annotated-as", choices=["png", "tif"], default="png", help="format of these pictures; default: %(default)s"
    )


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


def _region(text: str) -> Region:
    try:
        x1, y1, x2, y2 = (float(value) for value in text.split(","))
        return Region.between(x1, y1, x2, y2)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rectangle X1,Y1,X2,Y2, such as 40,40,600,440") from error


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parts_of(arguments: argparse.Namespace) -> list[Path] | None:
    """Return the results to put together, None if the paths are no results.

    Raises
    ------
    ValueError
        If options or paths do not go together.
    """
    parts = [path for path in arguments.paths if path.suffix.lower() == ".json"]
    if not parts:
        return None
    if len(parts) < len(arguments.paths):
        raise ValueError(f"{parts[0]}: put parts together without pictures beside them")
    if arguments.json is None:
        raise ValueError(f"{parts[0]}: say with --json FILE where the whole goes")
    for name in ("csv", "annotated", "shard", *_OF_COUNTING):
        if getattr(arguments, name):
            raise ValueError(f"--{name.replace('_', '-')}: parts are put together as they were counted, into --json")
    return parts


def settings_of(arguments: argparse.Namespace, model: AnyModel) -> CountSettings:
    """Return the model's suggested settings with those of the command line in place.

    Raises
    ------
    ValueError
        If a threshold is malformed or names an unknown class; capital letters do not matter.
    """
    suggested = CountSettings.suggested_by(model.card)
    thresholds = dict(suggested.thresholds)
    for text in arguments.threshold:
        given, equals, value = text.partition("=")
        name = next((name for name in thresholds if name.casefold() == given.strip().casefold()), None)
        if name is None:
            known, example = ", ".join(thresholds), next(iter(thresholds))
            raise ValueError(
                f"--threshold {text}: give CLASS=VALUE, such as {example}=0.5; the model's classes are {known}"
            )
        if not equals:
            raise ValueError(f"--threshold {text}: give CLASS=VALUE, such as {name}=0.5")
        try:
            thresholds[name] = _number(value, 0, 1)
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"--threshold {text}: {error}, such as {name}=0.5") from error
    return CountSettings(
        thresholds, arguments.nms_iou or suggested.nms_iou, EdgeRule(arguments.edge_rule or EdgeRule.ALL)
    )


def csv_style(arguments: argparse.Namespace) -> CsvStyle:
    """Return how the table is written; raises ValueError for a choice that cannot be read back."""
    try:
        return CsvStyle(_SEPARATORS[arguments.separator], arguments.decimal_comma)
    except ValueError as error:
        raise ValueError(f"--decimal-comma: {error}") from error


def session_of(arguments: argparse.Namespace) -> Path | None:
    """Return the session among the paths, None if there are only pictures.

    Raises
    ------
    ValueError
        If options or paths do not go together.
    """
    sessions = [path for path in arguments.paths if path.suffix.lower() == SESSION_SUFFIX]
    if not sessions:
        for name in ("xlsx", "report"):
            if getattr(arguments, name) is not None:
                raise ValueError(f"--{name} is about a session; count the pictures in the window and name its session")
        return None
    if len(arguments.paths) > 1:
        raise ValueError(f"{sessions[0]}: one session at a time, without pictures beside it")
    for name in _OF_COUNTING:
        if getattr(arguments, name):
            option = name.replace("_", "-")
            raise ValueError(f"--{option}: a session has its own; change it in the window, or leave it out")
    return sessions[0]


def check_results(arguments: argparse.Namespace) -> None:
    """Find out before hours of counting that a result has nowhere to go; raises ValueError."""
    files = [path for path in (arguments.json, arguments.csv, arguments.xlsx, arguments.report) if path is not None]
    for path in files:
        if path != STANDARD_OUTPUT and not path.absolute().parent.is_dir():
            raise ValueError(f"{path}: there is no folder {path.parent} to write into")
        if path != STANDARD_OUTPUT:
            _check_place(path, check_file)
    if files.count(STANDARD_OUTPUT) > 1:
        raise ValueError("-: only one result fits on standard output")
    if arguments.annotated is not None:
        _check_place(arguments.annotated, check_folder)
    csv_style(arguments)


def _check_place(path: Path, check: Callable[[Path], None]) -> None:
    try:
        check(path)
    except OSError as error:
        raise ValueError(write_error_text(path, error)) from error
