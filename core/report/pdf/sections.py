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
from core.text import decimal, gettext, ngettext, percent, printable, whole

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


def image_number(n: int) -> str:
    """Return a number of images as words."""
    return ngettext("{n:,} image", "{n:,} images", n).format(n=n)


def head(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the title, what was counted, and whether somebody answers for it."""
    yield printer.text(gettext("Blood smear count"), TITLE)
    counted, listed = len(content.counted), len(content.images)
    pairs = [
        (gettext("Sample"), content.sample.id or "–"),
        *content.sample.fields,
        (
            gettext("Images counted"),
            gettext("{counted} of {listed}").format(counted=counted, listed=listed)
            if counted != listed
            else str(counted),
        ),
        (gettext("Reviewed"), content.review),
        (gettext("Report made"), local_time(content.made)),
        (gettext("Program"), f"SmearCount {content.version}"),
    ]
    yield printer.pairs(pairs, columns=2, label=30 * mm)
    yield Spacer(0, 6)
    yield sign_off(printer, content)
    if missing := content.uncounted:
        lines = [f"{image.path.name}: {image.problem.removeprefix(f'{image.path}: ')}" for image in missing]
        yield from _warning(
            printer,
            ngettext(
                "{n} of {images} is not in this count:", "{n} of {images} are not in this count:", len(missing)
            ).format(n=len(missing), images=image_number(listed)),
            lines,
        )
    copy = gettext("{name}: a copy of {original}")
    copied = [(image.path.name, image.copy_of.name) for image in content.images if image.copy_of]
    if copies := [copy.format(name=name, original=original) for name, original in copied]:
        yield from _warning(
            printer, gettext("{images} counted twice:").format(images=image_number(len(copies))), copies
        )


def sign_off(printer: Printer, content: ReportContent) -> Any:
    """Return the frame that says who signed, or that nobody did."""
    present = printer.text(gettext("Content of this report: {hash}").format(hash=short(content.content)), SMALL)
    if content.signed:
        by = content.signed
        text = gettext("Signed off by {user}, {local_time}. Nothing has changed since.").format(
            user=by.user, local_time=local_time(by.time)
        )
        return printer.boxed([printer.text(text), present], alarm=False)
    if content.superseded:
        by = content.superseded
        lines = [
            printer.text(gettext("SUPERSEDED: what was signed off has changed since"), WARNING),
            printer.text(
                gettext(
                    "{user} signed other content on {local_time} ({short}). Nobody has signed what this report says."
                ).format(user=by.user, local_time=local_time(by.time), short=short(by.content))
            ),
        ]
        return printer.boxed([*lines, present], alarm=True)
    return printer.boxed([printer.text(gettext("Not signed off.")), present], alarm=False)


def _warning(printer: Printer, title: str, lines: list[str]) -> Iterator[Any]:
    """Yield what is wrong with some images, a line for each of the first."""
    yield Spacer(0, 4)
    yield printer.text(title, WARNING)
    for line in lines[:_NAMED]:
        yield printer.text(line)
    if len(lines) > _NAMED:
        yield printer.text(gettext("and {n} more; the table of images lists them.").format(n=len(lines) - _NAMED))


def counts(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the counts of all images together."""
    yield printer.text("Counts", HEADING)
    if not content.counted:
        yield printer.text(gettext("No image was counted."))
        return
    header = [
        "Cells",
        "Count",
        "95 % interval",
        gettext("By the model"),
        "Added",
        "Removed",
        gettext("Mean prob."),
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
            "–" if row.share_interval is None else gettext("{:.1f} to {:.1f} %").format(*row.share_interval.times(100)),
        ]
        for row in content.totals
    ]
    yield printer.table(Table("counts", header, rows, "lrrrrrrrr"), (16, 10, 16, 12, 9, 12, 9, 11, 18))
    yield printer.text(
        gettext(
            "Count = by the model + added − removed by a user. The intervals are exact (Poisson for counts, "
            "Clopper-Pearson for shares); they cover the number of counted cells, and no other error."
        ),
        SMALL,
    )


