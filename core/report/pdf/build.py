"""The report as a PDF file."""

# reportlab is imported with this module, and this module where it is used: nothing else waits for it.

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Frame,
    KeepTogether,
    PageTemplate,
    Spacer,
    Table,
)

from core.classes import PAPER, Palette
from core.report.formats.images import PictureError, for_print
from core.report.pdf import sections
from core.report.pdf.flowables import LegendLine, LegendMark, PictureWithBoxes, TotalPages
from core.report.pdf.styles import (
    ALARM,
    CAPTION,
    CELL,
    FAINT,
    FOOT,
    HEAD,
    HEADING,
    HEIGHT,
    LEDGER,
    MARGIN,
    PAGE,
    RULE,
    SMALL,
    WIDTH,
    Printer,
)
from core.report.sign_off import short
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.counting.pipeline import CountedImage
    from core.report.content import Contents, ReportContent, ReportImage
    from core.report.progress import Progress

_TOTAL_PAGES = "pages"
_LEGEND = 5  # classes beside each other
_TRANSLITERATED = gettext(
    "Some names are in a script that cannot be printed here, and are given in Latin letters; "
    "the workbook and the CSV file have them as they are."
)


def to_pdf(
    content: ReportContent, progress: Progress, contents: Contents, palette: Palette = PAPER
) -> tuple[bytes, list[str]]:
    """Return the PDF file, and a sentence for each photograph that is not in it.

    ``progress`` makes a step for each counted image. Each photograph is read, made small and let go again.

    Raises
    ------
    Cancelled
        If the person does not want it any more.
    """
    report = _Report(content, progress, palette)
    return report.build(contents), report.problems


