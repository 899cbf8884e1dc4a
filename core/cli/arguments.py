"""What ``smearcount-count`` understands."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.merge import Shard
from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.errors import UserError
from core.exchange.export_items import COMMAND_NAMES
from core.files import STANDARD_OUTPUT, check_file, check_folder, write_error_text
from core.models.method import Method
from core.numbers import NumberError, read_number
from core.report.formats.csv import CsvStyle, Separator
from core.text import gettext
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.detection.loading import AnyModel
    from core.verification.profile import ProfileInUse

_SEPARATORS = {",": Separator.COMMA, ";": Separator.SEMICOLON, "tab": Separator.TAB}
_NOT_COUNTED = {
    "model": None,
    "profile": None,
    "threshold": [],
    "count_by": [],
    "nms_iou": None,
    "diameter": None,
    "edge_rule": None,
    "region": None,
    "page": None,
    "shard": None,
    "recursive": False,
    "kinds": None,
    "leave_out_no_cell": False,
}
_NO_REPORT = {"xlsx": None, "report": None, "export": None, "export_to": None, "kinds_as_classes": False}


class ArgumentsError(UserError):
    """Arguments that do not go together or cannot be used; the message names the one to change."""


def count_parser() -> argparse.ArgumentParser:
    """Return the parser of ``smearcount-count run``: images are counted."""
    parser = _parser("run", gettext("Count the blood cells of smear images without a window."))
    _add_paths(parser, gettext("images and folders of images"))
    _add_counting(parser)
    _add_results(parser)
    _add_all_detections(parser)
    _add_shard(parser)
    return _finished(parser, **_NO_REPORT)


def session_parser() -> argparse.ArgumentParser:
    """Return the parser of ``smearcount-count session``: a session is reported, and not counted again."""
    parser = _parser("session", gettext("Report what a session holds; nothing is counted again."))
    parser.add_argument(
        "paths", nargs=1, type=Path, metavar="SESSION", help=gettext("a session that the window saved (.smearcount)")
    )
    _add_results(parser, report=True)
    _add_all_detections(parser)
    return _finished(parser, **_NOT_COUNTED)


def merge_parser() -> argparse.ArgumentParser:
    """Return the parser of ``smearcount-count merge``: the parts of an archive become one result."""
    parser = _parser("merge", gettext("Merge the JSON files of all parts of an archive."))
    _add_paths(parser, gettext("the JSON files of all parts, in any order"))
    parser.add_argument("--json", type=Path, metavar="FILE", required=True, help=gettext("where the whole result goes"))
    nothing = {"csv": None, "annotated": None, "separator": ",", "decimal_comma": False, "all_detections": False}
    return _finished(parser, **_NO_REPORT, **nothing, **_NOT_COUNTED)


def adapt_parser() -> argparse.ArgumentParser:
    """Return the parser of ``smearcount-count adapt``: corrected fields become a laboratory's profile."""
    text = gettext("Choose thresholds from the corrected fields of a session, and write the laboratory's profile.")
    parser = _parser("adapt", text)
    parser.add_argument(
        "paths", nargs=1, type=Path, metavar="SESSION", help=gettext("a session with at least ten corrected fields")
    )
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", required=True, help=gettext("where the profile goes (.smearprofile)")
    )
    parser.add_argument("--name", default="", help=gettext("the name of the laboratory or of its microscope"))
    parser.add_argument("--quiet", action="store_true", help=gettext("print no table"))
    return parser


def parser_of_every_mode() -> argparse.ArgumentParser:
    """Return the parser of ``smearcount-count PATH...``: the paths decide what is done (``core.cli.modes``)."""
    parser = argparse.ArgumentParser(
        prog="smearcount-count",
        description=gettext("Count the blood cells of smear images without a window."),
        epilog=gettext("The same by subcommands, with the options of each: smearcount-count run|session|merge --help"),
    )
    _add_paths(
        parser,
        gettext(
            "images and folders of images; or one session that the window saved: it is not counted again; or the "
            "JSON files of all parts of an archive, to merge them"
        ),
    )
    _add_counting(parser)
    _add_results(parser, report=True)
    _add_all_detections(parser)
    _add_shard(parser)
    return _finished(parser)


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"smearcount-count {command}", description=description)


