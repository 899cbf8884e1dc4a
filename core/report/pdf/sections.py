"""The tables of a printed report: the images, how the count agrees with others, and who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.platypus import Spacer

from core.report.pdf.front import image_number
from core.report.pdf.styles import BODY, HEADING, SMALL, Printer
from core.report.tables import Table, what_was_done
from core.text import decimal, gettext, ngettext, whole
from core.verification.ground_truth import TruthSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import ReportContent, ReportImage

_MOST_HISTORY = 400
_MOST_COMPARED = 4  # classes whose manual counts find room on a page
_LONGEST_NAME = 26


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
    yield printer.text(gettext("Images"), HEADING)
    header = [
        "",
        gettext("Image"),
        *content.classes,
        gettext("Added / removed"),
        gettext("Field"),
        gettext("Reviewed"),
    ]
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
                "–" if quality is None else quality.word,
                (image.reviewer or gettext("yes")) + (gettext(" (changed since)") if image.changed else "")
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
    shares = (4, 50, *[8.0] * len(content.classes), 12, 9, 15)
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
        gettext("Cells"),
        gettext("Counted by"),
        gettext("Images"),
        gettext("Truth"),
        gettext("Counted"),
        gettext("Accuracy"),
        gettext("Precision"),
        gettext("Recall"),
        gettext("F1"),
        gettext("Missed (FN)"),
        gettext("Too many (FP)"),
    ]
    rows = [
        [
            row.name,
            gettext("model and user") if row.handed_in else gettext("model alone"),
            str(row.images),
            f"{row.score.truth:,}",
            f"{row.score.counted:,}",
            decimal(row.score.accuracy),
            decimal(row.score.precision),
            decimal(row.score.recall),
            decimal(row.score.f1),
            whole(row.score.fn),
            whole(row.score.fp),
        ]
        for row in content.verification
    ]
    yield printer.table(Table("verification", header, rows, "llrrrrrrrrr"), (13, 22, 9, 8, 10, 11, 11, 9, 8, 10, 11))
    yield printer.text(
        gettext(
            "Accuracy: the smaller of the two counts over the larger (Entropy 2021, eq. 4). Precision, recall and F1 "
            "need the places of the true cells; boxes match from an overlap of 0.5 on, points inside a box."
        ),
        SMALL,
    )
    if not any(row.handed_in for row in content.verification):
        yield printer.text(
            gettext(
                "Nothing was counted by hand: the model is compared with its own counts as they were reviewed, and "
                "agrees better with them than with a count by hand."
            ),
            SMALL,
        )


def manual_counts(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the manual count beside this one, image by image."""
    classes = content.classes
    rows: list[list[str]] = []
    for number, image in enumerate(content.images, 1):
        if image.truth is None or image.counted is None or image.truth.source is TruthSource.REVIEWED:
            continue
        row = [str(number), _shortened(image.path.name)]
        for name, true in zip(classes, image.true_counts, strict=True):
            count = image.counted.result.counts[name]
            row += ["–", f"{count:,}", "–"] if true is None else [f"{true:,}", f"{count:,}", _difference(count - true)]
        rows.append(row)
    if not rows or len(classes) > _MOST_COMPARED:
        return
    yield printer.text(gettext("Compared with the manual count"), HEADING)
    header = ["", gettext("Image")]
    for name in classes:
        header += [
            gettext("{name} by hand").format(name=name),
            gettext("{name} reported").format(name=name),
            gettext("Difference"),
        ]
    align = "rl" + "rrr" * len(classes)
    yield printer.table(Table("compared", header, rows, align), (5, 34, *[10.0] * (3 * len(classes))))
    yield printer.text(gettext("Difference = reported − by hand. The table of images has the whole names."), SMALL)


def _shortened(name: str) -> str:
    """Return a name that fits beside many numbers; its end tells files of one series apart."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:8]}…{name[9 - _LONGEST_NAME :]}"


def _difference(value: int) -> str:
    return f"{value:+,}".replace("-", "\N{MINUS SIGN}") if value else "0"


def history(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield who did what and when."""
    yield printer.text(gettext("Corrections and history"), HEADING)
    if not content.history:
        yield printer.text(gettext("Nobody changed anything."))
        return
    header = [gettext("Time"), gettext("User"), gettext("Image"), gettext("What")]
    rows = [
        [f"{row.time.astimezone():%Y-%m-%d %H:%M}", row.user, row.path.name if row.path else "", text]
        for row, text in reversed(
            list(zip(content.history, what_was_done(content.history), strict=True))[:_MOST_HISTORY]
        )
    ]
    more = len(content.history) - len(rows)
    if more > 0:
        yield printer.text(
            ngettext(
                "… {n:,} earlier line is in the workbook (XLSX) and in the session file.",
                "… {n:,} earlier lines are in the workbook (XLSX) and in the session file.",
                more,
            ).format(n=more),
            BODY,
        )
    yield printer.table(Table("history", header, rows, "llll"), (21, 17, 30, 40))
