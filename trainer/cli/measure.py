"""The commands that measure: ``smearcount-train evaluate | evaluate-points | compare | tune``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.cli.arguments import add_count_by
from core.detection.loading import detector_for, open_model, with_methods
from core.detection.segmentation.classical import CLASSICAL
from core.detection.segmentation.detector import SegmentationDetector
from core.files import write_whole
from core.models.network import Model, default_model_path
from trainer.cli.parts import (
    BadInputError,
    add_data,
    add_model,
    load,
    make_room,
    not_negative,
    positive,
    say,
    show,
)
from trainer.training.card import with_measurements, write_card

if TYPE_CHECKING:
    from core.models.card import ModelCard

_LOOK_ONLY = "give --dry-run to see the figures alone"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser of ``smearcount-train``."""
    _add_tune(commands.add_parser("tune", help="find the thresholds at which a model counts best"))
    _add_tune_counting(commands.add_parser("tune-counting", help="find how the masks of a model are counted best"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a model on fields with boxes"))
    _add_points(commands.add_parser("evaluate-points", help="measure a model on fields with points"))
    _add_calibration(commands.add_parser("calibration", help="measure whether a model is as sure as it is right"))
    _add_compare(commands.add_parser("compare", help="put evaluations of the same pictures side by side"))


def _add_tune(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "val")
    parser.add_argument("--dry-run", action="store_true", help="do not write the thresholds to the model's card")
    parser.set_defaults(run_command=_tune)


def _add_tune_counting(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "val")
    parser.add_argument(
        "--judge", metavar="SPLIT", help="also count this split by the best way of each method, such as test"
    )
    _add_dense(parser)
    parser.add_argument("--dry-run", action="store_true", help="do not write the best way to the model's card")
    parser.set_defaults(run_command=_tune_counting)


def _add_dense(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dense",
        type=positive,
        metavar="N",
        help="also count a rendered field of 2592 x 1944 pixels with N cells, such as 1000",
    )
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of the rendered field (default: 0)")


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
        help="also count the fields resized by these factors, such as 0.5 2",
    )
    _add_dense(parser)
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.html, the tables as CSV, and evaluation.json, which 'compare' reads",
    )
    _add_results(parser)
    parser.set_defaults(run_command=_evaluate)


def _add_points(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
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


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "test")
    parser.add_argument(
        "--learn", default="val", metavar="SPLIT", help="split that the temperatures are learned from (default: val)"
    )
    _add_results(parser)
    parser.set_defaults(run_command=_calibration)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="EVALUATION",
        help="evaluation.json files or report folders of 'evaluate'; the others are compared with the first",
    )
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of the bootstrap (default: 0)")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html, comparison.csv and .json")
    parser.set_defaults(run_command=_compare)


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--write-card", metavar="NAME", help="put the figures on the model's card, under this name of the test set"
    )


def _factor(text: str) -> float:
    if not 0.02 <= (value := float(text)) <= 20:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.02 and 20")
    return value


def _check_has_card(arguments: argparse.Namespace, remedy: str) -> None:
    if str(arguments.model) == CLASSICAL:
        raise BadInputError(f"{CLASSICAL}: there is no model file whose card could be written; {remedy}.")
    if arguments.model == default_model_path():
        raise BadInputError(
            f"{arguments.model}: the model that ships stays as it is; give a copy of it or another one with --model, "
            f"or {remedy}."
        )


def _tune(arguments: argparse.Namespace) -> None:
    if not arguments.dry_run:
        _check_has_card(arguments, _LOOK_ONLY)
    from trainer.evaluation.predict import look_at
    from trainer.evaluation.tune import before_and_after, every_candidate, tune
    from trainer.report.terminal import settings_table, tuning_table

    data, model = load(arguments, arguments.split), open_model(arguments.model)
    results = look_at(data, detector_for(model), every_candidate(model.card))
    tunings = tune(results, model.card)
    if not any(score.truth for score in tunings[0].scores.values()):
        raise BadInputError(f"{arguments.data}: split {data.split!r} has no cell of the model's classes to tune on.")
    name = f"{data.name} {data.split}"
    show(tuning_table(tunings, name))
    show(settings_table(before_and_after(results, model.card, tunings[0].settings), name))
    for name, score in tunings[0].scores.items():
        if score.truth and not any(tuning.scores[name].matched for tuning in tunings):
            say(f"{name}: not one of the {score.truth} was found, at any threshold; train the model for longer.")
    if not arguments.dry_run:
        best = tunings[0].settings
        card = msgspec.structs.replace(model.card, thresholds=dict(best.thresholds), nms_iou=best.nms_iou)
        write_card(arguments.model, card)
        say(f"The first row is now on the card of {arguments.model}.")