def _finished(parser: argparse.ArgumentParser, **absent: Any) -> argparse.ArgumentParser:
    """Add what every mode has; ``absent`` are the values of the options that this one lacks."""
    parser.add_argument(
        "--quiet",
        action="store_true",
        help=gettext("print no table and no progress; what speaks against a count is printed always"),
    )
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    parser.set_defaults(**absent)
    return parser


def _add_paths(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=text)


def _add_counting(parser: argparse.ArgumentParser) -> None:
    """Add what a count depends on."""
    parser.add_argument("--recursive", action="store_true", help=gettext("include folders inside folders"))
    parser.add_argument(
        "--model",
        type=Path,
        help=gettext("a model file (.onnx), or 'classical' to count without one; default: the bundled model"),
    )
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help=gettext("count as this laboratory's profile says (.smearprofile); other options override it"),
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="CLASS=VALUE",
        help=gettext("confidence threshold of a class, such as RBC=0.5; may be repeated"),
    )
    add_count_by(parser)
    parser.add_argument(
        "--kinds",
        type=Path,
        metavar="FILE",
        help=gettext(
            "a teaching set (.smearkinds): tell kinds of cells apart as it teaches; what looks like no cell "
            "is told too, but stays in the counts"
        ),
    )
    parser.add_argument(
        "--leave-out-no-cell",
        action="store_true",
        help=gettext("with --kinds: what is certainly no cell does not count; the results say how many were left out"),
    )
    parser.add_argument(
        "--nms-iou", type=_overlap, help=gettext("overlap above which two boxes of a class are one cell")
    )
    parser.add_argument(
        "--diameter",
        type=_diameter,
        metavar="PIXELS",
        help=gettext("red cell diameter; default: estimated for each image"),
    )
    parser.add_argument(
        "--edge-rule",
        choices=[rule.value for rule in EdgeRule],
        help=gettext("leave out cells that touch these two sides of the image, or of the region; default: all"),
    )
    parser.add_argument(
        "--region",
        type=_region,
        metavar="X1,Y1,X2,Y2",
        help=gettext("count only in this rectangle of each image, in pixels from its top left corner"),
    )
    parser.add_argument(
        "--page",
        type=_page,
        metavar="N",
        help=gettext("count page N of files with several, from 1 on; default: the page that is the image"),
    )


def _add_all_detections(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all-detections",
        action="store_true",
        help=gettext("also write detections below the thresholds into the JSON"),
    )


def _add_shard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help=gettext("count only the I-th of N parts of the images, such as 2/8; the same paths for each part"),
    )


