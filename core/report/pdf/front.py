"""The first page of a printed report: the sample, who signed, the result, two fields, and the line for a hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, TableStyle
from reportlab.platypus import Table as PageTable

from core.counting.estimates import contradiction, given, numbers
from core.kinds.differential import no_cells_text
from core.report.content import NOT_A_MEDICAL_DEVICE
from core.report.pdf.flowables import ClassSwatch
from core.report.pdf.styles import (
    ALARM,
    BESIDE_COUNT,
    CELL,
    CELL_RIGHT,
    CLASS,
    COUNT,
    COUNT_OF_MANY,
    FAINT,
    HEAD_CELL,
    HEAD_CELL_RIGHT,
    HEADING,
    LABEL,
    RULE,
    SAMPLE,
    SMALL,
    STATE,
    TITLE,
    WARNING,
    WIDTH,
    Printer,
)
from core.report.tables import local_time
from core.text import gettext, ngettext, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.counting.estimates import Figure
    from core.report.class_counts import ClassCount
    from core.report.content import ReportContent
    from core.report.pdf.flowables import CellStyle
    from core.statistics.intervals import Interval

_NAMED = 6
_MOST_LARGE = 5  # classes whose counts stand in large figures


def span(interval: Interval) -> str:
    """Return an interval as text."""
    low, high = (f"{end:,.0f}" for end in interval)
    return gettext("{low} to {high}").format(low=low, high=high)


def image_number(n: int) -> str:
    """Return a number of images as words."""
    return ngettext("{n:,} image", "{n:,} images", n).format(n=n)


def head(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the title, what was counted, and whether somebody answers for it."""
    title = printer.text(gettext("Blood smear count"), TITLE)
    top = PageTable([[title, _state(printer, content)]], colWidths=[0.4 * WIDTH, 0.6 * WIDTH])
    top.setStyle(_plain(("VALIGN", (0, 0), (-1, -1), "MIDDLE")))
    yield top
    yield Spacer(0, 3)
    name = content.sample.id or gettext("Sample id missing")
    yield printer.text(name, SAMPLE if content.sample.id else SAMPLE.clone("missing", textColor=ALARM))
    yield Spacer(0, 5)
    counted, listed = len(content.counted), len(content.images)
    of_all = gettext("{counted:,} of {listed:,}").format(counted=counted, listed=listed)
    pairs = [
        *content.sample.fields,
        (gettext("Images counted"), of_all if counted != listed else f"{counted:,}"),
        (gettext("Reviewed"), content.review[:1].upper() + content.review[1:]),
        (gettext("Report made"), local_time(content.made)),
    ]
    yield printer.pairs(pairs, columns=2, label=28 * mm)
    if content.superseded:
        text = gettext("{user} signed other counts on {time}. Nobody has signed what this report says.")
        by = content.superseded
        yield printer.text(text.format(user=by.user, time=local_time(by.time)), WARNING)
    yield from _warnings(printer, content)


def _state(printer: Printer, content: ReportContent) -> Any:
    """Return who signed, or that nobody did."""
    if content.signed:
        by = content.signed
        text = gettext("Signed by {user}, {time}").format(user=by.user, time=local_time(by.time))
        return printer.text(text, STATE)
    if content.superseded:
        text = gettext("SUPERSEDED: the counts have changed since they were signed")
        return printer.text(text, STATE.clone("superseded", textColor=ALARM))
    return printer.text(gettext("Not signed"), STATE.clone("unsigned", textColor=FAINT))


