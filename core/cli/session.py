"""``smearcount-count SESSION``: what a session holds, handed in without a window. Nothing is looked for again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.annotations.base import AnnotationError
from core.cli.arguments import csv_style
from core.cli.console import EXIT_GOOD, EXIT_SOME_FAILED, error_console, print_table, progress_bar
from core.exchange.export_items import COMMAND_NAMES, ExportItem, Format, counted_cells, image_names, write_export
from core.exchange.kind_classes import KindClasses
from core.kinds.tree import KindTree
from core.report.export import Outputs, write_report
from core.report.gather import gather
from core.report.progress import Progress
from core.session.session import Session
from core.session.storage.snapshot import snapshot
from core.session.values import SessionBusyError
from core.text import gettext

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from core.report.content import ReportContent


def report_session(path: Path, arguments: argparse.Namespace) -> int:
    """Write what was asked for about a session; return the exit code.

    Raises
    ------
    SessionError
        If the session cannot be read.
    """
    errors = error_console()
    content, damage = _gathered(path, errors if not arguments.quiet else None)
    problems = [*damage, *(_uncounted(image.path, image.problem) for image in content.uncounted)]
    problems += _write(content, arguments, errors)
    if arguments.export is not None:
        kind, as_classes = COMMAND_NAMES[arguments.export], arguments.kinds_as_classes
        problems += _export(content, kind, arguments.export_to, kinds_as_classes=as_classes)
    for problem in dict.fromkeys(problems):
        errors.print(problem, style="red", markup=False)
    if not arguments.quiet and content.superseded:
        text = gettext("{path}: the sign-off of {user} is superseded; something has changed since.").format(
            path=path, user=content.superseded.user
        )
        errors.print(text, style="yellow", markup=False)
    print_table(arguments, content.counted, content.classes, " ".join(content.rules))
    return EXIT_SOME_FAILED if problems else EXIT_GOOD


def _gathered(path: Path, errors: Console | None) -> tuple[ReportContent, tuple[str, ...]]:
    """Read a session, as it is now if it is open in a window; return also what of it is damaged."""
    try:
        with Session.open(path, read_only=True) as session:
            return gather(session), session.damage
    except SessionBusyError:
        with (
            TemporaryDirectory() as folder,
            Session.open(snapshot(path, Path(folder)), read_only=True) as session,
        ):
            content, damage = gather(session), session.damage
        if errors is not None:
            errors.print(
                gettext("{path}: it is open in a window; this is what it holds now.").format(path=path),
                style="yellow",
                markup=False,
            )
        return replace(content, session=path.absolute()), damage


def _uncounted(path: Path, problem: str) -> str:
    return problem if problem.startswith(str(path)) else f"{path}: {problem}"


def _write(content: ReportContent, arguments: argparse.Namespace, errors: Console) -> list[str]:
    outputs = Outputs(
        pdf=arguments.report,
        xlsx=arguments.xlsx,
        csv=arguments.csv,
        json=arguments.json,
        pictures=arguments.annotated,
        picture_suffix=f".{arguments.annotated_as}",
        csv_style=csv_style(arguments),
        all_detections=arguments.all_detections,
    )
    with progress_bar(errors, arguments.quiet) as bar:
        task = bar.add_task(gettext("Writing"), total=outputs.steps(content))
        progress = Progress(lambda done, text: bar.update(task, completed=done, description=text))
        return write_report(content, outputs, progress).problems


def _export(content: ReportContent, kind: Format, folder: Path, *, kinds_as_classes: bool) -> list[str]:
    """Write the counted cells as annotations; return the sentence that says why not, if so."""
    items: list[ExportItem] = []
    images = [image for image in content.images if image.counted is not None]
    tree = content.kinds.tree if kinds_as_classes and content.kinds is not None else KindTree()
    classes = KindClasses(content.classes, tree)
    for image, name in zip(images, image_names([image.path for image in images]), strict=True):
        assert image.counted is not None
        size = image.counted.width, image.counted.height
        annotated = counted_cells(
            name, size, image.counted.found.detections, image.counted.result, classes, image.kinds
        )
        items.append(ExportItem(image.path, None, annotated))
    target = folder / f"{content.session.stem}{kind.suffix}" if kind.suffix else folder
    try:
        write_export(target, kind, items, classes, content.session.stem)
    except AnnotationError as error:
        return [str(error)]
    return []