def add_count_by(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses how masks are counted."""
    parser.add_argument(
        "--count-by",
        action="append",
        type=_method,
        default=[],
        metavar="CLASS=METHOD",
        help=gettext("how cells are counted in the masks of a segmentation model: {join}; may be repeated").format(
            join=", ".join(Method)
        ),
    )


def _method(text: str) -> tuple[str, Method]:
    name, _, method = text.partition("=")
    try:
        return name, Method(method)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            gettext("{text!r} is not CLASS=METHOD with one of the methods {methods}, such as RBC={example}").format(
                text=text, methods=", ".join(Method), example=Method.HOUGH
            )
        ) from error


def _add_results(parser: argparse.ArgumentParser, *, report: bool = False) -> None:
    """Add what can be written, with ``report`` also about a session; ``-`` is standard output."""
    parser.add_argument("--json", type=Path, metavar="FILE", help=gettext("write everything that was found as JSON"))
    parser.add_argument("--csv", type=Path, metavar="FILE", help=gettext("write a table with one row for each image"))
    parser.add_argument(
        "--separator",
        choices=list(_SEPARATORS),
        default=",",
        metavar="SIGN",
        help=gettext("the separator of the columns of the table: ',' (default), ';' or tab"),
    )
    parser.add_argument("--decimal-comma", action="store_true", help=gettext("write 0,5 and not 0.5 into the table"))
    if report:
        parser.add_argument("--xlsx", type=Path, metavar="FILE", help=gettext("write a workbook about a session"))
        parser.add_argument("--report", type=Path, metavar="FILE", help=gettext("write a PDF report about a session"))
        parser.add_argument(
            "--export",
            choices=list(COMMAND_NAMES),
            metavar="FORMAT",
            help=gettext("write the counted cells of a session as annotations: {formats}").format(
                formats=", ".join(COMMAND_NAMES)
            ),
        )
        parser.add_argument("--export-to", type=Path, metavar="DIR", help=gettext("the folder for the annotations"))
        parser.add_argument(
            "--kinds-as-classes",
            action="store_true",
            help=gettext("export cells that users gave a kind under that kind, not under their class"),
        )
    parser.add_argument("--annotated", type=Path, metavar="DIR", help=gettext("write images with the cells boxed"))
    parser.add_argument(
        "--annotated-as",
        choices=["png", "tif"],
        default="png",
        help=gettext("format of these images; default: %(default)s"),
    )


def _number(text: str, low: float, high: float) -> float:
    try:
        value = read_number(text)
    except NumberError:
        value = math.nan
    if not low <= value <= high:
        sentence = gettext("{text!r} is not a number from {low:g} to {high:g}")
        raise argparse.ArgumentTypeError(sentence.format(text=text, low=low, high=high))
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
        raise argparse.ArgumentTypeError(
            gettext("{text!r} is not a rectangle X1,Y1,X2,Y2, such as 40,40,600,440").format(text=text)
        ) from error


def _page(text: str) -> int:
    try:
        number = read_number(text, whole=True)
    except NumberError:
        number = 0
    if number < 1:
        sentence = gettext("{text!r} is not the number of a page, such as 2")
        raise argparse.ArgumentTypeError(sentence.format(text=text))
    return int(number)


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def settings_of(arguments: argparse.Namespace, model: AnyModel, profile: ProfileInUse | None = None) -> CountSettings:
    """Return the settings of the profile, or those that the model suggests, with those of the command line in place.

    Raises
    ------
    ArgumentsError
        If a threshold is malformed or names an unknown class; capital letters do not matter.
    """
    suggested = profile.profile.settings if profile else CountSettings.suggested_by(model.card)
    thresholds = dict(suggested.thresholds)
    for text in arguments.threshold:
        given, equals, value = text.partition("=")
        name = next((name for name in thresholds if name.casefold() == given.strip().casefold()), None)
        if name is None:
            known, example = ", ".join(thresholds), next(iter(thresholds))
            raise ArgumentsError(
                gettext(
                    "--threshold {text}: give CLASS=VALUE, such as {name}=0.5; the model's classes are {known}"
                ).format(text=text, name=example, known=known)
            )
        if not equals:
            raise ArgumentsError(
                gettext("--threshold {text}: give CLASS=VALUE, such as {name}=0.5").format(text=text, name=name)
            )
        try:
            thresholds[name] = _number(value, 0, 1)
        except argparse.ArgumentTypeError as error:
            raise ArgumentsError(
                gettext("--threshold {text}: {error}, such as {name}=0.5").format(text=text, error=error, name=name)
            ) from error
    rule = EdgeRule(arguments.edge_rule) if arguments.edge_rule else suggested.edge_rule
    return CountSettings(thresholds, arguments.nms_iou or suggested.nms_iou, rule)


def csv_style(arguments: argparse.Namespace) -> CsvStyle:
    """Return how the table is written; raises ArgumentsError for a choice that cannot be read back."""
    try:
        return CsvStyle(_SEPARATORS[arguments.separator], arguments.decimal_comma)
    except ValueError as error:
        raise ArgumentsError(f"--decimal-comma: {error}") from error


def check_results(arguments: argparse.Namespace) -> None:
    """Find out before hours of counting that a result has nowhere to go; raises ArgumentsError."""
    files = [path for path in (arguments.json, arguments.csv, arguments.xlsx, arguments.report) if path is not None]
    for path in files:
        if path != STANDARD_OUTPUT and not path.absolute().parent.is_dir():
            raise ArgumentsError(
                gettext("{path}: there is no folder {parent} to write into").format(path=path, parent=path.parent)
            )
        if path != STANDARD_OUTPUT:
            _check_place(path, check_file)
    if files.count(STANDARD_OUTPUT) > 1:
        raise ArgumentsError(gettext("-: only one result fits on standard output"))
    if (arguments.export is None) != (arguments.export_to is None):
        raise ArgumentsError(gettext("--export, --export-to: give both, the format and the folder"))
    for folder in (arguments.annotated, arguments.export_to):
        if folder is not None:
            _check_place(folder, check_folder)
    csv_style(arguments)


def _check_place(path: Path, check: Callable[[Path], None]) -> None:
    try:
        check(path)
    except OSError as error:
        raise ArgumentsError(write_error_text(path, error)) from error
