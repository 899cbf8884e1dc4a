"""The headless command: ``smearcount-count [run|session|merge|adapt] PATH...``."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.adapt import adapt_session, profile_of
from core.cli.arguments import (
    ArgumentsError,
    adapt_parser,
    check_results,
    count_parser,
    csv_style,
    merge_parser,
    parser_of_every_mode,
    session_parser,
    settings_of,
)
from core.cli.console import EXIT_GOOD, EXIT_SOME_FAILED, error_console, print_table, progress_bar
from core.cli.kinds import kinds_of
from core.cli.merge import archive_digest, merge_parts
from core.cli.modes import mode_of
from core.cli.session import report_session
from core.counting.frame import rule_text
from core.counting.pipeline import CountedImage, FailedImage, count_image
from core.detection.loading import detector_for, open_model, with_methods
from core.errors import UserError
from core.files import STANDARD_OUTPUT, write_error_text, write_result
from core.imaging.batch import BatchDepth
from core.imaging.files.copies import copy_notice, pixel_digest
from core.imaging.files.finding import find_images
from core.imaging.reading import ImageError, read_image
from core.models.network import default_model_path
from core.report.content import profile_text
from core.report.formats.annotated import annotate, write_picture
from core.report.formats.csv import to_csv
from core.report.formats.images import annotated_name
from core.report.formats.json import ModelName, batch_json, json_text
from core.report.tables import batch_table
from core.text import gettext

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Sequence

    from rich.console import Console

    from core.cli.kinds import RunKinds
    from core.cli.merge import Shard
    from core.counting.count import CountSettings
    from core.detection.loading import CellDetector
    from core.imaging.reading import SmearImage
    from core.verification.profile import ProfileInUse


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 all good, 1 some failed, 2 bad arguments.

    The first argument may be a subcommand, unless it is the name of a file or folder.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name the terminal cannot show must not stop the batch
    words = list(sys.argv[1:] if argv is None else argv)
    mode = words[0] if words and words[0] in _PARSERS and not Path(words[0]).exists() else ""
    parser = _PARSERS[mode]() if mode else parser_of_every_mode()
    given = parser.parse_args(words[1:] if mode else words)
    try:
        if mode == "adapt":
            return adapt_session(given)
        check_results(given)
        mode = mode or mode_of(given)
        if mode == "session":
            return report_session(given.paths[0], given)
        return _merge(given.paths, given.json) if mode == "merge" else _count(given)
    except UserError as error:
        parser.error(str(error))


_SAVE_EACH = 60.0  # seconds; what was counted until then is not lost, whatever happens
_SAVING_SHARE = 0.05  # of the time, at most
_PARSERS = {"run": count_parser, "session": session_parser, "merge": merge_parser, "adapt": adapt_parser}


def _count(arguments: argparse.Namespace) -> int:
    """Count images; return the exit code."""
    model = open_model(arguments.model or default_model_path())
    model = with_methods(model, dict(arguments.count_by)) if arguments.count_by else model
    profile = profile_of(arguments, model)
    settings = settings_of(arguments, model, profile)
    if profile is not None and arguments.diameter is None:
        arguments.diameter = profile.profile.red_cell_diameter
    if arguments.leave_out_no_cell and arguments.kinds is None:
        raise ArgumentsError(gettext("--leave-out-no-cell: give --kinds too, with a set that teaches what is no cell"))
    kinds = None if arguments.kinds is None else kinds_of(arguments, model.card.classes)
    batch = _Batch(arguments, detector_for(model), settings, kinds, profile)
    batch.count()
    batch.write_results()
    rule = rule_text(settings.edge_rule, arguments.region)
    print_table(arguments, batch.results, model.card.classes, rule, None if kinds is None else kinds.table())
    return EXIT_SOME_FAILED if batch.failed else EXIT_GOOD


class _Told:
    """Whether the user, another program or the system told this one to end."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self, _signal: int, _frame: object) -> None:
        """Remember it, and interrupt what is going on."""
        self.is_set = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Interrupt now if the interruption itself was lost: code that C calls back cannot pass it on."""
        if self.is_set:
            raise KeyboardInterrupt


@contextmanager
def _when_told_to_end(does: Any) -> Generator[None]:
    """While in it, a handler of signals answers when this program is told to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it was started deaf to it
        told.append(signal.SIGINT)
    before = {one: signal.signal(one, does) for one in told}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _merge(parts: Sequence[Path], target: Path) -> int:
    """Put the results of parts together; return the exit code that the whole would have had."""
    whole = merge_parts(parts)
    if not whole.pop("of_one_archive"):
        text = gettext("An earlier version counted these parts: nothing tells whether they are of the same images.")
        error_console().print(text, style="yellow", markup=False)
    try:
        write_result(target, json_text(whole))
    except OSError as error:
        error_console().print(write_error_text(target, error), style="red", markup=False)
        return EXIT_SOME_FAILED
    return EXIT_SOME_FAILED if whole["errors"] else EXIT_GOOD


