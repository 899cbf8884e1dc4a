"""``smearcount-train tune``, ``tune-counting`` and ``look``: what data say of a model, written to its card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from core.counting.count import CountSettings
from core.detection.loading import detector_for, open_model
from core.detection.segmentation.classical import CLASSICAL
from core.detection.segmentation.detector import SegmentationDetector
from core.errors import UserError
from core.models.network import Model, default_model_path
from core.text import gettext
from trainer.cli.arguments import add_data, add_model, load, not_negative, positive
from trainer.cli.console import echo, show

if TYPE_CHECKING:
    import argparse


def add_commands(commands: Any) -> None:
    """Add ``tune``, ``tune-counting`` and ``look`` to the commands."""
    _add_tune(commands.add_parser("tune", help=gettext("find the thresholds at which a model counts best")))
    _add_tune_counting(
        commands.add_parser("tune-counting", help=gettext("find the best counting method for a model's masks"))
    )
    _add_look(commands.add_parser("look", help=gettext("measure what the training images of a model look like")))


def _add_look(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "train")
    parser.add_argument(
        "--fields",
        type=positive,
        default=300,
        metavar="N",
        help=gettext("measure at most N fields, evenly spread over the split (default: 300)"),
    )
    parser.add_argument(
        "--judge", metavar="SPLIT", help=gettext("also say how many fields of this split, such as val, look unlike")
    )
    parser.add_argument("--dry-run", action="store_true", help=gettext("do not write the look to the model card"))
    parser.set_defaults(run_command=_look)


def _add_tune(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "val")
    parser.add_argument("--dry-run", action="store_true", help=gettext("do not write the thresholds to the model card"))
    parser.set_defaults(run_command=_tune)


def _add_tune_counting(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_data(parser, "val")
    parser.add_argument(
        "--judge",
        metavar="SPLIT",
        help=gettext("also count this split, such as test, with the best variant of each method"),
    )
    add_dense(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help=gettext("do not write the best method to the model card")
    )
    parser.set_defaults(run_command=_tune_counting)


def add_dense(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ask for a dense synthetic image."""
    parser.add_argument(
        "--dense",
        type=positive,
        metavar="N",
        help=gettext("also count a synthetic image of 2592 x 1944 pixels with N cells, such as 1000"),
    )
    parser.add_argument(
        "--seed", type=not_negative, default=0, help=gettext("seed of the synthetic image (default: 0)")
    )


def check_has_card(arguments: argparse.Namespace, remedy: str) -> None:
    """Refuse to write a card where there is no model file, or that of the bundled model."""
    if str(arguments.model) == CLASSICAL:
        raise UserError(
            gettext("{model}: there is no model file whose card could be written; {remedy}.").format(
                model=CLASSICAL, remedy=remedy
            )
        )
    if arguments.model == default_model_path():
        raise UserError(
            gettext(
                "{model}: the bundled model cannot be changed; give a copy of it or another model with --model, "
                "or {remedy}."
            ).format(model=arguments.model, remedy=remedy)
        )


def _check_may_write(arguments: argparse.Namespace) -> None:
    if not arguments.dry_run:
        check_has_card(arguments, gettext("add --dry-run to see only the figures"))


def _tune(arguments: argparse.Namespace) -> None:
    _check_may_write(arguments)
    from trainer.evaluation.predict import predict
    from trainer.evaluation.tune import before_and_after, every_candidate, tune
    from trainer.report.tuning import settings_table, tuning_table

    data, model = load(arguments, arguments.split), open_model(arguments.model)
    results = predict(data, detector_for(model), every_candidate(model.card))
    tunings = tune(results, model.card)
    if not any(score.truth for score in tunings[0].scores.values()):
        raise UserError(
            gettext("{data}: split {split!r} has no cell of the model's classes to tune on; choose another.").format(
                data=arguments.data, split=data.split
            )
        )
    name = f"{data.name} {data.split}"
    show(tuning_table(tunings, name))
    show(settings_table(before_and_after(results, model.card, tunings[0].settings), name))
    for name, score in tunings[0].scores.items():
        if score.truth and not any(tuning.scores[name].matched for tuning in tunings):
            echo(
                gettext("{name}: none of {n:,} cells was found at any threshold; train the model for longer.").format(
                    name=name, n=score.truth
                )
            )
    if not arguments.dry_run:
        from trainer.training.card import write_card

        best = tunings[0].settings
        card = msgspec.structs.replace(model.card, thresholds=dict(best.thresholds), nms_iou=best.nms_iou)
        write_card(arguments.model, card)
        echo(gettext("Saved the settings of the first row to the card of {file}.").format(file=arguments.model))


