"""The tables of a report: what the sheets of the workbook, the CSV file and the PDF have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Origin
from core.counting.estimates import given
from core.counting.frame import Frame
from core.counting.pipeline import totals
from core.report.content import NOT_A_MEDICAL_DEVICE
from core.statistics.intervals import poisson_interval
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from core.counting.pipeline import CountedImage, FailedImage
    from core.report.content import ReportContent, ReportImage
    from core.session.values import HistoryLine
    from core.verification.ground_truth import GroundTruth

_ORIGINS = {Origin.MODEL: "model", Origin.PERSON: "person", Origin.IMPORTED: "imported"}


Value = str | int | float | None
"""What a cell of a table holds; None is an empty one."""


@dataclass(frozen=True)
class Table:
    """A table, whatever it is written as: a sheet of a workbook, CSV, a part of a page, lines on a terminal.

    ``align`` has ``l`` or ``r`` for each column, and is empty where the kind of the values decides; ``footer`` is a row
    of sums.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Value]]
    align: str = ""
    footer: Sequence[Value] = ()
    caption: str = ""


def local_time(time: datetime) -> str:
    """Return a time by the clock of this computer, to the minute, with its distance from UTC."""
    here = time.astimezone()
    zone = f"{here:%z}"
    return f"{here:%Y-%m-%d %H:%M} (UTC{zone[:3]}:{zone[3:5]})"


def batch_table(
    images: Sequence[CountedImage], failed: Sequence[FailedImage], classes: tuple[str, ...], profile: str = ""
) -> Table:
    """Return one row for each image of a batch, those that could not be counted last; ``profile`` has a column."""
    rows = [_counts_row(image, classes) for image in images]
    rows += [_failed_row(item.path, item.error, classes) for item in failed]
    if not profile:
        return Table("images", _header(classes), rows)
    return Table("images", [*_header(classes), PROFILE_COLUMN], [[*row, profile] for row in rows])


def _header(classes: tuple[str, ...]) -> list[str]:
    """Return the headings of a table with one row for each image."""
    means = [f"{name} mean score" for name in classes]
    later = ["counting rule", "excluded", "field quality"]
    return ["image", "width", "height", *classes, *means, "scale", "seconds", "error", *later]


def _counts_row(image: CountedImage, classes: tuple[str, ...]) -> list[Value]:
    """Return the row of an image under ``_header``."""
    return [
        printable(image.path),
        image.width,
        image.height,
        *(image.result.counts[name] for name in classes),
        *(image.result.mean_scores[name] for name in classes),
        float(image.found.scale),
        float(image.seconds),
        "",
        (image.frame or Frame(image.width, image.height)).text,
        int(image.result.excluded.sum()),
        " ".join((image.quality.grade, *image.quality.texts)) if image.quality else "",
    ]


def _failed_row(path: Path, error: str, classes: tuple[str, ...]) -> list[Value]:
    """Return the row of an image that has no count."""
    return [printable(path), *[None] * (4 + 2 * len(classes)), printable(error), *[None] * 3]


def summary_table(images: Sequence[CountedImage], classes: tuple[str, ...], rule: str) -> Table:
    """Return the counts of images in a few columns, with their sums if there are several; ``rule``: what counts."""
    rows: list[list[Value]] = [
        [
            printable(image.path),
            *(str(image.result.counts[name]) for name in classes),
            f"{image.found.diameter:.0f} px",
        ]
        for image in images
    ]
    sums = totals(images, classes)
    footer = (
        [gettext("Total of {n}").format(n=len(images)), *(str(sums[name]) for name in classes), ""]
        if len(images) != 1
        else []
    )
    header = [gettext("Image"), *classes, gettext("Red cell size")]
    return Table("summary", header, rows, f"l{'r' * len(classes)}r", footer, rule)