@dataclass
class _Batch:
    """The images of one run: what was counted, what failed, and what is ``left``, the last one first.

    ``results`` are the counted images as they were written last: without what was left out as no cell.
    """

    arguments: argparse.Namespace
    detector: CellDetector
    settings: CountSettings
    kinds: RunKinds | None = None
    profile: ProfileInUse | None = None
    errors: Console = field(default_factory=error_console)
    counted: list[CountedImage] = field(default_factory=list[CountedImage])
    failed: list[FailedImage] = field(default_factory=list[FailedImage])
    names: set[str] = field(default_factory=set[str])
    depth: BatchDepth = field(default_factory=BatchDepth)
    left: list[Path] = field(default_factory=list[Path])
    contents: dict[str, Path] = field(default_factory=dict[str, Path])
    digests: dict[Path, str] = field(default_factory=dict[Path, str])
    archive: str = ""
    left_out: list[str] = field(default_factory=list[str])
    results: Sequence[CountedImage] = ()

    def fail(self, path: Path, error: str) -> None:
        self.failed.append(FailedImage(path, error))
        self.errors.print(error, style="red", markup=False)

    def count(self) -> None:
        """Count every image; one that cannot be counted does not keep the others from it.

        Results are written now and then as they are, and when the run is told to stop.
        """
        self.left = self._find_images()[::-1]
        number, saved, pause = len(self.left), time.monotonic(), _SAVE_EACH
        told = _Told()
        try:
            with _when_told_to_end(told), progress_bar(self.errors, self.arguments.quiet) as progress:
                for path in progress.track(self.left[::-1], description="Counting"):
                    self._count_one(path)
                    self.left.pop()
                    if self.left:
                        told.check()
                    if self.left and time.monotonic() - saved > pause:
                        start = time.monotonic()
                        self._save()
                        saved = time.monotonic()
                        pause = max(_SAVE_EACH, (saved - start) / _SAVING_SHARE)
        except KeyboardInterrupt:
            done = {image.path for image in self.counted} | {image.path for image in self.failed}
            self.left = [path for path in self.left if path not in done]
            text = gettext("Stopped: {done:,} of {n:,} images are counted; the results say which are not.")
            self.errors.print(text.format(done=len(self.counted), n=number), style="red", markup=False)

    def _find_images(self) -> list[Path]:
        """Return the images to count, none of them twice."""
        found = find_images(self.arguments.paths, recursive=self.arguments.recursive)
        for path, problem in found.problems:
            self.fail(path, problem)
        self.left_out = found.left_out
        for sentence in found.left_out:
            self.errors.print(sentence, style="yellow", markup=False)
        for folder in found.empty:
            text = gettext("{path}: no images in this folder; try --recursive or another folder.")
            self.fail(folder, text.format(path=folder))
        if found.left_out and not found.images and not found.problems:
            for path in self.arguments.paths:
                text = gettext("{path}: nothing is left to count here; try --recursive or another folder.")
                self.fail(path, text.format(path=path))
        self.depth = BatchDepth(found.images)
        if self.arguments.shard is None:
            return found.images
        self.archive = archive_digest(found.images)
        return self.arguments.shard.share(found.images)

    def _count_one(self, path: Path) -> None:
        try:
            photograph = self._told_of_copies(read_image(path, batch=self.depth, page=self.arguments.page))
            given = self.arguments.diameter, self.arguments.region
            image = count_image(photograph, self.detector, self.settings, *given)
            if self.kinds is not None:
                self.kinds.add(photograph, image)
        except ImageError as error:
            self.fail(path, str(error))
            return
        except MemoryError:
            self.fail(
                path,
                gettext("{path}: too large for the free memory; close other programs or crop it.").format(path=path),
            )
            return
        except Exception as error:  # noqa: BLE001  a fault in one image must not end the batch
            self.fail(
                path,
                gettext("{path}: counting stopped unexpectedly ({error}); the other images go on.").format(
                    path=path, error=error
                ),
            )
            return
        self.counted.append(image)
        doubts = image.quality.texts if image.quality else ()
        for notice in (*image.notices, *doubts):
            self.errors.print(f"{path.name}: {notice}", style="yellow", markup=False)
        if self.arguments.annotated is not None:
            self._annotate(photograph, image)

    def _told_of_copies(self, photograph: SmearImage) -> SmearImage:
        """Return an image with a notice if another one with the same pixels was counted before."""
        path = photograph.path
        self.digests[path] = pixel_digest(photograph.pixels)
        first = self.contents.setdefault(self.digests[path], path)
        return photograph if first is path else replace(photograph, notices=(*photograph.notices, copy_notice(first)))

    def _part(self, shard: Shard) -> dict[str, Any]:
        """Return what the JSON document of a part says of itself."""
        contents = [self.digests[image.path] for image in self.counted]
        given = {"diameter": self.arguments.diameter, "region": self.arguments.region, "page": self.arguments.page}
        return shard.entry(self.archive, given, contents)

    def _annotate(self, photograph: SmearImage, image: CountedImage) -> None:
        classes, cells = self.detector.card.classes, image.found.detections
        picture = annotate(photograph.pixels, cells, image.result, classes, frame=image.frame)
        target = self.arguments.annotated / annotated_name(image.path, f".{self.arguments.annotated_as}", self.names)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_picture(picture, target, mark=True)
        except OSError as error:
            reason = error.strerror or error
            self.fail(
                image.path,
                gettext("{target}: the annotated image cannot be written ({reason}); choose another folder.").format(
                    target=target, reason=reason
                ),
            )

    def write_results(self) -> None:
        """Write the JSON and CSV files that were asked for."""
        with _when_told_to_end(signal.SIG_IGN):  # it ends after this anyway
            documents = self._documents()
            for warning in self.kinds.warnings if self.kinds is not None else ():
                self.errors.print(warning, style="yellow", markup=False)
            for path, document in documents:
                try:
                    write_result(path, document)
                except OSError as error:
                    self.fail(path, write_error_text(path, error))
        self.failed += self._not_counted()

    def _save(self) -> None:
        """Write the results as they are, to what can be replaced; the last writing says what goes wrong."""
        for path, document in self._documents():
            if path != STANDARD_OUTPUT:
                with suppress(OSError):
                    write_result(path, document)

    def _not_counted(self) -> list[FailedImage]:
        text = gettext("{path}: it is not counted, as the run was stopped before; count it again.")
        return [FailedImage(path, text.format(path=path)) for path in reversed(self.left)]

    def _documents(self) -> list[tuple[Path, bytes]]:
        """Return what is to be written into which file."""
        documents: list[tuple[Path, bytes]] = []
        model = self.detector.model
        failed = self.failed + self._not_counted()
        self.results = self.counted
        if self.kinds is not None:
            self.kinds.sort(len(self.counted))
            self.results = self.kinds.counted(self.counted, self.settings, model.card)
        changes = [] if self.profile is None else self.profile.differences(self.settings, [self.arguments.diameter])
        if self.arguments.json is not None:
            shard = self.arguments.shard
            everything = self.arguments.all_detections
            name = ModelName(model.card.name, model.sha256, model.card.classes, model.card.methods)
            document = batch_json(
                self.results,
                failed,
                name,
                self.settings,
                all_detections=everything,
                shard=None if shard is None else self._part(shard),
                kinds=None if self.kinds is None else self.kinds.for_json(),
                incomplete=bool(self.left),
                profile=self.profile,
                not_as_profile=changes,
                left_out=self.left_out,
            )
            documents.append((self.arguments.json, document))
        if self.arguments.csv is not None:
            by = "" if self.profile is None else profile_text(self.profile, changes)
            table = batch_table(self.results, failed, model.card.classes, by)
            table = table if self.kinds is None else self.kinds.with_columns(table)
            documents.append((self.arguments.csv, to_csv(table, csv_style(self.arguments))))
        return documents


if __name__ == "__main__":
    sys.exit(main())