def _tune_counting(arguments: argparse.Namespace) -> None:
    _check_may_write(arguments)
    from trainer.evaluation.dense_field import DenseField
    from trainer.evaluation.tune_counting import (
        best_methods,
        best_of_each_method,
        dense_field,
        judge_methods,
        known_images,
        never_found,
        try_methods,
    )
    from trainer.report.tuning import counting_table

    data, model = load(arguments, arguments.split), open_model(arguments.model)
    judged = load(arguments, arguments.judge) if arguments.judge else None
    counter = detector_for(model)
    if not isinstance(counter, SegmentationDetector):
        raise UserError(
            gettext("{model}: this model finds boxes, not masks; tune it with 'tune'.").format(model=arguments.model)
        )
    classes = model.card.classes
    trials = try_methods(known_images(data, classes), counter)
    chosen, best_variants = best_methods(trials), best_of_each_method(trials)
    show(counting_table(best_variants, chosen, f"{model.card.name} on {data.name} {data.split}"))
    for name in never_found(trials):
        echo(
            gettext(
                "{name}: no counting method found a single cell in {data} {split}, so none was chosen; train the "
                "model for longer, or with more of these cells."
            ).format(name=name, data=data.name, split=data.split)
        )
    counter.card = model.card.with_counting({**model.card.counting, **chosen})
    best = gettext("with the methods that scored best on {split}").format(split=data.split)
    if judged is not None:
        trials = judge_methods(known_images(judged, classes), counter, best_variants)
        show(counting_table(trials, chosen, f"{model.card.name} on {data.name} {judged.split}, {best}"))
    if arguments.dense is not None:
        dense = DenseField(arguments.dense, arguments.seed)
        trials = judge_methods([dense_field(dense, classes)], counter, best_variants)
        title = gettext("{model} on a synthetic image of {n:,} cells, {best}")
        show(counting_table(trials, chosen, title.format(model=model.card.name, n=dense.cells, best=best)))
    if isinstance(model, Model) and not arguments.dry_run:
        from trainer.training.card import write_card

        write_card(arguments.model, counter.card)
        echo(gettext("Saved the best method of each class to the card of {file}.").format(file=arguments.model))


def _look(arguments: argparse.Namespace) -> None:
    _check_may_write(arguments)
    from trainer.evaluation.look import look_ranges, share_unlike
    from trainer.evaluation.predict import predict_paths

    data, model = load(arguments, arguments.split), open_model(arguments.model)
    judged = load(arguments, arguments.judge) if arguments.judge else None
    if model.card.kind == "segmentation":
        text = gettext("{model}: this model makes masks; the look is measured by those that find boxes.")
        raise UserError(text.format(model=arguments.model))
    detector, settings = detector_for(model), CountSettings.suggested_by(model.card)
    paths = [field.path for field in data.images]
    chosen = paths[:: -(-len(paths) // arguments.fields)]
    ranges = look_ranges([image.found.look for image in predict_paths(chosen, detector, settings)])
    for name, known in ranges.items():
        echo(f"{name:<20} {known.low:>9.3f} {known.middle:>9.3f} {known.high:>9.3f}")
    if judged is not None:
        others = predict_paths([field.path for field in judged.images], detector, settings)
        share, reasons = share_unlike([image.found.look for image in others], ranges)
        text = gettext("{share:.1%} of {n:,} fields of {split} look unlike {fields:,} of {data} {train}.")
        echo(
            text.format(
                share=share,
                n=len(judged.images),
                split=judged.split,
                fields=len(chosen),
                data=data.name,
                train=data.split,
            )
        )
        for name, number in reasons.items():
            echo(f"  {name:<20} {number:,}")
    if not arguments.dry_run:
        from trainer.training.card import write_card

        write_card(arguments.model, msgspec.structs.replace(model.card, look=ranges))
        echo(gettext("Saved the look to the card of {file}.").format(file=arguments.model))
