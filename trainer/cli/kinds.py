"""``smearcount-train kinds``: the model that describes cells, and teaching sets from annotated cells."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.classes import WHITE_CELL
from core.errors import UserError
from core.kinds.sample import examples_of
from core.kinds.sorting import learn
from core.kinds.teaching_set import TEACHING_SET_SUFFIX, read_teaching_set, write_teaching_set
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.text import decimal, gettext, ngettext
from trainer.cli.arguments import positive, prepare_folders
from trainer.cli.console import echo, show
from trainer.report.tables import Table

if TYPE_CHECKING:
    import argparse

    from core.kinds.figures import Figures
    from trainer.kinds.evaluate import FewShot


def add_commands(commands: Any) -> None:
    """Add ``kinds`` and its own commands."""
    parser = commands.add_parser(
        "kinds", help=gettext("teach kinds of cells, and measure how well they are told apart")
    )
    inner = parser.add_subparsers(dest="kinds_command", required=True, metavar="COMMAND")
    _add_fit(inner.add_parser("fit", help=gettext("make a teaching set (.smearkinds) of annotated cells")))
    _add_evaluate(
        inner.add_parser("evaluate", help=gettext("measure what a handful of examples of each kind achieves"))
    )
    _add_merge(inner.add_parser("merge", help=gettext("merge teaching sets into one")))
    _add_export(inner.add_parser("export", help=gettext("make the model file (.onnx) that describes cells")))


def _add_cells(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "cells",
        type=Path,
        metavar="CELLS",
        help=gettext("table of cells (cells.csv), or folder with a folder of images for each kind"),
    )
    parser.add_argument(
        "--column", default="type", help=gettext("column of the table that names the kinds (default: type)")
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=default_embedding_path(),
        metavar="FILE",
        help=gettext("model that describes cells (default: the bundled one)"),
    )


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=gettext("the teaching set to write (.smearkinds)")
    )
    parser.add_argument("--name", default="", help=gettext("name of the teaching set (default: name of the file)"))


def _add_fit(parser: argparse.ArgumentParser) -> None:
    _add_cells(parser)
    parser.add_argument("--split", default="", help=gettext("only cells of this split (default: all)"))
    parser.add_argument(
        "--class",
        dest="class_name",
        default=WHITE_CELL,
        help=gettext("the counted class that the cells are kinds of (default: {name})").format(name=WHITE_CELL),
    )
    parser.add_argument("--user", default="", help=gettext("who said what kind each cell is"))
    _add_out(parser)
    parser.set_defaults(run_command=_fit)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_cells(parser)
    parser.add_argument("--learn", default="train", help=gettext("split that examples are drawn from (default: train)"))
    parser.add_argument("--split", default="test", help=gettext("split that is measured (default: test)"))
    parser.add_argument(
        "--examples",
        type=positive,
        nargs="+",
        default=[5, 10, 40],
        metavar="N",
        help=gettext("numbers of examples of each kind (default: 5 10 40)"),
    )
    parser.add_argument(
        "--draws", type=positive, default=20, help=gettext("how often examples are drawn (default: 20)")
    )
    parser.set_defaults(run_command=_evaluate)


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET", help=gettext("teaching sets (.smearkinds)"))
    _add_out(parser)
    parser.set_defaults(run_command=_merge)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "cells",
        type=Path,
        metavar="CELLS",
        help=gettext("table of typed cells that the model is fitted to (cells.csv)"),
    )
    parser.add_argument("--split", default="train", help=gettext("only cells of this split (default: train)"))
    parser.add_argument("--column", default="type", help=gettext("column of the table that names the kinds"))
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help=gettext("published ImageNet weights (.pth; default: those of the Python package)"),
    )
    parser.add_argument(
        "--tune", type=positive, metavar="EPOCHS", help=gettext("tune the last blocks for so many epochs first")
    )
    parser.add_argument("--in-8-bits", action="store_true", help=gettext("have it run in 8-bit integers"))
    parser.add_argument("--name", default="SmearCount kinds", help=gettext("name of the model"))
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=gettext("the model file to write (.onnx)")
    )
    parser.set_defaults(run_command=_export)


def _check_out(arguments: argparse.Namespace, suffix: str) -> None:
    if arguments.out.suffix != suffix:
        raise UserError(
            gettext("{file}: the file must end in {suffix}; rename it.").format(file=arguments.out, suffix=suffix)
        )
    prepare_folders(arguments.out.parent)


def _fit(arguments: argparse.Namespace) -> None:
    from trainer.kinds.cells import read_cells
    from trainer.kinds.teach import teach

    _check_out(arguments, TEACHING_SET_SUFFIX)
    cells = read_cells(arguments.cells, arguments.column, arguments.split)
    name = arguments.name or arguments.out.stem
    now = datetime.now(UTC)
    taught = teach(EmbeddingModel(arguments.model), cells, arguments.class_name, name, arguments.user, now)
    write_teaching_set(arguments.out, taught)
    learnt = learn(examples_of(taught, arguments.class_name))
    if learnt is None:
        echo(gettext("There are too few examples to tell kinds apart; give three of each at least."))
        return
    show(_figures_table(learnt.figures))
    text = ngettext("{file}: {n:,} example.", "{file}: {n:,} examples.", len(taught))
    echo(text.format(file=arguments.out, n=len(taught)))


def _figures_table(figures: Figures) -> Table:
    rows = [[row.kind, row.examples, row.precision.value, row.recall.value] for row in figures.rows]
    caption = gettext("Measured by leaving out one {what} after the other; mean recall {recall}").format(
        what=figures.left_out.value, recall=decimal(figures.balanced)
    )
    header = [gettext("Kind"), gettext("Examples"), gettext("Precision"), gettext("Recall")]
    return Table(header, rows, caption)


def _evaluate(arguments: argparse.Namespace) -> None:
    from trainer.kinds.cells import read_cells
    from trainer.kinds.evaluate import describe, few_shot

    model = EmbeddingModel(arguments.model)
    parts = [read_cells(arguments.cells, arguments.column, split) for split in (arguments.learn, arguments.split)]
    learn_from, test = (describe(model, part) for part in parts)
    kinds = [[cell.kind for cell in part] for part in parts]
    found = few_shot(learn_from, kinds[0], test, kinds[1], examples=arguments.examples, draws=arguments.draws)
    show(_few_shot_table(found, arguments.draws))


def _few_shot_table(found: list[FewShot], draws: int) -> Table:
    header = [gettext("Kind"), *(str(one.examples) for one in found)]
    rows = [[kind, *(one.recalls[kind] for one in found)] for kind in found[0].recalls]
    rows.append([gettext("Mean recall"), *(one.balanced for one in found)])
    rows.append([gettext("Lowest draw"), *(one.lowest for one in found)])
    caption = ngettext(
        "Recall by examples of each kind, {n} draw", "Recall by examples of each kind, mean of {n} draws", draws
    ).format(n=draws)
    return Table(header, rows, caption)


def _merge(arguments: argparse.Namespace) -> None:
    _check_out(arguments, TEACHING_SET_SUFFIX)
    first, *others = (read_teaching_set(path) for path in arguments.sets)
    whole = first.copy_named(arguments.name or arguments.out.stem)
    for other in others:
        whole = whole.merged(other)
    write_teaching_set(arguments.out, whole)
    text = ngettext("{file}: {n:,} example.", "{file}: {n:,} examples.", len(whole))
    echo(text.format(file=arguments.out, n=len(whole)))


def _export(arguments: argparse.Namespace) -> None:
    from trainer.kinds.build import build_model

    _check_out(arguments, ".onnx")
    alike = build_model(
        arguments.cells,
        arguments.out,
        column=arguments.column,
        split=arguments.split,
        weights=arguments.weights,
        epochs=arguments.tune or 0,
        in_8_bits=arguments.in_8_bits,
        name=arguments.name,
    )
    echo(gettext("{file}: agrees with torch (cosine {alike}).").format(file=arguments.out, alike=decimal(alike)))
