"""The photographs of a printed report: two on the first page, and all of them for review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.platypus import CondPageBreak, KeepTogether, Spacer, Table

from core.classes import WHITE_CELL
from core.counting.quality import Grade
from core.report.formats.images import PictureError, for_print
from core.report.pdf.flowables import ClassSwatch, MarkSwatch, PictureWithCells
from core.report.pdf.front import beside
from core.report.pdf.sections import remarks
from core.report.pdf.styles import CAPTION, CELL, HEADING, HEIGHT, LEDGER, SMALL, WIDTH, Printer
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.counting.pipeline import CountedImage
    from core.report.content import ReportContent, ReportImage
    from core.report.formats.images import PrintedPicture
    from core.report.pdf.flowables import CellStyle
    from core.report.progress import Progress

_GAP = 14.0
_COLUMN = (WIDTH - _GAP) / 2
FIRST_PAGE, LEAST_ON_FIRST_PAGE = 0.28 * HEIGHT, 0.13 * HEIGHT
"""The heights that a photograph on the first page has at most, and at least."""

_ROW = 0.215 * HEIGHT  # of a photograph, three to a page
_LEGEND = 5  # classes beside each other
_LONGEST_REMARKS = 700


class Photographs:
    """Reads the photographs of a report, each once and made small, and puts them on pages."""

    def __init__(self, printer: Printer, content: ReportContent, style: CellStyle, progress: Progress) -> None:
        self._printer = printer
        self._content = content
        self._style = style
        self._progress = progress
        self._kept: dict[int, PrintedPicture | PictureError] = {}
        self._numbers = {image.id: number for number, image in enumerate(content.images, 1)}

    @property
    def problems(self) -> list[str]:
        """The sentences about those that could not be shown, in the order of the list."""
        read = [self._kept.get(image.id) for image in self._content.images]
        return [str(picture) for picture in read if isinstance(picture, PictureError)]

    def two(self, height: float = FIRST_PAGE) -> Iterator[Any]:
        """Yield the usual field and the one with the most white cells, so many points high, for the first page."""
        shown = two_fields(self._content)
        if not shown:
            return
        yield Spacer(0, 12)
        yield beside([self._field(image, (_COLUMN, height)) for image in shown], _GAP)

    def all(self) -> Iterator[Any]:
        """Yield all photographs: six to a page, or one or two if there are no more."""
        content = self._content
        images = [image for image in content.images if image.counted is not None]
        if not images:
            return
        yield CondPageBreak(HEIGHT * (0.75 if len(images) == 1 else 0.5))
        yield self._printer.text(gettext("Images with marked cells"), HEADING)
        yield from self._legend()
        if len(images) <= 2:
            height = HEIGHT * (0.62 if len(images) == 1 else 0.37)
            for image in images:
                yield KeepTogether([*self._field(image, (WIDTH, height), whole=True), Spacer(0, 8)])
            return
        for place in range(0, len(images), 2):
            row = [self._field(image, (_COLUMN, _ROW), whole=True) for image in images[place : place + 2]]
            yield beside(row, _GAP)
            yield Spacer(0, 6)

    def _field(self, image: ReportImage, limits: tuple[float, float], *, whole: bool = False) -> list[Any]:
        """Return a photograph with its name above and its counts below; ``whole``: with all that is known of it."""
        printer, classes, counted = self._printer, self._content.classes, image.counted
        assert counted is not None
        parts = [printer.text(f"{self._numbers[image.id]}. {image.path.name}", CAPTION)]
        picture = self._read(image)
        if isinstance(picture, PictureError):
            parts.append(printer.text(str(picture).removeprefix(f"{image.path}: ").capitalize()))
        else:
            parts.append(PictureWithCells(picture, counted, self._style, limits))
        if not whole:
            counts = " · ".join(f"{name} {counted.result.counts[name]:,}" for name in classes)
            return [*parts, printer.text(counts, LEDGER)]
        parts.append(printer.text(_ledger_of(counted, classes), LEDGER))
        texts = " ".join([_reviewed(image), *_probabilities(counted, classes), *remarks(image)])
        short = texts if len(texts) <= _LONGEST_REMARKS else f"{texts[:_LONGEST_REMARKS]}…"
        return [*parts, printer.text(short, SMALL)]

    def _read(self, image: ReportImage) -> PrintedPicture | PictureError:
        """Read a photograph, unless it was read already."""
        if image.id not in self._kept:
            self._progress.step(gettext("Image {name}").format(name=image.path.name))
            try:
                self._kept[image.id] = for_print(image)
            except PictureError as error:
                self._kept[image.id] = error
        return self._kept[image.id]

    def _legend(self) -> Iterator[Any]:
        """Yield how the cells of each class are drawn, as many beside each other as find room."""
        content, printer = self._content, self._printer
        entries: list[tuple[Any, str]] = [
            (ClassSwatch(self._style, label), name) for label, name in enumerate(content.classes)
        ]
        if any(row.ledger.added for row in content.totals):
            entries.append((MarkSwatch(), gettext("added by a user")))
        lines = [
            [part for mark, name in entries[place : place + _LEGEND] for part in (mark, printer.text(name, CELL))]
            for place in range(0, len(entries), _LEGEND)
        ]
        columns = min(len(entries), _LEGEND)
        rows = [line + [""] * (2 * columns - len(line)) for line in lines]
        legend = Table(rows, colWidths=[22, WIDTH / _LEGEND - 22] * columns, hAlign="LEFT")
        legend.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
        yield legend
        yield Spacer(0, 2)


def two_fields(content: ReportContent) -> list[ReportImage]:
    """Return the field with the middle number of cells, and of the others the one with the most white cells.

    Fields of good quality go before others.
    """

    def cells(image: ReportImage) -> int:
        return sum(image.counted.result.counts.values()) if image.counted else 0

    def white(image: ReportImage) -> int:
        return image.counted.result.counts.get(WHITE_CELL, 0) if image.counted else 0

    counted = [image for image in content.images if image.counted is not None]
    good = [image for image in counted if image.counted and image.counted.quality and _good(image.counted)] or counted
    if not good:
        return []
    usual = sorted(good, key=cells)[len(good) // 2]
    others = [image for image in good if image is not usual] or [image for image in counted if image is not usual]
    return [usual, *([max(others, key=white)] if others else [])]


def _good(counted: CountedImage) -> bool:
    return counted.quality is not None and counted.quality.grade is Grade.GOOD


def _reviewed(image: ReportImage) -> str:
    if not image.reviewed:
        return gettext("Not reviewed.")
    if image.reviewer:
        return gettext("Reviewed by {user}.").format(user=image.reviewer)
    return gettext("Reviewed.")


def _ledger_of(counted: CountedImage, classes: tuple[str, ...]) -> str:
    """Return the counts of one image with how they came about."""
    parts: list[str] = []
    for name in classes:
        row = counted.result.ledger[name]
        how = f" ({row.model:,} + {row.added:,} − {row.removed:,})" if row.added or row.removed else ""
        parts.append(f"{name} {row.total:,}{how}")
    return " · ".join(parts)


def _probabilities(counted: CountedImage, classes: tuple[str, ...]) -> list[str]:
    """Return how sure the model was of what it found, as a sentence; nothing where it found nothing."""
    means = [(name, counted.result.mean_scores[name]) for name in classes]
    texts = [f"{name} {mean:.2f}" for name, mean in means if mean is not None]
    return [gettext("Mean probability {means}.").format(means=", ".join(texts))] if texts else []