def images_table(content: ReportContent, *, for_people: bool = False) -> Table:
    """Return one row for each image: first the columns of every table of counts, then what a session knows besides.

    ``for_people``: with the window's words for field quality, where scripts read those of JSON schema 1, and without
    the program's own count where nobody counted by hand.
    """
    classes = content.classes
    more = [
        f"{name} {what}"
        for name in classes
        for what in ("95 % from", "95 % to", "by the model", "added", "removed", "ground truth")
    ]
    header = [*_header(classes), *more, "reviewed", "reviewed by", "notices", "file sha256"]
    profile: list[Value] = [] if content.profile is None else [content.profile_text]
    header += [] if content.profile is None else [PROFILE_COLUMN]
    rows: list[list[Value]] = []
    for image in content.images:
        if image.counted is None:
            row: list[Value] = _failed_row(image.path, image.problem, classes)
            rows.append(row + [None] * (len(header) - len(row)))
        else:
            counts = _counts_row(image.counted, classes)
            if for_people and image.counted.quality is not None:
                counts[-1] = " ".join((f"{image.counted.quality.word}.", *image.counted.quality.texts))
            truth = image.truth if image.truth is not None and (image.truth.by_hand or not for_people) else None
            rows.append(counts + _more_of(image, image.counted, truth, classes) + profile)
    return Table("images", header, rows)


def _more_of(
    image: ReportImage, counted: CountedImage, truth: GroundTruth | None, classes: tuple[str, ...]
) -> list[Value]:
    row: list[Value] = []
    true_counts = [None] * len(classes) if truth is None else truth.counts_for(classes)
    for name, true in zip(classes, true_counts, strict=True):
        ledger = counted.result.ledger[name]
        row += [*poisson_interval(ledger.total), ledger.model, ledger.added, ledger.removed, true]
    notices = list(counted.notices)
    if image.unclassed:
        text = gettext("{n} cells of classes that are not counted.")
        notices.append(text.format(n=image.unclassed))
    if image.copy_of is not None:
        text = gettext("The same image as {path}; it is counted twice.")
        notices.append(text.format(path=printable(image.copy_of)))
    return [*row, _reviewed(image), image.reviewer, " ".join(notices), image.sha256 or ""]


def cells_tables(content: ReportContent) -> Iterator[tuple[CountedImage, list[list[Value]]]]:
    """Yield each counted image with the rows of its cells under ``CELLS_HEADER``, those the frame leaves out too."""
    for image in content.counted:
        yield image, _cells_of(image, content.classes)


PROFILE_COLUMN = "profile"
CELLS_HEADER = ["image", "cell", "class", "probability", "x1", "y1", "x2", "y2", "by", "counted"]


def _cells_of(image: CountedImage, classes: tuple[str, ...]) -> list[list[Value]]:
    cells, result, path = image.found.detections, image.result, printable(image.path)
    chosen = np.flatnonzero(result.counted | result.excluded)
    columns = zip(
        cells.ids[chosen].tolist(),
        cells.labels[chosen].tolist(),
        cells.scores[chosen].tolist(),
        cells.boxes[chosen].astype(np.float64).round(2).tolist(),
        cells.origin[chosen].tolist(),
        result.counted[chosen].tolist(),
        strict=True,
    )
    return [
        [
            path,
            number,
            classes[label],
            round(score, 4) if origin == Origin.MODEL else None,
            *box,
            _ORIGINS[Origin(origin)],
            "yes" if counted else "outside the frame",
        ]
        for number, label, score, box, origin, counted in columns
    ]


def totals_table(content: ReportContent) -> Table:
    """Return one row for each class."""
    header = [
        "class",
        "count",
        "95 % from",
        "95 % to",
        "by the model",
        "added",
        "removed",
        "mean probability",
        "share",
        "share 95 % from",
        "share 95 % to",
        "cells to add for ± 5 %",
    ]
    rows: list[list[Value]] = [
        [
            row.name,
            row.count,
            *row.interval,
            row.ledger.model,
            row.ledger.added,
            row.ledger.removed,
            row.mean,
            row.share,
            *(row.share_interval or (None, None)),
            row.more,
        ]
        for row in content.totals
    ]
    if any(content.erythroblasts(row.name) for row in content.totals):
        header += ["erythroblasts", "without erythroblasts"]
        for row, one in zip(rows, content.totals, strict=True):
            among = content.erythroblasts(one.name)
            row += [among, one.count - among] if among else [None, None]
    return Table("totals", header, rows)


