"""The report as a PDF file."""

# reportlab is imported with this module, and this module where it is used: nothing else waits for it.

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Frame, KeepTogether, PageBreak, PageTemplate, Spacer

from core.classes import PAPER, Palette
from core.report.pdf import appendix, front, sections
from core.report.pdf.fields import FIRST_PAGE, LEAST_ON_FIRST_PAGE, Photographs
from core.report.pdf.flowables import CellStyle, TotalPages
from core.report.pdf.kinds import kinds
from core.report.pdf.styles import ALARM, FAINT, FOOT, HEAD, HEIGHT, MARGIN, PAGE, RULE, SMALL, WIDTH, Printer
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import Contents, ReportContent
    from core.report.progress import Progress

_TOTAL_PAGES = "pages"
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
        self._content = content
        self._progress = progress
        self._printer = Printer()
        self._style = CellStyle(content.classes, palette, [row.count for row in content.totals])
        self._photographs = Photographs(self._printer, content, self._style, progress)

    @property
    def problems(self) -> list[str]:
        return self._photographs.problems

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
        yield from self._first_sheet(contents)
        if content.images:
            yield from sections.images(printer, content, with_remarks=not contents.pictures)
        yield CondPageBreak(HEIGHT / 4)
        yield from appendix.method(printer, content)
        if contents.verification:
            yield from sections.manual_counts(printer, content)
            yield CondPageBreak(HEIGHT / 4)
            yield from sections.verification(printer, content)
        if contents.pictures and contents.every_picture:
            yield from self._photographs.all()
        if contents.history:
            yield CondPageBreak(HEIGHT / 10)
            yield from sections.history(printer, content)
        yield CondPageBreak(HEIGHT / 6)
        yield from appendix.provenance(printer, content)
        if printer.types.transliterated:
            yield Spacer(0, 10)
            yield printer.text(_TRANSLITERATED, SMALL)

    def _first_sheet(self, contents: Contents) -> Iterator[Any]:
        """Yield the numbers, two photographs and the line for a hand.

        The photographs are as large as there is room. Where there is too little, they are left out if they come later
        with all others, or else follow the hand.
        """
        printer, content = self._printer, self._content
        numbers = [
            *front.head(printer, content),
            *front.result(printer, content, self._style),
            *front.estimates(printer, content),
            *(kinds(printer, content.kinds, content.erythroblasts_text) if content.kinds is not None else ()),
        ]
        signature = front.signature(printer, content)
        photographs = list(self._photographs.two()) if contents.pictures else []
        over = _height([*numbers, *photographs, *signature]) - HEIGHT
        if photographs and 0 < over <= FIRST_PAGE - LEAST_ON_FIRST_PAGE:
            photographs = list(self._photographs.two(FIRST_PAGE - over))
            over = _height([*numbers, *photographs, *signature]) - HEIGHT
        yield from numbers
        if over <= 0:
            yield from photographs
            yield KeepTogether(signature)
            yield PageBreak()
            return
        yield KeepTogether(signature)
        if contents.every_picture:
            yield PageBreak()
        else:
            yield from photographs
            yield Spacer(0, 12)

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
            gettext("signed by {user}").format(user=content.signed.user)
            if content.signed
            else gettext("SUPERSEDED")
            if content.superseded
            else gettext("not signed")
        )
        _line(canvas, printer, state, top, WIDTH * 0.4, right=right, alarm=bool(content.superseded))
        page = gettext("Page {page} of ").format(page=document.page)
        canvas.setFillColor(FAINT)
        canvas.drawString(MARGIN, bottom, page)
        canvas.translate(MARGIN + canvas.stringWidth(page, SMALL.fontName, SMALL.fontSize), bottom)
        canvas.doForm(_TOTAL_PAGES)
        canvas.restoreState()


def _height(parts: list[Any]) -> float:
    """Return how high parts are below each other, in points; the room between two may be less."""
    return sum(part.wrap(WIDTH, HEIGHT)[1] + part.getSpaceBefore() + part.getSpaceAfter() for part in parts)


def _line(
    canvas: Any, printer: Printer, text: str, y: float, width: float, *, right: float | None = None, alarm: bool = False
) -> None:
    """Draw a line of text from the left margin, or up to ``right``, shortened if it is too long."""
    style = SMALL.clone("margin", textColor=ALARM if alarm else FAINT, alignment=TA_LEFT if right is None else TA_RIGHT)
    paragraph = printer.text(text, style)
    while paragraph.wrap(width, PAGE[1])[1] > SMALL.leading and len(text) > 1:
        text = text[: 9 * len(text) // 10]
        paragraph = printer.text(f"{text}…", style)
    paragraph.drawOn(canvas, MARGIN if right is None else right - width, y + SMALL.fontSize - SMALL.leading)
