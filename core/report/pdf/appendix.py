"""The end of a printed report: how it was counted in detail, and the files, models and hashes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.platypus import Spacer

from core.report.pdf.front import image_number
from core.report.pdf.styles import HEADING, SMALL, Printer
from core.report.tables import Table, local_time
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import ReportContent

_MOST_RULES = 4


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
    one_cell = gettext("boxes of one class that overlap by more than {nms_iou:.2f} (IoU)")
    more = len(content.rules) - _MOST_RULES
    several = len(content.models) > 1
    models = [
        pair
        for model in content.models
        for pair in (
            (gettext("Model"), model.name + (f" ({image_number(model.images)})" if several else "")),
            *(((gettext("Counted by"), model.counted_by),) if model.counted_by else ()),
            *((("", model.trained),) if model.trained else ()),
        )
    ]
    yield printer.pairs(
        [
            *models,
            *thresholds,
            *(((gettext("Profile"), text),) if (text := content.profile_text or content.without_profile) else ()),
            (gettext("One cell"), one_cell.format(nms_iou=content.settings.nms_iou)),
            *((gettext("Edge rule"), text) for text in content.rules[:_MOST_RULES]),
            *([("", gettext("and {more} more; they are below the images").format(more=more))] if more > 0 else []),
        ]
    )
    if content.counted:
        yield Spacer(0, 6)
        yield from _details(printer, content)


def _details(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield what the first page has no room for."""
    header = [
        gettext("Cells"),
        gettext("Count"),
        gettext("Mean probability"),
        gettext("Share: 95 % interval"),
        gettext("More cells for ± 5 %"),
    ]
    rows = [
        [
            row.name,
            f"{row.count:,}",
            "–" if row.mean is None else f"{row.mean:.2f}",
            "–" if row.share_interval is None else gettext("{:.1f} to {:.1f} %").format(*row.share_interval.times(100)),
            f"{row.more:,}",
        ]
        for row in content.totals
    ]
    yield printer.table(Table("details", header, rows, "lrrrr"), (20, 12, 18, 24, 22))
    yield printer.text(
        gettext(
            "The mean probability is that of the counted cells that the model found. The intervals are exact (Poisson "
            "for counts, Clopper-Pearson for shares)."
        ),
        SMALL,
    )


def provenance(printer: Printer, content: ReportContent) -> Iterator[Any]:
    """Yield the hashes and paths that tie the report to its session, models and files."""
    yield printer.text(gettext("Origin of this report"), HEADING)
    signed = content.signed or content.superseded
    pairs = [
        (gettext("Program"), f"SmearCount {content.version}"),
        (gettext("Session file"), printable(content.session)),
        (gettext("Content SHA-256"), content.content),
    ]
    if signed:
        text = gettext("{user}, {time}: {content}")
        said = text.format(user=signed.user, time=local_time(signed.time), content=signed.content)
        pairs.append((gettext("Content when signed"), said))
    if content.profile is not None:
        pairs.append((gettext("Profile SHA-256"), content.profile.sha256))
    pairs += [
        (gettext("Model SHA-256"), model.sha256 + (f" ({model.name})" if len(content.models) > 1 else ""))
        for model in content.models
    ]
    yield printer.pairs(pairs)
    yield printer.text(
        gettext(
            "The content hash is that of everything the counts depend on and of the counts. It is the same as the one "
            "signed as long as nothing has changed."
        ),
        SMALL,
    )
    known = [(number, image) for number, image in enumerate(content.images, 1) if image.sha256]
    if known:
        yield Spacer(0, 6)
        header = ["", gettext("File"), gettext("SHA-256 of the file")]
        rows = [[str(number), printable(image.path), image.sha256 or ""] for number, image in known]
        yield printer.table(Table("files", header, rows, "rll"), (4, 30, 68))