def estimates_table(content: ReportContent) -> Table:
    """Return one row for each ratio and estimate, then what the laboratory gave for them."""
    rows: list[list[Value]] = []
    for one in content.figures:
        low, high = one.ends or (None, None)
        rows.append([one.what, one.value, one.unit, low, high, one.span if one.ends else ""])
    for name, text in given(content.inputs):
        rows.append([name, None, text, None, None, "given by the laboratory"])
    return Table("estimates", ["figure", "value", "unit", "from", "to", "from and to are"], rows)


def verification_table(content: ReportContent) -> Table:
    """Return one row for each class and way of counting: by the model alone, and as handed in."""
    header = [
        "class",
        "counted by",
        "images",
        "threshold",
        "ground truth",
        "counted",
        "accuracy",
        "precision",
        "recall",
        "F1",
        "TP",
        "FP",
        "FN",
    ]
    rows: list[list[Value]] = [
        [
            row.name,
            "model and person" if row.handed_in else "model",
            row.images,
            score.threshold,
            score.truth,
            score.counted,
            score.accuracy,
            score.precision,
            score.recall,
            score.f1,
            score.tp,
            score.fp,
            score.fn,
        ]
        for row in content.verification
        for score in (row.score,)
    ]
    return Table("verification", header, rows)


def _reviewed(image: ReportImage) -> str:
    return "before the count changed" if image.changed else "yes" if image.reviewed else "no"


def settings_table(content: ReportContent) -> Table:
    """Return what a person needs to repeat the count and to know who answers for it: names and values."""
    signed = content.signed or content.superseded
    state = "signed" if content.signed else "superseded" if content.superseded else "not signed"
    rows: list[list[Value]] = [
        ["sample", content.sample.id],
        *([name, text] for name, text in content.sample.fields),
        ["session", printable(content.session)],
        *([f"threshold {name}", value] for name, value in content.settings.thresholds.items()),
        *([f"threshold {name} from", content.origin_of(name)] for name in content.classes),
        *([["profile", content.profile_text]] if content.profile else []),
        *([["profile sha256", content.profile.sha256]] if content.profile else []),
        *([["profile", content.without_profile]] if content.without_profile else []),
        ["boxes of one class are one cell above an overlap (IoU) of", float(content.settings.nms_iou)],
        *(["counting rule", text] for text in content.rules),
        *([name, text] for name, text in given(content.inputs)),
        *(["model", f"{model.name}; {model.trained}".rstrip("; ")] for model in content.models),
        *(["counted by", model.counted_by] for model in content.models if model.counted_by),
        *(["model sha256", model.sha256] for model in content.models),
        *([f"ground truth: {kind}, images", number] for kind, number in content.truths().items()),
        ["reviewed", content.review],
        ["people", ", ".join(content.people)],
        ["content sha256", content.content],
        ["sign-off", state],
        ["signed by", signed.user if signed else ""],
        ["signed at", local_time(signed.time) if signed else ""],
        ["signed content sha256", signed.content if signed else ""],
        ["made", local_time(content.made)],
        ["program version", content.version],
        ["note", NOT_A_MEDICAL_DEVICE],
    ]
    return Table("settings", ["setting", "value"], rows)


def what_was_done(history: Iterable[HistoryLine]) -> list[str]:
    """Return what each line of a history says, newest first: an undo has the words of what it takes back."""
    rows = list(history)
    takes_back: dict[int, bool] = {}
    for row in reversed(rows):
        takes_back[row.number] = row.undoes is not None and not takes_back.get(row.undoes, False)
    return [
        row.text
        if row.undoes is None
        else (gettext("Undo: {edit}") if takes_back[row.number] else gettext("Redo: {edit}")).format(edit=row.text)
        for row in rows
    ]


def history_table(content: ReportContent) -> Table:
    """Return who did what and when, oldest first."""
    rows = zip(content.history, what_was_done(content.history), strict=True)
    return Table(
        "history",
        ["number", "time", "person", "image", "what", "takes back"],
        [_history_row(row, text) for row, text in reversed(list(rows))],
    )


def _history_row(row: HistoryLine, text: str) -> list[Value]:
    path = "" if row.path is None else printable(row.path)
    return [row.number, row.time.astimezone().isoformat(timespec="seconds"), row.user, path, text, row.undoes]
