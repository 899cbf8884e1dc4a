"""``smearcount-train data``: import, merge, split, check, pack and explore data sets."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.text import gettext, ngettext
from trainer.cli.arguments import positive
from trainer.cli.console import echo, show, warn
from trainer.dataset.importing.build import EVERY_CLASS, FORMATS, ImportOptions, build_manifest, read_source
from trainer.dataset.manifest import (
    EXCLUDED,
    DataError,
    image_path,
    manifest_faults,
    name_from,
    no_red_cells_text,
    read_manifest,
    write_manifest,
)
from trainer.errors import FailedError
from trainer.report.summary import quality_text, summary_tables

if TYPE_CHECKING:
    from trainer.dataset.manifest import Manifest


def add_commands(commands: Any) -> Any:
    """Add ``data`` to the commands; return where its own commands go."""
    parser = commands.add_parser("data", help=gettext("import, merge, split, check, pack and explore data sets"))
    inner = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _add_import(
        inner.add_parser("import", help=gettext("make a manifest of annotated images, which stay where they are"))
    )
    _add_merge(inner.add_parser("merge", help=gettext("merge manifests into one that has no image twice")))
    _add_split(inner.add_parser("split", help=gettext("split a data set into train, val and test, or into folds")))
    _add_check(inner.add_parser("check", help=gettext("check a manifest against its images")))
    _add_pack(inner.add_parser("pack", help=gettext("copy a data set, shrunk to what a model learns from")))
    _add_explore(inner.add_parser("explore", help=gettext("write a report on the content of a data set (.html)")))
    return inner


def _add_import(parser: argparse.ArgumentParser) -> None:
    forms = "; ".join(f"{name} ({text})" for name, text in FORMATS.items())
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=forms)
    parser.add_argument("source", type=Path, metavar="SOURCE", help=gettext("annotation file or folder"))
    _add_out(parser)
    parser.add_argument("--images", type=Path, metavar="DIR", help=gettext("folder of the images (default: SOURCE)"))
    parser.add_argument("--name", default="", help=gettext("name of the source (default: name of the file or folder)"))
    parser.add_argument("--split", help=gettext("split for images that have none yet"))
    parser.add_argument(
        "--incomplete",
        nargs="+",
        default=[],
        metavar="CLASS",
        help=gettext("classes whose cells are not all annotated; {all!r} for every class").format(all=EVERY_CLASS),
    )
    parser.add_argument(
        "--unreliable",
        nargs="+",
        default=[],
        metavar="CLASS",
        help=gettext("classes whose annotations cannot be trusted: omit them and mark the class as incomplete"),
    )
    parser.add_argument(
        "--kinds-of",
        default="",
        metavar="RBC|WBC|Platelets",
        choices=("RBC", "WBC", "Platelets"),
        help=gettext("treat classes with other names as kinds of this one, such as shapes of red cells"),
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help=gettext("names of the point types 0, 1, 2, ..., one per line"),
    )
    parser.add_argument(
        "--only",
        type=Path,
        metavar="FILE",
        help=gettext("import only these images: a list of file names, or a coverage table"),
    )
    parser.add_argument("--unreviewed", action="store_true", help=gettext("include unreviewed images of a session"))
    parser.add_argument(
        "--rows",
        choices=("upright", "stored"),
        default="upright",
        help=gettext(
            "orientation of the annotations of images that the camera turned (EXIF), where the files do not say "
            "(default: upright)"
        ),
    )
    parser.add_argument(
        "--skip-broken", action="store_true", help=gettext("omit and report what cannot be used instead of failing")
    )
    parser.add_argument(
        "--licence", default="", help=gettext("licence of the source (default: the first line of its LICENSE)")
    )
    parser.add_argument("--note", default="", help=gettext("remark to store with the source"))
    parser.set_defaults(run_command=_import)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="MANIFEST.json", help=gettext("the manifest to write")
    )


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifests", type=Path, nargs="+", metavar="MANIFEST.json", help=gettext("manifests to merge"))
    _add_out(parser)
    parser.add_argument(
        "--map",
        type=_renaming,
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help=gettext("class names to change, such as Normal=RBC"),
    )
    parser.add_argument(
        "--resplit",
        action="store_true",
        help=gettext("move images of the same place to one split: test before val before train"),
    )
    parser.add_argument(
        "--no-compare", action="store_true", help=gettext("do not search the images for copies and overlapping fields")
    )
    parser.set_defaults(run_command=_merge)


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help=gettext("data set to split"))
    _add_out(parser)
    parser.add_argument(
        "--shares",
        type=_split_share,
        nargs="+",
        metavar="NAME=SHARE",
        help=gettext("splits and their shares of the images, such as train=0.7 val=0.15 test=0.15"),
    )
    parser.add_argument(
        "--folds",
        type=positive,
        metavar="K",
        help=gettext("make folds of all images but those of test; --split fold3 and not-fold3 select one and the rest"),
    )
    parser.add_argument("--seed", type=int, default=0, help=gettext("random seed (default: 0)"))
    parser.add_argument(
        "--by", choices=("group", "source"), default="group", help=gettext("what stays together (default: group)")
    )
    parser.set_defaults(run_command=_split)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help=gettext("data set to check"))
    parser.set_defaults(run_command=_check)


def _add_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help=gettext("data set to copy"))
    _add_out(parser)
    parser.add_argument(
        "--red-cells",
        type=positive,
        default=96,
        metavar="PIXELS",
        help=gettext(
            "largest width of red cells; training uses 1.5 times the preset's red_cell_diameter (default: 96)"
        ),
    )
    parser.add_argument(
        "--quality", type=positive, default=92, help=gettext("quality of the JPEGs, 1 to 100 (default: 92)")
    )
    parser.set_defaults(run_command=_pack)


def _add_explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help=gettext("data set to explore"))
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT.html", help=gettext("the report to write"))
    parser.set_defaults(run_command=_explore)


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(gettext("{text} is not OLD=NEW").format(text=text))
    return old, new


def _split_share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            gettext("{text} is not NAME=SHARE, such as train=0.7").format(text=text)
        ) from error


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
        stored_rows=arguments.rows == "stored",
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
        echo(
            gettext("{file}: has no name for {types}, which keep their numbers.").format(
                file=arguments.names, types=", ".join(unnamed)
            )
        )
    if not imported.fields:
        warn(imported.faults)
    manifest = build_manifest(imported, arguments.format, source, out, options, arguments.command_line)
    warn(imported.faults)
    if imported.faults and not arguments.skip_broken:
        count = len(imported.faults)
        raise DataError(
            ngettext(
                "{source}: {n} problem, listed above. Correct the annotations, or omit what cannot be used with "
                "--skip-broken. No manifest was written.",
                "{source}: {n} problems, listed above. Correct the annotations, or omit what cannot be used with "
                "--skip-broken. No manifest was written.",
                count,
            ).format(source=source, n=count)
        )
    for note in imported.notes:
        echo(note)
    _write(out, manifest)
    if (text := quality_text(manifest)) is not None:
        echo(text)


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
    warn(merged.copies)
    for note in merged.notes:
        echo(note)
    _write(arguments.out, merged.manifest)


def _split(arguments: argparse.Namespace) -> None:
    from trainer.dataset.split import classes_not_in_splits, split_by_shares, split_into_folds

    if not arguments.shares and not arguments.folds:
        raise UserError(gettext("Give --shares train=0.7 val=0.15 test=0.15, or --folds 5, or both."))
    manifest = read_manifest(arguments.manifest)
    _move(manifest, arguments.manifest, arguments.out)
    if arguments.shares and len(dict(arguments.shares)) < len(arguments.shares):
        raise UserError(gettext("--shares: a split is named twice; name each once."))
    if arguments.shares:
        split_by_shares(manifest, dict(arguments.shares), arguments.seed, arguments.by)
    if arguments.folds:
        split_into_folds(manifest, arguments.folds, arguments.seed, arguments.by)
    manifest.info.history.append(arguments.command_line)
    _write(arguments.out, manifest)
    warn(classes_not_in_splits(manifest))


def _move(manifest: Manifest, old: Path, new: Path) -> None:
    """Name the images relative to where the manifest will be."""
    for image in manifest.images:
        image.file_name = name_from(new, image_path(old, image))


def _check(arguments: argparse.Namespace) -> None:
    from trainer.dataset.validate import check

    splits = Counter(image.split for image in read_manifest(arguments.manifest).images)
    for name in sorted(split for split in splits if split not in (None, EXCLUDED, "train", "val", "test")):
        echo(
            ngettext(
                "{file}: {n:,} image is in split {split!r}, which is used only where a command names it.",
                "{file}: {n:,} images are in split {split!r}, which is used only where a command names it.",
                splits[name],
            ).format(file=arguments.manifest, n=splits[name], split=name)
        )
    if faults := check(arguments.manifest):
        warn(faults)
        raise FailedError(
            ngettext(
                "{file}: {n:,} problem, listed above.", "{file}: {n:,} problems, listed above.", len(faults)
            ).format(file=arguments.manifest, n=len(faults))
        )
    echo(gettext("{file}: no problems found.").format(file=arguments.manifest))


def _pack(arguments: argparse.Namespace) -> None:
    from trainer.dataset.pack import pack

    manifest = read_manifest(arguments.manifest)
    if (fault := next(manifest_faults(arguments.manifest, manifest), None)) is not None:
        raise DataError(fault)
    packed = pack(arguments.manifest, manifest, arguments.out, arguments.red_cells, arguments.quality)
    packed.info.history.append(arguments.command_line)
    _write(arguments.out, packed)


def _explore(arguments: argparse.Namespace) -> None:
    from trainer.report.data_set import explore

    manifest = read_manifest(arguments.manifest)
    if (fault := next(manifest_faults(arguments.manifest, manifest), None)) is not None:
        warn([fault])
    explore(arguments.manifest, manifest, arguments.out)
    echo(gettext("{file}: written.").format(file=arguments.out))


def _lines(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            gettext("{file}: the names cannot be read ({reason}); save the file as UTF-8 text.").format(
                file=path, reason=error
            )
        ) from error


def _write(out: Path, manifest: Manifest) -> None:
    write_manifest(out, manifest)
    if not manifest.red_cells:
        echo(no_red_cells_text(manifest.classes))
    for table in summary_tables(manifest, str(out)):
        show(table)