def estimates(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield what follows from the counts and from what the laboratory gave."""
    if not content.figures:
        return
    yield printer.text(gettext("Ratios and estimates"), HEADING)
    yield printer.pairs([(one.what, _figure(one)) for one in content.figures], label=62 * mm)
    values = "; ".join(f"{name} {text}" for name, text in given(content.inputs))
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


def method(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield how it was counted: what a person needs to do it again."""
    yield printer.text(gettext("How it was counted"), HEADING)
    thresholds = [
        (
            gettext("Threshold {name}").format(name=name),
            f"{value:.2f}" + (f", {origin}" if (origin := content.origin_of(name)) else ""),
        )
        for name, value in content.settings.thresholds.items()
    ]
    models = [
        pair
        for model in content.models
        for pair in (
            ("Model", model.name + (f" ({image_number(model.images)})" if len(content.models) > 1 else "")),
            *(((gettext("Counted by"), model.counted_by),) if model.counted_by else ()),
            (gettext("Model SHA-256"), model.sha256),
            *((("", model.trained),) if model.trained else ()),
        )
    ]
    pairs = [
        *thresholds,
        (
            gettext("One cell"),
            gettext("boxes of one class that overlap by more than {nms_iou:.2f} (IoU)").format(
                nms_iou=content.settings.nms_iou
            ),
        ),
        *((gettext("Edge rule"), text) for text in content.rules[:_MOST_RULES]),
        *(
            [("", gettext("and {more} more; they are below the images").format(more=more))]
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
    name = gettext("Name: {user}").format(user=signed.user) if signed else gettext("Name")
    date, hand = printer.text(gettext("Date"), LABEL), printer.text(gettext("Signature"), LABEL)
    texts = [printer.text(name, LABEL), "", date, "", hand]
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
        texts.append(
            ngettext(
                "{n:,} cell of a class that is not counted.",
                "{n:,} cells of classes that are not counted.",
                image.unclassed,
            ).format(n=image.unclassed)
        )
    if image.changed and image.seen is not None:
        seen = ", ".join(f"{name} {number:,}" for name, number in image.seen.items())
        texts.append(gettext("Reviewed before the count changed: it was {seen}.").format(seen=seen))
    if image.copy_of is not None:
        texts.append(gettext("The same image as {copy_of}; it is counted twice.").format(copy_of=image.copy_of.name))
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
            rows.append([str(number), image.path.name, *["–"] * len(content.classes), "", gettext("not counted"), ""])
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
                (image.reviewer or "yes") + (gettext(" (changed since)") if image.changed else "")
                if image.reviewed
                else "–",
            ]
        )
    sums = [
        "",
        gettext("Total of {images}").format(images=image_number(len(content.counted))),
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
    yield printer.text(gettext("Verification against the ground truth"), HEADING)
    if not content.verification:
        yield printer.text(gettext("There is no ground truth for these images: the count was not verified."))
        return
    kinds = ", ".join(f"{kind}: {image_number(number)}" for kind, number in content.truths().items())
    yield printer.text(gettext("At the present thresholds. Ground truth: {kinds}.").format(kinds=kinds))
    yield Spacer(0, 4)
    header = [
        "Cells",
        gettext("Counted by"),
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
            gettext("model and person") if row.handed_in else gettext("model alone"),
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
        gettext(
            "Accuracy: the smaller of the two counts over the larger (Entropy 2021, eq. 4). Precision, recall and F1 "
            "need the places of the true cells; boxes match from an overlap of 0.5 on, points inside a box. A count "
            "that was reviewed and taken as truth agrees with itself."
        ),
        SMALL,
    )


def history(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield who did what and when."""
    yield printer.text(gettext("Corrections and history"), HEADING)
    if not content.history:
        yield printer.text(gettext("Nobody changed anything."))
        return
    header = ["Time", "User", "Image", "What"]
    rows = [
        [f"{row.time.astimezone():%Y-%m-%d %H:%M}", row.user, row.path.name if row.path else "", text]
        for row, text in reversed(
            list(zip(content.history, what_was_done(content.history), strict=True))[:_MOST_HISTORY]
        )
    ]
    more = len(content.history) - len(rows)
    if more > 0:
        yield printer.text(
            gettext("The last {n:,} of {total:,} entries; the workbook has them all.").format(
                n=len(rows), total=len(content.history)
            ),
            BODY,
        )
    yield printer.table(Table("history", header, rows, "llll"), (21, 17, 30, 40))
