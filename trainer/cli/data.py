"""``smearcount-train data``: import, merge, split, check and explore data sets."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from trainer.cli.parts import FailedError, positive, say, show
from trainer.cli.segmentation import add_masks
from trainer.dataset.importing.build import EVERY_CLASS, FORMATS, ImportOptions, build_manifest, read_source
from trainer.dataset.manifest import (
    EXCLUDED,
    DataError,
    manifest_faults,
    name_from,
    no_red_cells_text,
    picture_path,
    read_manifest,
    write_manifest,
)
from trainer.dataset.summary import quality_text, summary_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from trainer.dataset.manifest import Manifest

_MOST_SAID = 20


def add_commands(commands: Any) -> None:
    """Add ``data`` and its own commands to the parser's commands."""
    parser = commands.add_parser("data", help="import, merge, split, check and explore data sets")
    inner = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _add_import(inner.add_parser("import", help="make a manifest of annotated pictures; they are not copied"))
    _add_merge(inner.add_parser("merge", help="make one manifest of several; no picture stays in it twice"))
    _add_split(inner.add_parser("split", help="divide a data set into train, val and test, or into folds"))
    _add_check(inner.add_parser("check", help="check a manifest against its pictures"))
    add_masks(inner.add_parser("masks", help="make masks of cells and of the edges between them from boxes"))
    _add_pack(
        inner.add_parser("pack", help="copy a data set, shrunk to what a model learns from, to carry it elsewhere")
    )
    _add_explore(inner.add_parser("explore", help="write a report of what a data set holds (.html)"))


def _add_import(parser: argparse.ArgumentParser) -> None:
    forms = "; ".join(f"{name} ({text})" for name, text in FORMATS.items())
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=forms)
    parser.add_argument("source", type=Path, metavar="SOURCE", help="file or folder of the annotations")
    _add_out(parser)
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the pictures (default: the source)")
    parser.add_argument("--name", default="", help="what to call the source (default: the name of the file or folder)")
    parser.add_argument("--split", help="split of the pictures that have none yet")
    parser.add_argument(
        "--incomplete",
        nargs="+",
        default=[],
        metavar="CLASS",
        help=f"classes whose cells are not all annotated; {EVERY_CLASS!r} for all of them",
    )
    parser.add_argument(
        "--unreliable",
        nargs="+",
        default=[],
        metavar="CLASS",
        help="classes whose annotations cannot be trusted: they are left out, and the class is marked incomplete",
    )
    parser.add_argument(
        "--kinds-of",
        default="",
        metavar="RBC|WBC|Platelets",
        choices=("RBC", "WBC", "Platelets"),
        help="classes of other names are kinds of this one, such as shapes of red cells",
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="names of the types 0, 1, 2, ... of points, one a line"
    )
    parser.add_argument(
        "--only", type=Path, metavar="FILE", help="list of picture names, or a coverage table: take these"
    )
    parser.add_argument("--unreviewed", action="store_true", help="take the unreviewed pictures of a session too")
    parser.add_argument(
        "--skip-broken", action="store_true", help="leave out what cannot be used, and say so, instead of failing"
    )
    parser.add_argument("--licence", default="", help="licence of the source (default: the first line of its LICENSE)")
    parser.add_argument("--note", default="", help="what else should be known of the source")
    parser.set_defaults(run_command=_import)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="MANIFEST.json", help="the manifest to write")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifests", type=Path, nargs="+", metavar="MANIFEST.json", help="manifests to merge")
    _add_out(parser)
    parser.add_argument(
        "--map",
        type=_renaming,
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help="class names to change, such as Normal=RBC",
    )
    parser.add_argument(
        "--resplit",
        action="store_true",
        help="move pictures that show the same to one side of the split: test before val before train",
    )
    parser.add_argument(
        "--no-compare", action="store_true", help="do not look into the pictures for copies and overlapping fields"
    )
    parser.set_defaults(run_command=_merge)


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help="data set to split")
    _add_out(parser)
    parser.add_argument(
        "--shares",
        type=_split_share,
        nargs="+",
        metavar="NAME=SHARE",
        help="splits and their shares of the pictures, such as train=0.7 val=0.15 test=0.15",
    )
    parser.add_argument(
        "--folds",
        type=positive,
        metavar="K",
        help="make folds of all but the test pictures; --split fold3 and not-fold3 name one and the rest",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the drawing (default: 0)")
    parser.add_argument(
        "--by", choices=("group", "source"), default="group", help="what stays together (default: group)"
    )
    parser.set_defaults(run_command=_split)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help="data set to check")
    parser.set_defaults(run_command=_check)


def _add_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help="data set to copy")
    _add_out(parser)
    parser.add_argument(
        "--red-cells",
        type=positive,
        default=96,
        metavar="PIXELS",
        help="largest width of red cells; 1.5 times the preset's red_cell_diameter loses nothing (default: 96)",
    )
    parser.add_argument("--quality", type=positive, default=92, help="quality of the JPEGs, 1 to 100 (default: 92)")
    parser.set_defaults(run_command=_pack)


def _add_explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help="data set to look at")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT.html", help="the report to write")
    parser.set_defaults(run_command=_explore)


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"{text} is not OLD=NEW")
    return old, new


def _split_share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=SHARE, such as train=0.7") from error


