"""The sections of a printed report: each turns a part of the content into what stands on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Spacer, TableStyle
from reportlab.platypus import Table as PageTable

from core.counting.estimates import given, numbers
from core.report.content import NOT_A_MEDICAL_DEVICE
from core.report.pdf.styles import BODY, HEADING, LABEL, SMALL, TITLE, WARNING, WIDTH, Printer
from core.report.sign_off import short
from core.report.tables import Table, local_time, what_was_done
from core.text import decimal, percent, printable, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.counting.estimates import Figure
    from core.report.content import ReportContent, ReportImage
    from core.statistics.intervals import Interval

_MOST_HISTORY = 400
_NAMED = 12
_MOST_RULES = 4


def span(interval: Interval) -> str:
    """Return an interval as text."""
    return " to ".join(numbers(*interval))


def many(number: int, one: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def head(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the title, what was counted, and whether somebody answers for it."""
    yield printer.text("Blood smear count", TITLE)
    counted, listed = len(content.counted), len(content.images)
    pairs = [
        ("Sample", content.sample.id or "–"),
        *content.sample.fields,
        ("Images counted", f"{counted} of {listed}" if counted != listed else str(counted)),
        ("Reviewed", content.review),
        ("Report made", local_time(content.made)),
        ("Program", f"SmearCount {content.version}"),
    ]
    yield printer.pairs(pairs, columns=2, label=30 * mm)
    yield Spacer(0, 6)
    yield sign_off(printer, content)
    if missing := content.uncounted:
        verb = "is" if len(missing) == 1 else "are"
        lines = [f"{image.path.name}: {image.problem.removeprefix(f'{image.path}: ')}" for image in missing]
        yield from _warning(printer, f"{len(missing)} of {many(listed, 'image')} {verb} not in this count:", lines)
    if copies := [f"{image.path.name}: a copy of {image.copy_of.name}" for image in content.images if image.copy_of]:
        yield from _warning(printer, f"{many(len(copies), 'image')} counted twice:", copies)


def sign_off(printer: Printer, content: ReportContent) -> Any:
    """Return the frame that says who signed, or that nobody did."""
    present = printer.text(f"Content of this report: {short(content.content)}", SMALL)
    if content.signed:
        by = content.signed
        text = f"Signed off by {by.user}, {local_time(by.time)}. Nothing has changed since."
        return printer.boxed([printer.text(text), present], alarm=False)
    if content.superseded:
        by = content.superseded
        lines = [
            printer.text("SUPERSEDED: what was signed off has changed since", WARNING),
            printer.text(
                f"{by.user} signed other content on {local_time(by.time)} ({short(by.content)}). "
                "Nobody has signed what this report says."
            ),
        ]
        return printer.boxed([*lines, present], alarm=True)
    return printer.boxed([printer.text("Not signed off."), present], alarm=False)


def _warning(printer: Printer, title: str, lines: list[str]) -> Iterator[Any]:
    """Yield what is wrong with some images, a line for each of the first."""
    yield Spacer(0, 4)
    yield printer.text(title, WARNING)
    for line in lines[:_NAMED]:
        yield printer.text(line)
    if len(lines) > _NAMED:
        yield printer.text(f"and {len(lines) - _NAMED} more; the table of images lists them.")