def _warnings(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield what is wrong with some images, a line for each of the first."""
    listed = image_number(len(content.images))
    if missing := content.uncounted:
        text = ngettext("{n} of {images} is not in this count:", "{n} of {images} are not in this count:", len(missing))
        lines = [f"{image.path.name}: {image.problem.removeprefix(f'{image.path}: ')}" for image in missing]
        yield from _warning(printer, text.format(n=len(missing), images=listed), lines)
    copy = gettext("{name}: a copy of {original}")
    copied = [(image.path.name, image.copy_of.name) for image in content.images if image.copy_of]
    if copies := [copy.format(name=name, original=original) for name, original in copied]:
        text = gettext("{images} counted twice:").format(images=image_number(len(copies)))
        yield from _warning(printer, text, copies)


def _warning(printer: Printer, title: str, lines: list[str]) -> Iterator[Any]:
    yield Spacer(0, 4)
    yield printer.text(title, WARNING)
    for line in lines[:_NAMED]:
        yield printer.text(line, CELL)
    if len(lines) > _NAMED:
        more = gettext("and {n:,} more; the table of images lists them.").format(n=len(lines) - _NAMED)
        yield printer.text(more, CELL)


def result(printer: Printer, content: ReportContent, style: CellStyle) -> Iterator[Any]:
    """Yield the counts of all images together, as what this report is about."""
    yield Spacer(0, 10)
    if not content.counted:
        yield printer.text(gettext("No image was counted."), CLASS)
        return
    texts = (
        gettext("Cells"),
        gettext("Count"),
        gettext("95 % interval"),
        gettext("By the model"),
        gettext("Added"),
        gettext("Removed"),
        gettext("Share"),
    )
    header = ["", *(printer.text(text, HEAD_CELL_RIGHT if place else HEAD_CELL) for place, text in enumerate(texts))]
    large = len(content.totals) <= _MOST_LARGE
    rows = [_count_row(printer, row, ClassSwatch(style, label), large) for label, row in enumerate(content.totals)]
    widths = [20, *(WIDTH * share - 20 / 7 for share in (0.19, 0.16, 0.22, 0.13, 0.09, 0.1, 0.11))]
    table = PageTable([header, *rows], colWidths=widths)
    padding = 5.0 if large else 2.0
    table.setStyle(
        _plain(
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
            ("LINEABOVE", (0, 0), (-1, 0), 1.2, colors.black),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("LINEBELOW", (0, -1), (-1, -1), 1.2, colors.black),
            ("TOPPADDING", (0, 1), (-1, -1), padding),
            ("BOTTOMPADDING", (0, 1), (-1, -1), padding + 2),
        )
    )
    yield table
    thresholds = ", ".join(f"{name} {value:.2f}" for name, value in content.settings.thresholds.items())
    model = content.models[0].name if len(content.models) == 1 else gettext("several models")
    text = gettext(
        "Counted with {model} at the thresholds {thresholds}. Count = by the model + added − removed by a user. The "
        "intervals cover the number of counted cells, and no other error."
    )
    yield printer.text(text.format(model=model, thresholds=thresholds), SMALL)
    told = [content.erythroblasts_text, no_cells_text(content.kinds.no_cells) if content.kinds else ""]
    if any(told):
        yield printer.text(" ".join(filter(None, told)), SMALL)
    if content.profile is not None:
        by = gettext("Counted by the laboratory's profile {profile}.").format(profile=content.profile_text)
        yield printer.text(by, SMALL)
    elif content.without_profile:
        yield printer.text(content.without_profile, SMALL)


def _count_row(printer: Printer, row: ClassCount, swatch: Any, large: bool) -> list[Any]:
    added, removed = row.ledger.added, row.ledger.removed
    beside = BESIDE_COUNT if large else CELL_RIGHT
    return [
        swatch,
        printer.text(row.name, CLASS if large else CELL),
        printer.text(f"{row.count:,}", COUNT if large else COUNT_OF_MANY),
        printer.text(span(row.interval), beside),
        printer.text(f"{row.ledger.model:,}", beside),
        printer.text(f"+{added:,}" if added else "0", beside),
        printer.text(f"−{removed:,}" if removed else "0", beside),
        printer.text(percent(row.share), beside),
    ]


def estimates(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield what follows from the counts and from what the laboratory gave."""
    if not content.figures:
        return
    yield printer.text(gettext("Ratios and estimates"), HEADING)
    yield printer.pairs([(one.what, _figure(one)) for one in content.figures], label=62 * mm)
    if problem := contradiction(content.figures):
        yield printer.text(problem, WARNING)
    values = "; ".join(f"{name} {text}" for name, text in given(content.inputs))
    if content.erythroblasts_text:
        text = gettext("Ratios count erythroblasts as white cells: {text}")
        yield printer.text(text.format(text=content.erythroblasts_text), SMALL)
    yield printer.text(
        gettext("Of all counted images together. Given by the laboratory: {values}.").format(values=values)
        if values
        else gettext(
            "Of all counted images together. Estimates per litre, per mm² and in µm need values of the "
            "laboratory; nothing is assumed."
        ),
        SMALL,
    )


def _figure(figure: Figure) -> str:
    assert figure.value is not None
    if figure.ends is None:
        return f"{figure.value:+.0f} {figure.unit}".replace("-", "−")
    value, low, high = numbers(figure.value, *figure.ends)
    return f"{value} {figure.unit}".rstrip() + gettext(" ({span} {low} to {high})").format(
        span=figure.span, low=low, high=high
    )


def beside(pictures: Sequence[Sequence[Any]], gap: float) -> Any:
    """Return two columns, or one, of what stands below each other."""
    width = (WIDTH - gap) / 2
    table = PageTable([[list(pictures[0]), "", list(pictures[1]) if len(pictures) > 1 else ""]], [width, gap, width])
    table.setStyle(_plain(("VALIGN", (0, 0), (-1, -1), "TOP")))
    return table


def signature(printer: Printer, content: ReportContent) -> list[Any]:
    """Return the line for a person's hand, with what the person answers for."""
    signed = content.signed
    name = gettext("Name: {user}").format(user=signed.user) if signed else gettext("Name")
    date, hand = printer.text(gettext("Date"), LABEL), printer.text(gettext("Signature"), LABEL)
    texts = [printer.text(name, LABEL), "", date, "", hand]
    line = PageTable([texts], colWidths=[WIDTH * share for share in (0.34, 0.03, 0.2, 0.03, 0.4)])
    rules = [("LINEABOVE", (column, 0), (column, 0), 0.6, colors.black) for column in (0, 2, 4)]
    line.setStyle(TableStyle([*rules, ("LEFTPADDING", (0, 0), (-1, -1), 2)]))
    return [Spacer(0, 8), printer.text(NOT_A_MEDICAL_DEVICE, SMALL), Spacer(0, 30), line]


def _plain(*rules: Any) -> TableStyle:
    """Return the style of a table that has no air of its own."""
    return TableStyle(
        [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            *rules,
        ]
    )
