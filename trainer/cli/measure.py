"""The commands that measure: ``smearcount-train evaluate`` and its relatives, ``calibration`` and ``compare``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.cli.arguments import add_count_by
from core.counting.count import CountSettings
from core.detection.loading import MethodError, detector_for, open_model, with_methods
from core.errors import UserError
from core.files import write_whole
from core.text import gettext
from trainer.cli.arguments import add_data, add_model, load, names, not_negative, prepare_folders
from trainer.cli.console import echo, show
from trainer.cli.tune import add_dense, check_has_card
from trainer.dataset.load import load_data_set

if TYPE_CHECKING:
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard


def add_commands(commands: Any) -> None:
    """Add the commands that measure to the commands."""
    _add_evaluate(commands.add_parser("evaluate", help=gettext("measure a model on images with boxes")))
    _add_points(commands.add_parser("evaluate-points", help=gettext("measure a model on images with points")))
    _add_overlaps(
        commands.add_parser("evaluate-overlaps", help=gettext("measure how many overlapping red cells a model finds"))
    )
    _add_calibration(commands.add_parser("calibration", help=gettext("measure whether scores mean what they say")))
    _add_compare(commands.add_parser("compare", help=gettext("compare evaluations of the same images")))


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "test")
    add_count_by(parser)
    parser.add_argument(
        "--resize",
        type=_factor,
        nargs="+",
        default=[],
        metavar="FACTOR",
        help=gettext("also count the images resized by these factors, such as 0.5 2"),
    )
    add_dense(parser)
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help=gettext("write report.html, the tables as CSV, and evaluation.json, which 'compare' reads"),
    )
    _add_results(parser)
    parser.set_defaults(run_command=_evaluate)


def _add_overlaps(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--seed", type=not_negative, default=0, help=gettext("seed of the rendered images (default: 0)")
    )
    parser.set_defaults(run_command=_evaluate_overlaps)


def _add_points(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help=gettext("folder of the images"))
    parser.add_argument(
        "--points", type=Path, required=True, metavar="DIR", help=gettext("folder of text files with 'x y type' lines")
    )
    parser.add_argument("--only", type=Path, metavar="FILE", help=gettext("a list of image names, or a coverage table"))
    parser.add_argument(
        "--max-missing",
        type=float,
        default=0.1,
        metavar="SHARE",
        help=gettext("use images of a coverage table with at most this share of cells without a point (default: 0.1)"),
    )
    _add_results(parser)
    parser.set_defaults(run_command=_evaluate_points)


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "test")
    parser.add_argument(
        "--learn",
        default="val",
        metavar="SPLIT",
        help=gettext("split that the temperatures are learned from (default: val)"),
    )
    parser.add_argument(
        "--learn-data", type=Path, metavar="PATH", help=gettext("data set that they are learned from (default: --data)")
    )
    parser.add_argument(
        "--learn-sources",
        type=names,
        metavar="A,B",
        help=gettext("sources that they are learned from (default: --sources)"),
    )
    _add_results(parser)
    parser.set_defaults(run_command=_calibration)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="EVALUATION",
        help=gettext("evaluation.json files or report folders of 'evaluate'; all are compared with the first"),
    )
    parser.add_argument("--seed", type=not_negative, default=0, help=gettext("seed of the bootstrap (default: 0)"))
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help=gettext("write report.html, comparison.csv and comparison.json")
    )
    parser.set_defaults(run_command=_compare)


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help=gettext("write all figures as JSON"))
    parser.add_argument(
        "--write-card",
        metavar="NAME",
        help=gettext("save the figures to the model card, under this name of the test set"),
    )


def _factor(text: str) -> float:
    if not 0.02 <= (value := float(text)) <= 20:
        raise argparse.ArgumentTypeError(gettext("{text} is not between 0.02 and 20").format(text=text))
    return value


def _evaluate(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.dense_field import DenseField
    from trainer.evaluation.evaluate import card_figures, evaluate
    from trainer.report.evaluation_tables import main_tables

    _check_write_card(arguments)
    if arguments.write_card is not None and arguments.count_by:
        raise UserError(gettext("--write-card: the card names another counting method; omit --count-by."))
    data, model = load(arguments, arguments.split), open_model(arguments.model)
    try:
        model = with_methods(model, dict(arguments.count_by)) if arguments.count_by else model
    except MethodError as error:
        raise UserError(f"--count-by: {error}.") from error
    dense = None if arguments.dense is None else DenseField(arguments.dense, arguments.seed)
    prepare_folders(arguments.report, arguments.json and arguments.json.parent)
    evaluation = evaluate(model, detector_for(model), data, arguments.resize, dense)
    for table in main_tables(evaluation):
        show(table)
    if arguments.report is not None:
        from trainer.report.evaluation import write_evaluation_report

        write_evaluation_report(arguments.report, evaluation, _document(evaluation))
        echo(gettext("The report is {file}.").format(file=arguments.report / "report.html"))
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _evaluate_overlaps(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.overlapping_pairs import count_overlaps
    from trainer.report.evaluation_tables import overlaps_table

    model = open_model(arguments.model)
    _check_knows_red_cells(model, arguments.model)
    show(overlaps_table(count_overlaps(detector_for(model), CountSettings.suggested_by(model.card), arguments.seed)))


def _evaluate_points(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.points import card_figures, evaluate_points, load_point_images
    from trainer.report.evaluation_tables import points_table

    _check_write_card(arguments)
    fields = load_point_images(arguments.images, arguments.points, arguments.only, arguments.max_missing)
    model = open_model(arguments.model)
    _check_knows_red_cells(model, arguments.model)
    prepare_folders(arguments.json and arguments.json.parent)
    evaluation = evaluate_points(model, detector_for(model), fields)
    show(points_table(evaluation))
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _check_knows_red_cells(model: AnyModel, name: Path) -> None:
    if not model.card.red_labels:
        raise UserError(
            gettext("{model}: none of its classes are red cells, which are counted here; choose another model.").format(
                model=name
            )
        )


def _calibration(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.calibration import calibration, temperatures
    from trainer.evaluation.predict import predict
    from trainer.evaluation.tune import every_candidate
    from trainer.report.calibration import calibration_table

    _check_write_card(arguments)
    data, others, model = (
        load(arguments, arguments.split),
        load_data_set(
            arguments.learn_data or arguments.data, arguments.learn, arguments.learn_sources or arguments.sources
        ),
        open_model(arguments.model),
    )
    prepare_folders(arguments.json and arguments.json.parent)
    settings = every_candidate(model.card)
    learned = temperatures(predict(others, detector_for(model), settings, title="Learning"), model.card)
    judged = calibration(predict(data, detector_for(model), settings), model.card, learned)
    title = gettext("Calibration of {model} on {data}, temperatures from {split}")
    show(
        calibration_table(
            judged, title.format(model=model.card.name, data=f"{data.name} {data.split}", split=others.split)
        )
    )
    figures = {f"calibration error {name}": value.error for name, value in judged.items() if value.cells}
    figures |= {
        f"calibration error {name} at a temperature of {value.temperature:.2f}": value.error_after
        for name, value in judged.items()
        if value.cells
    }
    _keep_results(arguments, judged, model.card, figures)


def _compare(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.compare import compare
    from trainer.report.comparison_tables import differences_table, figures_table

    if len(arguments.runs) < 2:
        raise UserError(gettext("A comparison needs two evaluations or more; give the files of the others as well."))
    prepare_folders(arguments.report)
    comparison = compare(arguments.runs, seed=arguments.seed)
    for table in (figures_table(comparison), differences_table(comparison)):
        show(table)
    if arguments.report is not None:
        from trainer.report.comparison import write_comparison_report

        write_comparison_report(arguments.report, comparison, _document(comparison))
        echo(gettext("The report is {file}.").format(file=arguments.report / "report.html"))


def _document(figures: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n"


def _check_write_card(arguments: argparse.Namespace) -> None:
    if arguments.write_card is not None:
        check_has_card(arguments, gettext("omit --write-card"))


def _keep_results(arguments: argparse.Namespace, evaluation: Any, card: ModelCard, figures: dict[str, float]) -> None:
    if arguments.json is not None:
        write_whole(arguments.json, _document(evaluation))
    if arguments.write_card is not None:
        from trainer.training.card import with_measurements, write_card

        write_card(arguments.model, with_measurements(card, arguments.write_card, figures))
        echo(
            gettext("Saved the figures to the card of {file}, as {name!r}.").format(
                file=arguments.model, name=arguments.write_card
            )
        )
