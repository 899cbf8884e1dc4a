"""The report of a comparison: a page, its table as CSV, and the figures as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.files import write_whole
from core.text import gettext
from trainer.report import plots
from trainer.report.comparison_tables import differences_table, figures_table, numbers_table
from trainer.report.page import Section, write_page

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.evaluation.compare import Comparison


def write_comparison_report(folder: Path, comparison: Comparison, document: bytes) -> None:
    """Write ``report.html``, ``comparison.csv`` and ``comparison.json``; the folder is made if need be.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "comparison.csv", numbers_table(comparison).csv())
    write_whole(folder / "comparison.json", document)
    data = comparison.data
    facts = {
        gettext("Data"): gettext("{data}, {split}: {n:,} images").format(
            data=data["name"], split=data["split"], n=comparison.images
        ),
        gettext("Seed"): str(comparison.seed),
        **{
            run["name"]: gettext("{file} (model SHA-256 {sha256}…)").format(file=run["file"], sha256=run["sha256"][:12])
            for run in comparison.runs
        },
    }
    title = gettext(" compared with ").join(run["name"] for run in comparison.runs)
    write_page(folder / "report.html", title, sections(comparison), facts)


def sections(comparison: Comparison) -> list[Section]:
    """Return the parts of the page."""
    text = gettext(
        "The difference between each figure and that of {first}, with 95 % intervals from a paired bootstrap over the "
        "images. A difference in bold, with a star, excludes 0: with other images of the same kind it would most "
        "likely have the same sign. Of many differences, one in twenty excludes 0 by chance."
    ).format(first=comparison.runs[0]["name"])
    return [
        Section(gettext("Differences"), [text], [differences_table(comparison)]),
        Section(
            gettext("Figures"),
            [gettext("With 95 % intervals from a bootstrap over the images.")],
            [figures_table(comparison)],
            plots.compared(comparison),
        ),
    ]