def _import(arguments: argparse.Namespace) -> None:
    options = ImportOptions(
        images=arguments.images,
        name=arguments.name,
        split=arguments.split,
        incomplete=(*arguments.incomplete, *arguments.unreliable),
        unreliable=tuple(arguments.unreliable),
        kinds_of=arguments.kinds_of,
        type_names=_lines(arguments.names),
        unreviewed=arguments.unreviewed,
        licence=arguments.licence,
        note=arguments.note,
    )
    source, out = arguments.source, arguments.out
    imported = read_source(arguments.format, source, options)
    if arguments.only is not None:
        from trainer.evaluation.points import read_choice

        chosen = read_choice(arguments.only)
        imported.fields = [field for field in imported.fields if field.path.name in chosen]
    there = {cell.name for field in imported.fields for cell in field.cells}
    if options.type_names and (unnamed := sorted(name for name in there if name not in options.type_names)):
        say(f"{arguments.names}: has no name for {', '.join(unnamed)}, which stay called so.")
    if not imported.fields:
        _complain(imported.faults)
    manifest = build_manifest(imported, arguments.format, source, out, options, arguments.command_line)
    if imported.faults and not arguments.skip_broken:
        _complain(imported.faults)
        raise DataError(
            f"{source}: {_things(len(imported.faults))} cannot be used, see above. Correct the annotations, or leave "
            "that out with --skip-broken. No manifest was written."
        )
    _complain(imported.faults)
    for note in imported.notes:
        say(note)
    _write(out, manifest)
    if (text := quality_text(manifest)) is not None:
        say(text)


def _merge(arguments: argparse.Namespace) -> None:
    from trainer.dataset.merge import merge

    parts = [(path, read_manifest(path)) for path in arguments.manifests]
    merged = merge(
        parts,
        arguments.out,
        dict(arguments.map),
        arguments.command_line,
        resplit=arguments.resplit,
        compare=not arguments.no_compare,
    )
    _complain(merged.copies)
    for note in merged.notes:
        say(note)
    _write(arguments.out, merged.manifest)


def _split(arguments: argparse.Namespace) -> None:
    from trainer.dataset.split import classes_not_in_splits, split_by_shares, split_into_folds

    if not arguments.shares and not arguments.folds:
        raise DataError("Say how to split: --shares train=0.7 val=0.15 test=0.15, or --folds 5, or both.")
    manifest = read_manifest(arguments.manifest)
    _move(manifest, arguments.manifest, arguments.out)
    if arguments.shares and len(dict(arguments.shares)) < len(arguments.shares):
        raise DataError("--shares: a split is named twice; name each once.")
    if arguments.shares:
        split_by_shares(manifest, dict(arguments.shares), arguments.seed, arguments.by)
    if arguments.folds:
        split_into_folds(manifest, arguments.folds, arguments.seed, arguments.by)
    manifest.info.history.append(arguments.command_line)
    _write(arguments.out, manifest)
    _complain(classes_not_in_splits(manifest))


def _move(manifest: Manifest, old: Path, new: Path) -> None:
    """Name the pictures as seen from where the manifest will lie."""
    for picture in manifest.images:
        picture.file_name = name_from(new, picture_path(old, picture))


def _check(arguments: argparse.Namespace) -> None:
    from trainer.dataset.validate import check

    splits = Counter(picture.split for picture in read_manifest(arguments.manifest).images)
    for name in sorted(split for split in splits if split not in (None, EXCLUDED, "train", "val", "test")):
        say(f"{arguments.manifest}: {_pictures(splits[name])} of split {name!r}, which is used only where it is named.")
    if faults := check(arguments.manifest):
        _complain(faults)
        raise FailedError(f"{arguments.manifest}: {_things(len(faults))} wrong, see above.")
    say(f"{arguments.manifest}: nothing wrong.")


def _pack(arguments: argparse.Namespace) -> None:
    from trainer.dataset.pack import pack

    manifest = read_manifest(arguments.manifest)
    if (fault := next(manifest_faults(arguments.manifest, manifest), None)) is not None:
        raise DataError(fault)
    packed = pack(arguments.manifest, manifest, arguments.out, arguments.red_cells, arguments.quality)
    packed.info.history.append(arguments.command_line)
    _write(arguments.out, packed)


def _explore(arguments: argparse.Namespace) -> None:
    from trainer.dataset.explore import explore

    manifest = read_manifest(arguments.manifest)
    if (fault := next(manifest_faults(arguments.manifest, manifest), None)) is not None:
        _complain([fault])
    explore(arguments.manifest, manifest, arguments.out)
    say(f"{arguments.out}: written.")


def _lines(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the names cannot be read ({error}).") from error


def _pictures(count: int) -> str:
    return "1 picture is" if count == 1 else f"{count:,} pictures are"


def _things(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


def _complain(sentences: Sequence[str]) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for sentence in sentences[:_MOST_SAID]:
        console.print(sentence, style="yellow", markup=False)
    if (more := len(sentences) - _MOST_SAID) > 0:
        console.print(f"... and {more} more.", style="yellow", markup=False)


def _write(out: Path, manifest: Manifest) -> None:
    write_manifest(out, manifest)
    if not manifest.red_cells:
        say(no_red_cells_text(manifest.classes))
    for table in summary_tables(manifest, str(out)):
        show(table)
