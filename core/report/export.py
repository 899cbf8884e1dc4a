"""Writing what is handed in: each file as a whole or not at all."""

# The writers of PDF and XLSX are imported where they are used: they take a moment to load.

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.classes import PAPER, Palette
from core.files import write_error_text, write_result
from core.report.content import Contents
from core.report.formats.csv import CsvStyle, to_csv
from core.report.formats.images import write_annotated
from core.report.formats.json import report_json
from core.report.kind_tables import with_confirmed_kinds
from core.report.tables import images_table
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.report.content import ReportContent
    from core.report.progress import Progress


@dataclass(frozen=True)
class Outputs:
    """What is written, and where to; None is not written.

    ``pictures`` is the folder for the annotated images, which are written as ``picture_suffix``.
    """

    pdf: Path | None = None
    xlsx: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    pictures: Path | None = None
    picture_suffix: str = ".png"
    csv_style: CsvStyle = field(default_factory=CsvStyle)
    all_detections: bool = False
    contents: Contents = field(default_factory=Contents)
    palette: Palette = PAPER

    @property
    def paths(self) -> list[Path]:
        """The files and the folder that are written."""
        return [path for path in (self.pdf, self.xlsx, self.csv, self.json, self.pictures) if path is not None]

    def steps(self, content: ReportContent) -> int:
        """Return how many steps the writing makes."""
        slow = (self.pdf is not None and self.contents.pictures, self.xlsx is not None, self.pictures is not None)
        return len(content.counted) * sum(slow)


@dataclass
class Written:
    """What came of the writing: the files that are there, and a sentence for everything that went wrong.

    ``failed``: what could not be written; those of one folder that failed for one reason share a sentence.
    """

    paths: list[Path] = field(default_factory=list["Path"])
    problems: list[str] = field(default_factory=list[str])
    failed: list[tuple[Path, OSError]] = field(default_factory=list[tuple["Path", OSError]])

    def tell_failed(self) -> None:
        """Add the sentences about what could not be written."""
        together: defaultdict[tuple[Path, int | None], list[tuple[Path, OSError]]] = defaultdict(list)
        for path, error in self.failed:
            together[path.parent, error.errno].append((path, error))
        for (first, error), *others in together.values():
            self.problems.append(write_error_text(first, error, *(path for path, _ in others)))


def write_report(content: ReportContent, outputs: Outputs, progress: Progress) -> Written:
    """Write everything that is wanted; what cannot be written does not keep the rest from it.

    Raises
    ------
    Cancelled
        If the person does not want it any more. Files that are there are complete.
    """
    written = Written()

    def pdf() -> bytes:
        from core.report.pdf.build import to_pdf

        data, problems = to_pdf(content, progress, outputs.contents, outputs.palette)
        written.problems += problems
        return data

    def xlsx() -> bytes:
        from core.report.formats.xlsx import to_xlsx

        return to_xlsx(content, progress, outputs.contents)

    def csv() -> bytes:
        return to_csv(with_confirmed_kinds(images_table(content), content), outputs.csv_style)

    def json() -> bytes:
        return report_json(content, all_detections=outputs.all_detections)

    files = ((outputs.csv, csv), (outputs.json, json), (outputs.xlsx, xlsx), (outputs.pdf, pdf))
    for path, make in files:
        if path is not None:
            _write(path, make, written)
    if outputs.pictures is not None:
        _write_pictures(content, outputs.pictures, outputs, progress, written)
    written.tell_failed()
    written.problems = list(dict.fromkeys(written.problems))
    return written


def _write(path: Path, make: Callable[[], bytes], written: Written) -> None:
    try:
        write_result(path, make())
    except OSError as error:
        written.failed.append((path, error))
    except MemoryError:
        written.problems.append(
            gettext("{path}: too large for the free memory; close other programs, or leave images out.").format(
                path=path
            )
        )
    else:
        written.paths.append(path)


def _write_pictures(
    content: ReportContent, folder: Path, outputs: Outputs, progress: Progress, written: Written
) -> None:
    try:
        suffix, palette = outputs.picture_suffix, outputs.palette
        written.problems += write_annotated(content.images, content.classes, folder, suffix, progress, palette)
    except OSError as error:
        written.failed.append((folder, error))
    else:
        written.paths.append(folder)