def counts(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the counts of all images together."""
    yield printer.text("Counts", HEADING)
    if not content.counted:
        yield printer.text("No image was counted.")
        return
    header = [
        "Cells",
        "Count",
        "95 % interval",
        "By the model",
        "Added",
        "Removed",
        "Mean prob.",
        "Share",
        "95 % interval",
    ]
    rows = [
        [
            row.name,
            f"{row.count:,}",
            span(row.interval),
            f"{row.ledger.model:,}",
            f"+{row.ledger.added:,}" if row.ledger.added else "0",
            f"−{row.ledger.removed:,}" if row.ledger.removed else "0",
            "–" if row.mean is None else f"{row.mean:.2f}",
            percent(row.share),
            "–" if row.share_interval is None else "{:.1f} to {:.1f} %".format(*row.share_interval.times(100)),
        ]
        for row in content.totals
    ]
    yield printer.table(Table("counts", header, rows, "lrrrrrrrr"), (16, 10, 16, 12, 9, 12, 9, 11, 18))
    yield printer.text(
        "Count = by the model + added − removed by a person. The intervals are exact (Poisson for counts, "
        "Clopper-Pearson for shares); they tell of the number of counted cells, and not of any other error.",
        SMALL,
    )


def estimates(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield what follows from the counts and from what the laboratory gave."""
    if not content.figures:
        return
    yield printer.text("Ratios and estimates", HEADING)
    yield printer.pairs([(one.what, _figure(one)) for one in content.figures], label=62 * mm)
    told = "; ".join(f"{name} {text}" for name, text in given(content.inputs))
    yield printer.text(
        f"Of all counted images together. Given by the laboratory: {told}."
        if told
        else "Of all counted images together. Estimates per litre, per mm² and in µm need what the laboratory knows "
        "besides; nothing is assumed.",
        SMALL,
    )


def _figure(figure: Figure) -> str:
    assert figure.value is not None
    if figure.ends is None:
        return f"{figure.value:+.0f} {figure.unit}".replace("-", "−")
    value, low, high = numbers(figure.value, *figure.ends)
    return f"{value} {figure.unit}".rstrip() + f" ({figure.span} {low} to {high})"


def method(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield how it was counted: what a person needs to do it again."""
    yield printer.text("How it was counted", HEADING)
    thresholds = [
        (f"Threshold {name}", f"{value:.2f}" + (f", {origin}" if (origin := content.origin_of(name)) else ""))
        for name, value in content.settings.thresholds.items()
    ]
    models = [
        pair
        for model in content.models
        for pair in (
            ("Model", model.name + (f" ({many(model.images, 'image')})" if len(content.models) > 1 else "")),
            *((("Counted by", model.counted_by),) if model.counted_by else ()),
            ("Model SHA-256", model.sha256),
            *((("", model.trained),) if model.trained else ()),
        )
    ]
    pairs = [
        *thresholds,
        ("One cell", f"boxes of one class that overlap by more than {content.settings.nms_iou:.2f} (IoU)"),
        *(("Edge rule", text) for text in content.rules[:_MOST_RULES]),
        *(
            [("", f"and {more} more; they stand below the pictures")]
            if (more := len(content.rules) - _MOST_RULES) > 0
            else []
        ),
        *models,
        ("Session", printable(content.session)),
    ]
    yield printer.pairs(pairs)


def signature(printer: Printer, content: ReportContent) -> Any:
    """Return the line for a person's hand, with what the person answers for."""
    signed = content.signed
    name = f"Name: {signed.user}" if signed else "Name"
    texts = [printer.text(name, LABEL), "", printer.text("Date", LABEL), "", printer.text("Signature", LABEL)]
    line = PageTable([texts], colWidths=[WIDTH * share for share in (0.34, 0.03, 0.2, 0.03, 0.4)])
    rules = [("LINEABOVE", (column, 0), (column, 0), 0.6, colors.black) for column in (0, 2, 4)]
    line.setStyle(TableStyle([*rules, ("LEFTPADDING", (0, 0), (-1, -1), 2)]))
    return KeepTogether([Spacer(0, 14), printer.text(NOT_A_MEDICAL_DEVICE), Spacer(0, 34), line])


def remarks(image: ReportImage) -> list[str]:
    """Return what a person should know of an image: doubts about the field, notices, its own region."""
    counted = image.counted
    if counted is None:
        return [image.problem]
    texts = [*(counted.quality.texts if counted.quality else ()), *counted.notices]
    if image.unclassed:
        texts.append(f"{many(image.unclassed, 'cell')} of classes that are not counted.")
    if image.changed and image.seen is not None:
        seen = ", ".join(f"{name} {number:,}" for name, number in image.seen.items())
        texts.append(f"Reviewed before the count changed: it was {seen}.")
    if image.copy_of is not None:
        texts.append(f"The same picture as {image.copy_of.name}; it is counted twice.")
    if counted.frame is not None and counted.frame.region is not None:
        texts.append(counted.frame.text)
    return texts


def images(printer: Printer, content: ReportContent, *, with_remarks: bool) -> Iterator[Any]:
    """Yield the table of the images; remarks stand in it where they stand nowhere else."""
    yield printer.text("Images", HEADING)
    header = ["", "Image", *content.classes, "Added / removed", "Field", "Reviewed"]
    rows: list[list[str]] = []
    for number, image in enumerate(content.images, 1):
        if image.counted is None:
            rows.append([str(number), image.path.name, *["–"] * len(content.classes), "", "not counted", ""])
            continue
        result, quality = image.counted.result, image.counted.quality
        ledger = result.ledger.values()
        added, removed = sum(row.added for row in ledger), sum(row.removed for row in ledger)
        rows.append(
            [
                str(number),
                " ".join([image.path.name, *(remarks(image) if with_remarks else ())]),
                *(f"{result.counts[name]:,}" for name in content.classes),
                f"+{added} / −{removed}" if added or removed else "–",
                "–" if quality is None else quality.grade.value,
                (image.reviewer or "yes") + (" (changed since)" if image.changed else "") if image.reviewed else "–",
            ]
        )
    sums = [
        "",
        f"Total of {many(len(content.counted), 'image')}",
        *(f"{row.count:,}" for row in content.totals),
        "",
        "",
        "",
    ]
    shares = (6, 38, *[9.0] * len(content.classes), 14, 13, 18)
    align = f"rl{'r' * len(content.classes)}rll"
    yield printer.table(Table("images", header, rows, align, sums), shares)


def verification(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield how the count agrees with the ground truth."""
    yield printer.text("Verification against the ground truth", HEADING)
    if not content.verification:
        yield printer.text("There is no ground truth for these images: the count was not verified.")
        return
    kinds = ", ".join(f"{kind}: {many(number, 'image')}" for kind, number in content.truths().items())
    yield printer.text(f"At the present thresholds. Ground truth: {kinds}.")
    yield Spacer(0, 4)
    header = [
        "Cells",
        "Counted by",
        "Images",
        "Truth",
        "Counted",
        "Accuracy",
        "Precision",
        "Recall",
        "F1",
        "TP",
        "FP",
        "FN",
    ]
    rows = [
        [
            row.name,
            "model and person" if row.handed_in else "model alone",
            str(row.images),
            f"{row.score.truth:,}",
            f"{row.score.counted:,}",
            decimal(row.score.accuracy),
            decimal(row.score.precision),
            decimal(row.score.recall),
            decimal(row.score.f1),
            whole(row.score.tp),
            whole(row.score.fp),
            whole(row.score.fn),
        ]
        for row in content.verification
    ]
    yield printer.table(Table("verification", header, rows, "llrrrrrrrrrr"), (13, 24, 10, 8, 11, 11, 11, 9, 8, 7, 7, 7))
    yield printer.text(
        "Accuracy: the smaller of the two counts over the larger (Entropy 2021, eq. 4). Precision, recall and F1 need "
        "the places of the true cells; boxes match from an overlap of 0.5 on, points inside a box. A count that was "
        "reviewed and taken as truth agrees with itself.",
        SMALL,
    )


def history(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield who did what and when."""
    yield printer.text("Corrections and history", HEADING)
    if not content.history:
        yield printer.text("Nobody changed anything.")
        return
    header = ["Time", "Person", "Image", "What"]
    rows = [
        [f"{row.time.astimezone():%Y-%m-%d %H:%M}", row.user, row.path.name if row.path else "", text]
        for row, text in reversed(
            list(zip(content.history, what_was_done(content.history), strict=True))[:_MOST_HISTORY]
        )
    ]
    more = len(content.history) - len(rows)
    if more > 0:
        yield printer.text(
            f"The last {len(rows)} of {many(len(content.history), 'entry').replace('entrys', 'entries')}; "
            "the workbook has them all.",
            BODY,
        )
    yield printer.table(Table("history", header, rows, "llll"), (21, 17, 30, 40))