class _Report:
    """One PDF file that is being made."""

    def __init__(self, content: ReportContent, progress: Progress, palette: Palette) -> None:
        self.problems: list[str] = []
        self._content = content
        self._progress = progress
        self._palette = palette
        self._printer = Printer()

    def build(self, contents: Contents) -> bytes:
        stream = io.BytesIO()
        content = self._content
        document: Any = BaseDocTemplate(
            stream,
            pagesize=PAGE,
            title=printable(gettext("Blood smear count {sample}").format(sample=content.sample.id).strip()),
            author=printable(", ".join(content.people)),
            creator=f"SmearCount {content.version}",
            subject=f"content sha256 {content.content}",
        )
        frame = Frame(MARGIN, FOOT, WIDTH, HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        document.addPageTemplates([PageTemplate(frames=[frame], onPage=self._draw_margins)])
        story = [*self._story(contents), TotalPages(_TOTAL_PAGES)]
        document.build(story)
        return stream.getvalue()

    def _story(self, contents: Contents) -> Iterator[Any]:
        printer, content = self._printer, self._content
        yield from sections.head(printer, content)
        yield from sections.counts(printer, content)
        yield from sections.estimates(printer, content)
        yield from sections.method(printer, content)
        yield sections.signature(printer, content)
        if content.images:
            yield CondPageBreak(HEIGHT / 4)
            yield from sections.images(printer, content, with_remarks=not contents.pictures)
        if contents.verification:
            yield CondPageBreak(HEIGHT / 4)
            yield from sections.verification(printer, content)
        pictures = list(self._pictures()) if contents.pictures else []
        if pictures:
            yield CondPageBreak(HEIGHT / 2)
            yield from pictures
        if contents.history:
            yield CondPageBreak(HEIGHT / 10)
            yield from sections.history(printer, content)
        if printer.types.transliterated:
            yield Spacer(0, 10)
            yield printer.text(_TRANSLITERATED, SMALL)

    # -- images --------------------------------------------------------------------------------

    def _pictures(self) -> Iterator[Any]:
        """Yield the photographs, two to a page, or one if there is only one."""
        printer, content = self._printer, self._content
        if not content.counted:
            return
        yield printer.text("Images", HEADING)
        yield from self._legend()
        height = HEIGHT * (0.62 if len(content.counted) == 1 else 0.4)
        for number, image in enumerate(content.images, 1):
            if image.counted is None:
                continue
            self._progress.step(gettext("Image {name}").format(name=image.path.name))
            yield KeepTogether([*self._picture(number, image, image.counted, height), Spacer(0, 8)])

    def _picture(self, number: int, image: ReportImage, counted: CountedImage, height: float) -> Iterator[Any]:
        printer, classes = self._printer, self._content.classes
        yield printer.text(f"{number}. {image.path.name}", CAPTION)
        try:
            picture = for_print(image)
        except PictureError as error:
            self.problems.append(str(error))
            yield printer.text(str(error).removeprefix(f"{image.path}: ").capitalize())
        else:
            flowable = PictureWithBoxes(picture, counted, classes, self._palette, (WIDTH, height))
            flowable.hAlign = "LEFT"
            yield flowable
        yield printer.text(_ledger_of(counted, classes), LEDGER)
        if remarks := sections.remarks(image):
            yield printer.text(" ".join(remarks), SMALL)

    def _legend(self) -> Iterator[Any]:
        """Yield how the cells of each class are drawn, as many beside each other as find room."""
        entries: list[tuple[Any, str]] = []
        for label, name in enumerate(self._content.classes):
            red, green, blue = self._palette.colour(self._content.classes, label)
            entries.append((LegendLine(label, (red / 255, green / 255, blue / 255)), name))
        if any(row.ledger.added for row in self._content.totals):
            entries.append((LegendMark(), gettext("added by a user")))
        lines = [
            [part for mark, name in entries[place : place + _LEGEND] for part in (mark, self._printer.text(name, CELL))]
            for place in range(0, len(entries), _LEGEND)
        ]
        beside = min(len(entries), _LEGEND)
        rows = [line + [""] * (2 * beside - len(line)) for line in lines]
        legend = Table(rows, colWidths=[22, WIDTH / _LEGEND - 22] * beside, hAlign="LEFT")
        legend.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
        yield legend

    # -- margins ---------------------------------------------------------------------------------

    def _draw_margins(self, canvas: Any, document: Any) -> None:
        """Draw what stands on every page: sample, sign-off, content, page number."""
        if self._progress.stopped.is_set():
            self._progress.step("")
        content, printer = self._content, self._printer
        canvas.saveState()
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        top, bottom, right = PAGE[1] - HEAD + 12, FOOT - 15, PAGE[0] - MARGIN
        canvas.line(MARGIN, top - 4, right, top - 4)
        canvas.line(MARGIN, bottom + 9, right, bottom + 9)
        name = (
            gettext("Sample {sample}").format(sample=content.sample.id)
            if content.sample.id
            else printable(content.session.stem)
        )
        _line(canvas, printer, name, top, WIDTH * 0.55)
        canvas.setFont(SMALL.fontName, SMALL.fontSize)
        canvas.setFillColor(FAINT)
        canvas.drawRightString(
            right, bottom, gettext("SmearCount {version} · not a medical device").format(version=content.version)
        )
        state = (
            gettext("signed off")
            if content.signed
            else gettext("SUPERSEDED")
            if content.superseded
            else gettext("not signed off")
        )
        canvas.setFillColor(ALARM if content.superseded else FAINT)
        canvas.drawRightString(
            right, top, gettext("{state} · content {hash}").format(state=state, hash=short(content.content))
        )
        page = gettext("Page {page} of ").format(page=document.page)
        canvas.setFillColor(FAINT)
        canvas.drawString(MARGIN, bottom, page)
        canvas.translate(MARGIN + canvas.stringWidth(page, SMALL.fontName, SMALL.fontSize), bottom)
        canvas.doForm(_TOTAL_PAGES)
        canvas.restoreState()


def _line(canvas: Any, printer: Printer, text: str, y: float, width: float) -> None:
    """Draw a line of text from the left margin, shortened if it is too long."""
    paragraph = printer.text(text, SMALL)
    while paragraph.wrap(width, PAGE[1])[1] > SMALL.leading and len(text) > 1:
        text = text[: 9 * len(text) // 10]
        paragraph = printer.text(f"{text}…", SMALL)
    paragraph.drawOn(canvas, MARGIN, y + SMALL.fontSize - SMALL.leading)


def _ledger_of(counted: CountedImage, classes: tuple[str, ...]) -> str:
    """Return the counts of one image with how they came about."""
    parts: list[str] = []
    for name in classes:
        row = counted.result.ledger[name]
        how = f" ({row.model:,} + {row.added:,} − {row.removed:,})" if row.added or row.removed else ""
        mean = counted.result.mean_scores[name]
        count = f"{name} {row.total:,}{how}"
        parts.append(count if mean is None else gettext("{count}, mean {mean:.2f}").format(count=count, mean=mean))
    return " · ".join(parts)
