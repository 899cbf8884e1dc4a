"""``smearcount-train data``: import, merge, split, check and explore data sets."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from trainer.importing.build import EVERY_CLASS, FORMATS, ImportOptions, build_manifest, read_source
from trainer.manifest import DataError, write_manifest
from trainer.summary import quality_text, summary_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from trainer.manifest import Manifest

_MOST_SAID = 20
_WIDTH_IN_FILES = 160


def add_commands(commands: Any) -> None:
    """Add ``data`` and its own commands to the parser's commands."""
    parser = commands.add_parser("data", help="import, merge, split, check and explore data sets")
    inner = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _add_import(inner.add_parser("import", help="make a manifest of annotated pictures; they are not copied"))


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
        "--kinds-of",
        default="",
        metavar="RBC|WBC|Platelets",
        choices=("RBC", "WBC", "Platelets"),
        help="classes of other names are kinds of this one, such as shapes of red cells",
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="names of the types 0, 1, 2, ... of points, one a line"
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


def _import(arguments: argparse.Namespace) -> None:
    options = ImportOptions(
        images=arguments.images,
        name=arguments.name,
        split=arguments.split,
        incomplete=tuple(arguments.incomplete),
        kinds_of=arguments.kinds_of,
        type_names=_lines(arguments.names),
        unreviewed=arguments.unreviewed,
        licence=arguments.licence,
        note=arguments.note,
    )
    source, out = arguments.source, arguments.out
    imported = read_source(arguments.format, source, options)
    manifest = build_manifest(imported, arguments.format, source, out, options, _command())
    if imported.faults and not arguments.skip_broken:
        _complain(imported.faults)
        raise DataError(
            f"{source}: {_things(len(imported.faults))} cannot be used, see above. Correct the annotations, or leave "
            "that out with --skip-broken. No manifest was written."
        )
    _complain(imported.faults)
    for note in imported.notes:
        _say(note)
    _write(out, manifest)
    if (text := quality_text(manifest)) is not None:
        _say(text)


def _lines(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the names cannot be read ({error}).") from error


def _things(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


def _complain(sentences: Sequence[str]) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for sentence in sentences[:_MOST_SAID]:
        console.print(sentence, style="yellow", markup=False)
    if (more := len(sentences) - _MOST_SAID) > 0:
        console.print(f"... and {more} more.", style="yellow", markup=False)


def _say(text: str) -> None:
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def _show(table: Any) -> None:
    Console(width=None if sys.stdout.isatty() else _WIDTH_IN_FILES).print(table)


def _command() -> str:
    return shlex.join(["smearcount-train", *sys.argv[1:]])


def _write(out: Path, manifest: Manifest) -> None:
    write_manifest(out, manifest)
    _show(summary_table(manifest, str(out)))