def _tune_counting(arguments: argparse.Namespace) -> None:
    if not arguments.dry_run:
        _check_has_card(arguments, _LOOK_ONLY)
    from trainer.evaluation.dense_field import DenseField
    from trainer.segmentation.tune import (
        best_of,
        best_of_each_method,
        counting_table,
        dense_field,
        fields_of,
        judge_ways,
        never_found,
        try_ways,
    )

    data, model = load(arguments, arguments.split), open_model(arguments.model)
    judged = load(arguments, arguments.judge) if arguments.judge else None
    counter = detector_for(model)
    if not isinstance(counter, SegmentationDetector):
        raise BadInputError(f"{arguments.model}: this model finds boxes and no masks; tune it with 'tune'.")
    classes = model.card.classes
    trials = try_ways(fields_of(data, classes), counter)
    chosen, ways = best_of(trials), best_of_each_method(trials)
    show(counting_table(ways, chosen, f"{model.card.name} on {data.name} {data.split}"))
    for name in never_found(trials):
        say(
            f"{name}: no way of counting found a single cell in {data.name} {data.split}, so none was chosen; "
            "train the model for longer, or give it more of these cells."
        )
    counter.card = model.card.with_counting({**model.card.counting, **chosen})
    best = f"in the ways that were best on {data.split}"
    if judged is not None:
        trials = judge_ways(fields_of(judged, classes), counter, ways)
        show(counting_table(trials, chosen, f"{model.card.name} on {data.name} {judged.split}, {best}"))
    if arguments.dense is not None:
        dense = DenseField(arguments.dense, arguments.seed)
        trials = judge_ways([dense_field(dense, classes)], counter, ways)
        show(counting_table(trials, chosen, f"{model.card.name} on a rendered field of {dense.cells} cells, {best}"))
    if isinstance(model, Model) and not arguments.dry_run:
        write_card(arguments.model, counter.card)
        say(f"The best way of each class is now on the card of {arguments.model}.")


def _evaluate(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.dense_field import DenseField
    from trainer.evaluation.evaluate import card_figures, evaluate
    from trainer.report.terminal import evaluation_tables

    if arguments.write_card is not None:
        _check_has_card(arguments, "leave --write-card out")
        if arguments.count_by:
            raise BadInputError("--write-card: the card says another way of counting; leave --count-by out.")
    data, model = load(arguments, arguments.split), open_model(arguments.model)
    try:
        model = with_methods(model, dict(arguments.count_by)) if arguments.count_by else model
    except ValueError as error:
        raise BadInputError(f"--count-by: {error}.") from error
    dense = None if arguments.dense is None else DenseField(arguments.dense, arguments.seed)
    make_room(arguments.report, arguments.json and arguments.json.parent)
    evaluation = evaluate(model, detector_for(model), data, arguments.resize, dense)
    for table in evaluation_tables(evaluation):
        show(table)
    if arguments.report is not None:
        from trainer.report.evaluation import write_evaluation_report

        write_evaluation_report(arguments.report, evaluation, _document(evaluation))
        say(f"The report is {arguments.report / 'report.html'}.")
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _evaluate_points(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.points import card_figures, evaluate_points, load_point_fields
    from trainer.report.terminal import points_table

    if arguments.write_card is not None:
        _check_has_card(arguments, "leave --write-card out")
    fields = load_point_fields(arguments.images, arguments.points, arguments.only, arguments.max_missing)
    model = open_model(arguments.model)
    if not model.card.red_labels:
        raise BadInputError(f"{arguments.model}: none of its classes are red cells, which are what the points mark.")
    make_room(arguments.json and arguments.json.parent)
    evaluation = evaluate_points(model, detector_for(model), fields)
    show(points_table(evaluation))
    _keep_results(arguments, evaluation, model.card, card_figures(evaluation))


def _calibration(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.calibration import calibration, temperatures
    from trainer.evaluation.predict import look_at
    from trainer.evaluation.tune import every_candidate
    from trainer.report.terminal import calibration_table

    if arguments.write_card is not None:
        _check_has_card(arguments, "leave --write-card out")
    data, others, model = (
        load(arguments, arguments.split),
        load(arguments, arguments.learn),
        open_model(arguments.model),
    )
    make_room(arguments.json and arguments.json.parent)
    settings = every_candidate(model.card)
    learned = temperatures(look_at(others, detector_for(model), settings, title="Learning"), model.card)
    judged = calibration(look_at(data, detector_for(model), settings), model.card, learned)
    show(calibration_table(judged, f"{model.card.name} on {data.name} {data.split}, temperatures from {others.split}"))
    figures = {f"calibration error {name}": value.error for name, value in judged.items() if value.cells}
    _keep_results(arguments, judged, model.card, figures)


def _compare(arguments: argparse.Namespace) -> None:
    from trainer.evaluation.compare import compare
    from trainer.report.terminal import comparison_tables

    if len(arguments.runs) < 2:
        raise BadInputError("A comparison takes two evaluations or more; give the files of the others too.")
    make_room(arguments.report)
    comparison = compare(arguments.runs, seed=arguments.seed)
    for table in comparison_tables(comparison):
        show(table)
    if arguments.report is not None:
        from trainer.report.comparison import write_comparison_report

        write_comparison_report(arguments.report, comparison, _document(comparison))
        say(f"The report is {arguments.report / 'report.html'}.")


def _document(figures: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n"


def _keep_results(arguments: argparse.Namespace, evaluation: Any, card: ModelCard, figures: dict[str, float]) -> None:
    if arguments.json is not None:
        write_whole(arguments.json, _document(evaluation))
    if arguments.write_card is not None:
        write_card(arguments.model, with_measurements(card, arguments.write_card, figures))
        say(f"The figures are now on the card of {arguments.model}, as {arguments.write_card!r}.")
